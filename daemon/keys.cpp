#include "daemon/keys.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "base/log.h"

namespace candor {
namespace {

constexpr std::size_t key_bytes = 32;

constexpr std::string_view renewal = "remove it and candord makes a new one (ack links in pages already sent end)";

std::string reason() { return std::generic_category().message(errno); }

/// Whoever knows the key can write ack links, and whoever can write it knows it.
Result<void> check_key(int descriptor, const std::string& path) {
  struct stat file {};
  if (::fstat(descriptor, &file) != 0) return failure(fmt::format("cannot look at {}: {}", path, reason()));
  if (!S_ISREG(file.st_mode)) return failure(fmt::format("{} is not a file; {}", path, renewal));
  if (file.st_uid != ::geteuid() && file.st_uid != 0) {
    return failure(fmt::format(
        "{} belongs to another user ({}), who may know it; if it is the right one, chown it to the user that candord "
        "runs as, else {}",
        path, file.st_uid, renewal));
  }
  const auto mode = file.st_mode & 07777U;
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
    return failure(fmt::format("{} can be written by others (mode {:04o}), who may have put theirs there; {}", path,
                               mode, renewal));
  }
  if ((mode & S_IROTH) != 0) {
    log::warning("ack_key_readable", {{"file", path}},
                 fmt::format("{} can be read by everybody (mode {:04o}): chmod 600 it. Who has read it can write ack "
                             "links; where that may be, stop candord, {}",
                             path, mode, renewal));
  }
  return {};
}

Result<std::string> read_key(int descriptor, const std::string& path) {
  if (Result<void> checked = check_key(descriptor, path); !checked) return std::unexpected(checked.error());
  std::array<char, key_bytes + 1> bytes{};
  const ssize_t count = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  if (count < 0) return failure(fmt::format("cannot read {}: {}", path, reason()));
  if (static_cast<std::size_t>(count) != key_bytes) {
    return failure(fmt::format("{} is not a key of {} bytes; {}", path, key_bytes, renewal));
  }
  return std::string{bytes.data(), key_bytes};
}

constexpr std::string_view advice = "candord needs a state_dir that it may write to, on a disk with room";

Result<void> write_key(const std::string& path, const std::string& bytes) {
  // Under another name first, so that a crash leaves no half key.
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // that of a crash
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return failure(fmt::format("cannot make {}: {}; {}", fresh, reason(), advice));
  const bool written =
      ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(descriptor) == 0;
  const std::string why = reason();
  ::close(descriptor);
  if (!written) return failure(fmt::format("cannot write {}: {}; {}", fresh, why, advice));
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return failure(fmt::format("cannot make {}: {}; {}", path, reason(), advice));
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  if (const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); opened >= 0) {
    ::fsync(opened);  // the name too outlives a power loss
    ::close(opened);
  }
  return {};
}

Result<std::string> make_key(const std::string& path) {
  std::string bytes(key_bytes, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return failure("the system gives no random bytes: " + reason());
  }
  if (Result<void> written = write_key(path, bytes); !written) return std::unexpected(written.error());
  return bytes;
}

std::string ack_key_in(const std::filesystem::path& state_dir) { return state_dir / "ack.key"; }

}  // namespace

Result<void> prepare_state_dir(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    const std::filesystem::path made = folder.has_filename() ? folder : folder.parent_path();
    if (made.has_parent_path()) std::filesystem::create_directories(made.parent_path(), error);
    if (!error && ::mkdir(made.c_str(), 0700) != 0) error = {errno, std::generic_category()};
    if (error) {
      return failure(fmt::format("cannot make the state directory {}: {}; make it, or set [daemon] state_dir",
                                 folder.string(), error.message()));
    }
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return failure(
        fmt::format("the state directory {} is not a directory; set [daemon] state_dir to one", folder.string()));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    const bool read_only = errno == EROFS;
    return failure(fmt::format("the state directory {} cannot be written: {}; {}", folder.string(), reason(),
                               read_only ? "mount it to be written, or set [daemon] state_dir to a folder elsewhere"
                                         : "give it to the user that candord runs as"));
  }
  struct stat state {};
  if (::stat(folder.c_str(), &state) == 0 && (state.st_mode & S_IWOTH) != 0 && (state.st_mode & S_ISVTX) == 0) {
    return failure(fmt::format(
        "everybody on this machine can replace what is in the state directory {} (mode {:04o}): chmod o-w it, or set "
        "[daemon] state_dir to a folder within it, which candord makes for itself",
        folder.string(), state.st_mode & 07777U));
  }
  return {};
}

Result<AckKey> load_ack_key(const std::filesystem::path& state_dir) {
  const std::string path = ack_key_in(state_dir);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);  // a pipe would keep us waiting
  const bool is_missing = descriptor < 0 && errno == ENOENT;
  Result<std::string> key = descriptor >= 0 ? read_key(descriptor, path)
                            : is_missing
                                ? make_key(path)
                                : Result<std::string>{failure(fmt::format("cannot open {}: {}", path, reason()))};
  if (descriptor >= 0) ::close(descriptor);
  if (!key) return std::unexpected(key.error());
  return AckKey{.key = Secret{*std::move(key)}, .is_new = is_missing};
}

Result<void> put_back_ack_key(const std::filesystem::path& state_dir, const Secret& key) {
  const std::string path = ack_key_in(state_dir);
  return ::access(path.c_str(), F_OK) == 0 ? Result<void>{} : write_key(path, key.reveal());
}

}  // namespace candor
