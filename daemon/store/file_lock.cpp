#include "daemon/store/file_lock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
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

/// "123" of "   123" and of "123\n".
std::string_view number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_first_not_of("0123456789"));
}

/// The process's id and the number of events at its last sign, 0 without one, right-aligned: so a sign changes bytes in
/// place, which a full disk allows.
constexpr std::size_t id_width = 10;
constexpr std::size_t sequence_width = 20;
constexpr std::size_t width = id_width + sequence_width + 2;

std::string read_text(int descriptor) {
  std::string text(width, '\0');
  const ssize_t length = pread(descriptor, text.data(), text.size(), 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

void write_text(int descriptor, std::uint64_t sequence) {
  const std::string text = fmt::format("{:>{}}\n{:>{}}\n", getpid(), id_width, sequence, sequence_width);
  [[maybe_unused]] const ssize_t written = pwrite(descriptor, text.data(), text.size(), 0);
}

/// " (process 123)", if the lock file says so.
std::string holder(int descriptor) {
  const std::string text = read_text(descriptor);
  const std::string_view id = number_in(std::string_view{text}.substr(0, id_width));
  return id.empty() ? std::string{} : fmt::format(" (process {})", id);
}

std::optional<FileLock::Sign> sign_of(int descriptor) {
  const std::string text = read_text(descriptor);
  struct stat file {};
  if (text.size() != width || fstat(descriptor, &file) != 0) return std::nullopt;
  FileLock::Sign sign{.at = from_ms(std::int64_t{file.st_mtim.tv_sec} * 1000 + file.st_mtim.tv_nsec / 1'000'000)};
  const std::string_view sequence = number_in(std::string_view{text}.substr(id_width + 1));
  std::from_chars(sequence.data(), sequence.data() + sequence.size(), sign.sequence);
  return sign.sequence > 0 ? std::optional{sign} : std::nullopt;
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
  const std::optional<Sign> last_sign = sign_of(descriptor);
  // Who holds it, for others' messages. That is no sign: this start may fail yet.
  write_text(descriptor, last_sign ? last_sign->sequence : 0);
  if (last_sign) {
    const std::int64_t ms = to_ms(last_sign->at);
    const timespec at{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000};
    const std::array both{at, at};
    (void)futimens(descriptor, both.data());
  }
  return std::unique_ptr<FileLock>(new FileLock(descriptor, path, last_sign));
}

bool FileLock::in_place() const {
  struct stat held {};
  struct stat there {};
  return fstat(descriptor_, &held) == 0 && stat(path_.c_str(), &there) == 0 && held.st_dev == there.st_dev &&
         held.st_ino == there.st_ino;
}

void FileLock::sign(std::uint64_t sequence) const { write_text(descriptor_, sequence); }

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace candor::store
