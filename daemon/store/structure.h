#pragma once

#include <functional>
#include <string>

#include "daemon/store/database.h"

namespace candor::store {

/// Has SQLite check the structure of the whole database, which reads all of it. Answers what is wrong, or nothing.
/// `gets_on` is called at the beginning and then each five seconds, as long as the check is at work: not where the disk
/// stands still. Blocks. Throws DatabaseError.
[[nodiscard]] std::string fault_in_structure(Database& database, const std::function<void()>& gets_on);

}  // namespace candor::store
