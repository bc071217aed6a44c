#pragma once

#include <ranges>
#include <string>

#include "daemon/alerts/alert.h"
#include "rules/signal.h"

namespace candor::alerts {

/// A source of alerts answers again, or no more.
struct SourceChange {
  std::string source;
  bool answering = true;
  std::string evidence;

  friend bool operator==(const SourceChange&, const SourceChange&) = default;
};

/// What keeps alerts from being known as they are, for a human to mend.
struct Trouble {
  std::string what;
  Instant since{};
};

/// What is seen of an alert that fires. Its evidence is the annotation `summary`, else `description`, else the alert's
/// name; it has no symptom, since an alert is written for responders.
[[nodiscard]] rules::Observation fires(std::string source, Alert alert);

/// Of one that has ended, and of one that nobody speaks of any more.
[[nodiscard]] rules::Observation ended(rules::SignalId id, std::string evidence);
[[nodiscard]] rules::Observation unheard(rules::SignalId id, std::string evidence);

/// Whether what is known would change: in health, in when the alert started or is to end, in its annotations, or in
/// whether it has a generator. Where an alert comes from two replicas of a Prometheus, their generators' names take
/// turns, and that is no change.
enum class Novelty : std::uint8_t { nothing, annotations, state };
[[nodiscard]] Novelty novelty(const rules::Signal& known, const rules::Observation& seen);
[[nodiscard]] bool is_news(const rules::Signals& signals, const rules::Observation& seen);

/// The alerts that came through one source, in the order of their labels.
[[nodiscard]] std::ranges::subrange<rules::Signals::const_iterator> alerts_of(const rules::Signals& signals,
                                                                              const std::string& source);

}  // namespace candor::alerts
