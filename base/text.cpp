#include "base/text.h"

#include <algorithm>

#include "base/utf8.h"

namespace candor {

std::string lower_case(std::string_view text) {
  std::string lowered{text};
  for (char& c : lowered) c = lower_case(c);
  return lowered;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower_case(x) == lower_case(y); });
}

std::string_view trimmed(std::string_view text, std::string_view spaces) {
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const std::size_t control = is_control(text.front()) ? 1 : control_length(text);
    line += control > 0 ? ' ' : text.front();
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return line;
}

bool holds_controls(std::string_view text) { return std::ranges::any_of(text, is_control); }

}  // namespace candor
