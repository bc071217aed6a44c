#include "rules/verdict.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace candor::rules {
namespace {

constexpr std::array<std::string_view, 5> finding_names{"quiet", "holds", "explained", "unknown", "pending"};

}  // namespace

std::string_view to_string(Finding finding) { return finding_names.at(static_cast<std::size_t>(finding)); }

std::optional<Finding> finding_from(std::string_view text) {
  const auto found = std::ranges::find(finding_names, text);
  if (found == finding_names.end()) return std::nullopt;
  return static_cast<Finding>(found - finding_names.begin());
}

}  // namespace candor::rules
