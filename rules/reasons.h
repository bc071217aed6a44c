#pragma once

#include <cstdint>
#include <vector>

#include "rules/condition_tree.h"
#include "rules/contributors.h"
#include "rules/signal_table.h"

namespace candor::rules {

/// The signals that make a rule hold, in order and each once. So many are looked at, at most, that the price of a
/// verdict is bounded: `cut` where there are more.
struct Reasons {
  std::vector<Contributor> contributors;
  bool cut = false;
};

/// Of a rule that was judged, and holds.
[[nodiscard]] Reasons reasons_of(const ConditionTree& tree, std::uint32_t rule);

/// The alerts of unknown health that the rule, and those its `when` names, would be judged by. In their order.
[[nodiscard]] std::vector<SignalId> unseen_alerts(const ConditionTree& tree, const SignalTable& signals,
                                                  std::uint32_t rule);

}  // namespace candor::rules
