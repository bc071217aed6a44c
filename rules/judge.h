#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rules/condition_tree.h"
#include "rules/look.h"
#include "rules/verdict.h"

namespace candor::rules {

/// What the rules of a tree say, by what its leaves have counted: Kleene's logic, the `for` of rules that name rules,
/// and what each rule said before. Pure, as the evaluator that counts for it. Rules are meant by their places.
class Judge {
 public:
  /// The tree must outlive it, and keep its rules and nodes. Every rule is still to be judged.
  explicit Judge(ConditionTree& tree);

  // What the evaluator is told of rules, before it settles.
  void found(std::uint32_t rule, Finding finding, std::optional<Instant> held_since);
  void held(std::uint32_t rule, Instant since, Instant until) { states_[rule].held = Held{since, until}; }
  void explains_until(std::uint32_t rule, std::optional<Instant> until);
  void lingers(std::uint32_t rule, Duration time) { states_[rule].lingers = time; }
  void let_go_of(std::uint32_t rule);

  /// Nobody looked for a while: what the leaves remember makes no rule hold as long as this lasts.
  void wait_for_a_look(const Look& look);
  /// The one that lasts.
  [[nodiscard]] const std::optional<Look>& look() const { return look_; }

  /// The leaf counts something else: its rule is to be judged, and the leaf to be looked at when it is due.
  void touch(const LeafState& leaf);
  /// Judges what is touched and what is due by `now`; answers the rules that came to another finding, in their order.
  [[nodiscard]] std::vector<std::uint32_t> settle(Instant now);
  /// When something is due.
  [[nodiscard]] std::optional<Instant> due() const;

  [[nodiscard]] const Verdict& verdict(std::uint32_t rule) const { return states_[rule].verdict; }
  /// Whether it holds by what was seen alone.
  [[nodiscard]] bool is_sure(std::uint32_t rule) const;
  /// The rules that held by memory, and since the last call came to be sure.
  [[nodiscard]] std::vector<std::uint32_t> confirmed() { return std::exchange(confirmed_, {}); }

 private:
  struct Held {
    Instant since{};
    Instant until{};
  };
  struct RuleState {
    Verdict verdict;
    Truths when_is;                      ///< when last judged
    Truths unless_is;                    ///< the same; `no` where there is none
    Finding last = Finding::quiet;       ///< when last it could be seen: one that held goes on to by what is remembered
    std::optional<Instant> holds_since;  ///< for other rules' `for`: silence in between does not restart it
    std::optional<Instant> known_since;  ///< the same, from before
    std::optional<Held> held;            ///< before it was last seen not to hold any more
    std::optional<Instant> explains_until;
    Duration lingers{};
  };

  void arm(std::uint32_t node, std::optional<Instant> at);
  void touch_all();
  void ring(Instant now);
  bool judge(std::uint32_t rule, Instant now);
  [[nodiscard]] Finding finding_of(std::uint32_t rule) const;
  [[nodiscard]] static bool holds_on(const RuleState& state);
  Truths judge_node(std::uint32_t place, Instant now);
  Truths judge_rule_leaf(std::uint32_t place, Instant now);
  [[nodiscard]] bool was_not_looked_at(std::uint32_t rule, Instant since, Instant ripe_at) const;
  [[nodiscard]] bool rests_on_signals(std::uint32_t place) const;
  [[nodiscard]] bool may_hold(std::uint32_t place) const;
  [[nodiscard]] Truth at_most(std::uint32_t place, Instant now) const;
  [[nodiscard]] Instant true_since(std::uint32_t place, Instant now) const;
  [[nodiscard]] std::optional<Instant> lingers_until(const Node& node, Instant now) const;
  void keep_since(std::uint32_t rule, Finding finding, Instant now);
  [[nodiscard]] Instant unknown_since(std::uint32_t place, Instant now) const;
  void say(std::uint32_t rule, Finding finding, Instant now);

  ConditionTree& tree_;
  std::vector<RuleState> states_;
  std::set<std::pair<Instant, std::uint32_t>> timers_;  ///< of nodes
  std::set<std::uint32_t> touched_;                     ///< rules to judge
  std::optional<Look> look_;
  std::vector<std::uint32_t> confirmed_;
};

}  // namespace candor::rules
