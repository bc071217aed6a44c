#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/store/database.h"
#include "daemon/store/journal.h"

namespace candor::store {

/// Reads what the journal holds: the newest sound snapshot, the events after it, the outbox. Either all of it or an
/// error: a row that is damaged or missing is one, never left out. `file` is for messages.
[[nodiscard]] Result<Recovered> recover_from(Database& database, const std::string& file);

/// Whether every event there is, also those that a snapshot stands for, is as it was written, and only pruned ones are
/// missing. Reads all of them. `file` is for messages.
[[nodiscard]] Result<void> check_history(Database& database, const std::string& file);

/// The units of systemd to stop before the journal's file is touched: a socket would start candord meanwhile.
constexpr std::string_view stop_these = "candord.socket candord-admin.socket candord";

/// What to tell whoever has a journal that cannot be read, also where the log beside it may be that of another.
[[nodiscard]] std::string damaged(const std::string& file, const std::string& what);

}  // namespace candor::store
