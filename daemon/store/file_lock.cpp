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

/// The process's id, the number of events at its last sign, 0 without one, and the log's mark, right-aligned: so a sign
/// changes bytes in place, which a full disk allows. What an older candord has written ends before the mark.
constexpr std::size_t id_width = 10;
constexpr std::size_t number_width = 20;
constexpr std::size_t mark_at = id_width + number_width + 2;
constexpr std::size_t width = mark_at + 2 * number_width + 2;

std::string read_text(int descriptor) {
  std::string text(width, '\0');
  const ssize_t length = pread(descriptor, text.data(), text.size(), 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

std::string text_of(const LogMark& log) {
  return fmt::format("{:>{}}\n{:>{}}\n", log.log_bytes, number_width, log.file_changed, number_width);
}

bool write_text(int descriptor, std::uint64_t sequence, const LogMark& log) {
  const std::string text = fmt::format("{:>{}}\n{:>{}}\n{}", getpid(), id_width, sequence, number_width, text_of(log));
  return pwrite(descriptor, text.data(), text.size(), 0) == std::ssize(text);
}

template <class Number>
void read_number(std::string_view text, std::size_t at, Number& number) {
  const std::string_view digits = number_in(text.substr(std::min(at, text.size()), number_width));
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
}

/// " (process 123)", if the lock file says so.
std::string holder(int descriptor) {
  const std::string text = read_text(descriptor);
  const std::string_view id = number_in(std::string_view{text}.substr(0, id_width));
  return id.empty() ? std::string{} : fmt::format(" (process {})", id);
}

/// When it was written to, by its file system.
std::optional<Instant> time_of(int descriptor) {
  struct stat file {};
  if (fstat(descriptor, &file) != 0) return std::nullopt;
  return from_ms(std::int64_t{file.st_mtim.tv_sec} * 1000 + file.st_mtim.tv_nsec / 1'000'000);
}

std::optional<FileLock::Sign> sign_of(int descriptor) {
  const std::string text = read_text(descriptor);
  const std::optional<Instant> at = time_of(descriptor);
  if (text.size() < mark_at || !at) return std::nullopt;
  FileLock::Sign sign{.at = *at};
  read_number(text, id_width + 1, sign.sequence);
  read_number(text, mark_at, sign.log.log_bytes);
  read_number(text, mark_at + number_width + 1, sign.log.file_changed);
  return sign.sequence > 0 ? std::optional{sign} : std::nullopt;
}

void set_time(int descriptor, Instant at) {
  const std::int64_t ms = to_ms(at);
  const timespec time{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000};
  const std::array both{time, time};
  (void)futimens(descriptor, both.data());
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
  const FileLock::Sign sign = last_sign.value_or(FileLock::Sign{});
  (void)write_text(descriptor, sign.sequence, sign.log);
  if (last_sign) set_time(descriptor, last_sign->at);
  return std::unique_ptr<FileLock>(new FileLock(descriptor, path, last_sign));
}

bool FileLock::in_place() const {
  struct stat held {};
  struct stat there {};
  return fstat(descriptor_, &held) == 0 && stat(path_.c_str(), &there) == 0 && held.st_dev == there.st_dev &&
         held.st_ino == there.st_ino;
}

void FileLock::sign(std::uint64_t sequence, const LogMark& log, Duration ago) const {
  if (!write_text(descriptor_, sequence, log) || ago == Duration{0}) return;
  if (const std::optional<Instant> now = time_of(descriptor_)) set_time(descriptor_, *now - ago);
}

void FileLock::let_log_go() const {
  const std::optional<Instant> at = time_of(descriptor_);
  const std::string text = text_of({});
  [[maybe_unused]] const ssize_t written = pwrite(descriptor_, text.data(), text.size(), mark_at);
  if (at) set_time(descriptor_, *at);  // it is no sign
  (void)fdatasync(descriptor_);
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace candor::store
