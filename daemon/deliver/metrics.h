#pragma once

#include <cstddef>
#include <map>

#include "base/time.h"
#include "daemon/deliver/channels/channel.h"
#include "daemon/incident/delivery.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace candor::deliver {

/// What the delivery room measures of itself.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);

  void set_pending(std::size_t deliveries, Duration oldest);
  void set_without_place(std::size_t deliveries);
  void count(Attempt::Result result);
  void count(incident::DeliveryEnd end);
  /// From the decision to the answer.
  void observe_delivered(Duration took);

 private:
  prometheus::Gauge* pending_;
  prometheus::Gauge* oldest_;
  prometheus::Gauge* without_place_;
  prometheus::Histogram* seconds_;
  std::map<Attempt::Result, prometheus::Counter*> attempts_;
  std::map<incident::DeliveryEnd, prometheus::Counter*> ended_;
};

}  // namespace candor::deliver
