#include "probes/metrics.h"

#include <utility>

#include <prometheus/registry.h>

namespace candor::probes {
namespace {

using prometheus::Histogram;

constexpr std::array<const char*, 4> phase_names{"name_lookup", "connect", "tls", "first_byte"};
constexpr std::array<const char*, 4> health_names{"ok", "degraded", "failing", "unknown"};

const Histogram::BucketBoundaries durations{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Histogram::BucketBoundaries delays{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};

double seconds(std::chrono::microseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void ProbeMetrics::record(const Outcome& outcome, rules::Health health) const {
  up->Set(health == rules::Health::ok || health == rules::Health::degraded ? 1 : 0);
  duration->Observe(seconds(outcome.phases.total));
  const Phases& spent = outcome.phases;
  phases[0]->Set(seconds(spent.name_lookup));
  phases[1]->Set(seconds(spent.connect));
  phases[2]->Set(seconds(spent.tls));
  phases[3]->Set(seconds(spent.first_byte));
  runs.at(std::to_underlying(outcome.health))->Increment();
}

Metrics::Metrics(prometheus::Registry& registry)
    : registry_(registry),
      up_(prometheus::BuildGauge()
              .Name("candor_probes_up")
              .Help("1 while the probe's health is ok or degraded, 0 while it is failing or unknown.")
              .Register(registry)),
      duration_(prometheus::BuildHistogram()
                    .Name("candor_probes_duration_seconds")
                    .Help("Time that a run of the probe took in all.")
                    .Register(registry)),
      phases_(prometheus::BuildGauge()
                  .Name("candor_probes_phase_seconds")
                  .Help("Time that the probe's last run spent in each phase.")
                  .Register(registry)),
      runs_(prometheus::BuildCounter()
                .Name("candor_probes_runs_total")
                .Help("Runs of the probe by what they found, before fall and rise.")
                .Register(registry)),
      start_delays_(prometheus::BuildHistogram()
                        .Name("candor_probes_start_delay_seconds")
                        .Help("Time from when a run was due to when it started.")
                        .Register(registry)),
      waitings_(prometheus::BuildGauge()
                    .Name("candor_probes_waiting")
                    .Help("Runs that are due and wait because as many as may are under way.")
                    .Register(registry)),
      postponements_(prometheus::BuildCounter()
                         .Name("candor_probes_postponed_total")
                         .Help("Runs that had to wait because as many as may were under way.")
                         .Register(registry)),
      skips_(prometheus::BuildCounter()
                 .Name("candor_probes_skipped_total")
                 .Help("Starts left out because the probe's last run was still under way, or was itself late.")
                 .Register(registry)),
      start_delay(start_delays_.Add({}, delays)),
      waiting(waitings_.Add({})),
      postponed(postponements_.Add({})),
      skipped(skips_.Add({})) {}

Metrics::~Metrics() {
  for (auto* family : {&up_, &phases_, &waitings_}) registry_.Remove(*family);
  for (auto* family : {&runs_, &postponements_, &skips_}) registry_.Remove(*family);
  for (auto* family : {&duration_, &start_delays_}) registry_.Remove(*family);
}

ProbeMetrics Metrics::add(const std::string& probe) {
  ProbeMetrics metrics;
  metrics.up = &up_.Add({{"probe", probe}});
  metrics.duration = &duration_.Add({{"probe", probe}}, durations);
  for (std::size_t i = 0; i < phase_names.size(); ++i) {
    metrics.phases.at(i) = &phases_.Add({{"probe", probe}, {"phase", phase_names.at(i)}});
  }
  for (std::size_t i = 0; i < health_names.size(); ++i) {
    metrics.runs.at(i) = &runs_.Add({{"probe", probe}, {"health", health_names.at(i)}});
  }
  return metrics;
}

void Metrics::remove(const ProbeMetrics& probe) {
  up_.Remove(probe.up);
  duration_.Remove(probe.duration);
  for (prometheus::Gauge* phase : probe.phases) phases_.Remove(phase);
  for (prometheus::Counter* runs : probe.runs) runs_.Remove(runs);
}

}  // namespace candor::probes
