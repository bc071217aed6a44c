#include "daemon/http/target.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "daemon/http/text.h"

namespace candor::http {
namespace {

/// Of `http://host/path`, the part behind the host; of a path, the whole. Nothing for other forms.
std::optional<std::string_view> without_host(std::string_view text) {
  if (text.starts_with('/')) return text;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.size() <= scheme.size() || !equal_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (end == 0) return std::nullopt;
    return rest.substr(end);
  }
  return std::nullopt;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

bool hides_a_slash(std::string_view encoded) {
  for (std::size_t at = encoded.find('%'); at != std::string_view::npos; at = encoded.find('%', at + 1)) {
    const std::string_view escape = encoded.substr(at, 3);
    if (equal_ignoring_case(escape, "%2f") || equal_ignoring_case(escape, "%5c")) return true;
  }
  return false;
}

}  // namespace

Result<Target> read_target(std::string_view text) {
  const std::optional<std::string_view> found = without_host(text);
  if (!found) return failure("the request's target is neither a path that begins with / nor an http URL");
  std::string_view rest = *found;
  if (rest.find('#') != std::string_view::npos) return failure("the request's target has a fragment (#)");
  Target target;
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    target.query.assign(rest.substr(mark + 1));
    rest = rest.substr(0, mark);
  }
  if (rest.empty()) rest = "/";
  if (rest.find('\\') != std::string_view::npos || hides_a_slash(rest)) {
    return failure("the request's path has a backslash or an encoded slash");
  }
  if (rest.find('%') == std::string_view::npos) {
    target.path.assign(rest);
  } else if (std::optional<std::string> decoded = percent_decode(rest)) {
    target.path = *std::move(decoded);
  } else {
    return failure("the request's path has a % that two hexadecimal digits do not follow");
  }
  if (std::ranges::any_of(target.path, is_control)) return failure("the request's path has a control character");
  if (find_invalid_utf8(target.path) != std::string::npos) return failure("the request's path is not UTF-8");
  if (has_dot_segment(target.path)) return failure("the request's path has a . or .. segment");
  return target;
}

}  // namespace candor::http
