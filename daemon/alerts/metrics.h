#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

namespace prometheus {
class Registry;
}

namespace candor::alerts {

/// What this room tells of itself. Registering twice in one registry gives the same series. The registry outlives it.
struct Metrics {
  explicit Metrics(prometheus::Registry& registry);

  prometheus::Family<prometheus::Gauge>& source_up;
  prometheus::Family<prometheus::Counter>& pulls;
  prometheus::Family<prometheus::Counter>& received;
  prometheus::Counter& invalid;
};

}  // namespace candor::alerts
