#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/alerts/alert.h"

namespace candor::alerts {

/// The JSON that others send and answer, read with bounds: nesting 16 deep, 128 labels an alert, 256 bytes a label's
/// name. An alert beyond them is refused, since its labels are what it is. A longer value than 4 KiB of a label is cut
/// there and ends in "…" and 16 hex digits of the SHA-256 of the whole. Of annotations, which only explain an alert, at
/// most 128 are taken, and cut at 4 KiB; generator URLs at 8 KiB. Labels with an empty value are left out. Unknown
/// fields are ignored. What is not UTF-8 is read as Go's decoder does (mend_json()). Pure.
///
/// A whole text that cannot be read is a failure, and so is one of more than five million values, or with more than
/// 1,000 alerts that cannot be read. Up to then those are counted as `unread` and leave the others as they are; the
/// `errors` name of the first ten of them their place in the list (from 0) and what is wrong.

/// What is POSTed to Alertmanager's /api/v2/alerts (api/v2/openapi.yaml, postableAlerts).
struct PushedAlerts {
  std::vector<Alert> alerts;
  std::vector<std::string> errors;
  std::size_t unread = 0;
};

/// A missing startsAt is endsAt, or else `now`; Go's zero time counts as missing. An end before the start is an error.
[[nodiscard]] Result<PushedAlerts> parse_push(std::string_view body, Instant now);

/// One alert in the whole picture that a source gives.
struct PulledAlert {
  enum class State : std::uint8_t {
    firing,
    pending,     ///< Prometheus: the condition holds, its `for` is not over. Also any state that we do not know.
    suppressed,  ///< Alertmanager: silenced by a human or inhibited by another alert
  };
  Alert alert;
  State state = State::firing;
  std::optional<Instant> updated_at = {};  ///< Alertmanager: when it heard of it last
};

struct PulledAlerts {
  std::vector<PulledAlert> alerts;
  std::vector<std::string> errors;
  std::size_t unread = 0;
  /// Of the alerts that cannot be read: those of their labels that can. An empty entry may be any alert.
  std::vector<Labels> unreadable;
};

/// Prometheus, GET /api/v1/alerts (docs/querying/api.md). An alert starts at its activeAt.
[[nodiscard]] Result<PulledAlerts> parse_prometheus_alerts(std::string_view body, Instant now);

/// Alertmanager, GET /api/v2/alerts (api/v2/openapi.yaml, gettableAlerts).
[[nodiscard]] Result<PulledAlerts> parse_alertmanager_alerts(std::string_view body, Instant now);

/// Prometheus, GET /api/v1/rules?type=alert.
struct RuleStates {
  /// For each alert name whether all rules of that name have been evaluated, without an error, since Prometheus
  /// started.
  std::map<std::string, bool, std::less<>> evaluated;
  std::set<Labels> active;  ///< alerts that are pending or fire
};
[[nodiscard]] Result<RuleStates> parse_prometheus_rules(std::string_view body);

/// Prometheus, GET /api/v1/status/runtimeinfo, and Alertmanager, GET /api/v2/status: when it was started; nothing if it
/// does not say.
[[nodiscard]] Result<std::optional<Instant>> parse_prometheus_start(std::string_view body);
[[nodiscard]] Result<std::optional<Instant>> parse_alertmanager_start(std::string_view body);

/// Alertmanager's webhook, version 4 (docs/configuration.md, webhook_config; template/template.go).
struct WebhookMessage {
  std::vector<Alert> firing;
  std::vector<Alert> resolved;
  std::vector<std::string> errors;
  std::size_t unread = 0;
  std::uint64_t truncated = 0;  ///< alerts left out by the sender's max_alerts
  std::string receiver;
};

[[nodiscard]] Result<WebhookMessage> parse_webhook(std::string_view body, Instant now);

/// The errors in one line, and how many more alerts are unread: "alert 0: …; alert 3: …; and 12 more".
[[nodiscard]] std::string join_errors(const std::vector<std::string>& errors, std::size_t unread);

}  // namespace candor::alerts
