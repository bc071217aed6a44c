#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/leaf_state.h"
#include "rules/rule.h"

namespace candor::rules {

/// A condition as the judge walks it: a place in one list, parts by their places.
struct Node {
  enum class Kind : std::uint8_t { signals, rule, all, any, negation };
  Kind kind = Kind::signals;
  Truths truths;                        ///< when last judged
  std::uint32_t owner = 0;              ///< the rule it belongs to
  std::uint32_t target = 0;             ///< signals: a leaf; rule: a rule
  bool excuse = false;                  ///< of an `unless`
  bool negated = false;                 ///< by an odd number of `not`
  Duration hold{};                      ///< rule
  std::vector<std::uint32_t> parts;     ///< all, any, negation
  std::optional<Instant> timer;         ///< when a `for` of it is over
  std::optional<Instant> ripened_from;  ///< rule: the beginning from which `hold` was seen to be over

  /// What prolongs it makes an `unless` true for longer.
  [[nodiscard]] bool excuses_more() const { return excuse && !negated; }
};

/// Where a rule's conditions stand, and whom it concerns.
struct RuleNode {
  std::uint32_t when = 0;
  std::uint32_t first_leaf = 0;  ///< of `when`, the others stand behind it in their order
  std::optional<std::uint32_t> unless;
  std::vector<std::uint32_t> named_by;  ///< rules, all of them behind this one
};

/// The conditions of all rules, flattened. Rules stand in the order of judging: behind those they name, within one
/// level of dependence by name.
class ConditionTree {
 public:
  /// Throws std::invalid_argument for rules that check_rules() refuses.
  explicit ConditionTree(std::vector<Rule> given);
  ConditionTree(const ConditionTree&) = delete;  // leaves point into its rules
  ConditionTree& operator=(const ConditionTree&) = delete;

  [[nodiscard]] const std::string& name_of(std::uint32_t rule) const { return given_[rule].name; }
  [[nodiscard]] std::optional<std::uint32_t> place_of(std::string_view rule) const;

  std::vector<RuleNode> rules;
  std::vector<Node> nodes;
  std::vector<LeafState> leaves;

 private:
  std::uint32_t add(const Condition& condition, std::uint32_t owner, bool excuse, bool negated);

  std::vector<Rule> given_;
  std::map<std::string, std::uint32_t, std::less<>> places_;
};

}  // namespace candor::rules
