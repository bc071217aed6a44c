#include "daemon/store/backup.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/store/database.h"
#include "daemon/store/partial_file.h"
#include "daemon/store/recovery.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;

Backup look_at(Database& copy, const Recovered& recovered) {
  Backup backup{.events = recovered.sequence, .last_at = {}, .waiting = recovered.outbox.size()};
  backup.last_at = from_ms(copy.integer("SELECT at FROM events ORDER BY seq DESC LIMIT 1"));
  return backup;
}

Result<Backup> copy_and_read(const fs::path& journal, const PartialFile& partial) {
  Database copy(partial.path());
  {
    Database original(journal, Database::Access::read);
    original.copy_to(copy);
  }
  // One file, without a write-ahead log beside it; candord goes back to one when it opens it.
  copy.execute("PRAGMA journal_mode = DELETE");
  if (const std::string answer = copy.text("PRAGMA integrity_check(1)"); answer != "ok") {
    return failure(damaged(journal.string(), answer));
  }
  const Result<Recovered> recovered = recover_from(copy, journal.string());
  if (!recovered) return std::unexpected(recovered.error());
  if (const Result<void> whole = check_history(copy, journal.string()); !whole) return std::unexpected(whole.error());
  return look_at(copy, *recovered);
}

}  // namespace

Result<Backup> back_up(const fs::path& journal, const fs::path& to) {
  std::error_code error;
  if (!fs::is_regular_file(journal, error)) {
    return failure(
        fmt::format("there is no journal {}{}; --journal says where it is, and whoever runs this must be able "
                    "to read it",
                    journal.string(), error ? ": " + error.message() : ""));
  }
  if (fs::exists(fs::symlink_status(to, error))) {
    return failure(fmt::format("{} is there already and stays as it is; name a new file", to.string()));
  }
  const fs::path partial_name = to.string() + ".partial";
  // Made before it is anybody's to remove.
  if (::access(partial_name.c_str(), F_OK) == 0) {
    return failure(fmt::format("{} is there: another backup is under way, or one was cut short; remove it if none runs",
                               partial_name.string()));
  }
  const PartialFile partial{partial_name};
  if (!partial.make()) {
    return failure(fmt::format("{} cannot be written: {}", partial_name.string(), std::strerror(errno)));
  }
  try {
    Result<Backup> backup = copy_and_read(journal, partial);
    if (backup && !partial.keep_as(to)) {
      return failure(fmt::format("{} cannot be written: {}", to.string(), std::strerror(errno)));
    }
    return backup;
  } catch (const DatabaseError& failed) {
    return failure(fmt::format("journal {} cannot be copied to {}: {}", journal.string(), to.string(), failed.what()));
  }
}

}  // namespace candor::store
