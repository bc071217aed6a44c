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

/// What is known, and what of it somebody has seen since nobody looked: the same, or else `unknown`.
struct Truths {
  Truth known = Truth::no;
  Truth seen = Truth::no;

  friend bool operator==(const Truths&, const Truths&) = default;
};

/// What a signal leaf knows of the signals that match it: enough to judge it without looking at them.
struct LeafState {
  /// The signals that count, each since when its `for` was over (ripe), or until when it runs (pending).
  struct Counted {
    std::set<Contributor, ContributorOrder> ripe;
    std::set<Contributor, ContributorOrder> pending;

    [[nodiscard]] std::size_t size() const { return ripe.size() + pending.size(); }
    bool erase(const Contributor& counted) { return ripe.erase(counted) + pending.erase(counted) > 0; }
  };
  const SignalLeaf* leaf = nullptr;
  std::uint32_t node = 0;
  std::uint32_t total = 0;
  std::uint32_t hidden = 0;  ///< of `unknown` health
  Counted seen;
  Counted remembered;  ///< nobody has looked at them since: as they were when it began that nobody looked
  Instant look_until = Instant::min();  ///< until when they are waited for

  [[nodiscard]] std::size_t needed() const;
  [[nodiscard]] Truths truths() const;
  /// Whether it may become true by the passing of time alone.
  [[nodiscard]] bool may_hold() const;
  /// Of one that is known to be true: since when it has been.
  [[nodiscard]] Instant true_since() const;
  [[nodiscard]] std::optional<Instant> due() const;
  /// Moves the signals whose `for` is over by `now`.
  void ripen(Instant now);
  /// Nobody looked from `from` until now: until `until`, what counted then is remembered.
  void remember(Instant from, Instant until);
  /// Somebody looked at a signal that goes on to count since then. True if it was only remembered.
  bool look_at(const SignalTable::value_type& signal, Instant since);
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
  Truths truths;                        ///< when last judged
  std::uint32_t owner = 0;              ///< the rule it belongs to
  std::uint32_t target = 0;             ///< signals: a leaf; rule: a rule
  bool excuse = false;                  ///< of an `unless`
  bool excuses_more = false;            ///< the same, and what prolongs it makes the `unless` true for longer
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
                    const std::function<std::uint32_t(std::string_view)>& rule_of, bool excuse = false,
                    bool negated = false);
};

}  // namespace candor::rules
