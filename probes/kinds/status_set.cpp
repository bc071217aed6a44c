#include "probes/kinds/status_set.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace candor::probes {
namespace {

constexpr int least = 100;
constexpr int most = 599;

std::optional<int> status_from(std::string_view text) {
  if (text.size() != 3 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const int status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return status >= least && status <= most ? std::optional{status} : std::nullopt;
}

std::optional<std::pair<int, int>> range_from(std::string_view pattern) {
  if (pattern.size() == 3 && (pattern.ends_with("xx") || pattern.ends_with("XX"))) {
    const std::optional<int> first = status_from(std::string{pattern.front()} + "00");
    return first ? std::optional{std::pair{*first, *first + 99}} : std::nullopt;
  }
  const std::size_t dash = pattern.find('-');
  const std::optional<int> first = status_from(pattern.substr(0, dash));
  const std::optional<int> last = dash == std::string_view::npos ? first : status_from(pattern.substr(dash + 1));
  return first && last && *first <= *last ? std::optional{std::pair{*first, *last}} : std::nullopt;
}

}  // namespace

Result<void> StatusSet::add(const std::string& pattern) {
  const auto range = range_from(pattern);
  if (!range) return failure("\"" + pattern + "\" is not a pattern of HTTP statuses");
  for (int status = range->first; status <= range->second; ++status) statuses_.set(static_cast<std::size_t>(status));
  text_ += (text_.empty() ? "" : ", ") + pattern;
  return {};
}

bool StatusSet::contains(int status) const {
  return status >= least && status <= most && statuses_.test(static_cast<std::size_t>(status));
}

}  // namespace candor::probes
