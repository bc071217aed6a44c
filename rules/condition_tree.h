#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "rules/contributors.h"
#include "rules/rule.h"

namespace candor::rules {

/// Kleene's three values: `all` is the least of its parts, `any` the greatest.
enum class Truth : std::uint8_t { no, unknown, yes };

[[nodiscard]] constexpr Truth negated(Truth truth) {
  return truth == Truth::unknown ? Truth::unknown : truth == Truth::yes ? Truth::no : Truth::yes;
}

/// What a signal leaf knows of the signals that match it: enough to judge it without looking at them.
struct LeafState {
  const SignalLeaf* leaf = nullptr;
  std::uint32_t node = 0;
  std::uint32_t total = 0;
  std::uint32_t hidden = 0;  ///< of `unknown` health
  /// The signals that count, each since when its `for` was over (ripe), or until when it runs (pending).
  std::set<Contributor, ContributorOrder> ripe;
  std::set<Contributor, ContributorOrder> pending;
  std::optional<Instant> look_until;  ///< until when no `for` of it is over, unless somebody looks before

  [[nodiscard]] std::size_t needed() const;
  [[nodiscard]] Truth truth() const;
  [[nodiscard]] std::optional<Instant> due() const;
  /// Moves the signals whose `for` is over by `now`, if a look is not waited for.
  void ripen(Instant now);
  /// A signal counts since another instant, or begins or ceases to.
  void recount(const SignalTable::value_type& signal, std::optional<Instant> before, std::optional<Instant> after);
};

/// After a time in which nobody looked, which began `from`: a `for` that was not over then is not before `until`.
struct Look {
  Instant from{};
  Instant until{};
};

/// A condition as the evaluator walks it: a place in one list, parts by their places.
struct Node {
  enum class Kind : std::uint8_t { signals, rule, all, any, negation };
  Kind kind = Kind::signals;
  Truth truth = Truth::no;              ///< when last judged
  std::uint32_t owner = 0;              ///< the rule it belongs to
  std::uint32_t target = 0;             ///< signals: a leaf; rule: a rule
  bool excuse = false;                  ///< of an `unless`
  Duration hold{};                      ///< rule
  std::vector<std::uint32_t> parts;     ///< all, any, negation
  std::optional<Instant> timer;         ///< when a `for` of it is over
  std::optional<Instant> ripened_from;  ///< rule: the beginning from which `hold` was seen to be over
  std::optional<Look> look;             ///< rule
};

/// The conditions of all rules, flattened.
struct ConditionTree {
  std::vector<Node> nodes;
  std::vector<LeafState> leaves;

  /// Adds a condition, which must outlive the tree, and answers its place. `rule_of` tells a rule's place by its name;
  /// `excuse`: it is an `unless`.
  std::uint32_t add(const Condition& condition, std::uint32_t owner,
                    const std::function<std::uint32_t(std::string_view)>& rule_of, bool excuse = false);
};

}  // namespace candor::rules
