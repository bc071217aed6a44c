#include "daemon/store/partial_file.h"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace candor::store {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path{"."}; }

bool sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool done = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return done;
}

}  // namespace

PartialFile::~PartialFile() {
  for (const char* beside : {"", "-journal", "-wal", "-shm"}) ::unlink((path_.string() + beside).c_str());
}

bool PartialFile::make() const {
  const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  return descriptor >= 0 && ::close(descriptor) == 0;
}

bool PartialFile::keep_as(const fs::path& name) const {
  return sync(path_) && ::link(path_.c_str(), name.c_str()) == 0 && sync(folder_of(name));
}

bool PartialFile::keep_in_place_of(const fs::path& name) const {
  return sync(path_) && std::rename(path_.c_str(), name.c_str()) == 0 && sync(folder_of(name));
}

}  // namespace candor::store
