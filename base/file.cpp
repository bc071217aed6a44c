#include "base/file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace candor {
namespace {

std::unexpected<Error> system_failure() { return failure(std::generic_category().message(errno)); }

struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number;
};

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file, std::size_t most_bytes, Readable what) {
  // Where nobody writes into a pipe, its opening would wait.
  const int waits = what == Readable::any ? 0 : O_NONBLOCK;
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | waits)};
  struct stat kind {};
  if (descriptor.number < 0 || ::fstat(descriptor.number, &kind) != 0) return system_failure();
  if (S_ISDIR(kind.st_mode)) return failure("is a directory");
  if (what == Readable::regular && !S_ISREG(kind.st_mode)) return failure("is not a regular file");
  std::string text;
  std::array<char, 16'384> part;
  for (;;) {
    const ssize_t got = ::read(descriptor.number, part.data(), part.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure();
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) return failure(fmt::format("is larger than {} MB", most_bytes >> 20U));
  }
}

}  // namespace candor
