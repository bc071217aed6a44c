#include "rules/signal.h"

#include <array>

namespace candor::rules {
namespace {

constexpr std::array<std::string_view, 4> health_names{"ok", "degraded", "failing", "unknown"};
constexpr std::array<std::string_view, 2> kind_names{"probe", "alert"};

}  // namespace

std::string_view to_string(Health health) { return health_names.at(static_cast<std::size_t>(health)); }

std::optional<Health> health_from(std::string_view text) {
  for (std::size_t i = 0; i < health_names.size(); ++i) {
    if (health_names.at(i) == text) return static_cast<Health>(i);
  }
  return std::nullopt;
}

std::string_view to_string(SignalKind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

std::optional<SignalKind> signal_kind_from(std::string_view text) {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names.at(i) == text) return static_cast<SignalKind>(i);
  }
  return std::nullopt;
}

void apply(Signal& signal, const Observation& seen, Instant at) {
  const bool first = signal.since == Instant{};
  if (first || signal.health != seen.health) signal.since = at;
  signal.health = seen.health;
  switch (seen.health) {
    case Health::ok:
      signal.degraded_since.reset();
      signal.failing_since.reset();
      break;
    case Health::degraded:
      if (!signal.degraded_since) signal.degraded_since = at;
      signal.failing_since.reset();
      break;
    case Health::failing:
      if (!signal.degraded_since) signal.degraded_since = at;
      if (!signal.failing_since) signal.failing_since = at;
      break;
    case Health::unknown:
      break;
  }
  signal.evidence = seen.evidence;
  signal.symptom = seen.symptom;
  if (seen.alert) signal.alert = seen.alert;
}

}  // namespace candor::rules
