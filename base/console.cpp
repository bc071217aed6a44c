#include "base/console.h"

#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace candor {

void print_line(std::FILE* to, std::string_view line) {
  std::string text{line};
  text += '\n';
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

void say_error(std::string_view line) { print_line(stderr, line); }

void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is the one that is given.
    const int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    (void)::open("/dev/null", mode | O_NOCTTY);  // NOLINT(android-cloexec-open): inherited as what it stands for
  }
}

}  // namespace candor
