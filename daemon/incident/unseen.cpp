#include "daemon/incident/unseen.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
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
    const auto known = state_.verdicts.find(rule);
    if (known != state_.verdicts.end() && rules::holds(known->second.finding)) return std::nullopt;
    const Sight sight = look(rule);
    return sight.kind == Sight::Kind::blind ? Since{sight.since} : std::nullopt;
  }

 private:
  /// What is seen of a condition, by Kleene's logic.
  struct Sight {
    enum class Kind : std::uint8_t { holds_not, blind, may_hold, holds };
    Kind kind = Kind::holds_not;
    Instant since{};  ///< blind
  };

  /// Through a rule's `when`.
  struct Walk {
    const std::string& rule;
    std::size_t signal_leaves = 0;  ///< passed
  };

  Sight look(const std::string& rule) {
    if (const auto known = judged_.find(rule); known != judged_.end()) return known->second;
    return judged_.emplace(rule, judge(rule)).first->second;
  }

  Sight judge(const std::string& rule) {
    const auto known = state_.verdicts.find(rule);
    if (known != state_.verdicts.end() && known->second.finding == rules::Finding::unknown) {
      return {Sight::Kind::blind, known->second.since};
    }
    const auto found = rules_.find(rule);
    if (found == rules_.end()) return {};
    Walk walk{rule};
    const Sight sight = look(found->second->when, walk);
    const bool holds = known != state_.verdicts.end() && rules::holds(known->second.finding);
    return holds && sight.kind != Sight::Kind::blind ? Sight{Sight::Kind::holds, {}} : sight;
  }

  Sight look(const rules::Condition& condition, Walk& walk) {
    if (const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node)) return look(*leaf, walk);
    if (const auto* leaf = std::get_if<rules::RuleLeaf>(&condition.node)) return look(*leaf);
    return look(std::get<rules::Group>(condition.node), walk);
  }

  Sight look(const rules::RuleLeaf& leaf) {
    const Sight sight = look(leaf.rule);
    const auto since = state_.held_since.find(leaf.rule);
    const bool over = since != state_.held_since.end() && since->second + leaf.hold <= state_.last_at;
    return sight.kind == Sight::Kind::holds && leaf.hold > Duration{0} && !over ? Sight{Sight::Kind::may_hold, {}}
                                                                                : sight;
  }

  [[nodiscard]] Sight look(const rules::SignalLeaf& leaf, Walk& walk) const {
    const std::size_t place = walk.signal_leaves++;
    const Since since = leaf.kind == rules::SignalKind::alert ? alerts_ : remembered(walk.rule, place);
    if (since) return {Sight::Kind::blind, *since};
    switch (evaluator_.truth_of(walk.rule, place)) {
      case rules::Truth::yes:
        return {Sight::Kind::holds, {}};
      case rules::Truth::unknown:
        return {Sight::Kind::may_hold, {}};
      case rules::Truth::no:
        break;
    }
    return {};
  }

  [[nodiscard]] Since remembered(const std::string& rule, std::size_t place) const {
    if (evaluator_.sees_all()) return std::nullopt;
    const std::optional<rules::Absence> absence = evaluator_.unseen_since(rule, place);
    return absence && counts(*absence, memory_) ? Since{absence->from} : std::nullopt;
  }

  Sight look(const rules::Group& group, Walk& walk) {
    std::vector<Sight> parts;
    for (const rules::Condition& part : group.parts) parts.push_back(look(part, walk));
    switch (group.kind) {
      case rules::Group::Kind::negation:
        return negated(parts.front());
      case rules::Group::Kind::all:
        return first_of({Sight::Kind::holds_not, Sight::Kind::blind, Sight::Kind::may_hold}, parts, Sight::Kind::holds);
      case rules::Group::Kind::any:
        break;
    }
    return first_of({Sight::Kind::holds, Sight::Kind::blind, Sight::Kind::may_hold}, parts, Sight::Kind::holds_not);
  }

  static Sight negated(Sight sight) {
    if (sight.kind == Sight::Kind::holds) return {Sight::Kind::holds_not, {}};
    return sight.kind == Sight::Kind::holds_not ? Sight{Sight::Kind::holds, {}} : sight;
  }

  /// The first kind that a part is of decides; where none is, `other`. What is blind is so since the last part of an
  /// `all` is, and since the first of an `any`.
  static Sight first_of(std::initializer_list<Sight::Kind> kinds, const std::vector<Sight>& parts, Sight::Kind other) {
    for (const Sight::Kind kind : kinds) {
      Since since;
      for (const Sight& part : parts) {
        if (part.kind != kind) continue;
        const bool later = other == Sight::Kind::holds;
        since = !since ? part.since : later ? std::max(*since, part.since) : std::min(*since, part.since);
      }
      if (since) return {kind, *since};
    }
    return {other, {}};
  }

  const State& state_;
  const rules::Evaluator& evaluator_;
  const Memory& memory_;
  const Since alerts_;
  std::unordered_map<std::string_view, const rules::Rule*> rules_;
  std::unordered_map<std::string, Sight> judged_;
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
