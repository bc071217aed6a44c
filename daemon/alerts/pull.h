#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/net/http_client.h"
#include "base/net/loop.h"
#include "daemon/alerts/intake.h"
#include "daemon/alerts/observations.h"
#include "daemon/alerts/sources.h"

namespace prometheus {
class Registry;
}

namespace candor::alerts {

/// Asks every configured Prometheus and Alertmanager for its alerts, each at its own pace and one request at a time.
/// What the answers mean is PullBook's to say. Before alerts end, Prometheus is asked whether it has evaluated their
/// rules, and both whether they have run long enough to name again what fires. A source that has no such API (a proxy,
/// or another program that speaks a part of it) is believed without; while one that has it gives no sound answer,
/// nothing ends. Large answers are read on a thread of their own. Thread: the loop's. Not outlived by `http`, `intake`
/// and `registry`.
class Pulls {
 public:
  Pulls(net::Loop& loop, net::HttpClient& http, Intake& intake, prometheus::Registry& registry);
  ~Pulls();
  Pulls(const Pulls&) = delete;
  Pulls& operator=(const Pulls&) = delete;

  /// Takes over a whole set of sources. One that is unchanged goes on as it was; one that is new or changed begins
  /// anew, at once; one that is gone is no longer asked, and its signals stay as they are: the daemon forgets them.
  void configure(const std::vector<SourceConfig>& sources);

  /// Of sources that name alerts that cannot be read, or do not say how far they can be trusted.
  [[nodiscard]] std::vector<Trouble> troubles() const;

  /// Why a source is silent, by its latest failure, which the journal does not have; empty where it is not, or not
  /// asked.
  [[nodiscard]] std::string silence(const std::string& source) const;

  /// The wall clock was set by `by`.
  void clock_set(Duration by);
  /// Nothing was taken in for a while: that a source answers is told again.
  void tell_again();
  /// Nobody looked for a while: the same, with what is asked from now on.
  void stood_still();
  /// No answer could be taken in until `until`, which is now; by the clock as it was, where clock_set() follows.
  void heard_nothing(Instant until);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::alerts
