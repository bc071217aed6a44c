#include "daemon/alerts/pull.h"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/net/transfers.h"
#include "daemon/alerts/pull_book.h"
#include "daemon/http/server.h"
#include "tests/unit/alerts/asking.h"
#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string nothing = R"({"status":"success","data":{"alerts":[]}})";
const std::string one_fires =
    R"({"status":"success","data":{"alerts":[{"labels":{"alertname":"Down"},"annotations":{},"state":"firing",
        "activeAt":"2026-11-23T11:58:00Z","value":"1"}]}})";

std::string rules_answer(std::string_view health, std::string_view last_evaluation) {
  return fmt::format(
      R"({{"status":"success","data":{{"groups":[{{"name":"g","rules":[{{"type":"alerting","name":"Down",)"
      R"("health":"{}","lastEvaluation":"{}","alerts":[]}}]}}]}}}})",
      health, last_evaluation);
}

std::string started_at(std::string_view instant) {
  return fmt::format(R"({{"status":"success","data":{{"startTime":"{}"}}}})", instant);
}

std::string list_of_unreadable() {
  std::string list;
  for (int i = 0; i < 200'000; ++i) list += ",{}";
  return list;
}

/// A source on the test's own loop, whose answers the test sets by path. A virtual second passes with each request.
struct PullTest : testing::Test {
  net::Loop loop;
  net::Transfers transfers{loop};
  net::HttpClient http{transfers};
  prometheus::Registry registry;
  FakeIntake intake;
  Pulls pulls{loop, http, intake, registry};
  std::map<std::string, std::pair<unsigned, std::string>> answers;
  std::map<std::string, int> asked;
  std::vector<std::string> authorizations;
  http::Server server{loop, {}, [this](const http::Request& request, http::Reply reply) {
                        intake.instant += 1s;
                        ++asked[request.path];
                        authorizations.emplace_back(request.header("authorization"));
                        const auto found = answers.find(request.path);
                        if (found == answers.end()) {
                          reply(http::Response::error(404, "nothing here"));
                        } else {
                          reply(http::Response::json(found->second.first, found->second.second));
                        }
                      }};
  SourceConfig source;

  PullTest() {
    const auto address = server.listen({"127.0.0.1", 0});
    EXPECT_TRUE(address);
    source.name = "prometheus:main";
    source.url = "http://" + address->text();
    source.every = 2ms;
  }
  bool run(const std::function<bool()>& condition) { return run_until(loop, condition); }
  /// Until the source has been asked for its alerts so many times more.
  bool rounds(int more, const std::string& path = "/api/v1/alerts") {
    const int until = asked[path] + more;
    return run([&, until] { return asked[path] >= until; });
  }
  [[nodiscard]] const rules::Signal* down() const { return intake.find(id_of(source.name, "Down")); }
};

TEST_F(PullTest, sees_an_alert_begin_and_end) {
  answers["/api/v1/alerts"] = {200, one_fires};
  answers["/api/v1/rules"] = {200, rules_answer("ok", "2026-11-23T12:00:00Z")};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  EXPECT_EQ(down()->health, Health::failing);
  EXPECT_EQ(down()->alert->starts_at, noon - 2min);
  EXPECT_THAT(intake.sources, ElementsAre(testing::Field(&SourceChange::answering, true)));
  ASSERT_TRUE(rounds(5));
  EXPECT_THAT(intake.observed, SizeIs(1));
  EXPECT_EQ(asked["/api/v1/rules"], 0);
  answers["/api/v1/alerts"] = {200, nothing};
  ASSERT_TRUE(run([&] { return down() == nullptr; }));
  EXPECT_EQ(asked["/api/v1/rules"], 1);
  EXPECT_THAT(metrics(registry), HasSubstr("candor_alerts_source_up{source=\"prometheus:main\"} 1"));
}

TEST_F(PullTest, a_clock_that_was_set_may_be_found_by_a_source_that_is_new) {
  bool set = false;
  intake.at_now = [&] {
    if (!std::exchange(set, true)) pulls.clock_set(1h);
  };
  pulls.configure({source});
  EXPECT_TRUE(set);
  answers["/api/v1/alerts"] = {200, one_fires};
  EXPECT_TRUE(run([&] { return down() != nullptr; }));
}

TEST_F(PullTest, ends_nothing_before_prometheus_has_evaluated_its_rules) {
  fold(intake.known, fires(source.name, make_alert("Down")), noon);
  answers["/api/v1/alerts"] = {200, nothing};
  answers["/api/v1/rules"] = {200, rules_answer("unknown", "0001-01-01T00:00:00Z")};
  pulls.configure({source});
  ASSERT_TRUE(rounds(10));
  EXPECT_GT(asked["/api/v1/rules"], 3);
  ASSERT_NE(down(), nullptr);
  EXPECT_EQ(down()->health, Health::failing);
  answers["/api/v1/rules"] = {200, rules_answer("ok", "2026-11-23T12:00:00Z")};
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
}

TEST_F(PullTest, believes_a_source_without_rules) {
  for (const unsigned status : {400U, 404U, 405U, 501U}) {
    asked.clear();
    fold(intake.known, fires(source.name, make_alert("Down")), noon);
    answers["/api/v1/alerts"] = {200, nothing};
    answers["/api/v1/rules"] = {status, "no such path"};
    pulls.configure({source});
    EXPECT_TRUE(run([&] { return down() == nullptr; })) << status;
    EXPECT_GE(asked["/api/v1/rules"], 1);
    EXPECT_GE(asked["/api/v1/status/runtimeinfo"], 1);
  }
}

TEST_F(PullTest, ends_nothing_while_a_source_gives_no_sound_answer_about_its_rules_or_start) {
  fold(intake.known, fires(source.name, make_alert("Down")), noon);
  answers["/api/v1/alerts"] = {200, nothing};
  pulls.configure({source});
  const std::string good_rules = rules_answer("ok", "2026-11-23T12:00:00Z");
  const std::vector<std::pair<unsigned, std::string>> of_no_use{
      {503, "Service Unavailable"}, {403, "no"}, {200, "<html>a proxy's page</html>"}};
  for (const auto& answer : of_no_use) {
    answers["/api/v1/rules"] = answer;
    ASSERT_TRUE(rounds(4));
    EXPECT_NE(down(), nullptr) << answer.first;
    ASSERT_THAT(pulls.troubles(), SizeIs(1));
    EXPECT_THAT(pulls.troubles().front().what, HasSubstr("GET /api/v1/rules"));
  }
  answers["/api/v1/rules"] = {200, good_rules};
  for (const auto& answer : of_no_use) {
    answers["/api/v1/status/runtimeinfo"] = answer;
    ASSERT_TRUE(rounds(4));
    EXPECT_NE(down(), nullptr) << answer.first;
    ASSERT_THAT(pulls.troubles(), SizeIs(1));
    EXPECT_THAT(pulls.troubles().front().what, HasSubstr("GET /api/v1/status/runtimeinfo"));
  }
  answers["/api/v1/status/runtimeinfo"] = {200, started_at("2026-11-23T11:00:00Z")};
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
  EXPECT_THAT(pulls.troubles(), IsEmpty());
}

TEST_F(PullTest, ends_nothing_while_a_prometheus_has_just_started) {
  fold(intake.known, fires(source.name, make_alert("Down")), noon);
  answers["/api/v1/alerts"] = {200, nothing};
  answers["/api/v1/rules"] = {200, rules_answer("ok", "2026-11-23T12:00:00Z")};
  answers["/api/v1/status/runtimeinfo"] = {200, started_at("2026-11-23T11:59:50Z")};
  pulls.configure({source});
  ASSERT_TRUE(rounds(10));
  EXPECT_NE(down(), nullptr);
  EXPECT_THAT(pulls.troubles(), IsEmpty()) << "it says all that is asked";
  intake.instant = noon + least_uptime;
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
}

TEST_F(PullTest, reads_a_large_answer_too) {
  std::string alerts = R"({"labels":{"alertname":"Down"},"state":"firing"})";
  for (int i = 0; i < 10'000; ++i) alerts += fmt::format(R"(,{{"labels":{{"alertname":"A{}"}},"state":"pending"}})", i);
  answers["/api/v1/alerts"] = {200, R"({"status":"success","data":{"alerts":[)" + alerts + "]}}"};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  answers["/api/v1/alerts"] = {200, R"({"status":"success","data":{"alerts":[{})" + list_of_unreadable() + "]}}"};
  EXPECT_TRUE(run([&] { return down()->health == Health::unknown; })) << "an answer of no use";
}

TEST_F(PullTest, does_not_know_of_alerts_while_the_source_gives_no_sound_answer) {
  answers["/api/v1/alerts"] = {200, one_fires};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  answers["/api/v1/alerts"] = {503, "starting"};
  ASSERT_TRUE(run([&] { return down()->health == Health::unknown && intake.sources.size() == 2; }));
  EXPECT_EQ(intake.sources.back().source, "prometheus:main");
  EXPECT_FALSE(intake.sources.back().answering);
  EXPECT_THAT(intake.sources.back().evidence, HasSubstr("status 503"));
  EXPECT_THAT(metrics(registry), HasSubstr("candor_alerts_source_up{source=\"prometheus:main\"} 0"));
  answers["/api/v1/alerts"] = {200, "<html>a proxy's page</html>"};
  ASSERT_TRUE(rounds(5));
  EXPECT_EQ(down()->health, Health::unknown);
  answers["/api/v1/alerts"] = {200, one_fires};
  ASSERT_TRUE(run([&] { return down()->health == Health::failing; }));
  EXPECT_TRUE(intake.sources.back().answering);
}

TEST_F(PullTest, reports_a_source_that_cannot_be_reached) {
  source.url = "http://user:hidden@127.0.0.1:1";
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return !intake.sources.empty(); }));
  EXPECT_FALSE(intake.sources.front().answering);
  EXPECT_THAT(intake.sources.front().evidence, AllOf(HasSubstr("127.0.0.1:1"), Not(HasSubstr("hidden"))));
}

TEST_F(PullTest, says_again_what_was_not_taken_in) {
  answers["/api/v1/alerts"] = {200, one_fires};
  intake.trouble = "the disk is full";
  pulls.configure({source});
  ASSERT_TRUE(rounds(3));
  EXPECT_THAT(intake.sources, IsEmpty());
  intake.trouble.clear();
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  EXPECT_THAT(intake.sources, SizeIs(1));
}

TEST_F(PullTest, sends_its_bearer_token) {
  source.bearer = Secret{"a-token-for-tests"};
  answers["/api/v1/alerts"] = {200, nothing};
  pulls.configure({source});
  ASSERT_TRUE(rounds(1));
  EXPECT_THAT(authorizations, Contains("Bearer a-token-for-tests"));
}

TEST_F(PullTest, goes_on_with_an_unchanged_source_and_leaves_a_removed_one_alone) {
  answers["/api/v1/alerts"] = {200, one_fires};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  pulls.configure({source});
  ASSERT_TRUE(rounds(3));
  EXPECT_THAT(intake.sources, SizeIs(1)) << "an unchanged source does not begin anew";
  pulls.configure({});
  const int before = asked["/api/v1/alerts"];
  bool later = false;
  net::Timer timer{loop};
  timer.after(20ms, [&] { later = true; });
  ASSERT_TRUE(run([&] { return later; }));
  EXPECT_LE(asked["/api/v1/alerts"], before + 1);  // one may have been on its way
  EXPECT_EQ(down()->health, Health::failing);
  EXPECT_THAT(metrics(registry), Not(HasSubstr("prometheus:main")));
}

TEST_F(PullTest, reads_an_alertmanager) {
  source.kind = SourceConfig::Kind::alertmanager;
  source.name = "alertmanager:am";
  answers["/api/v2/alerts"] = {
      200, R"([{"labels":{"alertname":"Down"},"annotations":{},"startsAt":"2026-11-23T11:00:00Z","fingerprint":"x",
                "status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}])"};
  answers["/api/v2/status"] = {200, R"({"uptime":"2026-11-22T12:00:00Z"})"};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  answers["/api/v2/alerts"] = {200, "[]"};
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
}

TEST_F(PullTest, ends_nothing_that_an_alert_that_cannot_be_read_may_be) {
  const std::string other = R"({"labels":{"alertname":"Other"},"state":"firing"})";
  answers["/api/v1/alerts"] = {200, one_fires};
  pulls.configure({source});
  ASSERT_TRUE(run([&] { return down() != nullptr; }));
  EXPECT_THAT(pulls.troubles(), IsEmpty());
  fold(intake.known, fires(source.name, make_alert("Gone")), noon);
  const std::string broken = R"({"labels":{"alertname":"Down","shard":7},"state":"firing"})";
  answers["/api/v1/alerts"] = {200, R"({"status":"success","data":{"alerts":[)" + broken + "," + other + "]}}"};
  ASSERT_TRUE(run([&] { return intake.find(id_of(source.name, "Other")) != nullptr; })) << "this can be read";
  ASSERT_TRUE(run([&] { return intake.find(id_of(source.name, "Gone")) == nullptr; })) << "this cannot be it";
  ASSERT_TRUE(rounds(5));
  ASSERT_NE(down(), nullptr);
  EXPECT_EQ(down()->health, Health::failing);
  ASSERT_THAT(pulls.troubles(), SizeIs(1));
  EXPECT_THAT(pulls.troubles().front().what,
              AllOf(HasSubstr("source prometheus:main names"), HasSubstr("alert 0: labels: the value of \"shard\"")));
  answers["/api/v1/alerts"] = {200, nothing};
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
  EXPECT_THAT(pulls.troubles(), IsEmpty());
}

TEST_F(PullTest, ends_nothing_while_an_alertmanager_has_just_started) {
  source.kind = SourceConfig::Kind::alertmanager;
  source.name = "alertmanager:am";
  fold(intake.known, fires(source.name, make_alert("Down")), noon);
  answers["/api/v2/alerts"] = {200, "[]"};
  answers["/api/v2/status"] = {200, R"({"uptime":"2026-11-23T11:59:50Z"})"};
  pulls.configure({source});
  ASSERT_TRUE(rounds(10, "/api/v2/alerts"));
  EXPECT_NE(down(), nullptr);
  intake.instant = noon + least_uptime;
  EXPECT_TRUE(run([&] { return down() == nullptr; }));
}

}  // namespace
}  // namespace candor::alerts
