#include "daemon/alerts/webhook.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "daemon/alerts/metrics.h"
#include "daemon/alerts/observations.h"
#include "daemon/alerts/payloads.h"
#include "daemon/alerts/refusals.h"

namespace candor::alerts {
namespace {

const std::string source = "webhook";

Instant latest_start(const rules::AlertDetails& known) { return known.began_again.value_or(known.starts_at); }

/// Messages overtake each other, also those of two Alertmanagers; who has no generator tells no start to go by.
bool is_of_an_earlier_outbreak(const Alert& end, const std::optional<rules::AlertDetails>& known, Instant now) {
  if (!known || known->generator_url.empty() || end.generator_url.empty() || !end.ends_at) return false;
  const Instant began = latest_start(*known);
  // A start that lies ahead was told by a clock that has been set back since.
  return began <= now && end.starts_at < began && *end.ends_at < began;
}

/// One that fires, and the latest start that was told since it began to.
rules::Observation begun(Alert alert, const rules::Signals& signals, Instant now) {
  rules::Observation firing = fires(source, std::move(alert));
  const auto known = signals.find(firing.id);
  if (known == signals.end() || !known->second.alert) return firing;
  const Instant before = latest_start(*known->second.alert);
  if (before <= now && before > firing.alert->starts_at) firing.alert->began_again = before;
  return firing;
}

/// Alertmanager tells a later start only of an alert that it has seen end. That it did so under a silence, inhibited or
/// before a change of routes it tells nobody. A start that is `now` was told by no one.
bool is_of_a_later_outbreak(const Alert& firing, const rules::Signal& known, Instant now) {
  return known.alert && firing.starts_at > latest_start(*known.alert) && firing.starts_at != now;
}

/// Ends that were not told, of what the message says has begun again: to be taken in before it.
std::vector<rules::Observation> untold_ends(const WebhookMessage& message, const rules::Signals& signals, Instant now) {
  std::vector<rules::Observation> seen;
  for (const Alert& alert : message.firing) {
    rules::SignalId id{rules::SignalKind::alert, source, alert.labels};
    const auto known = signals.find(id);
    if (known == signals.end() || !is_of_a_later_outbreak(alert, known->second, now)) continue;
    seen.push_back(ended(
        std::move(id), fmt::format("Alertmanager says that it began again at {}", format_for_people(alert.starts_at))));
  }
  return seen;
}

/// What the message changes.
std::vector<rules::Observation> news(WebhookMessage message, const rules::Signals& signals, Instant now) {
  std::vector<rules::Observation> seen;
  for (Alert& alert : message.resolved) {
    std::string evidence = "Alertmanager says that it is resolved";
    if (alert.ends_at) evidence += fmt::format(" since {}", format_for_people(*alert.ends_at));
    rules::SignalId id{rules::SignalKind::alert, source, alert.labels};
    const auto known = signals.find(id);
    if (known == signals.end() || is_of_an_earlier_outbreak(alert, known->second.alert, now)) continue;
    seen.push_back(ended(std::move(id), std::move(evidence)));
  }
  for (Alert& alert : message.firing) {
    rules::Observation firing = begun(std::move(alert), signals, now);
    if (is_news(signals, firing)) seen.push_back(std::move(firing));
  }
  return seen;
}

}  // namespace

struct Webhook::Impl {
  Intake& intake;
  Metrics metrics;
  prometheus::Counter& received;
  Refusals refused{"Have Alertmanager send less at once, by group_by"};

  void take(const http::Request& request, http::Reply reply) {
    const Instant now = intake.now();
    Result<WebhookMessage> message = parse_webhook(request.body, now);
    if (!message) {
      metrics.invalid.Increment();
      refused.unreadable(request, message.error().message, now);
      reply(http::Response::error(400, message.error().message));
      return;
    }
    received.Increment(static_cast<double>(message->firing.size() + message->resolved.size()));
    metrics.invalid.Increment(static_cast<double>(message->unread));
    if (message->truncated > 0) {
      refused.truncated(request,
                        fmt::format("Alertmanager left {} alerts out of it, which are unknown here: set max_alerts: 0 "
                                    "on its receiver {}",
                                    message->truncated, message->receiver),
                        now);
    }
    std::string errors = join_errors(message->errors, message->unread);
    if (!errors.empty()) refused.unread(request, errors, now);
    // Should they not be taken in, neither is what follows.
    if (std::vector<rules::Observation> untold = untold_ends(*message, intake.signals(), now); !untold.empty()) {
      intake.observe(std::move(untold), [](const Result<void>&) {});
    }
    intake.observe(
        news(*std::move(message), intake.signals(), now),
        [reply = std::move(reply), errors = std::move(errors)](const Result<void>& taken) mutable {
          if (!taken) {
            reply(http::Response::error(503, fmt::format("no alerts are taken in now: {}", taken.error().message)));
          } else if (!errors.empty()) {
            reply(http::Response::error(400, errors));
          } else {
            reply(http::Response::json(200, "{}"));
          }
        });
  }
};

Webhook::Webhook(Intake& intake, prometheus::Registry& registry) {
  Metrics metrics{registry};
  prometheus::Counter& received = metrics.received.Add({{"source", source}});
  impl_ = std::make_shared<Impl>(intake, metrics, received);
}

Webhook::~Webhook() = default;

void Webhook::add_routes(http::Router& router, const Guard& guard) {
  http::Handler handler = [weak = std::weak_ptr{impl_}](http::Request request, http::Reply reply) {
    if (const std::shared_ptr<Impl> impl = weak.lock()) impl->take(request, std::move(reply));
  };
  handler.body_refused = [weak = std::weak_ptr{impl_}](const http::Request& head, http::BodyFault fault) {
    if (const std::shared_ptr<Impl> impl = weak.lock()) impl->refused.body(head, fault, impl->intake.now());
  };
  router.on("POST", "/api/v1/webhook/alertmanager", guard(std::move(handler)));
}

std::vector<Trouble> Webhook::troubles() const { return impl_->refused.troubles(impl_->intake.now()); }

}  // namespace candor::alerts
