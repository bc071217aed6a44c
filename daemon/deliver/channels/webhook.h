#pragma once

#include <string>

#include "daemon/deliver/channels/channel.h"

namespace candor::deliver {

/// `kind = "webhook"`: POSTs JSON to `url` (a secret), with `headers` (each value a text or a secret), within `timeout`
/// (default 10s). The body is described in docs/ and made by webhook_body().
[[nodiscard]] ChannelConfig read_webhook(const Table& table);

/// Version 1 of the body: fields are only ever added. What does not apply is null.
[[nodiscard]] std::string webhook_body(const incident::Delivery& delivery, const std::string& ack_url,
                                       const std::string& incident_url);

/// What an answer means: 2xx is delivered; 408, 425, 429 and 5xx may succeed later; the rest cannot. `url` is redacted.
[[nodiscard]] Attempt judge_answer(const std::string& url, const net::HttpOutcome& outcome, Instant now);

}  // namespace candor::deliver
