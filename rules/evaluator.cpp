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

std::vector<const SignalLeaf*> leaves_of(const ConditionTree& tree) {
  std::vector<const SignalLeaf*> leaves;
  for (const LeafState& leaf : tree.leaves) leaves.push_back(leaf.leaf);
  return leaves;
}

}  // namespace

/// Signals come in and are counted by the leaves that match them; what that means is the judge's.
struct Evaluator::Impl {
  explicit Impl(std::vector<Rule> rules) : tree{std::move(rules)} {}

  void update(const SignalId& id, const Signal& signal);
  void forget(const SignalId& id);
  void wait_for_a_look(const Look& look);
  void look_at(SignalTable::value_type& signal);
  void miss(SignalTable::value_type& signal, Absence absence);
  void see(SignalTable::value_type& signal);
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
    if (matched.empty()) return;
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
    signal.remembered = was_remembered || (!goes_on && signal.health.since < look.back);
    signal.held_up = lasts && signal.held_up && !signal.remembered;
    for (const std::uint32_t place : signal.leaves) {
      LeafState& leaf = tree.leaves[place];
      const std::optional<Instant> since = counts_since(*leaf.leaf, signal.health);
      if (signal.remembered) {
        leaf.remember(item, since && *since + leaf.leaf->hold <= look.there);
      } else if (since && *since + leaf.leaf->hold > look.there && *since + leaf.leaf->hold <= look.again) {
        leaf.hold_up(item);
        signal.held_up = true;
      } else if (!signal.held_up) {
        continue;
      }
      judge.touch(leaf);
    }
  }
}

void Evaluator::Impl::look_at(SignalTable::value_type& signal) {
  const bool was_remembered = std::exchange(signal.second.remembered, false);
  const bool was_held_up = std::exchange(signal.second.held_up, false);
  if (!judge.look() || (!was_remembered && !was_held_up)) return;
  for (const std::uint32_t place : signal.second.leaves) {
    LeafState& leaf = tree.leaves[place];
    was_remembered ? leaf.look_at(signal) : leaf.go_on(signal);
    judge.touch(leaf);
  }
}

void Evaluator::Impl::miss(SignalTable::value_type& signal, Absence absence) {
  const bool is_new = !signal.second.unseen;
  if (!is_new) {
    const Absence& before = *signal.second.unseen;
    absence = {std::min(before.from, absence.from), std::max(before.back, absence.back)};
    for (const std::uint32_t place : signal.second.leaves) tree.leaves[place].see(before);
  }
  signal.second.unseen = std::make_unique<const Absence>(absence);
  for (const std::uint32_t place : signal.second.leaves) tree.leaves[place].miss(absence);
  if (!is_new) return;
  ++unseen;
  count_unseen(signal);
}

void Evaluator::Impl::see(SignalTable::value_type& signal) {
  if (!signal.second.unseen) return;
  --unseen;
  uncount_unseen(signal);
  for (const std::uint32_t place : signal.second.leaves) tree.leaves[place].see(*signal.second.unseen);
  signal.second.unseen.reset();
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

void Evaluator::lingers(std::string_view rule, Duration time) {
  if (const auto place = impl_->tree.place_of(rule)) impl_->judge.lingers(*place, time);
}

void Evaluator::wait_for_a_look(const Look& look) { impl_->wait_for_a_look(look); }

void Evaluator::seen(const SignalId& id) {
  if (!impl_->judge.look() && impl_->unseen == 0) return;
  const auto found = impl_->signals.find(id);
  if (found == impl_->signals.end()) return;
  impl_->look_at(*found);
  impl_->see(*found);
}

void Evaluator::go_on_from(const Evaluator& before, Duration by) {
  for (SignalTable::value_type& item : impl_->signals) {
    const auto known = before.impl_->signals.find(item.first);
    if (known == before.impl_->signals.end()) continue;
    const bool waits = known->second.remembered || known->second.held_up;
    if (!before.impl_->judge.look() || !waits) impl_->look_at(item);
    const std::unique_ptr<const Absence>& unseen = known->second.unseen;
    if (unseen) impl_->miss(item, {unseen->from + by, unseen->back + by});
  }
}

void Evaluator::miss(const Absence& absence) {
  for (SignalTable::value_type& item : impl_->signals) {
    if (item.second.health.since < absence.back) impl_->miss(item, absence);
  }
}

std::optional<Absence> Evaluator::unseen_since(std::string_view rule, std::size_t nth) const {
  const auto place = impl_->tree.place_of(rule);
  return place ? impl_->tree.leaves[impl_->tree.rules[*place].first_leaf + nth].unseen_since() : std::nullopt;
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
