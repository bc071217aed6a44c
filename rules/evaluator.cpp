#include "rules/evaluator.h"

#include <algorithm>
#include <utility>

#include "rules/condition_tree.h"
#include "rules/judge.h"
#include "rules/leaf_index.h"
#include "rules/reasons.h"
#include "rules/signal_table.h"

namespace candor::rules {
namespace {

/// Absences that are no further apart are one: nobody could look at much between them.
constexpr Duration longest_look_between = std::chrono::minutes{1};

Absence longer(const Absence& a, const Absence& b) { return a.back - a.from < b.back - b.from ? b : a; }

Unseen with(const Unseen& before, const Absence& absence) {
  Absence latest = absence;
  if (std::max(before.latest.from, absence.from) - std::min(before.latest.back, absence.back) < longest_look_between) {
    latest = {std::min(before.latest.from, absence.from), std::max(before.latest.back, absence.back)};
  }
  return {latest, longer(before.longest, latest)};
}

std::vector<const SignalLeaf*> leaves_of(const ConditionTree& tree) {
  std::vector<const SignalLeaf*> leaves;
  for (const LeafState& leaf : tree.leaves) leaves.push_back(leaf.leaf);
  return leaves;
}

}  // namespace

/// Signals come in and are counted by the leaves that match them; what that means is the judge's.
struct Evaluator::Impl {
  explicit Impl(std::vector<Rule> rules) : tree{std::move(rules)} {}

  /// The `nth` signal leaf of the rule's `when`; null for an unknown name.
  [[nodiscard]] const LeafState* leaf_of(std::string_view rule, std::size_t nth) const {
    const auto place = tree.place_of(rule);
    return place ? &tree.leaves[tree.rules[*place].first_leaf + nth] : nullptr;
  }

  void update(const SignalId& id, const Signal& signal);
  void forget(const SignalId& id);
  void wait_for_a_look(const Look& look);
  void remember(SignalTable::value_type& signal);
  /// `from`: of those that were not over then.
  void hold_up(SignalTable::value_type& signal, Instant from);
  void look_at(SignalTable::value_type& signal);
  void miss(SignalTable::value_type& signal, const Unseen& unseen);
  void see(SignalTable::value_type& signal);
  void go_on_from(const Impl& before, Duration by);
  void go_on_from(const KnownSignal& before, bool waited, Duration by, SignalTable::value_type& signal);
  void count_unseen(const SignalTable::value_type& signal);
  void uncount_unseen(const SignalTable::value_type& signal);

  ConditionTree tree;
  Judge judge{tree};
  std::vector<const SignalLeaf*> leaves = leaves_of(tree);
  LeafIndex index{leaves};
  SignalTable signals;
  std::size_t unseen = 0;  ///< signals
};

void Evaluator::Impl::update(const SignalId& id, const Signal& signal) {
  auto found = signals.find(id);
  const bool fresh = found == signals.end();
  if (fresh) {
    std::vector<std::uint32_t> matched = index.matching(id);
    // A rule that looks at a probe may come, and what was seen of it then counts.
    if (matched.empty() && id.kind != SignalKind::probe) return;
    found = signals.emplace(PackedId{id}, KnownSignal{}).first;
    found->second.leaves = std::move(matched);
  }
  KnownSignal& known = found->second;
  look_at(*found);
  if (signal.health != Health::unknown) see(*found);  // else nobody could look
  if (known.unseen) uncount_unseen(*found);
  const KnownHealth before = std::exchange(known.health, KnownHealth{signal});
  if (known.unseen) count_unseen(*found);
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
    judge.touch(leaf);
  }
  known.words = counts ? std::make_unique<const Words>(Words{signal.evidence, signal.symptom}) : nullptr;
}

void Evaluator::Impl::forget(const SignalId& id) {
  const auto found = signals.find(id);
  if (found == signals.end()) return;
  look_at(*found);
  see(*found);
  for (const std::uint32_t place : found->second.leaves) {
    LeafState& leaf = tree.leaves[place];
    leaf.total -= 1;
    leaf.hidden -= is_hidden(*leaf.leaf, found->second.health) ? 1 : 0;
    leaf.recount(*found, counts_since(*leaf.leaf, found->second.health), std::nullopt);
    judge.touch(leaf);
  }
  signals.erase(found);
}

void Evaluator::Impl::wait_for_a_look(const Look& look) {
  // Of one absence with restarts in it, what somebody looked at in between stays seen.
  const bool lasts = judge.look().has_value();
  const bool goes_on = lasts && judge.look()->back == look.back;
  judge.wait_for_a_look(look);
  for (LeafState& leaf : tree.leaves) leaf.wait_for_a_look(look.until);
  for (SignalTable::value_type& item : signals) {
    KnownSignal& signal = item.second;
    const bool was_remembered = lasts && signal.remembered;
    const std::optional<Instant> was_held_up = lasts ? signal.held_up : std::nullopt;
    signal.held_up.reset();
    if (was_remembered || (!goes_on && signal.health.since < look.back)) {
      remember(item);
    } else {
      signal.held_up = was_held_up;
      hold_up(item, look.there);
    }
  }
}

/// Nobody has looked at it since.
void Evaluator::Impl::remember(SignalTable::value_type& signal) {
  signal.second.remembered = true;
  for (const std::uint32_t place : signal.second.leaves) {
    LeafState& leaf = tree.leaves[place];
    const std::optional<Instant> since = counts_since(*leaf.leaf, signal.second.health);
    leaf.remember(signal, since && *since + leaf.leaf->hold <= judge.look()->there);
    judge.touch(leaf);
  }
}

/// It was seen since, but not since the latest absence: no `for` of it that ran out in that is over before a look.
void Evaluator::Impl::hold_up(SignalTable::value_type& signal, Instant from) {
  for (const std::uint32_t place : signal.second.leaves) {
    LeafState& leaf = tree.leaves[place];
    const std::optional<Instant> since = counts_since(*leaf.leaf, signal.second.health);
    if (since && *since + leaf.leaf->hold > from && *since + leaf.leaf->hold <= judge.look()->again) {
      leaf.hold_up(signal);
      signal.second.held_up = std::min(from, signal.second.held_up.value_or(from));
    }
    if (signal.second.held_up) judge.touch(leaf);
  }
}

void Evaluator::Impl::look_at(SignalTable::value_type& signal) {
  const bool was_remembered = std::exchange(signal.second.remembered, false);
  const bool was_held_up = std::exchange(signal.second.held_up, std::nullopt).has_value();
  if (!judge.look() || (!was_remembered && !was_held_up)) return;
  for (const std::uint32_t place : signal.second.leaves) {
    LeafState& leaf = tree.leaves[place];
    was_remembered ? leaf.look_at(signal) : leaf.go_on(signal);
    judge.touch(leaf);
  }
}

void Evaluator::Impl::miss(SignalTable::value_type& signal, const Unseen& missed) {
  const std::unique_ptr<const Unseen> before = std::move(signal.second.unseen);
  signal.second.unseen = std::make_unique<const Unseen>(missed);
  for (const std::uint32_t place : signal.second.leaves) {
    if (before) tree.leaves[place].see(before->longest);
    tree.leaves[place].miss(missed.longest);
  }
  if (before) return;
  ++unseen;
  count_unseen(signal);
}

void Evaluator::Impl::see(SignalTable::value_type& signal) {
  if (!signal.second.unseen) return;
  --unseen;
  uncount_unseen(signal);
  for (const std::uint32_t place : signal.second.leaves) {
    tree.leaves[place].see(signal.second.unseen->longest);
    if (judge.look()) judge.touch(tree.leaves[place]);
  }
  signal.second.unseen.reset();
}

void Evaluator::Impl::go_on_from(const Impl& before, Duration by) {
  const auto moved = [by](const Absence& absence) { return Absence{absence.from + by, absence.back + by}; };
  for (SignalTable::value_type& item : signals) {
    const auto known = before.signals.find(item.first);
    if (known == before.signals.end()) continue;
    go_on_from(known->second, before.judge.look().has_value(), by, item);
    if (const auto& was = known->second.unseen) miss(item, {moved(was->latest), moved(was->longest)});
  }
}

/// What was only remembered, or held up, while somebody `waited` for a look.
void Evaluator::Impl::go_on_from(const KnownSignal& before, bool waited, Duration by, SignalTable::value_type& signal) {
  if (!waited || (!before.remembered && !before.held_up)) return look_at(signal);
  if (!judge.look()) return;
  if (before.remembered && !signal.second.remembered) {
    look_at(signal);
    remember(signal);
  } else if (before.held_up && !signal.second.remembered) {
    hold_up(signal, *before.held_up + by);
  }
}

void Evaluator::Impl::count_unseen(const SignalTable::value_type& signal) {
  for (const std::uint32_t place : signal.second.leaves) tree.leaves[place].count_unseen(signal);
}

void Evaluator::Impl::uncount_unseen(const SignalTable::value_type& signal) {
  for (const std::uint32_t place : signal.second.leaves) tree.leaves[place].uncount_unseen(signal);
}

Evaluator::Evaluator(std::vector<Rule> rules) : impl_(std::make_unique<Impl>(std::move(rules))) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::update(const SignalId& id, const Signal& signal) { impl_->update(id, signal); }

void Evaluator::forget(const SignalId& id) { impl_->forget(id); }

void Evaluator::found(std::string_view rule, Finding finding, std::optional<Instant> held_since) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.found(*place, finding, held_since);
}

void Evaluator::held(std::string_view rule, Instant since, Instant until) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.held(*place, since, until);
}

void Evaluator::explains_until(std::string_view rule, std::optional<Instant> until) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.explains_until(*place, until);
}

void Evaluator::let_go_of(std::string_view rule) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.let_go_of(*place);
}

void Evaluator::lingers(std::string_view rule, Duration time) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.lingers(*place, time);
}

void Evaluator::wait_for_a_look(const Look& look) { impl_->wait_for_a_look(look); }

void Evaluator::seen(const SignalId& id) {
  const auto found = impl_->signals.find(id);
  if (found == impl_->signals.end()) return;
  impl_->look_at(*found);
  impl_->see(*found);
}

void Evaluator::go_on_from(const Evaluator& before, Duration by) { impl_->go_on_from(*before.impl_, by); }

void Evaluator::miss(const Absence& absence) {
  for (SignalTable::value_type& item : impl_->signals) {
    if (item.second.health.since >= absence.back) continue;
    const std::unique_ptr<const Unseen>& before = item.second.unseen;
    impl_->miss(item, before ? with(*before, absence) : Unseen{absence, absence});
  }
}

std::optional<Absence> Evaluator::unseen_since(std::string_view rule, std::size_t nth) const {
  const LeafState* const leaf = impl_->leaf_of(rule, nth);
  return leaf != nullptr ? leaf->unseen_since() : std::nullopt;
}

Truth Evaluator::truth_of(std::string_view rule, std::size_t nth) const {
  const LeafState* const leaf = impl_->leaf_of(rule, nth);
  if (leaf == nullptr || !leaf->is_possible()) return Truth::no;
  return leaf->truths().known == Truth::yes ? Truth::yes : Truth::unknown;
}

bool Evaluator::sees_all() const { return impl_->unseen == 0; }

bool Evaluator::is_sure(std::string_view rule) const {
  const auto place = impl_->tree.place_of(rule);
  return place && impl_->judge.is_sure(*place);
}

std::vector<std::string> Evaluator::confirmed() {
  std::vector<std::string> names;
  for (const std::uint32_t rule : impl_->judge.confirmed()) names.push_back(impl_->tree.name_of(rule));
  return names;
}

std::vector<VerdictChange> Evaluator::settle(Instant now) {
  std::vector<VerdictChange> changes;
  for (const std::uint32_t rule : impl_->judge.settle(now)) {
    changes.push_back({impl_->tree.name_of(rule), impl_->judge.verdict(rule)});
  }
  return changes;
}

std::optional<Instant> Evaluator::due() const { return impl_->judge.due(); }

std::vector<SignalId> Evaluator::unseen_alerts(std::string_view rule) const {
  const auto place = impl_->tree.place_of(rule);
  return place ? rules::unseen_alerts(impl_->tree, impl_->signals, *place) : std::vector<SignalId>{};
}

std::optional<Verdict> Evaluator::verdict(std::string_view rule) const {
  const auto place = impl_->tree.place_of(rule);
  if (!place) return std::nullopt;
  Verdict verdict = impl_->judge.verdict(*place);
  if (holds(verdict.finding)) {
    const Reasons why = reasons_of(impl_->tree, *place);
    verdict.evidence = evidence_of(why.contributors, why.cut);
    verdict.symptom = symptom_of(why.contributors);
  }
  return verdict;
}

}  // namespace candor::rules
