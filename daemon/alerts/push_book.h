#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/alerts/expiry.h"
#include "daemon/alerts/late_ends.h"
#include "daemon/alerts/observations.h"
#include "daemon/alerts/push_senders.h"

namespace candor::alerts {

/// What follows from what was pushed, or from time: observations to hand over, and senders that fell silent or speak.
struct PushStep {
  std::vector<rules::Observation> seen;
  std::vector<SourceChange> senders;
  std::vector<ClockTrouble> found;  ///< that was none before; see PushBook::troubles()
};

/// The semantics of Alertmanager's POST /api/v2/alerts (api/v2/api.go, types.Alert.Merge) over the signals of source
/// `push`. What an alert is stands in the signals, which are journalled, and so does an end that a script named; until
/// when others are believed stands here alone, in memory, since they repeat themselves each minute. Pure.
///
/// An alert that its sender ends is `ok`. One whose end passes without a word is `ok` too if it has no generatorURL: a
/// script's or amtool's, and the API says that it has ended. One with a generatorURL comes from a rule evaluator such
/// as Prometheus, which repeats a firing alert each minute and says when it ends: its silence is its own failure, so
/// the alert becomes `unknown`, and when nothing else comes from that generator either, the sender `push:HOST:PORT` is
/// reported as silent. Words of two evaluators, or over two connections, overtake each other: an end of an outbreak
/// before the one that is believed is none. Neither is the repetition of an end that was told before another evaluator
/// said that the alert fires.
///
/// An evaluator whose clock is behind tells of what fires an end that has passed already. It moves on with each word,
/// which tells it from an end: at once where the alert is believed to fire, after four words where it is not. It is
/// then believed for resolve_timeout after each word, and so is who tells an end that moves on but is nearer than its
/// next word.
///
/// An evaluator whose clock is ahead tells an end that is still to come of what has ended. One that is seconds away
/// ends the alert at once. One that is nearer than the next word may be that of an alert that fires, by a clock that
/// was set back: it ends the alert when it is repeated after it has passed, and begins none that was ended. One that is
/// further away ends the alert once it passes, if it was repeated three times, over 90 seconds. The clock is told of.
///
/// After a start, journalled alerts keep their health until their sender speaks or resolve_timeout has passed, and
/// those of scripts no shorter than until their end.
class PushBook {
 public:
  PushBook(Instant start, Duration resolve_timeout);

  /// Of alerts pushed from now on.
  void set_resolve_timeout(Duration timeout) { resolve_timeout_ = timeout; }

  /// Takes in what was pushed. The observations are those that change what `signals` says; a mere repetition is none.
  [[nodiscard]] PushStep observe(std::vector<Alert> alerts, const rules::Signals& signals, Instant now);

  /// Looks for alerts whose end has passed, a bounded number a call: to be called when due(), until that lies ahead.
  [[nodiscard]] PushStep sweep(const rules::Signals& signals, Instant now);
  [[nodiscard]] std::optional<Instant> due() const { return due_; }

  /// The wall clock was set by `by`: who is believed for so long from now still is. An end that a script named is an
  /// instant of whatever clock there is.
  void clock_set(Duration by);

  /// Nothing could be taken in from `since` until now: whoever was believed then is as after a start.
  void heard_nothing(Instant since, Instant now);

  /// The sender's change was handed over; until then each step repeats it.
  void reported(const SourceChange& change) { senders_.reported(change); }

  /// A sender that is known no more: should it speak again, that is told as of a new one.
  void forget(const std::string& sender) { senders_.forget(sender); }

  /// Senders whose clock is behind, as of their words of the last 20 minutes, or was ahead in the last six hours.
  [[nodiscard]] std::vector<Trouble> troubles(Instant now) const { return senders_.troubles(now); }

  /// Of an alert that is known as a signal.
  [[nodiscard]] Expiry expiry(const Labels& labels, const rules::Signal& signal) const;

 private:
  /// Of the labels, instead of the labels themselves: there are many alerts, and memory is short.
  using Key = LateEnds::Key;
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.fingerprint; }
  };
  [[nodiscard]] static Key key_of(const Labels& labels);
  /// Of a journalled alert whose sender has not spoken since the start.
  [[nodiscard]] Expiry unrefreshed(const rules::Signal& signal) const;
  [[nodiscard]] std::optional<Expiry> expiry(const Key& key, const rules::Signal* known) const;
  void take(Alert alert, const rules::Signals& signals, Instant now, PushStep& step);
  /// An evaluator's word as it counts; nothing where it changes nothing.
  [[nodiscard]] std::optional<Expiry> weigh(const Key& key, Expiry next, const std::optional<Expiry>& before,
                                            std::string_view generator_url, Instant now, PushStep& step);
  /// The same of one that names an end ahead of us: whether that is the end, and until when else it is believed.
  [[nodiscard]] Expiry weigh_what_is_ahead(Expiry next, const std::optional<Expiry>& before,
                                           std::string_view generator_url, Instant now, PushStep& step);
  void judge(const rules::SignalId& id, const rules::Signal& signal, Instant now, PushStep& step);
  void end_round(Instant now, PushStep& step);
  void look_at(Instant instant);

  Instant waits_from_;  ///< for those who have not spoken since the start
  Duration resolve_timeout_;
  std::unordered_map<Key, Expiry, KeyHash> expiries_;
  LateEnds late_;
  PushSenders senders_;
  std::optional<rules::SignalId> resume_at_;  ///< where the round under way goes on
  std::size_t round_alerts_ = 0;
  std::unordered_set<Key, KeyHash> overdue_;  ///< that this round has seen and that may not have been taken in
  std::optional<Instant> earliest_;           ///< the next end that this round has seen
  Instant rest_until_{};                      ///< no round begins before
  std::optional<Instant> due_;
};

/// The senders of the pushed alerts that there are.
[[nodiscard]] std::set<std::string> senders_of(const rules::Signals& signals);

}  // namespace candor::alerts
