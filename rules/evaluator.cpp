#include "rules/evaluator.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "rules/condition_tree.h"
#include "rules/leaf_index.h"
#include "rules/rule_graph.h"
#include "rules/signal_table.h"

namespace candor::rules {
namespace {

constexpr std::array<std::string_view, 5> finding_names{"quiet", "holds", "explained", "unknown", "pending"};

/// As many contributors are looked at for one verdict, so that its price is bounded.
constexpr std::size_t most_contributors = 1000;

bool holds(Finding finding) { return finding == Finding::holds || finding == Finding::explained; }

struct RuleState {
  std::uint32_t when = 0;
  std::optional<std::uint32_t> unless;
  std::vector<std::uint32_t> named_by;  ///< rules, all of them behind this one
  Verdict verdict;
  Truths when_is;                      ///< when last judged
  Truths unless_is;                    ///< the same; `no` where there is none
  Finding last = Finding::quiet;       ///< when last it could be seen: one that held goes on to by what is remembered
  std::optional<Instant> holds_since;  ///< for other rules' `for`: silence in between does not restart it
  std::optional<Instant> known_since;  ///< the same, from before
  std::optional<Instant> explains_until;
  Duration lingers{};
  std::optional<Instant> ended;  ///< when it was seen not to hold any more
};

/// In the order of judging: a rule after those it names, within one level by name.
std::vector<Rule> in_order(std::vector<Rule> rules) {
  const std::vector<std::uint32_t> levels = levels_of(rules);
  std::vector<std::size_t> places(rules.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::ranges::sort(places, [&](std::size_t a, std::size_t b) {
    return levels[a] != levels[b] ? levels[a] < levels[b] : rules[a].name < rules[b].name;
  });
  std::vector<Rule> ordered;
  ordered.reserve(rules.size());
  for (const std::size_t place : places) ordered.push_back(std::move(rules[place]));
  return ordered;
}

}  // namespace

std::string_view to_string(Finding finding) { return finding_names.at(static_cast<std::size_t>(finding)); }

std::optional<Finding> finding_from(std::string_view text) {
  const auto found = std::ranges::find(finding_names, text);
  if (found == finding_names.end()) return std::nullopt;
  return static_cast<Finding>(found - finding_names.begin());
}

struct Evaluator::Impl {
  explicit Impl(std::vector<Rule> given);

  // What changed.
  void update(const SignalId& id, const Signal& signal);
  void forget(const SignalId& id);
  void touch(const LeafState& leaf);
  void wait_for_a_look(const Look& now_begun);
  void look_at(SignalTable::value_type& signal);
  void arm(std::uint32_t node, std::optional<Instant> at);

  // What that means.
  std::vector<VerdictChange> settle(Instant now);
  bool judge(std::uint32_t rule, Instant now);
  bool is_sure(std::uint32_t rule) const;
  Truths judge_node(std::uint32_t place, Instant now);
  Truths judge_rule_leaf(std::uint32_t place, Instant now);
  bool may_hold(std::uint32_t place) const;
  Truth at_most(std::uint32_t place) const;
  Instant true_since(std::uint32_t place, Instant now) const;

  // Why.
  struct Gathered {
    std::vector<Contributor> contributors;
    std::set<std::uint32_t> rules;
    bool cut = false;
  };
  void gather(std::uint32_t place, Truth wanted, Gathered& into) const;
  void gather_leaf(const LeafState& leaf, Gathered& into) const;
  void gather_ripe(const LeafState& leaf, const LeafState::Counted& counted, Gathered& into) const;
  Gathered contributors_of(std::uint32_t rule) const;
  void gather_rules(std::uint32_t place, std::set<std::uint32_t>& into) const;
  std::vector<SignalId> unseen_alerts(std::uint32_t rule) const;

  std::vector<Rule> rules;  ///< in the order of judging; never changes, as the leaves point into it
  std::map<std::string, std::uint32_t, std::less<>> places;
  std::vector<RuleState> states;
  ConditionTree tree;
  std::vector<const SignalLeaf*> leaves;
  std::unique_ptr<LeafIndex> index;
  SignalTable signals;
  std::set<std::pair<Instant, std::uint32_t>> timers;  ///< of nodes
  std::set<std::uint32_t> dirty;                       ///< rules to judge
  std::optional<Look> look;                            ///< while it lasts
  std::vector<std::string> confirmed;                  ///< what confirmed() answers
};

Evaluator::Impl::Impl(std::vector<Rule> given) : rules(in_order(std::move(given))), states(rules.size()) {
  for (std::uint32_t i = 0; i < rules.size(); ++i) places.emplace(rules[i].name, i);
  const auto rule_of = [this](std::string_view name) { return places.find(name)->second; };
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    states[i].when = tree.add(rules[i].when, i, rule_of);
    if (rules[i].unless) states[i].unless = tree.add(*rules[i].unless, i, rule_of, true);
    for (const std::string& name : named_rules(rules[i])) states[rule_of(name)].named_by.push_back(i);
    dirty.insert(dirty.end(), i);
  }
  for (const LeafState& leaf : tree.leaves) leaves.push_back(leaf.leaf);
  index = std::make_unique<LeafIndex>(leaves);
}

void Evaluator::Impl::update(const SignalId& id, const Signal& signal) {
  auto found = signals.find(id);
  const bool fresh = found == signals.end();
  if (fresh) {
    std::vector<std::uint32_t> matched = index->matching(id);
    if (matched.empty()) return;
    found = signals.emplace(PackedId{id}, KnownSignal{}).first;
    found->second.leaves = std::move(matched);
  }
  KnownSignal& known = found->second;
  look_at(*found);
  const KnownHealth before = std::exchange(known.health, KnownHealth{signal});
  bool counts = false;
  for (const std::uint32_t place : known.leaves) {
    LeafState& leaf = tree.leaves[place];
    const std::optional<Instant> counted = fresh ? std::nullopt : counts_since(*leaf.leaf, before);
    const std::optional<Instant> counting = counts_since(*leaf.leaf, known.health);
    const bool was_hidden = !fresh && is_hidden(*leaf.leaf, before);
    const bool hidden = is_hidden(*leaf.leaf, known.health);
    counts = counts || counting;
    if (!fresh && counted == counting && was_hidden == hidden) continue;
    leaf.total += fresh ? 1 : 0;
    leaf.hidden += hidden ? 1 : 0;
    leaf.hidden -= was_hidden ? 1 : 0;
    leaf.recount(*found, counted, counting);
    touch(leaf);
  }
  known.words = counts ? std::make_unique<const Words>(Words{signal.evidence, signal.symptom}) : nullptr;
}

void Evaluator::Impl::forget(const SignalId& id) {
  const auto found = signals.find(id);
  if (found == signals.end()) return;
  look_at(*found);
  for (const std::uint32_t place : found->second.leaves) {
    LeafState& leaf = tree.leaves[place];
    leaf.total -= 1;
    leaf.hidden -= is_hidden(*leaf.leaf, found->second.health) ? 1 : 0;
    leaf.recount(*found, counts_since(*leaf.leaf, found->second.health), std::nullopt);
    touch(leaf);
  }
  signals.erase(found);
}

void Evaluator::Impl::touch(const LeafState& leaf) {
  arm(leaf.node, leaf.due());
  dirty.insert(tree.nodes[leaf.node].owner);
}

void Evaluator::Impl::wait_for_a_look(const Look& now_begun) {
  // Of one absence with restarts in it, what somebody looked at in between stays seen.
  const bool goes_on = look && look->back == now_begun.back;
  look = now_begun;
  for (LeafState& leaf : tree.leaves) leaf.wait_for_a_look(look->until);
  for (SignalTable::value_type& item : signals) {
    KnownSignal& signal = item.second;
    signal.remembered = goes_on ? signal.remembered : signal.health.since < look->back;
    if (!signal.remembered) continue;
    for (const std::uint32_t place : signal.leaves) {
      LeafState& leaf = tree.leaves[place];
      const std::optional<Instant> since = counts_since(*leaf.leaf, signal.health);
      leaf.remember(item, since && *since + leaf.leaf->hold <= look->from);
      touch(leaf);
    }
  }
  for (const Node& node : tree.nodes) {
    if (node.kind == Node::Kind::rule && node.hold > Duration{0}) dirty.insert(node.owner);
  }
}

void Evaluator::Impl::look_at(SignalTable::value_type& signal) {
  if (!look || !std::exchange(signal.second.remembered, false)) return;
  for (const std::uint32_t place : signal.second.leaves) {
    tree.leaves[place].look_at(signal);
    touch(tree.leaves[place]);
  }
}

void Evaluator::Impl::arm(std::uint32_t node, std::optional<Instant> at) {
  std::optional<Instant>& timer = tree.nodes[node].timer;
  if (timer == at) return;
  if (timer) timers.erase({*timer, node});
  if (at) timers.emplace(*at, node);
  timer = at;
}

std::vector<VerdictChange> Evaluator::Impl::settle(Instant now) {
  while (!timers.empty() && timers.begin()->first <= now) {
    const std::uint32_t place = timers.begin()->second;
    const Node& node = tree.nodes[place];
    dirty.insert(node.owner);
    if (node.kind == Node::Kind::signals) {
      tree.leaves[node.target].ripen(now);
      arm(place, tree.leaves[node.target].due());
    } else {
      arm(place, std::nullopt);
    }
  }
  std::vector<VerdictChange> changes;
  while (!dirty.empty()) {
    const std::uint32_t rule = *dirty.begin();
    dirty.erase(dirty.begin());
    const RuleState& state = states[rule];
    const Truths before = state.when_is;
    const bool was_sure = is_sure(rule);
    const bool changed = judge(rule, now);
    if (changed) changes.push_back({rules[rule].name, state.verdict});
    if (!changed && !was_sure && is_sure(rule)) confirmed.push_back(rules[rule].name);
    if (changed || state.when_is != before) dirty.insert(state.named_by.begin(), state.named_by.end());
  }
  if (look && look->until <= now) look.reset();
  return changes;
}

/// Whether the rule came to another finding. By what is only remembered it goes on to hold, and does not begin to.
bool Evaluator::Impl::judge(std::uint32_t rule, Instant now) {
  RuleState& state = states[rule];
  state.when_is = judge_node(state.when, now);
  if (look && state.when_is.known == Truth::no && holds(state.last)) state.when_is.known = at_most(state.when);
  const Truths when = state.when_is;
  if (state.unless) {
    state.unless_is = judge_node(*state.unless, now);
    if (look && state.last == Finding::explained) state.unless_is.known = at_most(*state.unless);
  }
  const bool excused = state.unless_is.known == Truth::yes;
  Finding finding = Finding::unknown;
  if (when.known == Truth::no) finding = may_hold(state.when) ? Finding::pending : Finding::quiet;
  if (when.known == Truth::yes) {
    const bool speaks = state.last == Finding::holds || when.seen == Truth::yes;
    finding = excused ? Finding::explained : speaks ? Finding::holds : Finding::pending;
  }

  if (when.known == Truth::no) {
    if (state.holds_since || state.known_since) state.ended = now;
    state.holds_since.reset();
    state.known_since.reset();
    state.explains_until.reset();
  }
  if (when.known == Truth::yes && !state.holds_since && !state.named_by.empty()) {
    state.holds_since = std::min(true_since(state.when, now), state.known_since.value_or(now));
  }
  if (finding != Finding::unknown) state.last = finding;
  if (finding == state.verdict.finding) return false;
  state.verdict = {.finding = finding, .since = now, .failing_since = {}, .evidence = {}, .symptom = {}};
  if (holds(finding)) {
    const Gathered why = contributors_of(rule);
    state.verdict.failing_since = now;
    for (const Contributor& one : why.contributors) {
      state.verdict.failing_since = std::min(state.verdict.failing_since, one.since);
    }
    state.verdict.evidence = evidence_of(why.contributors, why.cut);
    state.verdict.symptom = symptom_of(why.contributors);
  }
  return true;
}

/// Whether it holds by what was seen alone.
bool Evaluator::Impl::is_sure(std::uint32_t rule) const {
  const RuleState& state = states[rule];
  return state.verdict.finding == Finding::holds && state.when_is.seen == Truth::yes &&
         state.unless_is.seen == Truth::no;
}

/// Every part is judged, also where the first one decides: gather() and true_since() look at them.
Truths Evaluator::Impl::judge_node(std::uint32_t place, Instant now) {
  const Node& node = tree.nodes[place];
  Truths truths;
  switch (node.kind) {
    case Node::Kind::signals:
      truths = tree.leaves[node.target].truths();
      break;
    case Node::Kind::rule:
      truths = judge_rule_leaf(place, now);
      break;
    case Node::Kind::all:
      truths = {Truth::yes, Truth::yes};
      for (const std::uint32_t part : node.parts) {
        const Truths judged = judge_node(part, now);
        truths = {std::min(truths.known, judged.known), std::min(truths.seen, judged.seen)};
      }
      break;
    case Node::Kind::any:
      for (const std::uint32_t part : node.parts) {
        const Truths judged = judge_node(part, now);
        truths = {std::max(truths.known, judged.known), std::max(truths.seen, judged.seen)};
      }
      break;
    case Node::Kind::negation: {
      const Truths judged = judge_node(node.parts.front(), now);
      truths = {negated(judged.known), negated(judged.seen)};
      break;
    }
  }
  return tree.nodes[place].truths = truths;
}

Truths Evaluator::Impl::judge_rule_leaf(std::uint32_t place, Instant now) {
  constexpr Truths no{Truth::no, Truth::no};
  Node& node = tree.nodes[place];
  const RuleState& other = states[node.target];
  const Truths held{Truth::yes, other.when_is.seen == Truth::yes ? Truth::yes : Truth::unknown};
  // It has held for long enough before, and is quiet, or holds anew, for less than whoever it explained needs.
  const bool was_ripe = node.hold == Duration{0} || node.ripened_from;
  const bool lingers = node.excuses_more() && other.ended && was_ripe && now < *other.ended + other.lingers;
  if (other.when_is.known != Truth::yes) {
    arm(place, lingers ? std::optional{*other.ended + other.lingers} : std::nullopt);
    if (lingers) return held;
    if (other.when_is.known == Truth::no) node.ripened_from.reset();
    return other.when_is;
  }
  const std::optional<Instant> until = node.excuses_more() ? other.explains_until : std::nullopt;
  if (until && *until <= now) {
    arm(place, std::nullopt);
    return no;
  }
  Instant ripe_at = *other.holds_since + node.hold;
  if (look && *other.holds_since < look->back && ripe_at > look->from) ripe_at = std::max(ripe_at, look->until);
  // Once over, a `for` stays over, also when the wall clock is set back.
  if (ripe_at <= now || node.ripened_from == other.holds_since) {
    arm(place, until);
    node.ripened_from = other.holds_since;
    return held;
  }
  arm(place, lingers ? std::min(ripe_at, *other.ended + other.lingers) : ripe_at);
  return lingers ? held : no;
}

/// Whether a node that was judged is true, cannot be seen, or becomes true by the passing of time alone.
bool Evaluator::Impl::may_hold(std::uint32_t place) const {
  const Node& node = tree.nodes[place];
  if (node.truths.known != Truth::no) return true;
  const auto part_may = [this](std::uint32_t part) { return may_hold(part); };
  switch (node.kind) {
    case Node::Kind::signals:
      return tree.leaves[node.target].may_hold();
    case Node::Kind::rule:
      return node.timer.has_value() || states[node.target].verdict.finding == Finding::pending;
    case Node::Kind::all:
      return std::ranges::all_of(node.parts, part_may);
    case Node::Kind::any:
      return std::ranges::any_of(node.parts, part_may);
    case Node::Kind::negation:
      break;
  }
  return false;
}

/// What a node that was judged was at most when nobody looked any more: nobody knows by then which `for` was over, but
/// for a rule that was seen to hold.
Truth Evaluator::Impl::at_most(std::uint32_t place) const {
  const Node& node = tree.nodes[place];
  switch (node.kind) {
    case Node::Kind::signals:
      return tree.leaves[node.target].at_most();
    case Node::Kind::rule: {
      const RuleState& other = states[node.target];
      const bool held = other.when_is.known == Truth::yes && *other.holds_since < look->back;
      return held ? Truth::yes : node.truths.known;
    }
    case Node::Kind::all: {
      Truth least = Truth::yes;
      for (const std::uint32_t part : node.parts) least = std::min(least, at_most(part));
      return least;
    }
    case Node::Kind::any: {
      Truth most = Truth::no;
      for (const std::uint32_t part : node.parts) most = std::max(most, at_most(part));
      return most;
    }
    case Node::Kind::negation:
      break;
  }
  return node.truths.known;
}

/// Since when a node that is true now has been so, as far as its signals tell: what a restarted daemon has instead of
/// having seen it. Never later than `now`.
Instant Evaluator::Impl::true_since(std::uint32_t place, Instant now) const {
  const Node& node = tree.nodes[place];
  if (node.truths.known != Truth::yes) return now;
  switch (node.kind) {
    case Node::Kind::signals:
      return std::min(tree.leaves[node.target].true_since(), now);
    case Node::Kind::rule:
      return std::min(*states[node.target].holds_since + node.hold, now);
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

/// The contributors below a node, if it has the wanted truth. A negation wants its part to be false, and signals that
/// make something false are no evidence.
void Evaluator::Impl::gather(std::uint32_t place, Truth wanted, Gathered& into) const {
  const Node& node = tree.nodes[place];
  if (node.truths.known != wanted) return;
  switch (node.kind) {
    case Node::Kind::signals:
      if (wanted == Truth::yes) gather_leaf(tree.leaves[node.target], into);
      break;
    case Node::Kind::rule:
      if (wanted == Truth::yes && into.rules.insert(node.target).second) {
        gather(states[node.target].when, Truth::yes, into);
      }
      break;
    case Node::Kind::all:
    case Node::Kind::any:
      for (const std::uint32_t part : node.parts) gather(part, wanted, into);
      break;
    case Node::Kind::negation:
      gather(node.parts.front(), negated(wanted), into);
      break;
  }
}

/// What somebody has seen, where that is enough.
void Evaluator::Impl::gather_leaf(const LeafState& leaf, Gathered& into) const {
  gather_ripe(leaf, leaf.seen, into);
  if (leaf.seen.ripe.size() < leaf.needed()) gather_ripe(leaf, leaf.remembered, into);
}

void Evaluator::Impl::gather_ripe(const LeafState& leaf, const LeafState::Counted& counted, Gathered& into) const {
  for (const Contributor& ripe : counted.ripe) {
    if (into.contributors.size() == most_contributors) {
      into.cut = true;
      return;
    }
    into.contributors.push_back({ripe.since - leaf.leaf->hold, ripe.signal});
  }
}

Evaluator::Impl::Gathered Evaluator::Impl::contributors_of(std::uint32_t rule) const {
  Gathered why;
  why.rules.insert(rule);
  gather(states[rule].when, Truth::yes, why);
  put_in_order(why.contributors);
  return why;
}

/// The rules that are named at a place or below, and those that they name.
void Evaluator::Impl::gather_rules(std::uint32_t place, std::set<std::uint32_t>& into) const {
  const Node& node = tree.nodes[place];
  if (node.kind == Node::Kind::rule && into.insert(node.target).second) gather_rules(states[node.target].when, into);
  for (const std::uint32_t part : node.parts) gather_rules(part, into);
}

std::vector<SignalId> Evaluator::Impl::unseen_alerts(std::uint32_t rule) const {
  std::set<std::uint32_t> judged_by{rule};
  gather_rules(states[rule].when, judged_by);
  const auto counts = [&](std::uint32_t leaf) {
    const Node& node = tree.nodes[tree.leaves[leaf].node];
    return !node.excuse && judged_by.contains(node.owner);
  };
  std::vector<const PackedId*> unseen;
  for (const auto& [id, signal] : signals) {
    if (id.kind() != SignalKind::alert || signal.health.health != Health::unknown) continue;
    if (std::ranges::any_of(signal.leaves, counts)) unseen.push_back(&id);
  }
  std::ranges::sort(unseen, [](const PackedId* a, const PackedId* b) { return *a < *b; });
  std::vector<SignalId> ids;
  for (const PackedId* id : unseen) ids.push_back(id->unpacked());
  return ids;
}

Evaluator::Evaluator(std::vector<Rule> rules) : impl_(std::make_unique<Impl>(std::move(rules))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::update(const SignalId& id, const Signal& signal) { impl_->update(id, signal); }

void Evaluator::forget(const SignalId& id) { impl_->forget(id); }

void Evaluator::found(std::string_view rule, Finding finding, Instant since) {
  const auto known = impl_->places.find(rule);
  if (known == impl_->places.end() || finding == Finding::unknown) return;
  RuleState& state = impl_->states[known->second];
  state.last = finding;
  if (holds(finding)) state.known_since = since;
}

void Evaluator::ended(std::string_view rule, Instant at) {
  const auto known = impl_->places.find(rule);
  if (known != impl_->places.end()) impl_->states[known->second].ended = at;
}

void Evaluator::explains_until(std::string_view rule, std::optional<Instant> until) {
  const auto found = impl_->places.find(rule);
  if (found == impl_->places.end()) return;
  RuleState& state = impl_->states[found->second];
  state.explains_until = until;
  impl_->dirty.insert(state.named_by.begin(), state.named_by.end());
}

void Evaluator::lingers(std::string_view rule, Duration time) {
  const auto found = impl_->places.find(rule);
  if (found != impl_->places.end()) impl_->states[found->second].lingers = time;
}

void Evaluator::wait_for_a_look(const Look& look) { impl_->wait_for_a_look(look); }

void Evaluator::seen(const SignalId& id) {
  const auto found = impl_->look ? impl_->signals.find(id) : impl_->signals.end();
  if (found != impl_->signals.end()) impl_->look_at(*found);
}

bool Evaluator::was_looked_at(const SignalId& id) const {
  const auto found = impl_->signals.find(id);
  return found != impl_->signals.end() && !(impl_->look && found->second.remembered);
}

bool Evaluator::is_sure(std::string_view rule) const {
  const auto found = impl_->places.find(rule);
  return found != impl_->places.end() && impl_->is_sure(found->second);
}

std::vector<std::string> Evaluator::confirmed() { return std::exchange(impl_->confirmed, {}); }

std::vector<SignalId> Evaluator::unseen_alerts(std::string_view rule) const {
  const auto found = impl_->places.find(rule);
  return found != impl_->places.end() ? impl_->unseen_alerts(found->second) : std::vector<SignalId>{};
}

std::vector<VerdictChange> Evaluator::settle(Instant now) { return impl_->settle(now); }

std::optional<Instant> Evaluator::due() const {
  if (impl_->timers.empty()) return std::nullopt;
  return impl_->timers.begin()->first;
}

std::optional<Verdict> Evaluator::verdict(std::string_view rule) const {
  const auto found = impl_->places.find(rule);
  if (found == impl_->places.end()) return std::nullopt;
  Verdict verdict = impl_->states[found->second].verdict;
  if (holds(verdict.finding)) {
    const Impl::Gathered why = impl_->contributors_of(found->second);
    verdict.evidence = evidence_of(why.contributors, why.cut);
    verdict.symptom = symptom_of(why.contributors);
  }
  return verdict;
}

}  // namespace candor::rules
