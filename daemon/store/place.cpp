#include "daemon/store/place.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/store/partial_file.h"
#include "daemon/store/schema.h"

namespace candor::store {

std::optional<Place::Inode> Place::inode_of(const std::filesystem::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 ? std::optional{Inode{found.st_dev, found.st_ino}} : std::nullopt;
}

void Place::remember() {
  open_file_ = inode_of(file_);
  open_log_ = inode_of(log());
}

bool Place::kept() const { return inode_of(file_) == open_file_ && inode_of(log()) == open_log_; }

Result<void> Place::make_anew(Database& database) {
  const std::string file = file_.string();
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
  remember();
  return {};
}

}  // namespace candor::store
