#include "probes/metrics.h"

#include <prometheus/registry.h>

namespace candor::probes {
namespace {

using prometheus::Histogram;

const Histogram::BucketBoundaries delays{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};

}  // namespace

Metrics::Metrics(prometheus::Registry& registry)
    : registry_(registry),
      start_delays_(prometheus::BuildHistogram()
                        .Name("candor_probes_start_delay_seconds")
                        .Help("Time from when a run was due to when it started.")
                        .Register(registry)),
      waitings_(prometheus::BuildGauge()
                    .Name("candor_probes_waiting")
                    .Help("Runs that are due and wait because as many as may are under way.")
                    .Register(registry)),
      blinds_(prometheus::BuildGauge()
                  .Name("candor_probes_blind")
                  .Help("1 while every self check fails, so that what probes find wrong is unknown.")
                  .Register(registry)),
      postponements_(prometheus::BuildCounter()
                         .Name("candor_probes_postponed_total")
                         .Help("Runs that had to wait because as many as may were under way.")
                         .Register(registry)),
      skips_(prometheus::BuildCounter()
                 .Name("candor_probes_skipped_total")
                 .Help("Starts left out because the probe's last run was still under way, or was itself late.")
                 .Register(registry)),
      drops_(
          prometheus::BuildCounter()
              .Name("candor_probes_dropped_total")
              .Help("Runs that say nothing of their target because candord stood still meanwhile: they are repeated.")
              .Register(registry)),
      start_delay(start_delays_.Add({}, delays)),
      waiting(waitings_.Add({})),
      blind(blinds_.Add({})),
      postponed(postponements_.Add({})),
      skipped(skips_.Add({})),
      dropped(drops_.Add({})) {}

Metrics::~Metrics() {
  registry_.Remove(waitings_);
  registry_.Remove(blinds_);
  for (auto* family : {&postponements_, &skips_, &drops_}) registry_.Remove(*family);
  registry_.Remove(start_delays_);
}

}  // namespace candor::probes
