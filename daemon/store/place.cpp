#include "daemon/store/place.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/store/log_format.h"
#include "daemon/store/partial_file.h"
#include "daemon/store/recovery.h"
#include "daemon/store/schema.h"

namespace candor::store {
namespace {

constexpr std::size_t counter_at = 24;  ///< the file change counter

/// Differs from the last answer where another SQLite has committed or cut the log meanwhile; nothing where it cannot be
/// told.
std::optional<std::int64_t> others_in(Database& database) {
  try {
    return database.integer("PRAGMA data_version");
  } catch (const DatabaseError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Place::Inode> Place::inode_of(const std::filesystem::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 ? std::optional{Inode{found.st_dev, found.st_ino}} : std::nullopt;
}

void Place::remember(Database& database) {
  open_file_ = inode_of(file_);
  open_log_ = inode_of(log());
  others_ = others_in(database).value_or(0);
  header_ = database.header().value_or(std::string{});
  to_come_.clear();
  follower_ = {};
  // What a candord that was killed left in it.
  (void)follower_.follow(database, LogFollower::all, to_come_);
  log_is_whole_ = true;
}

void Place::committed(const Database& database) {
  const int frames = database.log_frames();
  if (frames > 0 && !follower_.follow(database, frames, to_come_)) log_is_whole_ = false;
}

bool Place::kept(Database& database) {
  return gave_way_ == WrittenOver::nothing && inode_of(file_) == open_file_ && inode_of(log()) == open_log_ &&
         look(database) == WrittenOver::nothing;
}

LogMark Place::mark() const {
  return inode_of(file_) == open_file_ && inode_of(log()) == open_log_ ? mark_log(file_) : LogMark{};
}

/// Whoever moves our log into the file, we or another SQLite, and however far, leaves there the header that the log has
/// of it; and never one from before again.
bool Place::is_ours(const std::string& header) {
  if (header == header_) return true;
  const auto found = std::ranges::find(to_come_, header);
  if (found == to_come_.end()) return false;
  header_ = header;
  to_come_.erase(to_come_.begin(), found + 1);
  return true;
}

/// Of another SQLite's commit, as a VACUUM makes one, it counts on. A backup's says besides that it has no log.
bool Place::is_of_others(const std::string& header) const {
  return header.compare(0, counter_at, header_, 0, counter_at) == 0 &&
         big_endian(header, counter_at) > big_endian(header_, counter_at);
}

Place::WrittenOver Place::look(Database& database) {
  const std::int64_t others = others_in(database).value_or(others_);
  // What they have committed may be moved later.
  if (others != others_) (void)follower_.follow(database, LogFollower::all, to_come_);
  const std::optional<std::string> header = database.header();
  bool file_is_ours = !header || header_.empty() || is_ours(*header);  // of a disk that cannot be read, reading tells
  bool log_is_ours = log_is_whole_ && follower_.is_there(database);
  // Asked once more, since they may be at it.
  if ((!file_is_ours || !log_is_ours) && others_in(database).value_or(others_) != others_) {
    if (!file_is_ours && is_of_others(*header)) {
      header_ = *header;
      file_is_ours = true;
    }
    follower_ = {};
    log_is_ours = log_is_whole_ = true;
  }
  if (!file_is_ours) return WrittenOver::file;
  if (!log_is_ours) return WrittenOver::log;
  others_ = others;
  return WrittenOver::nothing;
}

bool Place::give_way(Database& database) {
  if (gave_way_ != WrittenOver::nothing) return true;
  if (inode_of(file_) != open_file_) return false;
  gave_way_ = look(database);
  if (gave_way_ == WrittenOver::nothing) return false;
  database.leave_file();
  // What is there now would be read with it.
  const std::string file = file_.string();
  if (inode_of(log()) == open_log_) (void)std::rename((file + "-wal").c_str(), (file + "-wal.old").c_str());
  ::unlink((file + "-shm").c_str());
  return true;
}

Result<void> Place::make_anew(Database& database) {
  const std::string file = file_.string();
  if (give_way(database)) {
    const bool only_log = gave_way_ == WrittenOver::log;
    return failure(fmt::format(
        "{} {} was {}written over while candord has it open, and candord takes nothing in: restart it to go on from "
        "what is there now; a backup is restored with candord stopped (systemctl stop {})",
        only_log ? "the log of journal" : "journal", file, only_log ? "cut short or " : "", stop_these));
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
  remember(database);
  return {};
}

}  // namespace candor::store
