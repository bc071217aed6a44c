#include "daemon/store/file_lock.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace candor::store {
namespace {

/// " (process 123)", if the lock file says so.
std::string holder(int descriptor) {
  std::array<char, 16> text{};
  const ssize_t length = pread(descriptor, text.data(), text.size(), 0);
  if (length <= 0) return {};
  const std::string_view written{text.data(), static_cast<std::size_t>(length)};
  const std::string_view id = written.substr(0, written.find_first_not_of("0123456789"));
  return id.empty() ? std::string{} : fmt::format(" (process {})", id);
}

/// When its holder was last seen; the file of a lock that nobody held yet is empty.
Instant sign_of(int descriptor) {
  struct stat file {};
  if (fstat(descriptor, &file) != 0 || file.st_size == 0) return {};
  return from_ms(std::int64_t{file.st_mtim.tv_sec} * 1000 + file.st_mtim.tv_nsec / 1'000'000);
}

void write_process_id(int descriptor) {
  const std::string id = fmt::format("{}\n", getpid());
  // For the message only: on a full disk the lock holds without it.
  if (ftruncate(descriptor, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = pwrite(descriptor, id.data(), id.size(), 0);
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::take(const std::filesystem::path& file) {
  const std::string path = file.string() + ".lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return failure(fmt::format("{} cannot be written: {}; candord needs a state_dir that it may write to", path,
                               std::strerror(errno)));
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    const std::string who = holder(descriptor);
    ::close(descriptor);
    if (reason == EWOULDBLOCK) {
      return failure(
          fmt::format("{} is in use by another candord{}; stop it or use another state_dir", file.string(), who));
    }
    return failure(
        fmt::format("{} cannot be locked: {}; use a state_dir on a local file system", path, std::strerror(reason)));
  }
  const Instant last_sign = sign_of(descriptor);
  write_process_id(descriptor);
  return std::unique_ptr<FileLock>(new FileLock(descriptor, last_sign));
}

void FileLock::touch() const { (void)futimens(descriptor_, nullptr); }

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace candor::store
