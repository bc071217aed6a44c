#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluator.h"
#include "tests/unit/rules/rules_from.h"

namespace candor::rules {

/// Rules, and signals that change under virtual time; times count from `start`.
struct World {
  static constexpr Instant start = from_ms(1'700'000'000'000);

  explicit World(std::string_view toml) : evaluator(rules_from(toml)) {}

  /// A probe's signal of component "shop".
  static SignalId shop(const std::string& probe) {
    return {SignalKind::probe, "probe", {{"probe", probe}, {"component", "shop"}}};
  }

  void see(const SignalId& id, Health health, Duration at, std::string evidence = {}, std::string symptom = {}) {
    Signal& signal = signals[id];
    apply(signal,
          {.id = id, .health = health, .evidence = std::move(evidence), .symptom = std::move(symptom), .alert = {}},
          start + at);
    evaluator.update(id, signal);
  }
  void see(const std::string& probe, Health health, Duration at, std::string evidence = {}, std::string symptom = {}) {
    see(shop(probe), health, at, std::move(evidence), std::move(symptom));
  }
  void forget(const std::string& probe) {
    signals.erase(shop(probe));
    evaluator.forget(shop(probe));
  }

  /// What changed, as "rule finding". A change is also what verdict() says.
  std::vector<std::string> settle(Duration at) {
    std::vector<std::string> changes;
    for (const VerdictChange& change : evaluator.settle(start + at)) {
      changes.push_back(change.rule + " " + std::string{to_string(change.verdict.finding)});
      EXPECT_EQ(change.verdict, verdict(change.rule));
    }
    return changes;
  }

  [[nodiscard]] Verdict verdict(std::string_view rule) const { return evaluator.verdict(rule).value(); }
  [[nodiscard]] std::optional<Duration> due() const {
    const std::optional<Instant> at = evaluator.due();
    if (!at) return std::nullopt;
    return *at - start;
  }

  Signals signals;
  Evaluator evaluator;
};

}  // namespace candor::rules
