#include "daemon/incident/unseen.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace candor::incident {
namespace {

using Since = std::optional<Instant>;

/// Both together are unseen from the later of the two.
Since both(const Since& a, const Since& b) { return a && b ? std::max(a, b) : std::nullopt; }

/// Since when no source of alerts answers; nothing where one does, or none is known: a Prometheus that pushes is silent
/// when all is well.
Since silent_sources(const State& state) {
  Since since;
  for (const auto& [name, source] : state.sources) {
    if (source.answering) return std::nullopt;
    since = std::max(since, Since{source.since});
  }
  return since;
}

class Eyes {
 public:
  Eyes(const State& state, const Policy& policy) : state_(state), alerts_(silent_sources(state)) {
    for (const rules::Rule& rule : policy.rules) rules_.emplace(rule.name, &rule);
  }

  /// Since when the rule cannot be judged.
  Since blind(const std::string& rule) {
    if (const auto known = judged_.find(rule); known != judged_.end()) return known->second;
    const Since since = judge(rule);
    judged_.emplace(rule, since);
    return since;
  }

 private:
  Since judge(const std::string& rule) {
    const auto known = state_.verdicts.find(rule);
    if (known != state_.verdicts.end()) {
      if (known->second.finding == rules::Finding::unknown) return known->second.since;
      if (is_seen(known->second.finding)) return std::nullopt;
    }
    const auto found = rules_.find(rule);
    return alerts_ && found != rules_.end() ? blind(found->second->when) : std::nullopt;
  }

  /// Of a condition that is not seen to hold, by Kleene's logic: `all` needs one part that is seen, `any` every one.
  Since blind(const rules::Condition& condition) {
    if (const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node)) {
      return leaf->kind == rules::SignalKind::alert ? alerts_ : std::nullopt;
    }
    if (const auto* leaf = std::get_if<rules::RuleLeaf>(&condition.node)) return blind(leaf->rule);
    const auto& group = std::get<rules::Group>(condition.node);
    Since since = blind(group.parts.front());
    for (const rules::Condition& part : group.parts) {
      const Since of_part = blind(part);
      if (group.kind == rules::Group::Kind::all) {
        since = both(since, of_part);
      } else if (of_part) {
        since = since ? std::min(since, of_part) : of_part;
      }
    }
    return since;
  }

  const State& state_;
  const Since alerts_;
  std::unordered_map<std::string_view, const rules::Rule*> rules_;
  std::unordered_map<std::string, Since> judged_;
};

}  // namespace

Unseen unseen(const State& state, const Policy& policy) {
  const bool any_unknown = std::ranges::any_of(
      state.verdicts, [](const auto& known) { return known.second.finding == rules::Finding::unknown; });
  if (!any_unknown && !silent_sources(state)) return {};  // as on most days
  Eyes eyes{state, policy};
  Since everything;
  std::map<std::string, Since, std::less<>> components;
  for (const rules::Rule& rule : policy.rules) {
    const Since since = eyes.blind(rule.name);
    everything = &rule == &policy.rules.front() ? since : both(everything, since);
    const auto response = policy.responses.find(rule.name);
    if (response == policy.responses.end() || response->second.component.empty()) continue;
    const auto [place, first] = components.emplace(response->second.component, since);
    if (!first) place->second = both(place->second, since);
  }
  Unseen found{.components = {}, .everything = everything};
  for (const auto& [component, since] : components) {
    if (since) found.components.emplace(component, *since);
  }
  return found;
}

}  // namespace candor::incident
