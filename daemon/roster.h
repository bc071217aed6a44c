#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/net/loop.h"
#include "daemon/alerts/push.h"
#include "daemon/config/config.h"
#include "daemon/desk.h"

namespace candor {

/// Holds what is known to what the configuration names: a probe that is new is known before it has run, so that rules
/// count it, and what nobody speaks for any more is known no longer. Thread: the loop's.
class Roster {
 public:
  /// All must outlive it; `config` may be replaced by another in its place.
  Roster(net::Loop& loop, const config::Config& config, Desk& desk, alerts::Push& push);

  /// Of probes that are not known yet: what nobody knows of them.
  [[nodiscard]] std::vector<rules::Observation> fresh() const;
  void observe_fresh();

  /// Of configured sources that are not known yet: nobody has heard of their alerts.
  void await_sources();

  /// Now, and from then on some times a day: senders of pushed alerts are not configured; they come and go.
  void forget_what_is_gone();

  /// The probes whose jobs call.
  [[nodiscard]] std::set<std::string> heartbeats() const;

 private:
  void forget_signals();
  void forget_senders();
  void forget_heartbeats();
  void tidy_again();

  const config::Config& config_;
  Desk& desk_;
  alerts::Push& push_;
  net::Timer again_;
};

}  // namespace candor
