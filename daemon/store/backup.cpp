#include "daemon/store/backup.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/store/database.h"
#include "daemon/store/partial_file.h"
#include "daemon/store/recovery.h"
#include "daemon/store/schema.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;

Backup look_at(Database& copy, const Recovered& recovered) {
  Backup backup{.events = recovered.sequence, .last_at = {}, .waiting = recovered.outbox.size()};
  backup.last_at = from_ms(copy.integer("SELECT at FROM events ORDER BY seq DESC LIMIT 1"));
  return backup;
}

bool is_there(const fs::path& file) { return ::access(file.c_str(), F_OK) == 0; }

/// What differs once somebody has written the file; nothing where SQLite has another one beside it, which then holds a
/// part of the journal.
std::optional<std::array<std::int64_t, 6>> look_of(const fs::path& journal) {
  struct stat file {};
  for (const char* end : {"-wal", "-journal"}) {
    if (is_there(journal.string() + end)) return std::nullopt;
  }
  if (::stat(journal.c_str(), &file) != 0) return std::nullopt;
  return std::array<std::int64_t, 6>{static_cast<std::int64_t>(file.st_ino),
                                     file.st_size,
                                     file.st_mtim.tv_sec,
                                     file.st_mtim.tv_nsec,
                                     file.st_ctim.tv_sec,
                                     file.st_ctim.tv_nsec};
}

/// The file of a journal that was closed, in a folder where SQLite cannot make what it reads a log with.
void copy_still(const fs::path& journal, Database& copy) {
  const auto before = look_of(journal);
  Database{journal, Database::Access::still}.copy_to(copy);
  // Others may write where we may not.
  if (look_of(journal) != before) {
    throw DatabaseError(DatabaseError::Kind::busy, "it was written meanwhile; try again");
  }
}

void copy_all(const fs::path& journal, Database& copy) {
  const fs::path folder = journal.has_parent_path() ? journal.parent_path() : fs::path{"."};
  const bool writable = ::access(folder.c_str(), W_OK | X_OK) == 0;
  if (!writable && look_of(journal)) return copy_still(journal, copy);
  try {
    Database{journal, Database::Access::read}.copy_to(copy);
  } catch (const DatabaseError& error) {
    if (writable || error.kind() != DatabaseError::Kind::read_only) throw;
    const std::string name = journal.filename();
    throw DatabaseError(error.kind(),
                        fmt::format("{}: {} cannot be written, and SQLite must make a file there to read the log; copy "
                                    "{} and {}-wal to where they can be written, and give that copy with --journal",
                                    error.what(), folder.string(), name, name));
  }
}

Result<Backup> copy_and_read(const fs::path& journal, const PartialFile& partial) {
  Database copy(partial.path());
  copy_all(journal, copy);
  // One file, without a write-ahead log beside it; candord goes back to one when it opens it.
  copy.execute("PRAGMA journal_mode = DELETE");
  if (const std::string answer = copy.text("PRAGMA integrity_check(1)"); answer != "ok") {
    return failure(damaged(journal.string(), answer));
  }
  if (!is_journal(copy)) {
    return failure(fmt::format("{} is not a journal of candord; --journal says where that is", journal.string()));
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
