#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/alerts/observations.h"
#include "daemon/alerts/payloads.h"

namespace candor::alerts {

/// What follows from one answer, failure or wait.
struct PullStep {
  std::vector<rules::Observation> seen;
  /// Alerts that the answer no longer names. Handed over with the others once the source can be trusted to have named
  /// all that fire; see trusted_ends() and least_uptime.
  std::vector<rules::Observation> ending;
  /// The source fell silent, or speaks. Repeated by each step until reported().
  std::optional<SourceChange> source;
};

/// What the answers of one source mean for its signals. Each answer is the whole picture: what it names fires, what was
/// known and is not named has ended. Pure.
///
/// - An alert ends when two answers in a row, at least half of `every` apart, do not name it. One that is pending again
///   has not ended: Prometheus restores the `for` of its alerts after a restart. One that a human silenced, or that
///   another inhibits, has ended for us: somebody or something decided that it is not to be acted on.
/// - An alert of a rule evaluator that leaves Alertmanager's list as its `endsAt` passes has not ended: nobody repeats
///   it any more, and Alertmanager takes that for its end. It is `unknown` until it is named again, over restarts too.
///   One that ends leaves the list minutes before that.
/// - The source is silent after three failures in a row, or when the last answer is older than three times `every`, 15
///   seconds at least. Its signals are then `unknown`, and nothing ends before it has answered again.
/// - What is not named and may be one of the alerts that cannot be read stays as it is.
/// - Annotations that change without anything else, such as a measured value in them, are observed once a minute.
class PullBook {
 public:
  /// `shown` names the source's URL in evidence.
  PullBook(std::string source, std::string shown, Duration every, Instant start);

  /// `unreadable` as of PulledAlerts.
  [[nodiscard]] PullStep answered(std::vector<PulledAlert> alerts, const rules::Signals& signals, Instant now,
                                  const std::vector<Labels>& unreadable = {});
  /// `why` completes "URL does not answer: …".
  [[nodiscard]] PullStep failed(const std::string& why, const rules::Signals& signals, Instant now);
  /// To be called when due(): a request may hang while the time for an answer runs out.
  [[nodiscard]] PullStep waited(const rules::Signals& signals, Instant now);
  [[nodiscard]] std::optional<Instant> due() const;

  /// The wall clock was set by `by`, which makes nothing older or younger.
  void clock_set(Duration by);

  /// No answer could be taken in until now: it has as long for one as after a start.
  void heard_nothing(Instant now) { patient_since_ = now; }

  /// That it answers is to be told again.
  void tell_again() { reported_.reset(); }

  /// Why nothing is heard of it, by its latest failure; empty while it is not silent.
  [[nodiscard]] std::string silence() const;

  /// The source's change was handed over.
  void reported(const SourceChange& change) { reported_ = change.answering; }

 private:
  using Missed = std::map<rules::SignalId, Instant>;
  /// What Alertmanager said of an alert that is repeated to it, when it named it last.
  struct Told {
    Instant ends_at{};
    Duration believed{};  ///< from the last word of its sender to that end
    Instant named{};
  };
  using AllTold = std::unordered_map<std::uint64_t, Told>;  ///< by the labels' fingerprint

  /// Of an alert that is known and named.
  void compare(PulledAlert pulled, const rules::Signals::value_type& known, bool may_refresh, PullStep& step);
  /// Of one that is known and not named.
  void miss(const rules::Signals::value_type& known, Instant now, PullStep& step);
  /// Whether one that is known and counts as not named has been missed twice.
  [[nodiscard]] bool missed_twice(const rules::SignalId& id, Instant now);
  void note_end(const PulledAlert& pulled, Instant now);
  /// The end that Alertmanager had been told, if the alert left its list as that passed.
  [[nodiscard]] std::optional<Instant> ran_out(const rules::Signals::value_type& known);
  [[nodiscard]] PullStep fall_silent(const rules::Signals& signals);
  [[nodiscard]] Instant silent_at() const;

  std::string source_;
  std::string shown_;
  Duration every_;
  Instant start_;
  Instant patient_since_;  ///< its latest answer, or when it could be asked again
  std::optional<Instant> answered_at_;
  Instant refreshed_at_{};  ///< when annotations alone were observed last
  std::string failure_;     ///< the last one since the last answer
  int failures_ = 0;
  bool silent_ = false;
  std::optional<bool> reported_;
  Missed missed_;      ///< since when answers do not name them
  Missed missed_now_;  ///< the same, of the answer being looked at
  AllTold told_;
  AllTold told_now_;  ///< the same
  bool refreshed_ = false;
};

/// What of `ending` Prometheus can be trusted about: after a start it answers before it has evaluated its rules. Left
/// out are alerts of whose rules one waits for its first evaluation or fails, and those that have come up meanwhile. A
/// rule that is no longer there ends its alerts.
[[nodiscard]] std::vector<rules::Observation> trusted_ends(std::vector<rules::Observation> ending,
                                                           const RuleStates& rules);

/// Until it has run this long, what it does not name may still fire. Alertmanager keeps no alerts over a restart and
/// hears of them again within minutes. Prometheus judges its rules before it has samples again, of metrics that it
/// scrapes as of those that its recording rules make.
inline constexpr Duration least_uptime = std::chrono::minutes{5};

}  // namespace candor::alerts
