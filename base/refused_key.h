#pragma once

#include <string>
#include <string_view>

#include "base/reader.h"

namespace candor {

/// Records that `key` must not stand in the table, where it does, and answers whether it does. Unlike Table's questions
/// this makes it no known key: no hint names what cannot be written.
bool refuse_if_present(const Table& table, std::string_view key, std::string what, std::string hint);

}  // namespace candor
