#include "rules/reasons.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace candor::rules {
namespace {

constexpr std::size_t most_contributors = 1000;

class Search {
 public:
  explicit Search(const ConditionTree& tree) : tree_{tree} {}

  Reasons of(std::uint32_t rule) && {
    rules_.insert(rule);
    gather(tree_.rules[rule].when, Truth::yes);
    put_in_order(found_.contributors);
    return std::move(found_);
  }

 private:
  /// The contributors below a node, if it has the wanted truth. A negation wants its part to be false, and signals that
  /// make something false are no evidence.
  void gather(std::uint32_t place, Truth wanted) {
    const Node& node = tree_.nodes[place];
    if (node.truths.known != wanted) return;
    switch (node.kind) {
      case Node::Kind::signals:
        if (wanted == Truth::yes) gather_leaf(tree_.leaves[node.target]);
        break;
      case Node::Kind::rule:
        if (wanted == Truth::yes && rules_.insert(node.target).second) {
          gather(tree_.rules[node.target].when, Truth::yes);
        }
        break;
      case Node::Kind::all:
      case Node::Kind::any:
        for (const std::uint32_t part : node.parts) gather(part, wanted);
        break;
      case Node::Kind::negation:
        gather(node.parts.front(), negated(wanted));
        break;
    }
  }

  /// What somebody has seen, where that is enough.
  void gather_leaf(const LeafState& leaf) {
    gather_ripe(leaf, leaf.seen);
    if (leaf.seen.ripe.size() < leaf.needed()) gather_ripe(leaf, leaf.remembered);
  }

  void gather_ripe(const LeafState& leaf, const LeafState::Counted& counted) {
    for (const Contributor& ripe : counted.ripe) {
      if (found_.contributors.size() == most_contributors) {
        found_.cut = true;
        return;
      }
      found_.contributors.push_back({ripe.since - leaf.leaf->hold, ripe.signal});
    }
  }

  const ConditionTree& tree_;
  Reasons found_;
  std::set<std::uint32_t> rules_;
};

/// The rules that are named at a place or below, and those that they name.
void gather_rules(const ConditionTree& tree, std::uint32_t place, std::set<std::uint32_t>& into) {
  const Node& node = tree.nodes[place];
  if (node.kind == Node::Kind::rule && into.insert(node.target).second) {
    gather_rules(tree, tree.rules[node.target].when, into);
  }
  for (const std::uint32_t part : node.parts) gather_rules(tree, part, into);
}

}  // namespace

Reasons reasons_of(const ConditionTree& tree, std::uint32_t rule) { return Search{tree}.of(rule); }

std::vector<SignalId> unseen_alerts(const ConditionTree& tree, const SignalTable& signals, std::uint32_t rule) {
  std::set<std::uint32_t> judged_by{rule};
  gather_rules(tree, tree.rules[rule].when, judged_by);
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

}  // namespace candor::rules
