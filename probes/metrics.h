#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

namespace prometheus {
class Registry;
}

namespace candor::probes {

/// What the scheduler tells of itself; of its probes, see figures.h. The registry outlives it.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);
  /// Takes everything out of the registry.
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

 private:
  prometheus::Registry& registry_;
  prometheus::Family<prometheus::Histogram>& start_delays_;
  prometheus::Family<prometheus::Gauge>& waitings_;
  prometheus::Family<prometheus::Gauge>& blinds_;
  prometheus::Family<prometheus::Counter>& postponements_;
  prometheus::Family<prometheus::Counter>& skips_;
  prometheus::Family<prometheus::Counter>& drops_;

 public:
  prometheus::Histogram& start_delay;
  prometheus::Gauge& waiting;
  prometheus::Gauge& blind;
  prometheus::Counter& postponed;
  prometheus::Counter& skipped;
  prometheus::Counter& dropped;
};

}  // namespace candor::probes
