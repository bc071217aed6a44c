#include "daemon/alerts/webhook.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/asking.h"
#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string firing =
    R"({"version":"4","status":"firing","receiver":"candor","groupKey":"{}:{}","truncatedAlerts":0,"alerts":[
    {"status":"firing","labels":{"alertname":"Down"},"annotations":{"summary":"it is down"},
     "startsAt":"2026-11-23T11:50:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p:9090/graph",
     "fingerprint":"c9ad2a0a42c5a3c3"}]})";
const std::string resolved =
    R"({"version":"4","status":"resolved","receiver":"candor","alerts":[
    {"status":"resolved","labels":{"alertname":"Down"},"annotations":{},"startsAt":"2026-11-23T11:50:00Z",
     "endsAt":"2026-11-23T11:58:00Z"}]})";

struct WebhookTest : testing::Test {
  prometheus::Registry registry;
  FakeIntake intake;
  Webhook webhook{intake, registry};
  http::Router router;
  int guarded = 0;

  WebhookTest() {
    webhook.add_routes(router, [this](http::Handler handler) -> http::Handler {
      return [this, handler = std::move(handler)](http::Request request, http::Reply reply) {
        ++guarded;
        handler(std::move(request), std::move(reply));
      };
    });
  }
  Answer post(std::string body) { return ask(router, "POST", "/api/v1/webhook/alertmanager", std::move(body)); }
};

TEST_F(WebhookTest, turns_alerts_into_signals_and_ends_them) {
  EXPECT_EQ(post(firing).status, 200U);
  EXPECT_EQ(guarded, 1);
  const rules::Signal* signal = intake.find(id_of("webhook", "Down"));
  ASSERT_NE(signal, nullptr);
  EXPECT_EQ(signal->health, Health::failing);
  EXPECT_EQ(signal->evidence, "it is down");
  EXPECT_EQ(signal->alert->starts_at, noon - 10min);
  EXPECT_EQ(post(resolved).status, 200U);
  EXPECT_THAT(intake.known, IsEmpty());
  EXPECT_THAT(intake.observed.back().evidence, HasSubstr("resolved since 23 November 2026, 11:58 UTC"));
}

TEST_F(WebhookTest, observes_a_message_that_comes_again_only_once) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(firing).status, 200U);
  EXPECT_THAT(intake.observed, SizeIs(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post(resolved).status, 200U);
  EXPECT_THAT(intake.observed, SizeIs(2));
}

/// With a generator, as of a rule of Prometheus.
std::string told(std::string_view status, std::string_view starts_at, std::string_view ends_at) {
  return fmt::format(R"({{"version":"4","receiver":"candor","alerts":[{{"status":"{}","labels":{{"alertname":"Down"}},)"
                     R"("startsAt":"{}","endsAt":"{}","generatorURL":"http://p:9090/graph"}}]}})",
                     status, starts_at, ends_at);
}

TEST_F(WebhookTest, ends_nothing_by_an_end_that_the_next_outbreak_overtook) {
  EXPECT_EQ(post(firing).status, 200U);
  EXPECT_EQ(post(told("resolved", "2026-11-23T11:00:00Z", "2026-11-23T11:20:00Z")).status, 200U);
  EXPECT_NE(intake.find(id_of("webhook", "Down")), nullptr);
  EXPECT_THAT(intake.observed, SizeIs(1));
  EXPECT_EQ(post(told("resolved", "2026-11-23T11:50:00Z", "2026-11-23T11:58:00Z")).status, 200U);
  EXPECT_THAT(intake.known, IsEmpty());
}

TEST_F(WebhookTest, ends_nothing_by_an_earlier_outbreak_that_comes_late_as_a_whole) {
  EXPECT_EQ(post(firing).status, 200U);
  EXPECT_EQ(post(told("firing", "2026-11-23T11:00:00Z", "0001-01-01T00:00:00Z")).status, 200U);
  EXPECT_EQ(post(told("resolved", "2026-11-23T11:00:00Z", "2026-11-23T11:20:00Z")).status, 200U);
  EXPECT_NE(intake.find(id_of("webhook", "Down")), nullptr);
}

TEST_F(WebhookTest, believes_an_end_where_the_start_lies_ahead) {
  EXPECT_EQ(post(told("firing", "2026-11-23T13:00:00Z", "0001-01-01T00:00:00Z")).status, 200U);
  EXPECT_EQ(post(told("resolved", "2026-11-23T11:50:00Z", "2026-11-23T11:58:00Z")).status, 200U);
  EXPECT_THAT(intake.known, IsEmpty()) << "a clock was set back";
}

TEST_F(WebhookTest, ends_what_began_again_before_it_begins_anew) {
  EXPECT_EQ(post(firing).status, 200U);
  const std::string again = told("firing", "2026-11-23T11:57:00Z", "0001-01-01T00:00:00Z");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(post(again).status, 200U);
  ASSERT_THAT(intake.observed, SizeIs(3));
  EXPECT_EQ(intake.calls, 4) << "an end and a start that are taken in at once are none";
  EXPECT_EQ(intake.observed[1].health, Health::ok);
  EXPECT_THAT(intake.observed[1].evidence, HasSubstr("began again at 23 November 2026, 11:57 UTC"));
  EXPECT_EQ(intake.observed[2].health, Health::failing);
  EXPECT_EQ(intake.find(id_of("webhook", "Down"))->alert->starts_at, noon - 3min);
}

TEST_F(WebhookTest, ends_nothing_by_a_start_that_is_not_told) {
  const std::string without = R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Down"}}]})";
  EXPECT_EQ(post(without).status, 200U);
  intake.instant += 1h;
  EXPECT_EQ(post(without).status, 200U);
  for (const rules::Observation& seen : intake.observed) EXPECT_EQ(seen.health, Health::failing);
}

TEST_F(WebhookTest, answers_only_when_the_change_is_on_the_disk) {
  intake.hold_answers = true;
  Answer first;
  Answer second;
  ask(router, "POST", "/api/v1/webhook/alertmanager", firing, first);
  ask(router, "POST", "/api/v1/webhook/alertmanager", firing, second);
  EXPECT_EQ(first.status, 0U);
  EXPECT_EQ(second.status, 0U);
  for (auto& done : intake.held) done({});
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(second.status, 200U);
}

TEST_F(WebhookTest, refuses_other_messages) {
  for (const char* body : {"", "[]", R"({"version":"3","alerts":[]})", R"([{"labels":{"a":"1"}}])"}) {
    EXPECT_EQ(post(body).status, 400U) << body;
  }
  EXPECT_EQ(intake.calls, 0);
  EXPECT_THAT(metrics(registry), HasSubstr("candor_alerts_invalid_total 4"));
  EXPECT_THAT(webhook.troubles(), SizeIs(3)) << "two of them were refused for the same";
}

TEST_F(WebhookTest, keeps_the_alerts_that_it_can_read) {
  const Answer answer = post(
      R"({"version":"4","alerts":[{"status":"firing","labels":{}},{"status":"firing","labels":{"alertname":"Down"}}]})");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_THAT(answer.body, HasSubstr("alert 0: labels"));
  EXPECT_NE(intake.find(id_of("webhook", "Down")), nullptr);
  ASSERT_THAT(webhook.troubles(), SizeIs(1));
  EXPECT_THAT(webhook.troubles().front().what, HasSubstr("alert 0: labels"));
}

TEST_F(WebhookTest, takes_a_truncated_message) {
  EXPECT_EQ(post(R"({"version":"4","receiver":"candor","truncatedAlerts":7,"alerts":[]})").status, 200U);
  ASSERT_THAT(webhook.troubles(), SizeIs(1));
  EXPECT_THAT(webhook.troubles().front().what, HasSubstr("left 7 alerts out of it"));
}

TEST_F(WebhookTest, answers_503_while_nothing_is_taken_in) {
  intake.trouble = "the disk is full";
  const Answer answer = post(firing);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_THAT(answer.body, HasSubstr("the disk is full"));
}

}  // namespace
}  // namespace candor::alerts
