#include "daemon/deliver/channels/webhook.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/net/transfers.h"
#include "tests/unit/deliver/deliveries.h"
#include "tests/unit/deliver/webhook_receiver.h"

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Result = Attempt::Result;
namespace json = boost::json;

incident::Delivery whole_page() {
  incident::Delivery delivery = page("del000000001", "contact:ana/2");
  delivery.message = {.title = "Checkout is \"down\"\nagain",
                      .status = "investigating",
                      .impact = "critical",
                      .rule = "checkout-down",
                      .components = {"Checkout", "Cart"},
                      .evidence = "connect to 10.0.0.7:443 timed out after 3 s",
                      .lead = "bo",
                      .opened_at = start - 30s,
                      .playbook = incident::Playbook{"https://runbooks.example/checkout", "2026-09-01"},
                      .incident_path = "/incidents/inc000000001",
                      .round = 2,
                      .step = 3};
  return delivery;
}

TEST(WebhookBody, says_all_there_is_to_say) {
  const WebhookMessage message = webhook_message(whole_page(), "https://status.example/ack/token",
                                                 "https://status.example/incidents/inc000000001");
  json::value body = json::parse(message.body);
  EXPECT_EQ(body.at("idempotency_key").as_string(), message.idempotency_key);
  body.as_object().erase("idempotency_key");
  const json::value expected = json::parse(R"({
    "version": 1, "event": "page", "delivery": "del000000001",
    "sent_for": "contact:ana", "at": "2026-09-21T14:13:20.000Z",
    "incident": {"id": "inc000000001", "title": "Checkout is \"down\"\nagain", "status": "investigating",
                 "impact": "critical", "rule": "checkout-down", "components": ["Checkout", "Cart"],
                 "opened_at": "2026-09-21T14:12:50.000Z", "evidence": "connect to 10.0.0.7:443 timed out after 3 s",
                 "lead": "bo", "url": "https://status.example/incidents/inc000000001"},
    "page": {"round": 2, "step": 3},
    "playbook": {"url": "https://runbooks.example/checkout", "reviewed": "2026-09-01"},
    "ack_url": "https://status.example/ack/token"})");
  EXPECT_EQ(body, expected) << body;
}

TEST(WebhookBody, has_a_key_of_the_delivery_and_of_what_it_says) {
  const auto key = [](const incident::Delivery& delivery, const std::string& ack_url, const std::string& url) {
    return webhook_message(delivery, ack_url, url).idempotency_key;
  };
  const std::string first = key(page("d1"), "https://a.example/ack/t", "https://a.example/incidents/i");
  EXPECT_THAT(first, testing::StartsWith("d1-"));
  EXPECT_EQ(first.size(), 19U);
  EXPECT_EQ(key(page("d1"), "https://a.example/ack/t", "https://a.example/incidents/i"), first);
  incident::Delivery worse = page("d1");
  worse.message.impact = "critical";
  for (const std::string& other : {key(page("d1"), "https://b.example/ack/t", "https://a.example/incidents/i"),
                                   key(page("d1"), "https://a.example/ack/t", "https://b.example/incidents/i"),
                                   key(worse, "https://a.example/ack/t", "https://a.example/incidents/i"),
                                   key(page("d2"), "https://a.example/ack/t", "https://a.example/incidents/i")}) {
    EXPECT_NE(other, first);
  }
}

TEST(WebhookBody, says_null_where_nothing_applies) {
  incident::Delivery delivery = page("d1");
  delivery.kind = incident::Delivery::Kind::resolved;
  const json::value body = json::parse(webhook_message(delivery, "", "").body);
  EXPECT_EQ(body.at("event"), "resolved");
  EXPECT_TRUE(body.at("ack_url").is_null());
  EXPECT_TRUE(body.at("playbook").is_null());
  for (const char* field : {"url", "rule", "lead"}) EXPECT_TRUE(body.at("incident").at(field).is_null()) << field;
  EXPECT_TRUE(body.at("incident").at("components").as_array().empty());
}

Attempt judged(int status, std::map<std::string, std::string> headers = {}, std::optional<Duration> failing_for = {}) {
  return judge_answer("https://hooks.example/…", net::HttpAnswer{.status = status, .headers = std::move(headers)},
                      failing_for, start);
}

TEST(WebhookAnswer, decides_whether_to_try_again) {
  for (const int status : {200, 201, 202, 204, 299}) EXPECT_EQ(judged(status).result, Result::delivered) << status;
  for (const int status : {101, 408, 421, 423, 425, 429, 500, 501, 502, 503, 504, 599}) {
    EXPECT_EQ(judged(status).result, Result::retry) << status;
  }
  for (const int status : {301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405,
                           406, 409, 410, 411, 413, 414, 415, 418, 422, 426, 431, 451}) {
    EXPECT_EQ(judged(status).result, Result::dead) << status;
  }
}

TEST(WebhookAnswer, that_a_request_is_not_done_yet_counts_while_an_earlier_one_may_be_at_work) {
  EXPECT_EQ(judged(409, {}).result, Result::dead) << "there is no earlier one";
  EXPECT_THAT(judged(409, {}).what, HasSubstr("answered 409, which no retry mends; check the receiver"));
  for (const Duration since : {Duration{0}, Duration{119s}}) {
    EXPECT_EQ(judged(409, {}, since).result, Result::retry);
    EXPECT_EQ(judged(409, {}, since).what,
              "POST https://hooks.example/… answered 409, as if it were still at work on an earlier attempt");
  }
  EXPECT_EQ(judged(409, {}, 2min).result, Result::dead);
  EXPECT_EQ(judged(404, {}, 10s).result, Result::dead);
  EXPECT_EQ(judged(503, {}, 12h).result, Result::retry);
}

TEST(WebhookAnswer, names_what_came_back_and_what_to_do) {
  EXPECT_EQ(judged(503).what, "POST https://hooks.example/… answered 503");
  EXPECT_THAT(judged(404).what, HasSubstr("answered 404: nobody listens there; check the url"));
  EXPECT_THAT(judged(401).what, HasSubstr("check the url and the headers' secrets"));
  EXPECT_THAT(judged(302).what, HasSubstr("a redirect, which is not followed"));
}

TEST(WebhookAnswer, passes_on_how_long_it_asks_to_wait) {
  EXPECT_EQ(judged(429, {{"retry-after", "17"}}).retry_after, 17s);
  EXPECT_EQ(judged(503, {{"retry-after", "Mon, 21 Sep 2026 14:14:20 GMT"}}).retry_after, 60s);
  EXPECT_EQ(judged(409, {{"retry-after", "3"}}, 10s).retry_after, 3s);
  EXPECT_EQ(judged(503).retry_after, std::nullopt);
  EXPECT_EQ(judged(404, {{"retry-after", "17"}}).retry_after, std::nullopt);
}

TEST(WebhookAnswer, that_never_came_may_come_later) {
  const Attempt attempt =
      judge_answer("https://hooks.example/…", std::unexpected(net::HttpFailure{"connect: refused", false}), {}, start);
  EXPECT_EQ(attempt.result, Result::retry);
  EXPECT_EQ(attempt.what, "POST https://hooks.example/…: connect: refused");
}

struct Webhook : testing::Test {
  WebhookReceiver receiver;
  net::Loop loop;
  net::Transfers transfers{loop};
  net::HttpClient http{transfers};

  std::unique_ptr<Channel> channel(const std::string& url, const std::string& more = {}) {
    Problems problems;
    const auto document = Document::parse("kind = \"webhook\"\nurl = \"" + url + "\"\n" + more, "test.toml", problems);
    const ChannelConfig config = read_channel(document->root());
    EXPECT_TRUE(problems.empty());
    return config.make(Tools{http});
  }
  Attempt send(Channel& to, const incident::Delivery& delivery) {
    std::optional<Attempt> attempt;
    Send send = to.compose(delivery, "https://status.example/ack/t", "https://status.example/incidents/i", {});
    send([&](Attempt ended) { attempt = std::move(ended); });
    EXPECT_FALSE(attempt) << "answered from within the call";
    EXPECT_TRUE(run_until(loop, [&] { return attempt.has_value(); }));
    return attempt.value_or(Attempt{});
  }
};

TEST_F(Webhook, posts_the_body_with_its_idempotency_key_and_headers) {
  const auto it =
      channel(receiver.url("/hook?key=hunter2"), "headers = { Authorization = \"Bearer x\", X-Team = \"ops\" }");
  EXPECT_EQ(send(*it, whole_page()).result, Result::delivered);
  const auto requests = receiver.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].line, "POST /hook?key=hunter2 HTTP/1.1");
  const auto& headers = requests[0].headers;
  EXPECT_EQ(headers.at("content-type"), "application/json");
  EXPECT_EQ(headers.at("user-agent"), "candor/" CANDOR_VERSION);
  EXPECT_EQ(headers.at("authorization"), "Bearer x");
  EXPECT_EQ(headers.at("x-team"), "ops");
  const WebhookMessage message =
      webhook_message(whole_page(), "https://status.example/ack/t", "https://status.example/incidents/i");
  EXPECT_EQ(headers.at("idempotency-key"), message.idempotency_key);
  EXPECT_EQ(requests[0].body, message.body);
}

TEST_F(Webhook, calls_itself_as_its_headers_say) {
  const auto it = channel(receiver.url("/hook"), "headers = { User-Agent = \"shop/1\" }");
  EXPECT_EQ(send(*it, whole_page()).result, Result::delivered);
  EXPECT_EQ(receiver.requests().at(0).headers.at("user-agent"), "shop/1");
}

TEST_F(Webhook, says_the_same_in_every_attempt) {
  receiver.answer_with({"503 Unavailable\r\nRetry-After: 1\r\n", "", "200 OK\r\n"});
  const auto it = channel(receiver.url("/hook"));
  EXPECT_EQ(send(*it, whole_page()).retry_after, 1s);
  EXPECT_EQ(send(*it, whole_page()).result, Result::retry);
  EXPECT_EQ(send(*it, whole_page()).result, Result::delivered);
  const auto requests = receiver.requests();
  ASSERT_EQ(requests.size(), 3U);
  for (const auto& request : requests) {
    EXPECT_EQ(request.body, requests[0].body);
    EXPECT_EQ(request.headers, requests[0].headers);
  }
}

TEST_F(Webhook, is_delivered_by_an_answer_whose_body_breaks_off) {
  receiver.answer_with({"200 OK\r\nTransfer-Encoding: chunked\r\n"});
  const auto it = channel(receiver.url("/hook"));
  const Attempt attempt = send(*it, whole_page());
  EXPECT_EQ(attempt.result, Result::delivered) << attempt.what;
  EXPECT_EQ(receiver.requests().size(), 1U);
}

TEST_F(Webhook, shows_no_more_of_its_address_than_the_host) {
  receiver.answer_with({"404 Not Found\r\n"});
  const auto it = channel(receiver.url("/hook/hunter2?key=hunter3"));
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(send(*it, whole_page()).what, AllOf(HasSubstr("127.0.0.1"), Not(HasSubstr("hunter"))));
  }
  const auto nowhere = channel("http://127.0.0.1:1/hunter2");
  const Attempt refused = send(*nowhere, whole_page());
  EXPECT_EQ(refused.result, Result::retry);
  EXPECT_THAT(refused.what, AllOf(HasSubstr("127.0.0.1:1"), Not(HasSubstr("hunter"))));
}

TEST_F(Webhook, follows_no_redirect) {
  receiver.answer_with({"307 Temporary Redirect\r\nLocation: " + receiver.url("/elsewhere") + "\r\n"});
  const auto it = channel(receiver.url("/hook"));
  EXPECT_EQ(send(*it, whole_page()).result, Result::dead);
  EXPECT_EQ(receiver.requests().size(), 1U);
}

TEST_F(Webhook, may_go_while_it_is_asked) {
  auto it = channel(receiver.url("/hook"));
  std::optional<Attempt> attempt;
  it->compose(whole_page(), "", "", {})([&](Attempt ended) {
    it.reset();
    attempt = std::move(ended);
  });
  ASSERT_TRUE(run_until(loop, [&] { return attempt.has_value(); }));
  it = channel(receiver.url("/hook"));
  attempt.reset();
  it->compose(whole_page(), "", "", {})([&](Attempt ended) { attempt = std::move(ended); });
  it.reset();
  ASSERT_TRUE(run_until(loop, [&] { return attempt.has_value(); }));
  EXPECT_EQ(attempt->result, Result::delivered);
}

}  // namespace
}  // namespace candor::deliver
