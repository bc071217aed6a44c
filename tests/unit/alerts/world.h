#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/alerts/alert.h"
#include "daemon/alerts/intake.h"
#include "daemon/alerts/observations.h"

namespace candor::alerts {

inline const Instant noon = from_ms(1'795'435'200'000);  // 2026-11-23T12:00:00Z

/// Folds one observation as the daemon does: an alert that is ok is forgotten.
inline void fold(rules::Signals& signals, const rules::Observation& seen, Instant at) {
  if (seen.health == rules::Health::ok) {
    signals.erase(seen.id);
  } else {
    rules::apply(signals[seen.id], seen, at);
  }
}

inline void fold(rules::Signals& signals, const std::vector<rules::Observation>& seen, Instant at) {
  for (const rules::Observation& one : seen) fold(signals, one, at);
}

inline Alert make_alert(std::string name, Instant starts_at = noon) {
  Alert alert;
  alert.labels = {{"alertname", std::move(name)}};
  alert.starts_at = starts_at;
  return alert;
}

inline rules::SignalId id_of(std::string source, std::string name) {
  return {rules::SignalKind::alert, std::move(source), {{"alertname", std::move(name)}}};
}

/// The daemon, as the alerts room sees it.
class FakeIntake final : public Intake {
 public:
  void observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) override {
    ++calls;
    if (!trouble.empty()) {
      done(failure(trouble));
      return;
    }
    observed.insert(observed.end(), seen.begin(), seen.end());
    fold(known, seen, instant);
    if (hold_answers) {
      held.push_back(std::move(done));
    } else {
      done({});
    }
  }
  bool source_changed(const std::string& source, bool answering, const std::string& evidence) override {
    if (!trouble.empty()) return false;
    sources.push_back({source, answering, evidence});
    return true;
  }
  [[nodiscard]] const rules::Signals& signals() const override { return known; }
  [[nodiscard]] Instant now() const override {
    if (at_now) at_now();
    return instant;
  }

  [[nodiscard]] const rules::Signal* find(const rules::SignalId& id) const {
    const auto found = known.find(id);
    return found != known.end() ? &found->second : nullptr;
  }

  Instant instant = noon;
  std::function<void()> at_now;  ///< what comes of being asked for the time, such as that a clock was set
  rules::Signals known;
  std::vector<rules::Observation> observed;
  std::vector<SourceChange> sources;
  std::string trouble;  ///< while it is set, nothing is taken in
  bool hold_answers = false;
  std::vector<std::move_only_function<void(Result<void>)>> held;
  int calls = 0;
};

}  // namespace candor::alerts
