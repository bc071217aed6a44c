#include "probes/kinds/words.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::probes {
namespace {

std::string in_seconds(std::int64_t ms) {
  std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

}  // namespace

std::string words_for(Duration limit) {
  return limit < std::chrono::seconds{1} ? fmt::format("{} ms", limit.count()) : in_seconds(limit.count());
}

std::string words_for(std::chrono::microseconds measured) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(measured);
  return ms < std::chrono::seconds{1} ? fmt::format("{} ms", ms.count()) : in_seconds((ms.count() + 9) / 10 * 10);
}

std::string after_words(std::chrono::microseconds measured) { return fmt::format(" (after {})", words_for(measured)); }

std::string in_quotes(std::string_view text, std::size_t most) {
  return fmt::format("\"{}{}\"", one_line(to_utf8(cut_utf8(text, most))), text.size() > most ? "…" : "");
}

std::string error_words(int error) {
  const char* const description = ::strerrordesc_np(error);
  return description != nullptr ? description : fmt::format("error {}", error);
}

std::string repair_words(int error) {
  switch (error) {
    case EMFILE:
      return "candord has no file descriptor left: raise LimitNOFILE of its unit";
    case ENFILE:
      return "this machine has no file descriptor left: raise sysctl fs.file-max";
    case ENOBUFS:
    case ENOMEM:
      return "the kernel has no memory for a socket: look at what uses it";
    case EADDRNOTAVAIL:
      return "this machine has no address of that kind, or no port left: look at ip addr and ss -s, or widen sysctl "
             "net.ipv4.ip_local_port_range";
    case EACCES:
    case EPERM:
      return "the kernel does not let candord connect: look at this machine's own firewall and at candord's unit";
    case EAFNOSUPPORT:
      return "this machine or candord's unit has no sockets for this kind of address";
    default:
      return {};
  }
}

}  // namespace candor::probes
