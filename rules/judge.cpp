#include "rules/judge.h"

#include <algorithm>

#include "rules/reasons.h"

namespace candor::rules {

Judge::Judge(ConditionTree& tree) : tree_{tree}, states_(tree.rules.size()) { touch_all(); }

void Judge::found(std::uint32_t rule, Finding finding, std::optional<Instant> held_since) {
  if (finding == Finding::unknown) return;
  states_[rule].last = finding;
  states_[rule].known_since = held_since;
}

void Judge::explains_until(std::uint32_t rule, std::optional<Instant> until) {
  states_[rule].explains_until = until;
  touched_.insert(tree_.rules[rule].named_by.begin(), tree_.rules[rule].named_by.end());
}

/// Who names it goes on by what is known; it does not itself.
void Judge::let_go_of(std::uint32_t rule) {
  RuleState& state = states_[rule];
  if (state.last != Finding::holds) return;
  state.last = state.holds_since || state.known_since ? Finding::explained : Finding::quiet;
}

void Judge::wait_for_a_look(const Look& look) {
  look_ = look;
  touch_all();
}

void Judge::touch_all() {
  for (std::uint32_t i = 0; i < states_.size(); ++i) touched_.insert(touched_.end(), i);
}

void Judge::touch(const LeafState& leaf) {
  arm(leaf.node, leaf.due());
  touched_.insert(tree_.nodes[leaf.node].owner);
}

void Judge::arm(std::uint32_t node, std::optional<Instant> at) {
  std::optional<Instant>& timer = tree_.nodes[node].timer;
  if (timer == at) return;
  if (timer) timers_.erase({*timer, node});
  if (at) timers_.emplace(*at, node);
  timer = at;
}

std::optional<Instant> Judge::due() const {
  std::optional<Instant> due;
  if (look_) due = look_->until;
  if (!timers_.empty()) due = std::min(due.value_or(timers_.begin()->first), timers_.begin()->first);
  return due;
}

/// What is due by `now` touches its rules: at the end of a look all that went on by what was only remembered.
void Judge::ring(Instant now) {
  if (look_ && look_->until <= now) {
    look_.reset();
    touch_all();
  }
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const std::uint32_t place = timers_.begin()->second;
    const Node& node = tree_.nodes[place];
    if (node.kind == Node::Kind::signals) {
      tree_.leaves[node.target].ripen(now);
      touch(tree_.leaves[node.target]);
    } else {
      touched_.insert(node.owner);
      arm(place, std::nullopt);
    }
  }
}

std::vector<std::uint32_t> Judge::settle(Instant now) {
  ring(now);
  std::vector<std::uint32_t> changed;
  while (!touched_.empty()) {
    const std::uint32_t rule = *touched_.begin();
    touched_.erase(touched_.begin());
    const Truths before = states_[rule].when_is;
    const bool was_sure = is_sure(rule);
    const bool changes = judge(rule, now);
    if (changes) changed.push_back(rule);
    if (!changes && !was_sure && is_sure(rule)) confirmed_.push_back(rule);
    const std::vector<std::uint32_t>& named_by = tree_.rules[rule].named_by;
    // While a look lasts, who names it asks more than that: see was_not_looked_at().
    if (look_ || changes || states_[rule].when_is != before) touched_.insert(named_by.begin(), named_by.end());
  }
  return changed;
}

bool Judge::is_sure(std::uint32_t rule) const {
  const RuleState& state = states_[rule];
  return state.verdict.finding == Finding::holds && state.when_is.seen == Truth::yes &&
         state.unless_is.seen == Truth::no;
}

/// Whether the rule came to another finding.
bool Judge::judge(std::uint32_t rule, Instant now) {
  RuleState& state = states_[rule];
  const RuleNode& node = tree_.rules[rule];
  state.when_is = judge_node(node.when, now);
  if (look_ && state.when_is.known == Truth::no && holds(state.last)) state.when_is.known = at_most(node.when, now);
  if (node.unless) {
    state.unless_is = judge_node(*node.unless, now);
    if (look_ && state.last == Finding::explained) state.unless_is.known = at_most(*node.unless, now);
  }
  const Finding finding = finding_of(rule);

  keep_since(rule, finding, now);
  if (finding != Finding::unknown) state.last = finding;
  if (finding == state.verdict.finding) return false;
  say(rule, finding, now);
  return true;
}

/// By what is only remembered a rule goes on to hold, or to be explained, and does not begin to.
Finding Judge::finding_of(std::uint32_t rule) const {
  const RuleState& state = states_[rule];
  if (state.when_is.known == Truth::unknown) return Finding::unknown;
  if (state.when_is.known == Truth::no) return may_hold(tree_.rules[rule].when) ? Finding::pending : Finding::quiet;
  const bool seen = state.when_is.seen == Truth::yes;
  if (state.unless_is.known == Truth::yes) return seen || holds(state.last) ? Finding::explained : Finding::pending;
  return seen || state.last == Finding::holds ? Finding::holds : Finding::pending;
}

/// Whether it holds for those who name it: also where what explained it is over, and nobody has looked at it since.
bool Judge::holds_on(const RuleState& state) {
  const bool by_memory = state.verdict.finding == Finding::pending && state.when_is.known == Truth::yes;
  return holds(state.verdict.finding) || (by_memory && state.holds_since);
}

/// For those who name it.
void Judge::keep_since(std::uint32_t rule, Finding finding, Instant now) {
  RuleState& state = states_[rule];
  const RuleNode& node = tree_.rules[rule];
  const bool held = state.holds_since || state.known_since;
  const bool by_memory = finding == Finding::pending && state.when_is.known == Truth::yes;
  if (holds(finding) || (by_memory && held)) {
    if (state.holds_since || node.named_by.empty()) return;
    state.holds_since = state.known_since ? *state.known_since : true_since(node.when, now);
  } else if (finding != Finding::unknown) {
    const std::optional<Instant> since = state.holds_since ? state.holds_since : state.known_since;
    if (since) state.held = Held{*since, now};
    state.holds_since.reset();
    state.known_since.reset();
    state.explains_until.reset();
  }
}

void Judge::say(std::uint32_t rule, Finding finding, Instant now) {
  Verdict& verdict = states_[rule].verdict;
  verdict = {.finding = finding, .since = now};
  if (finding == Finding::unknown) verdict.since = unknown_since(tree_.rules[rule].when, now);
  if (finding != Finding::unknown) verdict.held_since = states_[rule].holds_since.value_or(Instant{});
  if (!holds(finding)) return;
  const Reasons why = reasons_of(tree_, rule);
  verdict.failing_since = now;
  for (const Contributor& one : why.contributors) verdict.failing_since = std::min(verdict.failing_since, one.since);
  verdict.evidence = evidence_of(why.contributors, why.cut);
  verdict.symptom = symptom_of(why.contributors);
}

/// Every part is judged, also where the first one decides: gather() and true_since() look at them.
Truths Judge::judge_node(std::uint32_t place, Instant now) {
  const Node& node = tree_.nodes[place];
  Truths truths;
  switch (node.kind) {
    case Node::Kind::signals:
      truths = tree_.leaves[node.target].truths();
      break;
    case Node::Kind::rule:
      truths = judge_rule_leaf(place, now);
      break;
    case Node::Kind::all:
      truths = {Truth::yes, Truth::yes, Truth::yes};
      for (const std::uint32_t part : node.parts) {
        const Truths judged = judge_node(part, now);
        truths = {std::min(truths.known, judged.known), std::min(truths.seen, judged.seen),
                  std::min(truths.fresh, judged.fresh)};
      }
      break;
    case Node::Kind::any:
      for (const std::uint32_t part : node.parts) {
        const Truths judged = judge_node(part, now);
        truths = {std::max(truths.known, judged.known), std::max(truths.seen, judged.seen),
                  std::max(truths.fresh, judged.fresh)};
      }
      break;
    case Node::Kind::negation: {
      const Truths judged = judge_node(node.parts.front(), now);
      truths = {negated(judged.known), negated(judged.seen), negated(judged.fresh)};
      break;
    }
  }
  return tree_.nodes[place].truths = truths;
}

Truths Judge::judge_rule_leaf(std::uint32_t place, Instant now) {
  constexpr Truths no{Truth::no, Truth::no, Truth::no};
  constexpr Truths unsure{Truth::no, Truth::unknown, Truth::unknown};
  Node& node = tree_.nodes[place];
  const RuleState& other = states_[node.target];
  const std::optional<Instant> lingers = lingers_until(node, now);
  const auto known_to = [](Truth truth) { return truth == Truth::yes ? Truth::yes : Truth::unknown; };
  const Truths held{Truth::yes, known_to(other.when_is.seen), known_to(other.when_is.fresh)};
  if (!holds_on(other)) {
    arm(place, lingers);
    if (lingers) return held;
    if (other.when_is.known == Truth::unknown) return other.when_is;
    node.ripened_from.reset();
    return other.when_is.known == Truth::yes ? unsure : other.when_is;  // by what is only remembered it would hold
  }
  const std::optional<Instant> until = node.excuses_more() ? other.explains_until : std::nullopt;
  if (until && *until <= now) {
    arm(place, std::nullopt);
    return no;
  }
  Instant ripe_at = *other.holds_since + node.hold;
  const bool remembered =
      look_ && ripe_at > look_->there && was_not_looked_at(node.target, *other.holds_since, ripe_at);
  if (remembered) ripe_at = std::max(ripe_at, look_->until);
  // Once over, a `for` stays over, also when the wall clock is set back.
  if (ripe_at <= now || node.ripened_from == other.holds_since) {
    arm(place, until);
    node.ripened_from = other.holds_since;
    return held;
  }
  arm(place, lingers ? std::min(ripe_at, *lingers) : ripe_at);
  return lingers ? held : remembered ? unsure : no;
}

/// Whether a rule that held before nobody looked has not been looked at since, or one whose `for` ran out in a further
/// absence not since that. Where no alert is known, nobody need have looked for one yet.
bool Judge::was_not_looked_at(std::uint32_t rule, Instant since, Instant ripe_at) const {
  const Truths& is = states_[rule].when_is;
  const bool rests = rests_on_signals(tree_.rules[rule].when);
  const bool seen = rests && is.seen == Truth::yes;
  const bool fresh = rests && is.fresh == Truth::yes;
  return (since < look_->back && !seen) || (ripe_at <= look_->again && !fresh);
}

bool Judge::rests_on_signals(std::uint32_t place) const {
  const Node& node = tree_.nodes[place];
  if (node.kind == Node::Kind::signals) return tree_.leaves[node.target].total > 0;
  if (node.kind == Node::Kind::rule) return rests_on_signals(tree_.rules[node.target].when);
  return std::ranges::any_of(node.parts, [this](std::uint32_t part) { return rests_on_signals(part); });
}

/// Until when a rule that held for long enough explains others although it is quiet, or holds anew for less than
/// whoever it explained needs.
std::optional<Instant> Judge::lingers_until(const Node& node, Instant now) const {
  const RuleState& other = states_[node.target];
  if (!node.excuses_more() || !other.held || other.held->until - other.held->since < node.hold) return std::nullopt;
  const Instant until = other.held->until + other.lingers;
  return now < until ? std::optional{until} : std::nullopt;
}

/// Whether a node that was judged is true, cannot be seen, or becomes true by the passing of time alone.
bool Judge::may_hold(std::uint32_t place) const {
  const Node& node = tree_.nodes[place];
  if (node.truths.known != Truth::no) return true;
  const auto part_may = [this](std::uint32_t part) { return may_hold(part); };
  switch (node.kind) {
    case Node::Kind::signals:
      return tree_.leaves[node.target].may_hold();
    case Node::Kind::rule:
      return node.timer.has_value() || states_[node.target].verdict.finding == Finding::pending;
    case Node::Kind::all:
      return std::ranges::all_of(node.parts, part_may);
    case Node::Kind::any:
      return std::ranges::any_of(node.parts, part_may);
    case Node::Kind::negation:
      break;
  }
  return false;
}

/// What a node that was judged was at most when somebody was last there. Which `for` was over then is not journalled;
/// but that of a rule that held, it was.
Truth Judge::at_most(std::uint32_t place, Instant now) const {
  const Node& node = tree_.nodes[place];
  switch (node.kind) {
    case Node::Kind::signals:
      return tree_.leaves[node.target].at_most(look_->there);
    case Node::Kind::rule: {
      const RuleState& other = states_[node.target];
      const bool lapsed = node.excuses_more() && other.explains_until && *other.explains_until <= now;
      const bool over = holds_on(other) && *other.holds_since + node.hold <= look_->there;
      return over && !lapsed ? Truth::yes : node.truths.known;
    }
    case Node::Kind::all: {
      Truth least = Truth::yes;
      for (const std::uint32_t part : node.parts) least = std::min(least, at_most(part, now));
      return least;
    }
    case Node::Kind::any: {
      Truth most = Truth::no;
      for (const std::uint32_t part : node.parts) most = std::max(most, at_most(part, now));
      return most;
    }
    case Node::Kind::negation:
      break;
  }
  return node.truths.known;
}

/// Since when a node that is true now has been so, as far as its signals tell: what a restarted daemon has instead of
/// having seen it. Never later than `now`.
Instant Judge::true_since(std::uint32_t place, Instant now) const {
  const Node& node = tree_.nodes[place];
  if (node.truths.known != Truth::yes) return now;
  switch (node.kind) {
    case Node::Kind::signals:
      return std::min(tree_.leaves[node.target].true_since(), now);
    case Node::Kind::rule:
      return std::min(*states_[node.target].holds_since + node.hold, now);
    case Node::Kind::all: {
      Instant last{};
      for (const std::uint32_t part : node.parts) last = std::max(last, true_since(part, now));
      return last;
    }
    case Node::Kind::any: {
      Instant first = now;
      for (const std::uint32_t part : node.parts) first = std::min(first, true_since(part, now));
      return first;
    }
    case Node::Kind::negation:
      break;
  }
  return now;
}

/// Since when a node that is unknown now cannot be judged: what nobody had looked at since an absence when its silence
/// was noticed has been silent since before that. Never later than `now`.
Instant Judge::unknown_since(std::uint32_t place, Instant now) const {
  const Node& node = tree_.nodes[place];
  if (node.truths.known != Truth::unknown) return now;
  switch (node.kind) {
    case Node::Kind::signals: {
      const std::optional<Absence> absence = tree_.leaves[node.target].longest_missed();
      return absence ? std::min(absence->from, now) : now;
    }
    case Node::Kind::rule:
      return unknown_since(tree_.rules[node.target].when, now);
    case Node::Kind::all: {
      Instant last{};
      for (const std::uint32_t part : node.parts) {
        if (tree_.nodes[part].truths.known == Truth::unknown) last = std::max(last, unknown_since(part, now));
      }
      return last;
    }
    case Node::Kind::any: {
      Instant first = now;
      for (const std::uint32_t part : node.parts) first = std::min(first, unknown_since(part, now));
      return first;
    }
    case Node::Kind::negation:
      return unknown_since(node.parts.front(), now);
  }
  return now;
}

}  // namespace candor::rules
