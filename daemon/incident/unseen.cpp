#include "daemon/incident/unseen.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace candor::incident {
namespace {

using Since = std::optional<Instant>;

/// Both together are unseen from the later of the two.
Since both(const Since& a, const Since& b) { return a && b ? std::max(a, b) : std::nullopt; }

bool counts(const rules::Absence& absence, const Memory& memory) { return absence.back - absence.from >= memory.least; }

class Eyes {
 public:
  Eyes(const State& state, const Policy& policy, const rules::Evaluator& evaluator, const Memory& memory)
      : state_(state), evaluator_(evaluator), memory_(memory), alerts_(silent_sources(state, memory)) {
    if (!alerts_ && evaluator.sees_all()) return;  // then verdicts alone decide
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
  /// What is seen of a condition, by Kleene's logic.
  struct Sight {
    enum class Kind : std::uint8_t { holds_not, may_hold, blind };
    Kind kind = Kind::holds_not;
    Instant since{};  ///< blind
  };

  /// Through a rule's `when`.
  struct Walk {
    const std::string& rule;
    std::size_t signal_leaves = 0;  ///< passed
  };

  static Sight blind_since(const Since& since) { return since ? Sight{Sight::Kind::blind, *since} : Sight{}; }

  Since judge(const std::string& rule) {
    const auto known = state_.verdicts.find(rule);
    if (known != state_.verdicts.end()) {
      if (known->second.finding == rules::Finding::unknown) return known->second.since;
      if (rules::holds(known->second.finding)) return std::nullopt;
    }
    const auto found = rules_.find(rule);
    if (found == rules_.end()) return std::nullopt;
    Walk walk{rule};
    const Sight sight = look(found->second->when, walk);
    return sight.kind == Sight::Kind::blind ? Since{sight.since} : std::nullopt;
  }

  Sight look(const rules::Condition& condition, Walk& walk) {
    if (const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node)) return look(*leaf, walk);
    if (const auto* leaf = std::get_if<rules::RuleLeaf>(&condition.node)) {
      const auto verdict = state_.verdicts.find(leaf->rule);
      const bool holds = verdict != state_.verdicts.end() && rules::holds(verdict->second.finding);
      return holds ? Sight{Sight::Kind::may_hold, {}} : blind_since(blind(leaf->rule));
    }
    return look(std::get<rules::Group>(condition.node), walk);
  }

  /// Where probes may make their leaf true others decide.
  [[nodiscard]] Sight look(const rules::SignalLeaf& leaf, Walk& walk) const {
    const std::size_t place = walk.signal_leaves++;
    if (leaf.kind == rules::SignalKind::alert) return blind_since(alerts_);
    if (const Since since = remembered(walk.rule, place)) return blind_since(since);
    return {evaluator_.is_possible(walk.rule, place) ? Sight::Kind::may_hold : Sight::Kind::holds_not, {}};
  }

  [[nodiscard]] Since remembered(const std::string& rule, std::size_t place) const {
    if (evaluator_.sees_all()) return std::nullopt;
    const std::optional<rules::Absence> absence = evaluator_.unseen_since(rule, place);
    return absence && counts(*absence, memory_) ? Since{absence->from} : std::nullopt;
  }

  Sight look(const rules::Group& group, Walk& walk) {
    std::vector<Sight> parts;
    for (const rules::Condition& part : group.parts) parts.push_back(look(part, walk));
    const auto is = [](Sight::Kind kind) { return [kind](const Sight& part) { return part.kind == kind; }; };
    if (group.kind == rules::Group::Kind::negation) {
      if (parts.front().kind == Sight::Kind::holds_not) return {Sight::Kind::may_hold, {}};
      return parts.front().kind == Sight::Kind::blind ? parts.front() : Sight{};
    }
    const bool all = group.kind == rules::Group::Kind::all;
    if (all && std::ranges::any_of(parts, is(Sight::Kind::holds_not))) return {};
    std::erase_if(parts, std::not_fn(is(Sight::Kind::blind)));
    if (parts.empty()) return {all ? Sight::Kind::may_hold : Sight::Kind::holds_not, {}};
    return all ? std::ranges::max(parts, {}, &Sight::since) : std::ranges::min(parts, {}, &Sight::since);
  }

  const State& state_;
  const rules::Evaluator& evaluator_;
  const Memory& memory_;
  const Since alerts_;
  std::unordered_map<std::string_view, const rules::Rule*> rules_;
  std::unordered_map<std::string, Since> judged_;
};

}  // namespace

bool is_asked(std::string_view source) { return source != "push" && !source.starts_with("push:"); }

Since silent_sources(const State& state, const Memory& memory) {
  Since since;
  for (const auto& [name, source] : state.sources) {
    if (!is_asked(name)) continue;
    std::optional<rules::Absence> unheard = source.unheard;
    if (!unheard && source.answering) unheard = memory.asleep;
    const bool answers = source.answering && !(unheard && counts(*unheard, memory));
    if (answers) return std::nullopt;
    since = std::max(since, Since{source.answering ? unheard->from : source.since});
  }
  return since;
}

Unseen unseen(const State& state, const Policy& policy, const rules::Evaluator& evaluator, const Memory& memory) {
  const bool any_unknown = std::ranges::any_of(
      state.verdicts, [](const auto& known) { return known.second.finding == rules::Finding::unknown; });
  if (!any_unknown && evaluator.sees_all() && !silent_sources(state, memory)) return {};  // as on most days
  Eyes eyes{state, policy, evaluator, memory};
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
