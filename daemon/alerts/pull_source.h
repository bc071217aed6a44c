#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/intake.h"
#include "daemon/alerts/pull_book.h"

namespace candor::alerts {

/// One source that is asked for its alerts, from its answers through the book into the intake; without the requests and
/// timers around it, so that it runs under virtual time too. Held by a shared_ptr: an answer of the intake comes to
/// nothing once it is gone. Thread: the intake's, which outlives it.
class PullSource : public std::enable_shared_from_this<PullSource> {
 public:
  /// `name` as the signals name it; `shown` names its URL in evidence.
  PullSource(Intake& intake, std::string name, std::string shown, Duration every);

  /// It is asked for its alerts now. Its answer may be read much later, where the process stood still meanwhile.
  void asked() {
    asked_at_ = intake_.now();
    asked_before_standstill_ = false;
  }

  /// It answered; `unreadable` as of PulledAlerts. True if alerts are gone from its answer: before they end, it is to
  /// be asked how far it can be trusted about that, and what it said is told below. Without that they are asked for
  /// again after the next answer.
  [[nodiscard]] bool answered(std::vector<PulledAlert> alerts, const std::vector<Labels>& unreadable = {});

  /// Prometheus says which rules it has evaluated; nothing if it has no way to (a proxy). True if it is to be asked for
  /// its start as well.
  [[nodiscard]] bool trust(const std::optional<RuleStates>& rules);
  /// It says when it was started, and what may end by that ends: where it ran for long enough when it was asked. One
  /// that has no way to say so is believed without.
  void trust(const std::optional<Instant>& start);

  /// It did not answer, or nothing that can be read; see PullBook::failed().
  void failed(const std::string& why);

  /// To be called at due().
  void waited();
  [[nodiscard]] std::optional<Instant> due() const { return book_.due(); }

  void clock_set(Duration by);
  /// Nothing was taken in for a while: that it answers is told again.
  void tell_again() { book_.tell_again(); }
  /// Nobody looked for a while: the same, and what it was asked before that is no look.
  void stood_still() {
    tell_again();
    asked_before_standstill_ = true;
  }
  void heard_nothing(Instant until) { book_.heard_nothing(until); }

  /// Whether it answers, as far as is known.
  [[nodiscard]] std::optional<bool> answering() const { return answering_; }

  /// As of PullBook.
  [[nodiscard]] std::string silence() const { return book_.silence(); }

 private:
  /// How its start was told.
  struct Told {
    Instant start{};
    Instant first{};  ///< when, by our clock
  };

  void hand_over(PullStep step);

  Intake& intake_;
  PullBook book_;
  std::vector<rules::Observation> ending_;  ///< until it can be trusted about them
  std::optional<bool> answering_;
  std::optional<Told> told_;
  Instant asked_at_;
  bool asked_before_standstill_ = false;  ///< when it was asked last
  Instant clock_set_at_{};
};

}  // namespace candor::alerts
