// The JSON of alerts, as every body and answer that we read: within the bounds that payloads.h promises, and what is
// pushed is what our own Alertmanager API lists.
#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "daemon/alerts/listing.h"
#include "daemon/alerts/payloads.h"
#include "daemon/alerts/push_book.h"
#include "tests/fuzz/check.h"

namespace candor::alerts {
namespace {

using fuzz::require;

constexpr Instant now = from_ms(1'795'000'000'000);

void check_labels(const Labels& labels) {
  require(labels.size() <= 128, "as many labels as are taken");
  for (const auto& [name, value] : labels) {
    require(!name.empty() && name.size() <= 256 && fuzz::is_utf8(name), "a label's name is within its bounds");
    require(!value.empty() && value.size() <= 4096 && fuzz::is_utf8(value), "a label's value is within its bounds");
  }
}

void check_alert(const Alert& alert) {
  require(!alert.labels.empty(), "an alert has a label");
  check_labels(alert.labels);
  check_labels(alert.annotations);
  require(alert.generator_url.size() <= 8192 && fuzz::is_utf8(alert.generator_url), "an URL is within its bounds");
  const Result<Instant> starts = parse_rfc3339(format_rfc3339(alert.starts_at));
  require(starts && *starts == alert.starts_at, "the start can be said and read");
}

/// Of a list of `body`'s length at most; `whole` is what a log or an answer says of them.
void check_errors(const std::vector<std::string>& errors, std::size_t unread, std::string_view body) {
  require(errors.size() <= unread && unread <= body.size(), "an error for each alert at most");
  require(unread <= 1000, "few alerts are unread");
  const std::string whole = join_errors(errors, unread);
  require(whole.size() <= 10 * 400 + 100, "errors are bounded");
  require(fuzz::is_utf8(whole), "errors are UTF-8");
}

void check_failure(const Error& error) {
  require(error.message.size() <= 400, "a failure is bounded");
  require(fuzz::is_utf8(error.message), "a failure is UTF-8");
}

void check_listing(std::vector<Alert> alerts) {
  PushBook book{now, std::chrono::minutes{5}};
  rules::Signals signals;
  for (const rules::Observation& seen : book.observe(std::move(alerts), signals, now).seen) {
    rules::Signal& signal = signals[seen.id];
    signal.health = seen.health;
    signal.alert = seen.alert;
  }
  Listing listing{{}, Listing::Form::alerts};
  std::optional<std::string> text;
  while (!text) text = listing.go_on(signals, book, now).value();
  const Result<PulledAlerts> listed = parse_alertmanager_alerts(*text, now);
  require(listed && listed->errors.empty(), "what is listed can be read");
  std::size_t firing = 0;
  for (const auto& [id, signal] : signals) firing += signal.health == rules::Health::failing ? 1 : 0;
  require(listed->alerts.size() == firing, "what fires is listed");
  for (const PulledAlert& pulled : listed->alerts) {
    require(pulled.state == PulledAlert::State::firing, "what is listed fires");
    const auto found = std::ranges::find(signals, pulled.alert.labels, [](const auto& s) { return s.first.labels; });
    require(found != signals.end() && found->second.alert->annotations == pulled.alert.annotations &&
                found->second.alert->starts_at == pulled.alert.starts_at &&
                found->second.alert->generator_url == pulled.alert.generator_url,
            "an alert is listed as it was pushed");
  }
}

void check_push(std::string_view body) {
  Result<PushedAlerts> pushed = parse_push(body, now);
  if (!pushed) return check_failure(pushed.error());
  check_errors(pushed->errors, pushed->unread, body);
  for (const Alert& alert : pushed->alerts) {
    check_alert(alert);
    require(!alert.ends_at || *alert.ends_at >= alert.starts_at, "no alert ends before it starts");
  }
  check_listing(std::move(pushed->alerts));
}

void check_pulled(const Result<PulledAlerts>& pulled, std::string_view body) {
  if (!pulled) return check_failure(pulled.error());
  check_errors(pulled->errors, pulled->unread, body);
  for (const PulledAlert& one : pulled->alerts) check_alert(one.alert);
}

void check_webhook(std::string_view body) {
  const Result<WebhookMessage> message = parse_webhook(body, now);
  if (!message) return check_failure(message.error());
  check_errors(message->errors, message->unread, body);
  require(message->receiver.size() <= 256, "a receiver's name is within its bounds");
  for (const Alert& alert : message->firing) check_alert(alert);
  for (const Alert& alert : message->resolved) check_alert(alert);
}

void check_rules(std::string_view body) {
  const Result<RuleStates> states = parse_prometheus_rules(body);
  if (!states) return check_failure(states.error());
  for (const Labels& labels : states->active) check_labels(labels);
}

}  // namespace
}  // namespace candor::alerts

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::alerts;
  const std::string_view body = candor::fuzz::text_of(data, size);
  check_push(body);
  check_pulled(parse_prometheus_alerts(body, now), body);
  check_pulled(parse_alertmanager_alerts(body, now), body);
  check_webhook(body);
  check_rules(body);
  if (const auto start = parse_prometheus_start(body); !start) check_failure(start.error());
  if (const auto start = parse_alertmanager_start(body); !start) check_failure(start.error());
  return 0;
}
