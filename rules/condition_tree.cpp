#include "rules/condition_tree.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "rules/rule_graph.h"

namespace candor::rules {
namespace {

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

ConditionTree::ConditionTree(std::vector<Rule> given) : rules(given.size()), given_(in_order(std::move(given))) {
  for (std::uint32_t i = 0; i < given_.size(); ++i) places_.emplace(given_[i].name, i);
  for (std::uint32_t i = 0; i < given_.size(); ++i) {
    rules[i].first_leaf = static_cast<std::uint32_t>(leaves.size());
    rules[i].when = add(given_[i].when, i, false, false);
    if (given_[i].unless) rules[i].unless = add(*given_[i].unless, i, true, false);
    for (const std::string& name : named_rules(given_[i])) rules[places_.at(name)].named_by.push_back(i);
  }
}

std::optional<std::uint32_t> ConditionTree::place_of(std::string_view rule) const {
  const auto found = places_.find(rule);
  return found != places_.end() ? std::optional{found->second} : std::nullopt;
}

std::uint32_t ConditionTree::add(const Condition& condition, std::uint32_t owner, bool excuse, bool negated) {
  Node node;
  node.owner = owner;
  node.excuse = excuse;
  node.negated = negated;
  const auto place = static_cast<std::uint32_t>(nodes.size());
  nodes.emplace_back();
  if (const auto* signals = std::get_if<SignalLeaf>(&condition.node)) {
    node.target = static_cast<std::uint32_t>(leaves.size());
    LeafState& leaf = leaves.emplace_back();
    leaf.leaf = signals;
    leaf.node = place;
  } else if (const auto* rule = std::get_if<RuleLeaf>(&condition.node)) {
    node.kind = Node::Kind::rule;
    node.target = places_.at(rule->rule);
    node.hold = rule->hold;
  } else {
    const Group& group = std::get<Group>(condition.node);
    node.kind = group.kind == Group::Kind::all   ? Node::Kind::all
                : group.kind == Group::Kind::any ? Node::Kind::any
                                                 : Node::Kind::negation;
    negated = negated != (node.kind == Node::Kind::negation);
    for (const Condition& part : group.parts) node.parts.push_back(add(part, owner, excuse, negated));
  }
  nodes[place] = std::move(node);
  return place;
}

}  // namespace candor::rules
