#include "daemon/deliver/metrics.h"

#include <algorithm>
#include <string>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace candor::deliver {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Metrics::Metrics(prometheus::Registry& registry) {
  using prometheus::BuildCounter;
  using prometheus::BuildGauge;
  pending_ =
      &BuildGauge().Name("candor_deliver_pending").Help("Deliveries that have not ended.").Register(registry).Add({});
  oldest_ = &BuildGauge()
                 .Name("candor_deliver_oldest_pending_seconds")
                 .Help("How long ago the oldest delivery that has not ended was decided; 0 if there is none.")
                 .Register(registry)
                 .Add({});
  without_place_ = &BuildGauge()
                        .Name("candor_deliver_without_place")
                        .Help("Deliveries that are due and wait until others that are under way have an answer.")
                        .Register(registry)
                        .Add({});
  seconds_ = &prometheus::BuildHistogram()
                  .Name("candor_deliver_seconds")
                  .Help("From the decision to send to the destination's acceptance.")
                  .Register(registry)
                  .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
                                                                   60, 300, 900, 3600});
  auto& attempts =
      BuildCounter().Name("candor_deliver_attempts_total").Help("Attempts to send, by result.").Register(registry);
  using Result = Attempt::Result;
  for (const auto& [result, name] : {std::pair{Result::delivered, "delivered"}, std::pair{Result::retry, "retry"},
                                     std::pair{Result::dead, "dead"}}) {
    attempts_[result] = &attempts.Add({{"result", name}});
  }
  auto& ended = BuildCounter()
                    .Name("candor_deliver_ended_total")
                    .Help("Deliveries that ended, by how they ended.")
                    .Register(registry);
  using End = incident::DeliveryEnd;
  for (const End end : {End::delivered, End::superseded, End::dead}) {
    ended_[end] = &ended.Add({{"end", std::string(to_string(end))}});
  }
}

void Metrics::set_pending(std::size_t deliveries, Duration oldest) {
  pending_->Set(static_cast<double>(deliveries));
  oldest_->Set(oldest > Duration{0} ? seconds(oldest) : 0);
}

void Metrics::set_without_place(std::size_t deliveries) { without_place_->Set(static_cast<double>(deliveries)); }

void Metrics::count(Attempt::Result result) { attempts_.at(result)->Increment(); }

void Metrics::count(incident::DeliveryEnd end) { ended_.at(end)->Increment(); }

void Metrics::observe_delivered(Duration took) { seconds_->Observe(seconds(std::max(took, Duration{0}))); }

}  // namespace candor::deliver
