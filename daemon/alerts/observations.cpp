#include "daemon/alerts/observations.h"

#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::alerts {
namespace {

constexpr std::size_t most_evidence_bytes = 500;

std::string evidence_of(const Alert& alert) {
  std::string_view text = alert.annotations.get("summary");
  if (text.empty()) text = alert.annotations.get("description");
  if (text.empty()) text = alert.labels.get("alertname");
  if (text.empty()) return "an alert without a name fires";
  return one_line(shorten_utf8(text, most_evidence_bytes));
}

rules::Observation observation(rules::SignalId id, rules::Health health, std::string evidence) {
  rules::Observation seen;
  seen.id = std::move(id);
  seen.health = health;
  seen.evidence = std::move(evidence);
  return seen;
}

}  // namespace

rules::Observation fires(std::string source, Alert alert) {
  std::string evidence = evidence_of(alert);
  rules::Observation seen = observation({rules::SignalKind::alert, std::move(source), std::move(alert.labels)},
                                        rules::Health::failing, std::move(evidence));
  seen.alert = {.starts_at = alert.starts_at,
                .annotations = std::move(alert.annotations),
                .generator_url = std::move(alert.generator_url)};
  return seen;
}

rules::Observation ended(rules::SignalId id, std::string evidence) {
  return observation(std::move(id), rules::Health::ok, std::move(evidence));
}

rules::Observation unheard(rules::SignalId id, std::string evidence) {
  return observation(std::move(id), rules::Health::unknown, std::move(evidence));
}

Novelty novelty(const rules::Signal& known, const rules::Observation& seen) {
  if (known.health != seen.health) return Novelty::state;
  if (!seen.alert) return Novelty::nothing;
  if (!known.alert || known.alert->starts_at != seen.alert->starts_at || known.alert->ends_at != seen.alert->ends_at ||
      known.alert->began_again != seen.alert->began_again ||
      known.alert->generator_url.empty() != seen.alert->generator_url.empty()) {
    return Novelty::state;
  }
  return known.alert->annotations == seen.alert->annotations ? Novelty::nothing : Novelty::annotations;
}

bool is_news(const rules::Signals& signals, const rules::Observation& seen) {
  const auto known = signals.find(seen.id);
  if (known == signals.end()) return seen.health != rules::Health::ok;
  return novelty(known->second, seen) != Novelty::nothing;
}

std::ranges::subrange<rules::Signals::const_iterator> alerts_of(const rules::Signals& signals,
                                                                const std::string& source) {
  const auto first = signals.lower_bound({rules::SignalKind::alert, source, {}});
  // The next possible name after this one.
  const auto last = signals.lower_bound({rules::SignalKind::alert, source + '\0', {}});
  return {first, last};
}

}  // namespace candor::alerts
