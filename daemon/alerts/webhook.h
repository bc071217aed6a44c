#pragma once

#include <memory>
#include <vector>

#include "daemon/alerts/intake.h"
#include "daemon/alerts/observations.h"
#include "daemon/alerts/push.h"

namespace candor::alerts {

/// POST /api/v1/webhook/alertmanager: Alertmanager's webhook, version 4, as signals of source `webhook`. A firing alert
/// has no expiry here: Alertmanager says when it is resolved (`send_resolved`, on by default for webhooks), and repeats
/// itself only each `repeat_interval`, hours apart. The same message twice changes nothing. Messages overtake each
/// other: an end of an outbreak before the one that is known is none. One that fires and began later than is known has
/// ended before, though nobody said so: it ends and begins anew.
///
/// Answers 200 once every change is on the disk; 400 for anything but such a message, and where an alert in it could
/// not be read (the others are kept); 503 if nothing can be taken in now: Alertmanager tries again after a 5xx. Thread:
/// the loop's. Not outlived by `intake` and `registry`.
class Webhook {
 public:
  Webhook(Intake& intake, prometheus::Registry& registry);
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  /// Once. The route answers 500 after this object's end.
  void add_routes(http::Router& router, const Guard& guard);

  /// What Alertmanager told and was not taken, or left out itself.
  [[nodiscard]] std::vector<Trouble> troubles() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::alerts
