#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/rule.h"

namespace candor::rules {

/// The names of the rules that `rule` names in `when` and `unless`, each once, in name order.
[[nodiscard]] std::vector<std::string> named_rules(const Rule& rule);

/// For each rule how many floors of other rules it stands on: 0 names none, otherwise one more than the highest it
/// names. Throws std::invalid_argument for rules that check_rules() refuses.
[[nodiscard]] std::vector<std::uint32_t> levels_of(const std::vector<Rule>& rules);

}  // namespace candor::rules
