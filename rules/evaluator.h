#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/look.h"
#include "rules/rule.h"
#include "rules/signal.h"
#include "rules/truth.h"
#include "rules/verdict.h"

namespace candor::rules {

struct VerdictChange {
  std::string rule;
  Verdict verdict;
};

/// Judges rules over signals. Pure: no clock, no I/O; a function of the updates it was given. Signals are indexed by
/// the rules' leaves that match them, so an update costs what it changes, however many rules and signals there are.
/// What it says does not depend on the order of updates between two calls of settle(). A `for` that was over stays over
/// when the wall clock is set back.
///
///   update(…); update(…);            // what changed
///   for (change : settle(now)) …     // what that, and the time that passed, means
///   due()                            // when to settle again if nothing changes before
///
/// Thread: one at a time.
class Evaluator {
 public:
  /// `rules` have passed check_rules(); others throw std::invalid_argument. Before the first settle() every rule is
  /// `quiet` since the epoch.
  explicit Evaluator(std::vector<Rule> rules);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  /// A signal appeared or changed. The evaluator keeps what it needs of it.
  void update(const SignalId& id, const Signal& signal);
  /// A signal is no more: it counts for nothing, as if never seen.
  void forget(const SignalId& id);

  /// What was found of a rule before this evaluator was made: one that held goes on to by what is known, and the `for`
  /// of rules that name it counts from `held_since`. Before the first settle().
  void found(std::string_view rule, Finding finding, std::optional<Instant> held_since);
  /// Since when the rule, before it was last seen not to any more, held or was explained, and until when. Before the
  /// first settle().
  void held(std::string_view rule, Instant since, Instant until);
  /// Until when a rule that holds explains others (`unless`): nobody speaks for it from then on. It explains them again
  /// once it was seen not to hold, or is told nothing. Followed by settle().
  void explains_until(std::string_view rule, std::optional<Instant> until);

  /// What followed from the rule was ended while nobody could see whether it holds: by what is remembered it does not.
  void let_go_of(std::string_view rule);

  /// Once the rule is seen not to hold, it explains others for so long: time for what it explained to be seen well too.
  void lingers(std::string_view rule, Duration time);

  /// Nobody looked for a while. As long as the Look lasts what is known from before is only remembered, but for those
  /// signals that are seen() or change: rules that held go on to by it, and none begins to. Where only restarts came
  /// between it and the one before (`back` is the same), what was seen meanwhile stays so. Followed by settle().
  void wait_for_a_look(const Look& look);
  /// Somebody looked at the signal, and it is as it was.
  void seen(const SignalId& id);
  /// Goes on where `before`, made of other rules, or of the same signals at instants that lie `by` later here, ended:
  /// what that only remembered is memory here too, and what was seen there is seen.
  void go_on_from(const Evaluator& before, Duration by);

  /// Nobody looked in this absence: what had its health before it was back is unseen until somebody looks at it, or it
  /// changes, however long that takes. That changes no finding, but an `unknown` one is then as old as the absence.
  void miss(const Absence& absence);
  /// The absence since which nobody has looked at what a leaf of the rule's `when` would be judged by: the `nth` of its
  /// signal leaves, in their order.
  [[nodiscard]] std::optional<Absence> unseen_since(std::string_view rule, std::size_t nth) const;
  /// Whether that leaf is true; `unknown` where it may become so as its `for` goes by, or by signals of unknown health.
  [[nodiscard]] Truth truth_of(std::string_view rule, std::size_t nth) const;
  /// Whether nothing is unseen.
  [[nodiscard]] bool sees_all() const;
  /// Whether the rule holds by what was seen alone, and nothing that is only remembered could explain it.
  [[nodiscard]] bool is_sure(std::string_view rule) const;
  /// The rules that held by memory, and since the last call came to be sure.
  [[nodiscard]] std::vector<std::string> confirmed();

  /// Re-judges the rules touched since the last call and those with a `for` that has run out by `now`; rules before the
  /// rules that name them. Answers those whose finding changed, ordered by rule name within one level of dependence.
  [[nodiscard]] std::vector<VerdictChange> settle(Instant now);

  /// The earliest `for` that is running out.
  [[nodiscard]] std::optional<Instant> due() const;

  /// The alerts of unknown health that the rule, and those its `when` names, would be judged by. In their order.
  [[nodiscard]] std::vector<SignalId> unseen_alerts(std::string_view rule) const;

  /// What the rule says now, with fresh evidence; nothing for an unknown name.
  [[nodiscard]] std::optional<Verdict> verdict(std::string_view rule) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::rules
