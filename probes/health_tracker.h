#pragma once

#include <array>
#include <cstdint>

#include "rules/signal.h"

namespace candor::probes {

/// Turns the outcomes of one probe into its health. It worsens to what the last `fall` outcomes were at least as bad
/// as, and betters to what the last `rise` outcomes were at most as bad as. An unknown outcome ends both counts. Where
/// nothing is known it is `unknown` until one of both has happened, and again after `fall` outcomes in a row that were
/// unknown, or some of them unknown and the others worse than the health. Pure.
class HealthTracker {
 public:
  /// Goes on from the health that is `known` of before.
  HealthTracker(std::uint32_t fall, std::uint32_t rise, rules::Health known = rules::Health::unknown)
      : fall_(fall), rise_(rise), health_(known) {}

  /// Answers whether the health changed.
  bool add(rules::Health outcome);
  [[nodiscard]] rules::Health health() const { return health_; }
  /// Whether the health is ok, and the latest outcome was.
  [[nodiscard]] bool well() const { return health_ == rules::Health::ok && at_most_as_bad_.front() > 0; }

 private:
  [[nodiscard]] rules::Health judge() const;

  std::uint32_t fall_;
  std::uint32_t rise_;
  rules::Health health_;
  // Outcomes in a row, by ok, degraded, failing.
  std::array<std::uint32_t, 3> at_least_as_bad_{};
  std::array<std::uint32_t, 3> at_most_as_bad_{};
  std::uint32_t unknown_ = 0;
  std::uint32_t less_well_ = 0;  // outcomes in a row that were unknown or worse than the health
};

}  // namespace candor::probes
