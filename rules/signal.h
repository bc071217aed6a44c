#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"

namespace candor::rules {

enum class Health : std::uint8_t { ok, degraded, failing, unknown };

[[nodiscard]] std::string_view to_string(Health health);
[[nodiscard]] std::optional<Health> health_from(std::string_view text);

enum class SignalKind : std::uint8_t { probe, alert };

[[nodiscard]] std::string_view to_string(SignalKind kind);
[[nodiscard]] std::optional<SignalKind> signal_kind_from(std::string_view text);

/// What makes a signal the same signal.
struct SignalId {
  SignalKind kind = SignalKind::probe;
  std::string
      source;  ///< `probe`, or what an alert came through: `prometheus:NAME`, `alertmanager:NAME`, `push`, `webhook`
  Labels labels;

  friend bool operator==(const SignalId&, const SignalId&) = default;
  friend auto operator<=>(const SignalId&, const SignalId&) = default;
};

/// What its sender says about an alert besides its health. Empty for probes.
struct AlertDetails {
  Instant starts_at{};
  Labels annotations;
  std::string generator_url;
  std::optional<Instant> ends_at = {};      ///< no earlier than its sender, who may not speak again, said that it ends
  std::optional<Instant> began_again = {};  ///< the latest start that was told, where that is later than `starts_at`

  friend bool operator==(const AlertDetails&, const AlertDetails&) = default;
};

/// What was seen of one signal at one instant. An alert that has ended is an `ok` one.
struct Observation {
  SignalId id;
  Health health = Health::unknown;
  std::string evidence;  ///< what was seen, in a sentence for a responder
  std::string symptom;   ///< the same for customers: no host names, nothing internal; may be empty
  std::optional<AlertDetails> alert;

  /// Whether somebody looked: a probe that is configured and has not run yet is `unknown`, without a word.
  [[nodiscard]] bool looked() const { return health != Health::unknown || !evidence.empty(); }
};

/// A thing with labels whose health changes over time: a probe at one location, or an alert.
struct Signal {
  Health health = Health::unknown;
  Instant since{};  ///< when it took on this health
  /// Since when it has been at least this bad, as far as anyone saw: silence (`unknown`) in between does not restart
  /// them, and only `ok` ends them.
  std::optional<Instant> degraded_since;
  std::optional<Instant> failing_since;
  std::string evidence;
  std::string symptom;
  std::optional<AlertDetails> alert;

  /// As of Observation.
  [[nodiscard]] bool looked() const { return health != Health::unknown || !evidence.empty(); }

  friend bool operator==(const Signal&, const Signal&) = default;
};

/// Folds an observation made at `at` into the signal. A repeated health keeps its `since`.
void apply(Signal& signal, const Observation& seen, Instant at);

/// Every signal that has been heard of and not forgotten. An alert is forgotten when it is `ok`.
using Signals = std::map<SignalId, Signal>;

}  // namespace candor::rules
