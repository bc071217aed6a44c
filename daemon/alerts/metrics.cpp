#include "daemon/alerts/metrics.h"

#include <prometheus/registry.h>

namespace candor::alerts {

Metrics::Metrics(prometheus::Registry& registry)
    : source_up(prometheus::BuildGauge()
                    .Name("candor_alerts_source_up")
                    .Help("1 while the pulled source answers, 0 while it is silent; absent until that is known.")
                    .Register(registry)),
      pulls(
          prometheus::BuildCounter()
              .Name("candor_alerts_pulls_total")
              .Help("Requests for a source's alerts by result: ok, failed (no answer), refused (an answer of no use).")
              .Register(registry)),
      received(prometheus::BuildCounter()
                   .Name("candor_alerts_received_total")
                   .Help("Alerts that a source named, repetitions included.")
                   .Register(registry)),
      invalid(prometheus::BuildCounter()
                  .Name("candor_alerts_invalid_total")
                  .Help("Alerts and whole messages that could not be read and were left out.")
                  .Register(registry)
                  .Add({})) {}

}  // namespace candor::alerts
