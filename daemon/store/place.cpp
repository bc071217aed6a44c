#include "daemon/store/place.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/store/partial_file.h"
#include "daemon/store/recovery.h"
#include "daemon/store/schema.h"

namespace candor::store {
namespace {

/// The file change counter.
std::uint64_t counter_in(const std::string& header) {
  std::uint64_t counter = 0;
  for (std::size_t at = 24; at < 28; ++at) counter = counter << 8U | static_cast<unsigned char>(header[at]);
  return counter;
}

}  // namespace

std::optional<Place::Inode> Place::inode_of(const std::filesystem::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 ? std::optional{Inode{found.st_dev, found.st_ino}} : std::nullopt;
}

void Place::remember(const Database& database, std::uint64_t commits) {
  open_file_ = inode_of(file_);
  open_log_ = inode_of(log());
  written(database, commits);
}

void Place::written(const Database& database, std::uint64_t commits) {
  header_ = database.header();
  commits_ = commits;
}

bool Place::kept(const Database& database, std::uint64_t commits) const {
  return !gave_way_ && inode_of(file_) == open_file_ && inode_of(log()) == open_log_ &&
         is_ours(database.header(), commits);
}

/// The header changes where another SQLite moves our log into the file, too. Then its change counter has gone on by no
/// more than one a commit. A backup's says besides that it has no log.
bool Place::is_ours(const std::optional<std::string>& header, std::uint64_t commits) const {
  constexpr std::size_t before_the_counter = 24;
  if (!header || !header_ || header == header_) return true;  // of a disk that cannot be read, reading tells
  if (header->compare(0, before_the_counter, *header_, 0, before_the_counter) != 0) return false;
  const std::uint64_t was = counter_in(*header_);
  return counter_in(*header) >= was && counter_in(*header) - was <= commits - commits_;
}

bool Place::give_way(Database& database, std::uint64_t commits) {
  if (gave_way_) return true;
  if (inode_of(file_) != open_file_ || is_ours(database.header(), commits)) return false;
  gave_way_ = true;
  database.leave_file();
  // What is there now would be read with it.
  const std::string file = file_.string();
  if (inode_of(log()) == open_log_) (void)std::rename((file + "-wal").c_str(), (file + "-wal.old").c_str());
  ::unlink((file + "-shm").c_str());
  return true;
}

Result<void> Place::make_anew(Database& database, std::uint64_t commits) {
  const std::string file = file_.string();
  if (give_way(database, commits)) {
    return failure(fmt::format(
        "journal {} was written over while candord has it open, and candord takes nothing in: restart it to go on from "
        "what is there now; a backup is restored with candord stopped (systemctl stop {})",
        file, stop_these));
  }
  const std::optional<Inode> there = inode_of(file_);
  if (there && there != open_file_) {
    return failure(
        fmt::format("another file is in the place of journal {}, which candord has open: move it away, and candord "
                    "writes its own anew; or stop candord to go on with that one",
                    file));
  }
  try {
    if (there) database.checkpoint();  // so that the file is whole without its log
    const PartialFile partial{file + ".anew"};
    ::unlink(partial.path().c_str());  // of a candord that was killed while it did this
    if (!partial.make()) return failure(fmt::format("{} cannot be written: {}", file, std::strerror(errno)));
    {
      Database copy(partial.path());
      database.copy_to(copy);
      copy.execute("PRAGMA journal_mode = DELETE");
    }
    // A log that stayed behind would be read as that of the new file.
    for (const char* beside : {"-wal", "-shm"}) ::unlink((file + beside).c_str());
    if (!partial.keep_in_place_of(file_))
      return failure(fmt::format("{} cannot be written: {}", file, std::strerror(errno)));
    Database fresh(file_);
    configure(fresh);
    (void)Transaction(fresh);  // its log is made with the first one
    database.go_on_with(fresh);
  } catch (const DatabaseError& failed) {
    return failure(fmt::format("journal {} was deleted or moved away, and cannot be written anew: {}; {}", file,
                               failed.what(), advice(failed.kind(), "look into the state_dir")));
  }
  remember(database, commits);
  return {};
}

}  // namespace candor::store
