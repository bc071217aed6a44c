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

namespace candor {
namespace {

constexpr std::size_t key_bytes = 32;

std::string reason() { return std::generic_category().message(errno); }

Result<std::string> read_key(int descriptor, const std::string& path) {
  std::array<char, key_bytes + 1> bytes{};
  const ssize_t count = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  if (count < 0) return failure(fmt::format("cannot read {}: {}", path, reason()));
  if (static_cast<std::size_t>(count) != key_bytes) {
    return failure(fmt::format(
        "{} is not a key of {} bytes; remove it and candord makes a new one (open ack links end)", path, key_bytes));
  }
  return std::string{bytes.data(), key_bytes};
}

constexpr std::string_view advice = "candord needs a state_dir that it may write to, on a disk with room";

Result<std::string> make_key(const std::string& path) {
  std::array<char, key_bytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return failure("the system gives no random bytes: " + reason());
  }
  // Under another name first, so that a crash leaves no half key.
  const std::string fresh = path + ".new";
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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
  return std::string{bytes.data(), bytes.size()};
}

}  // namespace

Result<void> prepare_state_dir(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    if (error) {
      return failure(fmt::format("cannot make the state directory {}: {}; make it, or set [daemon] state_dir",
                                 folder.string(), error.message()));
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return failure(
        fmt::format("the state directory {} is not a directory; set [daemon] state_dir to one", folder.string()));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return failure(fmt::format("the state directory {} cannot be written: {}; give it to the user that candord runs as",
                               folder.string(), reason()));
  }
  return {};
}

Result<Secret> load_ack_key(const std::filesystem::path& state_dir) {
  const std::string path = state_dir / "ack.key";
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Result<std::string> key = descriptor >= 0 ? read_key(descriptor, path)
                            : errno == ENOENT
                                ? make_key(path)
                                : Result<std::string>{failure(fmt::format("cannot open {}: {}", path, reason()))};
  if (descriptor >= 0) ::close(descriptor);
  if (!key) return std::unexpected(key.error());
  return Secret{*std::move(key)};
}

}  // namespace candor
