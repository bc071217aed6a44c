#include "daemon/alerts/push.h"

#include <algorithm>
#include <array>
#include <random>
#include <ranges>

#include <boost/json.hpp>
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

const std::string alerts_path = "/alertmanager/api/v2/alerts";

struct PushTest : testing::Test {
  net::Loop loop;
  prometheus::Registry registry;
  FakeIntake intake;
  std::optional<Push> push;
  http::Router router;
  int guarded = 0;

  PushTest() {
    push.emplace(loop, intake, registry, 5min);
    push->add_routes(router, [this](http::Handler handler) -> http::Handler {
      return [this, handler = std::move(handler)](http::Request request, http::Reply reply) {
        ++guarded;
        handler(std::move(request), std::move(reply));
      };
    });
  }
  Answer post(std::string body) { return ask(router, "POST", alerts_path, std::move(body)); }
  /// On a slow machine even a short list is made in parts.
  [[nodiscard]] boost::json::value get(const std::string& target) {
    Answer answer;
    ask(router, "GET", "/alertmanager" + target, "", answer);
    EXPECT_TRUE(run_until(loop, [&answer] { return answer.status != 0; }));
    EXPECT_EQ(answer.status, 200U) << answer.body;
    return boost::json::parse(answer.body);
  }
};

TEST_F(PushTest, turns_an_alert_into_a_failing_signal) {
  const Answer answer = post(R"([{"labels":{"alertname":"Down"},"annotations":{"summary":"it is down"},
    "startsAt":"2026-11-23T11:59:00Z","endsAt":"2026-11-23T12:04:00Z","generatorURL":"http://prom:9090/graph"}])");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "");
  const rules::Signal* signal = intake.find(id_of("push", "Down"));
  ASSERT_NE(signal, nullptr);
  EXPECT_EQ(signal->health, Health::failing);
  EXPECT_EQ(signal->evidence, "it is down");
  EXPECT_EQ(signal->alert->starts_at, noon - 1min);
  EXPECT_THAT(intake.sources, testing::ElementsAre(SourceChange{"push:prom:9090", true, "it pushes alerts"}));
}

TEST_F(PushTest, answers_only_when_the_change_is_on_the_disk) {
  intake.hold_answers = true;
  Answer answer;
  ask(router, "POST", alerts_path, R"([{"labels":{"alertname":"Down"}}])", answer);
  EXPECT_EQ(answer.status, 0U);
  Answer repeated;
  ask(router, "POST", alerts_path, R"([{"labels":{"alertname":"Down"}}])", repeated);
  EXPECT_EQ(repeated.status, 0U) << "what it repeats is not on the disk either";
  for (auto& done : intake.held) done({});
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(repeated.status, 200U);
}

TEST_F(PushTest, keeps_the_valid_alerts_and_says_what_is_wrong_with_the_others) {
  const Answer answer = post(R"([{"labels":{}},{"labels":{"alertname":"Down"}}])");
  EXPECT_EQ(answer.status, 400U);
  const boost::json::value body = boost::json::parse(answer.body);
  ASSERT_TRUE(body.is_string());
  EXPECT_THAT(std::string(body.as_string()), HasSubstr("alert 0: labels"));
  EXPECT_NE(intake.find(id_of("push", "Down")), nullptr);
  ASSERT_THAT(push->troubles(), SizeIs(1));
  EXPECT_THAT(push->troubles().front().what, HasSubstr("what they told is unknown here: alert 0: labels"));
  EXPECT_THAT(metrics(registry), HasSubstr("candor_alerts_invalid_total 1"));
  EXPECT_THAT(metrics(registry), HasSubstr("candor_alerts_received_total{source=\"push\"} 1"));
}

TEST_F(PushTest, refuses_what_it_cannot_read) {
  const Answer answer = post("{\"labels\":");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_TRUE(boost::json::parse(answer.body).is_string());
  EXPECT_EQ(intake.calls, 0);
  ASSERT_THAT(push->troubles(), SizeIs(1));
  EXPECT_THAT(push->troubles().front().what, HasSubstr("cannot be read as JSON"));
}

TEST_F(PushTest, answers_503_while_nothing_is_taken_in_and_takes_the_repetition) {
  intake.trouble = "the disk is full";
  const std::string body = R"([{"labels":{"alertname":"Down"},"generatorURL":"http://prom:9090/graph"}])";
  const Answer answer = post(body);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_THAT(answer.body, HasSubstr("the disk is full"));
  EXPECT_THAT(intake.sources, IsEmpty());
  intake.trouble.clear();
  EXPECT_EQ(post(body).status, 200U);
  EXPECT_NE(intake.find(id_of("push", "Down")), nullptr);
  EXPECT_THAT(intake.sources, SizeIs(1));
}

TEST_F(PushTest, ends_alerts_by_itself_when_their_time_is_over) {
  post(R"([{"labels":{"alertname":"Down"},"endsAt":"2026-11-23T12:00:00.005Z"}])");
  intake.instant += 5ms;
  EXPECT_TRUE(run_until(loop, [&] { return intake.known.empty(); }));
}

TEST_F(PushTest, lists_alerts_as_alertmanager_does) {
  post(R"([{"labels":{"foo":"bar"},"annotations":{"summary":"a \"b\"\n\u0001"},"startsAt":"2026-11-23T11:59:00Z",
    "generatorURL":"http://prom:9090/graph?g0.expr=up"}])");
  const boost::json::value list = get("/api/v2/alerts");
  ASSERT_EQ(list.as_array().size(), 1U);
  EXPECT_EQ(list.at(0), boost::json::parse(R"({"labels":{"foo":"bar"},"annotations":{"summary":"a \"b\"\n\u0001"},
    "startsAt":"2026-11-23T11:59:00.000Z","endsAt":"2026-11-23T12:05:00.000Z","updatedAt":"2026-11-23T12:00:00.000Z",
    "generatorURL":"http://prom:9090/graph?g0.expr=up","fingerprint":"3fff2c2d7595e046",
    "receivers":[{"name":"candor"}],"status":{"state":"active","silencedBy":[],"inhibitedBy":[],"mutedBy":[]}})"));
}

TEST_F(PushTest, lists_alerts_in_the_order_of_fingerprints_and_only_those_pushed) {
  fold(intake.known, fires("webhook", make_alert("Other")), noon);
  post(R"([{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}},{"labels":{"alertname":"C"}}])");
  std::vector<std::string> fingerprints;
  const boost::json::value list = get("/api/v2/alerts");
  for (const auto& alert : list.as_array()) {
    fingerprints.emplace_back(alert.at("fingerprint").as_string());
  }
  EXPECT_THAT(fingerprints, SizeIs(3));
  EXPECT_TRUE(std::ranges::is_sorted(fingerprints));
}

TEST_F(PushTest, leaves_out_of_the_list_what_has_ended_or_fallen_silent) {
  post(R"([{"labels":{"alertname":"Down"},"generatorURL":"http://prom:9090/graph"},{"labels":{"alertname":"Slow"}}])");
  intake.instant += 5min;
  EXPECT_TRUE(get("/api/v2/alerts").as_array().empty());
  EXPECT_TRUE(get("/api/v2/alerts/groups").as_array().empty());
}

TEST_F(PushTest, filters_the_list) {
  post(R"([{"labels":{"alertname":"A","severity":"page"}},{"labels":{"alertname":"B","severity":"info"}}])");
  const auto count = [this](const std::string& query) { return get("/api/v2/alerts?" + query).as_array().size(); };
  EXPECT_EQ(count("filter=severity%3D%22page%22"), 1U);
  EXPECT_EQ(count("filter=severity%3D~%22page%7Cinfo%22&filter=alertname!%3D%22A%22"), 1U);
  EXPECT_EQ(count("filter=team%3D%22x%22"), 0U);
  EXPECT_EQ(count("active=true&inhibited=false&silenced=false&unprocessed=false"), 2U);
  EXPECT_EQ(count("active=false"), 0U);
  EXPECT_EQ(count("receiver=can.*"), 2U);
  EXPECT_EQ(count("receiver=can"), 0U);
  EXPECT_EQ(count("receiver="), 2U);
}

TEST_F(PushTest, refuses_a_query_that_it_cannot_read) {
  for (const char* query : {"filter=a%3D~%22(%22", "filter=%3D%3D", "receiver=(", "active=maybe"}) {
    const Answer answer = ask(router, "GET", alerts_path + "?" + query);
    EXPECT_EQ(answer.status, 400U) << query;
    EXPECT_TRUE(boost::json::parse(answer.body).is_string()) << query;
  }
}

TEST_F(PushTest, bounds_what_a_query_may_cost) {
  const auto error = [this](const std::string& query) {
    const Answer answer = ask(router, "GET", alerts_path + "?" + query);
    EXPECT_EQ(answer.status, 400U) << query;
    return answer.body;
  };
  std::string filter = "filter=a%3Db";
  for (int i = 1; i < 20; ++i) filter += ",a%3Db";
  EXPECT_TRUE(get("/api/v2/alerts?" + filter).as_array().empty());
  EXPECT_THAT(error(filter + ",a%3Db"), HasSubstr("at most 20 matchers"));
  EXPECT_THAT(error(filter + "&filter=a%3Db"), HasSubstr("at most 20 matchers"));
  EXPECT_THAT(error("filter=a%3D~%22.%7B1000%7D%22"), HasSubstr("too large"));
  EXPECT_THAT(error("receiver=.%7B1000%7D"), HasSubstr("too large"));
}

TEST_F(PushTest, gives_up_a_filter_that_keeps_everybody_waiting) {
  std::mt19937 chance{7};
  std::string body;
  for (int i = 0; i < 400; ++i) {
    std::string costly(4000, 'x');
    for (char& c : costly) c = chance() % 2 == 0 ? 'x' : 'y';
    body += fmt::format(R"({}{{"labels":{{"alertname":"A{}","instance":"{}"}}}})", i > 0 ? "," : "[", i, costly);
  }
  ASSERT_EQ(post(body + "]").status, 200U);
  // Nothing about the beginning of a text tells whether an x stands 901 characters before its end.
  Answer given_up;
  ask(router, "GET", alerts_path + "?filter=instance!~%22[xy]*x[xy]%7B900%7D!%22", "", given_up);
  EXPECT_EQ(given_up.status, 0U) << "others have their turn meanwhile";
  EXPECT_TRUE(run_until(loop, [&] { return given_up.status != 0; }));
  EXPECT_EQ(given_up.status, 400U);
  EXPECT_THAT(given_up.body, HasSubstr("takes longer than 200ms"));
  EXPECT_EQ(get("/api/v2/alerts?filter=alertname%3DA7").as_array().size(), 1U);
}

TEST_F(PushTest, lists_many_alerts_in_parts_and_few_times_at_once) {
  constexpr int count = 20'000;
  std::string body;
  for (int i = 0; i < count; ++i) body += fmt::format(R"({}{{"labels":{{"alertname":"A{}"}}}})", i > 0 ? "," : "[", i);
  ASSERT_EQ(post(body + "]").status, 200U);
  std::array<Answer, 9> answers;
  for (Answer& answer : answers) ask(router, "GET", alerts_path, "", answer);
  EXPECT_EQ(answers[8].status, 503U) << "eight are enough";
  EXPECT_THAT(answers[8].body, HasSubstr("ask again"));
  EXPECT_TRUE(std::ranges::all_of(std::views::take(answers, 8), [](const Answer& one) { return one.status == 0; }));
  // One that ends while it is listed, and is not told of as one that fires.
  post(R"([{"labels":{"alertname":"A7"},"endsAt":"2026-11-23T11:59:59Z"}])");
  EXPECT_TRUE(run_until(loop, [&] { return answers[7].status != 0; }));
  const boost::json::value first = boost::json::parse(answers[0].body);
  EXPECT_EQ(first.as_array().size(), count - 1U);
  EXPECT_TRUE(std::ranges::is_sorted(first.as_array(), {}, [](const boost::json::value& one) {
    return std::string{one.at("fingerprint").as_string()};
  }));
  EXPECT_EQ(answers[7].body, answers[0].body);
  ask(router, "GET", alerts_path + "?filter=alertname%3DA8", "", answers[8]);
  EXPECT_TRUE(run_until(loop, [&] { return answers[8].status == 200; })) << "nothing is under way any more";
}

TEST_F(PushTest, lists_one_group) {
  EXPECT_TRUE(get("/api/v2/alerts/groups").as_array().empty());
  post(R"([{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}}])");
  const boost::json::value groups = get("/api/v2/alerts/groups");
  ASSERT_EQ(groups.as_array().size(), 1U);
  EXPECT_EQ(groups.at(0).at("receiver").at("name"), "candor");
  EXPECT_TRUE(groups.at(0).at("labels").as_object().empty());
  EXPECT_EQ(groups.at(0).at("alerts").as_array().size(), 2U);
}

TEST_F(PushTest, answers_what_clients_ask_beside_the_alerts) {
  const boost::json::value status = get("/api/v2/status");
  EXPECT_EQ(status.at("cluster").at("status"), "disabled");
  EXPECT_EQ(status.at("uptime"), "2026-11-23T12:00:00.000Z");
  EXPECT_EQ(status.at("versionInfo").at("version"), CANDOR_VERSION);
  EXPECT_FALSE(status.at("config").at("original").as_string().empty());
  EXPECT_EQ(get("/api/v2/receivers"), boost::json::parse(R"([{"name":"candor"}])"));
  EXPECT_TRUE(get("/api/v2/silences").as_array().empty());
  EXPECT_EQ(ask(router, "GET", "/alertmanager/-/healthy").status, 200U);
  EXPECT_EQ(ask(router, "GET", "/alertmanager/-/ready").status, 200U);
}

TEST_F(PushTest, says_that_it_keeps_no_silences) {
  const Answer answer = ask(router, "POST", "/alertmanager/api/v2/silences", "{}");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_THAT(std::string(boost::json::parse(answer.body).as_string()), HasSubstr("keeps no silences"));
}

TEST_F(PushTest, forbids_caches_to_keep_its_answers) {
  for (const char* path : {"/alerts", "/alerts/groups", "/status", "/receivers", "/silences"}) {
    EXPECT_THAT(ask(router, "GET", std::string{"/alertmanager/api/v2"} + path).headers,
                testing::Contains(testing::Pair("Cache-Control", "no-store")))
        << path;
  }
}

TEST_F(PushTest, puts_the_guard_before_every_route_of_the_api) {
  int asked = 0;
  for (const auto& [method, path] : router.routes()) {
    if (path.starts_with("/alertmanager/-/")) continue;
    (void)ask(router, method, path);
    EXPECT_EQ(guarded, ++asked) << method << " " << path;
  }
  EXPECT_EQ(asked, 7);
}

TEST_F(PushTest, may_end_before_its_answers_do) {
  intake.hold_answers = true;
  Answer answer;
  ask(router, "POST", alerts_path, R"([{"labels":{"alertname":"Down"},"generatorURL":"http://prom:9090/"}])", answer);
  push.reset();
  intake.held.front()({});
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(post("[]").status, 0U);  // the listener answers 500 for a reply that is dropped
}

}  // namespace
}  // namespace candor::alerts
