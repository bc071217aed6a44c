#include "rules/leaf_state.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace candor::rules {

std::size_t LeafState::needed() const {
  if (!leaf->at_least.percent) return leaf->at_least.count;
  const std::uint64_t share = (std::uint64_t{total} * leaf->at_least.count + 99) / 100;
  return std::max<std::size_t>(share, 1);
}

Truths LeafState::truths() const {
  const std::size_t least = needed();
  const auto judged = [least](std::size_t sure, std::size_t possible) {
    return sure >= least ? Truth::yes : possible >= least ? Truth::unknown : Truth::no;
  };
  const std::size_t ripe = seen.ripe.size() + remembered.ripe.size();
  const std::size_t sure = seen_ripe();
  return {.known = judged(ripe, ripe + hidden),
          .seen = judged(seen.ripe.size(), seen.ripe.size() + unlooked + hidden),
          .fresh = judged(sure, sure + unseen + hidden)};
}

/// At least so many are ripe and not unseen: which of the counting ones are unseen is not known.
std::size_t LeafState::seen_ripe() const {
  const std::size_t ripe = seen.ripe.size() + remembered.ripe.size();
  return ripe - std::min<std::size_t>(ripe, unseen_counting);
}

bool LeafState::is_possible() const { return seen.size() + remembered.size() + hidden >= needed(); }

bool LeafState::may_hold() const {
  const bool waits = !seen.pending.empty() || !remembered.pending.empty();
  return waits && is_possible();
}

Truth LeafState::at_most(Instant by) const {
  const std::size_t least = needed();
  const auto running = std::ranges::find_if(remembered.pending, [by](const Contributor& it) { return it.since > by; });
  const auto over = static_cast<std::size_t>(std::distance(remembered.pending.begin(), running));
  const std::size_t counted = seen.ripe.size() + remembered.ripe.size() + over;
  return counted >= least ? Truth::yes : counted + hidden >= least ? Truth::unknown : Truth::no;
}

Instant LeafState::true_since() const {
  const std::size_t decisive = needed() - 1;
  if (remembered.ripe.empty()) return std::next(seen.ripe.begin(), static_cast<std::ptrdiff_t>(decisive))->since;
  std::vector<Instant> since;
  for (const auto* ripe : {&seen.ripe, &remembered.ripe}) {
    for (const Contributor& one : *ripe) since.push_back(one.since);
  }
  std::ranges::sort(since);
  return since[decisive];
}

std::optional<Instant> LeafState::due() const {
  std::optional<Instant> due;
  if (!seen.pending.empty()) due = seen.pending.begin()->since;
  if (unlooked > 0 || remembered.size() > 0) due = std::min(due.value_or(look_until), look_until);
  return due;
}

void LeafState::ripen(Instant now) {
  if (now >= look_until) {
    unlooked = 0;
    seen.ripe.merge(remembered.ripe);
    seen.pending.merge(remembered.pending);
  }
  while (!seen.pending.empty() && seen.pending.begin()->since <= now) {
    seen.ripe.insert(seen.pending.extract(seen.pending.begin()));
  }
}

void LeafState::wait_for_a_look(Instant until) {
  look_until = until;
  unlooked = 0;
}

void LeafState::remember(const SignalTable::value_type& signal, bool over) {
  if (!is_hidden(*leaf, signal.second.health)) ++unlooked;
  const std::optional<Instant> since = counts_since(*leaf, signal.second.health);
  if (!since) return;
  const Contributor counted{*since + leaf->hold, &signal};
  const bool was_over = remembered.ripe.contains(counted) || seen.ripe.contains(counted);
  if (!seen.erase(counted)) remembered.erase(counted);
  (over || was_over ? remembered.ripe : remembered.pending).insert(counted);
}

void LeafState::hold_up(const SignalTable::value_type& signal) {
  const std::optional<Instant> since = counts_since(*leaf, signal.second.health);
  if (!since) return;
  const Contributor counted{*since + leaf->hold, &signal};
  if (seen.pending.erase(counted) > 0) remembered.pending.insert(counted);
}

void LeafState::go_on(const SignalTable::value_type& signal) {
  const std::optional<Instant> since = counts_since(*leaf, signal.second.health);
  if (!since) return;
  const Contributor counted{*since + leaf->hold, &signal};
  if (remembered.erase(counted)) seen.pending.insert(counted);
}

void LeafState::look_at(const SignalTable::value_type& signal) {
  if (!is_hidden(*leaf, signal.second.health)) --unlooked;
  go_on(signal);
}

void LeafState::see(const Absence& absence) {
  const auto found = missed.find(absence);
  if (--found->second == 0) missed.erase(found);
}

void LeafState::count_unseen(const SignalTable::value_type& signal) {
  if (is_hidden(*leaf, signal.second.health)) return;
  ++unseen;
  if (counts_since(*leaf, signal.second.health)) ++unseen_counting;
}

void LeafState::uncount_unseen(const SignalTable::value_type& signal) {
  if (is_hidden(*leaf, signal.second.health)) return;
  --unseen;
  if (counts_since(*leaf, signal.second.health)) --unseen_counting;
}

std::optional<Absence> LeafState::unseen_since() const {
  const std::size_t least = needed();
  const std::size_t seen_counting = seen.size() + remembered.size() - unseen_counting;
  const bool decided = seen_ripe() >= least || seen_counting + unseen + hidden < least;
  return decided ? std::nullopt : longest_missed();
}

std::optional<Absence> LeafState::longest_missed() const {
  if (missed.empty()) return std::nullopt;
  const auto length = [](const auto& item) { return item.first.back - item.first.from; };
  return std::ranges::max_element(missed, {}, length)->first;
}

void LeafState::recount(const SignalTable::value_type& signal, std::optional<Instant> before,
                        std::optional<Instant> after) {
  if (before == after) return;
  if (before) {
    const Contributor counted{*before + leaf->hold, &signal};
    if (!seen.erase(counted)) remembered.erase(counted);
  }
  if (after) seen.pending.insert({*after + leaf->hold, &signal});
}

}  // namespace candor::rules
