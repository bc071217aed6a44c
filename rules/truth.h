#pragma once

#include <cstdint>

namespace candor::rules {

/// Kleene's three values: `all` is the least of its parts, `any` the greatest.
enum class Truth : std::uint8_t { no, unknown, yes };

[[nodiscard]] constexpr Truth negated(Truth truth) {
  return truth == Truth::unknown ? Truth::unknown : truth == Truth::yes ? Truth::no : Truth::yes;
}

}  // namespace candor::rules
