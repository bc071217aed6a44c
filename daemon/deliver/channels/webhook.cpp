#include "daemon/deliver/channels/webhook.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/net/request_headers.h"
#include "base/net/url.h"
#include "base/signature.h"
#include "daemon/deliver/channels/retry_after.h"
#include "daemon/deliver/destination.h"

namespace candor::deliver {
namespace {

namespace json = boost::json;

/// Beside 5xx: a switch to another protocol that nobody asked for (101); a request that came too slowly (408), on a
/// connection for another host (421), too early (425) or as one of too many (429); and what something else holds
/// meanwhile (423).
constexpr std::array may_pass{101, 408, 421, 423, 425, 429};

/// To a key that comes again, 409 says that the request before is not done yet
/// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, section 2.6). To one that comes first,
/// and long after, it is a refusal: the next contact is to be paged.
constexpr Duration longest_at_work = std::chrono::minutes{2};

bool may_be_at_work(int status, std::optional<Duration> failing_for) {
  return status == 409 && failing_for && *failing_for < longest_at_work;
}

struct WebhookSettings {
  Secret url;
  std::vector<std::pair<std::string, Secret>> headers;
  Duration timeout = std::chrono::seconds{10};
};

class Webhook final : public Channel {
 public:
  Webhook(WebhookSettings settings, const Tools& tools)
      : settings_(std::move(settings)), shown_url_(redact_url(settings_.url.reveal())), http_(tools.http) {}

  Send compose(const incident::Delivery& delivery, const std::string& ack_url, const std::string& incident_url,
               std::optional<Duration> failing_for) override {
    WebhookMessage message = webhook_message(delivery, ack_url, incident_url);
    net::HttpRequest request{
        .method = "POST",
        .url = settings_.url.reveal(),
        .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", std::move(message.idempotency_key)}},
        .body = std::move(message.body),
        .timeout = settings_.timeout,
        .most_bytes = std::size_t{64} << 10U,
        .only_status = true,
        .once = true,
        .fresh = failing_for.has_value(),  // those that are open may be as dead as the one on which it failed
    };
    for (const auto& [name, value] : settings_.headers) request.headers.emplace_back(name, value.reveal());
    // Nothing of this channel: it may be gone when the answer comes.
    return [ready = http_.prepare(std::move(request)), url = shown_url_,
            failing_for](std::move_only_function<void(Attempt)> done) mutable {
      ready([url = std::move(url), failing_for, done = std::move(done)](net::HttpOutcome outcome) mutable {
        done(judge_answer(url, outcome, failing_for, wall_now()));
      });
    };
  }

 private:
  const WebhookSettings settings_;
  const std::string shown_url_;
  net::HttpClient& http_;
};

std::string digest_of(std::string_view text) {
  const Digest digest = sha256(text);
  return encode_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string fingerprint_of(const WebhookSettings& settings) {
  const auto part = [](std::string_view text) { return fmt::format("{}:{};", text.size(), text); };
  std::string text = "webhook;" + part(settings.url.reveal());
  for (const auto& [name, value] : settings.headers) text += part(name) + part(value.reveal());
  text += fmt::to_string(settings.timeout.count());
  return digest_of(text);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

}  // namespace

ChannelConfig read_webhook(const Table& table) {
  WebhookSettings settings;
  if (const std::optional<Secret> url = table.secret("url")) {
    if (const Result<net::Url> parsed = net::parse_url(url->reveal()); !parsed) {
      table.refuse("url", "url " + parsed.error().message, "such as \"https://hooks.acme.example/candor\"");
    }
    settings.url = *url;
  } else if (!table.has("url")) {
    table.refuse("url", "url is missing", "where to send it: a text, { env = \"NAME\" }, { file = \"PATH\" } …");
  }
  settings.headers = net::read_headers(
      table, {"content-length", "content-type", "host", "idempotency-key", "transfer-encoding"}, "candord");
  settings.timeout =
      table.duration("timeout", std::chrono::milliseconds{100}, std::chrono::minutes{2}).value_or(settings.timeout);
  std::string fingerprint = fingerprint_of(settings);
  return {.make = [settings =
                       std::move(settings)](const Tools& tools) { return std::make_unique<Webhook>(settings, tools); },
          .fingerprint = std::move(fingerprint)};
}

/// Receivers may refuse a key that comes again with another body
/// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, section 2.6): a reload may change the
/// links, and another version of candord more.
WebhookMessage webhook_message(const incident::Delivery& delivery, const std::string& ack_url,
                               const std::string& incident_url) {
  const incident::Message& message = delivery.message;
  json::object incident{
      {"id", delivery.incident},
      {"title", message.title},
      {"status", message.status},
      {"impact", message.impact},
      {"rule", text_or_null(message.rule)},
      {"components", json::array(message.components.begin(), message.components.end())},
      {"opened_at", format_rfc3339(message.opened_at)},
      {"evidence", message.evidence},
      {"lead", text_or_null(message.lead)},
      {"url", text_or_null(incident_url)},
  };
  json::value playbook(nullptr);
  if (message.playbook) {
    playbook = json::object{{"url", message.playbook->url}, {"reviewed", text_or_null(message.playbook->reviewed)}};
  }
  json::object body{
      {"version", 1},
      {"event", incident::to_string(delivery.kind)},
      {"delivery", delivery.id},
      {"idempotency_key", nullptr},
      {"sent_for", std::string(without_method(delivery.destination))},
      {"at", format_rfc3339(delivery.at)},
      {"incident", std::move(incident)},
      {"page", json::object{{"round", message.round}, {"step", message.step}}},
      {"playbook", std::move(playbook)},
      {"ack_url", text_or_null(ack_url)},
  };
  std::string key = fmt::format("{}-{}", delivery.id, digest_of(json::serialize(body)).substr(0, 16));
  body["idempotency_key"] = key;
  return {.body = json::serialize(body), .idempotency_key = std::move(key)};
}

Attempt judge_answer(const std::string& url, const net::HttpOutcome& outcome, std::optional<Duration> failing_for,
                     Instant now) {
  using Result = Attempt::Result;
  if (!outcome) return {.result = Result::retry, .what = fmt::format("POST {}: {}", url, outcome.error().what)};
  const int status = outcome->status;
  const auto answered = [&](Result result, std::string_view meaning) {
    return Attempt{.result = result, .what = fmt::format("POST {} answered {}{}", url, status, meaning)};
  };
  if (status >= 200 && status <= 299) return answered(Result::delivered, "");
  const bool at_work = may_be_at_work(status, failing_for);
  if (at_work || std::ranges::find(may_pass, status) != may_pass.end() || status >= 500) {
    Attempt attempt = answered(Result::retry, at_work ? ", as if it were still at work on an earlier attempt" : "");
    attempt.retry_after = retry_after(outcome->headers, now);
    return attempt;
  }
  if (status >= 300 && status <= 399) {
    return answered(Result::dead, ", a redirect, which is not followed; use the address it leads to");
  }
  if (status == 401 || status == 403) {
    return answered(Result::dead, ": it refuses us; check the url and the headers' secrets");
  }
  if (status == 404 || status == 410) return answered(Result::dead, ": nobody listens there; check the url");
  return answered(Result::dead, ", which no retry mends; check the receiver");
}

}  // namespace candor::deliver
