#pragma once

#include <optional>
#include <string>

#include "daemon/deliver/channels/channel.h"

namespace candor::deliver {

/// `kind = "webhook"`: POSTs JSON to `url` (a secret), with `headers` (each value a text or a secret), within `timeout`
/// (default 10s). The body is described in docs/ and made by webhook_message().
[[nodiscard]] ChannelConfig read_webhook(const Table& table);

struct WebhookMessage {
  std::string body;             ///< version 1: fields are only ever added. What does not apply is null
  std::string idempotency_key;  ///< of the delivery and all that the body says, which holds it too
};
[[nodiscard]] WebhookMessage webhook_message(const incident::Delivery& delivery, const std::string& ack_url,
                                             const std::string& incident_url);

/// What an answer means: 2xx is delivered; 408, 425, 429 and 5xx may succeed later, 409 too where an earlier attempt
/// may still be at work; the rest cannot. `url` is redacted; `failing_for` as of Channel::compose().
[[nodiscard]] Attempt judge_answer(const std::string& url, const net::HttpOutcome& outcome,
                                   std::optional<Duration> failing_for, Instant now);

}  // namespace candor::deliver
