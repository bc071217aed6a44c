#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/evaluator.h"

namespace candor::rules {

/// What Evaluator promises, said as plainly as can be: looks at every rule and every signal each time. For instants
/// that never go back.
class NaiveEvaluator {
 public:
  /// `rules`: each behind those that it names.
  explicit NaiveEvaluator(std::vector<Rule> rules);

  void update(const SignalId& id, const Signal& signal) { signals_[id] = signal; }
  void forget(const SignalId& id) { signals_.erase(id); }
  /// In the order of the rules.
  [[nodiscard]] std::vector<VerdictChange> settle(Instant now);

 private:
  enum class Truth : std::uint8_t { no, unknown, yes };
  struct Judgement {
    Truth truth = Truth::no;
    Instant since{};  ///< while true: since when, as far as the signals tell
    std::map<SignalId, Instant> why;
    bool pending = false;  ///< while false: time alone makes it true
    [[nodiscard]] bool may_hold() const { return truth != Truth::no || pending; }
  };
  struct State {
    Verdict verdict;
    std::optional<Instant> holds_since;
    Judgement when;
  };

  [[nodiscard]] Judgement judge(const Condition& condition, Instant now, bool negated) const;
  [[nodiscard]] Judgement judge(const SignalLeaf& leaf, Instant now) const;
  [[nodiscard]] Judgement judge(const RuleLeaf& leaf, Instant now) const;
  void explain(Verdict& verdict, const Judgement& when) const;

  std::vector<Rule> rules_;
  std::map<std::string, State> states_;
  Signals signals_;
};

}  // namespace candor::rules
