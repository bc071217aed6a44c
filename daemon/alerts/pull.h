#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/net/http_client.h"
#include "base/net/loop.h"
#include "daemon/alerts/intake.h"
#include "daemon/alerts/sources.h"

namespace prometheus {
class Registry;
}

namespace candor::alerts {

/// Asks every configured Prometheus and Alertmanager for its alerts, each at its own pace and one request at a time.
/// What the answers mean is PullBook's to say. Before alerts end, Prometheus is asked whether it has evaluated their
/// rules since it started, and Alertmanager whether it has run long enough to have heard of them again. A Prometheus
/// that answers without /api/v1/rules (a proxy) is believed without it. Thread: the loop's. Not outlived by `http`,
/// `intake` and `registry`.
class Pulls {
 public:
  Pulls(net::Loop& loop, net::HttpClient& http, Intake& intake, prometheus::Registry& registry);
  ~Pulls();
  Pulls(const Pulls&) = delete;
  Pulls& operator=(const Pulls&) = delete;

  /// Takes over a whole set of sources. One that is unchanged goes on as it was; one that is new or changed begins
  /// anew, at once; one that is gone is no longer asked, and its signals stay as they are: the daemon forgets them.
  void configure(const std::vector<SourceConfig>& sources);

  /// A source that answers with alerts that cannot be read: what those may be stays as it is.
  struct Unreadable {
    std::string source;
    std::string errors;  ///< as of join_errors()
    Instant since{};
  };
  [[nodiscard]] std::vector<Unreadable> unreadable() const;

  /// The wall clock was set by `by`.
  void clock_set(Duration by);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::alerts
