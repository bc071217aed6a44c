#include "rules/condition_tree.h"

#include <algorithm>

namespace candor::rules {

std::size_t LeafState::needed() const {
  if (!leaf->at_least.percent) return leaf->at_least.count;
  const std::uint64_t share = (std::uint64_t{total} * leaf->at_least.count + 99) / 100;
  return std::max<std::size_t>(share, 1);
}

Truth LeafState::truth() const {
  const std::size_t least = needed();
  if (ripe.size() >= least) return Truth::yes;
  return ripe.size() + hidden >= least ? Truth::unknown : Truth::no;
}

std::optional<Instant> LeafState::due() const {
  return pending.empty() ? std::nullopt
                         : std::optional{std::max(pending.begin()->since, look_until.value_or(Instant::min()))};
}

void LeafState::ripen(Instant now) {
  if (look_until && now < *look_until) return;
  look_until.reset();
  while (!pending.empty() && pending.begin()->since <= now) ripe.insert(pending.extract(pending.begin()));
}

void LeafState::recount(const SignalTable::value_type& signal, std::optional<Instant> before,
                        std::optional<Instant> after) {
  if (before == after) return;
  if (before) {
    const Contributor counted{*before + leaf->hold, &signal};
    if (pending.erase(counted) == 0) ripe.erase(counted);
  }
  if (after) pending.insert({*after + leaf->hold, &signal});
}

std::uint32_t ConditionTree::add(const Condition& condition, std::uint32_t owner,
                                 const std::function<std::uint32_t(std::string_view)>& rule_of, bool excuse) {
  Node node;
  node.owner = owner;
  node.excuse = excuse;
  const auto place = static_cast<std::uint32_t>(nodes.size());
  nodes.emplace_back();
  if (const auto* signals = std::get_if<SignalLeaf>(&condition.node)) {
    node.target = static_cast<std::uint32_t>(leaves.size());
    LeafState& leaf = leaves.emplace_back();
    leaf.leaf = signals;
    leaf.node = place;
  } else if (const auto* rule = std::get_if<RuleLeaf>(&condition.node)) {
    node.kind = Node::Kind::rule;
    node.target = rule_of(rule->rule);
    node.hold = rule->hold;
  } else {
    const Group& group = std::get<Group>(condition.node);
    node.kind = group.kind == Group::Kind::all   ? Node::Kind::all
                : group.kind == Group::Kind::any ? Node::Kind::any
                                                 : Node::Kind::negation;
    for (const Condition& part : group.parts) node.parts.push_back(add(part, owner, rule_of, excuse));
  }
  nodes[place] = std::move(node);
  return place;
}

}  // namespace candor::rules
