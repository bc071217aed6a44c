#pragma once

#include <array>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "probes/probe.h"

namespace prometheus {
class Registry;
}

namespace candor::probes {

/// One probe's time series, all made in advance.
struct ProbeMetrics {
  prometheus::Gauge* up = nullptr;
  prometheus::Histogram* duration = nullptr;
  std::array<prometheus::Gauge*, 4> phases{};
  std::array<prometheus::Counter*, 4> runs{};

  /// One run, and the health that follows from it.
  void record(const Outcome& outcome, rules::Health health) const;
};

/// What the scheduler tells of itself and of its probes. The registry outlives it.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);
  /// Takes everything out of the registry.
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// For a name that is there already: the same series.
  [[nodiscard]] ProbeMetrics add(const std::string& probe);
  /// Takes as long as there are probes: prometheus-cpp searches all of a family's series.
  void remove(const ProbeMetrics& probe);

 private:
  prometheus::Registry& registry_;
  prometheus::Family<prometheus::Gauge>& up_;
  prometheus::Family<prometheus::Histogram>& duration_;
  prometheus::Family<prometheus::Gauge>& phases_;
  prometheus::Family<prometheus::Counter>& runs_;

  prometheus::Family<prometheus::Histogram>& start_delays_;
  prometheus::Family<prometheus::Gauge>& waitings_;
  prometheus::Family<prometheus::Counter>& postponements_;
  prometheus::Family<prometheus::Counter>& skips_;

 public:
  prometheus::Histogram& start_delay;
  prometheus::Gauge& waiting;
  prometheus::Counter& postponed;
  prometheus::Counter& skipped;
};

}  // namespace candor::probes
