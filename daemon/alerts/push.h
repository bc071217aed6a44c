#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/net/loop.h"
#include "daemon/alerts/intake.h"
#include "daemon/alerts/observations.h"
#include "daemon/http/router.h"

namespace prometheus {
class Registry;
}

namespace candor::alerts {

/// What stands before a handler, such as authentication.
using Guard = std::function<http::Handler(http::Handler)>;

/// Candor as an Alertmanager, below /alertmanager: Prometheus pushes its alerts to it (`path_prefix: /alertmanager`),
/// and amtool adds and queries them. Errors are JSON texts, as Alertmanager's API v2 has them. What the alerts mean is
/// PushBook's to say.
///
/// POST /api/v2/alerts answers 200 once every change is on the disk, 400 if an alert could not be read (the others are
/// kept), 503 if nothing can be taken in now: Prometheus repeats a firing alert within a minute. Silences are not kept:
/// there are none, and making one is refused.
/// Thread: the loop's. Not outlived by `intake` and `registry`.
class Push {
 public:
  Push(net::Loop& loop, Intake& intake, prometheus::Registry& registry, Duration resolve_timeout);
  ~Push();
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;

  /// Once. `guard` goes before all but /-/healthy and /-/ready. The routes answer 500 after this object's end.
  void add_routes(http::Router& router, const Guard& guard);

  /// The wall clock was set by `by`.
  void clock_set(Duration by);
  /// Nothing could be taken in from `since` until `until`, which is now; by the clock as it was, where clock_set()
  /// follows.
  void heard_nothing(Instant since, Instant until);

  /// A sender that is known no more.
  void forget(const std::string& sender);

  /// Senders whose clock is behind or ahead, and what senders told and was not taken.
  [[nodiscard]] std::vector<Trouble> troubles() const;

  /// How long an alert without an end is believed, from the next push on.
  void set_resolve_timeout(Duration timeout);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::alerts
