#include "daemon/alerts/webhook.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/alerts/metrics.h"
#include "daemon/alerts/observations.h"
#include "daemon/alerts/payloads.h"

namespace candor::alerts {
namespace {

const std::string source = "webhook";

/// What the message changes.
std::vector<rules::Observation> news(WebhookMessage message, const rules::Signals& signals) {
  std::vector<rules::Observation> seen;
  for (Alert& alert : message.resolved) {
    std::string evidence = "Alertmanager says that it is resolved";
    if (alert.ends_at) evidence += fmt::format(" since {}", format_for_people(*alert.ends_at));
    rules::Observation end = ended({rules::SignalKind::alert, source, std::move(alert.labels)}, std::move(evidence));
    if (is_news(signals, end)) seen.push_back(std::move(end));
  }
  for (Alert& alert : message.firing) {
    rules::Observation firing = fires(source, std::move(alert));
    if (is_news(signals, firing)) seen.push_back(std::move(firing));
  }
  return seen;
}

}  // namespace

struct Webhook::Impl {
  Intake& intake;
  Metrics metrics;
  prometheus::Counter& received;

  void take(const http::Request& request, http::Reply reply) {
    Result<WebhookMessage> message = parse_webhook(request.body, intake.now());
    if (!message) {
      metrics.invalid.Increment();
      log::warning("alerts_unreadable", {{"source", source}, {"peer", request.peer}}, message.error().message);
      reply(http::Response::error(400, message.error().message));
      return;
    }
    received.Increment(static_cast<double>(message->firing.size() + message->resolved.size()));
    metrics.invalid.Increment(static_cast<double>(message->errors.size()));
    if (message->truncated > 0) {
      log::warning(
          "alerts_truncated", {{"source", source}, {"receiver", message->receiver}},
          fmt::format("Alertmanager left out {} alerts; set max_alerts: 0 on this receiver", message->truncated));
    }
    std::string errors = join_errors(message->errors);
    if (!errors.empty()) log::warning("alerts_unreadable", {{"source", source}, {"peer", request.peer}}, errors);
    intake.observe(news(*std::move(message), intake.signals()), [reply = std::move(reply), errors = std::move(errors)](
                                                                    const Result<void>& taken) mutable {
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
  router.on("POST", "/api/v1/webhook/alertmanager",
            guard([weak = std::weak_ptr{impl_}](http::Request request, http::Reply reply) {
              if (const std::shared_ptr<Impl> impl = weak.lock()) impl->take(request, std::move(reply));
            }));
}

}  // namespace candor::alerts
