#pragma once

#include "base/time.h"
#include "rules/signal.h"

namespace candor::simulation {

/// Time as it passes, which no set clock changes; from 0 at the begin of a simulation.
using Elapsed = Duration;

/// How much later than its instant a thing may be done: the simulated disk is slow for up to this long.
constexpr Duration slack = std::chrono::seconds{6};

/// A moment, and what the clock of everybody's machine shows in it.
struct Moment {
  Elapsed at{};
  Instant wall{};

  /// What it would have shown `then`, had nobody set it.
  [[nodiscard]] Instant shown(Elapsed then) const { return wall + (then - at); }
};

/// How an alert truly is.
struct Truth {
  rules::SignalId id;
  bool fires = false;
  Elapsed since{};
};

}  // namespace candor::simulation
