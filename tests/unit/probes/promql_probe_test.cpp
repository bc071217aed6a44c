#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/fake_server.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using net::test::FakeRequest;
using net::test::FakeServer;
using net::test::http_answer;
using rules::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string value_answer(const std::string& value) {
  return http_answer("200 OK", R"({"status":"success","data":{"resultType":"scalar","result":[1,")" + value + R"("]}})",
                     "Content-Type: application/json\r\n");
}

Read read(const std::string& promql, const std::string& common = "timeout = \"5s\"") {
  return read_kind("promql", promql, common);
}

class PromqlProbeTest : public Probing {
 protected:
  std::unique_ptr<Probe> make(const std::string& promql, const std::string& common = "timeout = \"5s\"") {
    return Probing::make(read(promql, common));
  }

  std::string at(const std::string& path = "") const {
    return "url = \"" + server.url(path) + "\"\nquery = 'rate(x{a=\"b&c\"}[5m]) + 1'\nfailing_above = 10\n";
  }

  /// As Prometheus does, and it minds what it is asked.
  std::optional<std::string> answer(const FakeRequest& request) {
    const auto line = request.head.substr(0, request.head.find('\r'));
    if (line != "POST /api/v1/query HTTP/1.1" && line != "POST /prom/api/v1/query HTTP/1.1") {
      return http_answer("404 Not Found", "404 page not found");
    }
    if (!request.head.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n")) {
      return http_answer("415 Unsupported Media Type", "");
    }
    if (!wanted_authorization.empty() &&
        !request.head.contains("\r\nAuthorization: " + wanted_authorization + "\r\n")) {
      return http_answer("401 Unauthorized", "Unauthorized\n");
    }
    if (request.body != "query=rate%28x%7Ba%3D%22b%26c%22%7D%5B5m%5D%29%20%2B%201") {
      return http_answer("400 Bad Request", R"({"status":"error","errorType":"bad_data","error":"unknown query"})");
    }
    return next;
  }

  std::string wanted_authorization;
  std::optional<std::string> next = value_answer("1");
  FakeServer server{loop, [this](const FakeRequest& request) { return answer(request); }};
};

TEST_F(PromqlProbeTest, shows_no_path_of_a_url_that_is_secret) {
  ::setenv("CANDOR_TEST_URL", server.url("/team-swordfish/").c_str(), 1);
  const std::unique_ptr<Probe> probe = make("url = { env = \"CANDOR_TEST_URL\" }\nquery = \"up\"\nfailing_above = 10");
  ::unsetenv("CANDOR_TEST_URL");
  const Outcome outcome = run(*probe);
  EXPECT_THAT(outcome.evidence, HasSubstr("at http://" + server.authority() + ": HTTP 404"));
  EXPECT_THAT(outcome.evidence, Not(HasSubstr("swordfish")));
}

TEST_F(PromqlProbeTest, asks_for_the_values_of_now) {
  const std::unique_ptr<Probe> probe = make(at());
  const Outcome good = run(*probe);
  EXPECT_EQ(good.health, Health::ok) << good.evidence;
  EXPECT_GT(good.phases.total.count(), 0);
  EXPECT_EQ(good.readings.at(0).value, 1);
  next = value_answer("11");
  const Outcome bad = run(*probe);
  EXPECT_EQ(bad.health, Health::failing);
  EXPECT_THAT(bad.evidence, HasSubstr("\" at " + server.url("") + ": 11, above 10 (after "));
  next = value_answer("2");
  EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_EQ(server.connections(), 1) << "on the connection of the run before";
}

TEST_F(PromqlProbeTest, asks_below_a_path) { EXPECT_EQ(run(*make(at("/prom/"))).health, Health::ok); }

TEST_F(PromqlProbeTest, says_who_asks) {
  wanted_authorization = "Bearer swordfish";
  const Outcome unknown = run(*make(at()));
  EXPECT_EQ(unknown.health, Health::unknown);
  EXPECT_THAT(unknown.evidence, HasSubstr("HTTP 401 from " + server.authority()));
  EXPECT_EQ(run(*make(at() + "bearer = \"swordfish\"")).health, Health::ok);
  wanted_authorization = "Basic YW5hOnN3b3JkZmlzaA==";
  const std::string with_user = "url = \"http://ana:swordfish@" + server.authority() + "\"";
  EXPECT_EQ(run(*make(with_user + at().substr(at().find('\n')))).health, Health::ok);
  next = http_answer("500 Internal Server Error", "");
  const Outcome wrong = run(*make(with_user + at().substr(at().find('\n'))));
  EXPECT_THAT(wrong.evidence, testing::Not(HasSubstr("swordfish")));
}

TEST_F(PromqlProbeTest, reads_no_more_than_a_megabyte) {
  next = http_answer("200 OK", std::string(1'100'000, ' ') + "{}");
  const std::unique_ptr<Probe> probe = make(at());
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("more than 1 MB of series"));
  }
  next = value_answer("1");
  EXPECT_EQ(run(*probe).health, Health::ok);
}

TEST_F(PromqlProbeTest, follows_no_redirect) {
  next = http_answer("302 Found", "", "Location: " + server.url("/prom/api/v1/query") + "\r\n");
  const Outcome outcome = run(*make(at()));
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_THAT(outcome.evidence, HasSubstr("HTTP 302"));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(PromqlProbeTest, does_not_wait_longer_than_its_timeout) {
  next.reset();
  const Outcome outcome = run(*make(at(), "timeout = \"60ms\""));
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_THAT(outcome.evidence, HasSubstr("no answer from " + server.authority() + " within 60 ms"));
}

TEST_F(PromqlProbeTest, calls_nobody_back_after_its_end) {
  std::unique_ptr<Probe> probe = make(at());
  probe->run([](const Outcome&) { FAIL(); });
  probe.reset();
  while (loop.poll() > 0) continue;
}

TEST_F(PromqlProbeTest, may_be_destroyed_by_whom_it_calls) {
  std::unique_ptr<Probe> probe = make(at());
  probe->run([&](const Outcome&) {
    probe.reset();
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(probe);
}

const std::string sound = "url = \"http://127.0.0.1:9090\"\nquery = \"up\"\n";

TEST(ReadPromql, takes_whole_numbers_and_others_as_limits) {
  EXPECT_THAT(
      read(sound + "failing_above = 10\nfailing_below = -0.5\ndegraded_above = 9.5\ndegraded_below = 0").problems,
      IsEmpty());
  EXPECT_THAT(read(sound + "failing_above = 1\nfailing_below = 1").problems, IsEmpty()) << "exactly 1";
}

TEST(ReadPromql, wants_a_limit) {
  EXPECT_THAT(read(sound).problems,
              ElementsAre("candor.toml:4:1: the query has no limit (failing_above, failing_below, "
                          "degraded_above or degraded_below)"));
  EXPECT_THAT(read(sound + "failing_above = \"1\"").problems, ElementsAre(HasSubstr("is a text, not a number")));
  EXPECT_THAT(read(sound + "failing_above = nan").problems, ElementsAre(HasSubstr("is not a finite number")));
}

TEST(ReadPromql, refuses_limits_that_contradict_each_other) {
  EXPECT_THAT(read(sound + "failing_above = 1\ndegraded_above = 2").problems,
              ElementsAre(HasSubstr("degraded_above = 2 is never reached (failing_above = 1 comes first)")));
  EXPECT_THAT(read(sound + "failing_above = 1\ndegraded_above = 1").problems, ElementsAre(HasSubstr("never reached")));
  EXPECT_THAT(read(sound + "failing_below = 1\ndegraded_below = 0.5").problems,
              ElementsAre(HasSubstr("degraded_below = 0.5 is never reached (failing_below = 1 comes first)")));
  EXPECT_THAT(read(sound + "failing_above = 1\nfailing_below = 2").problems,
              ElementsAre(HasSubstr("no value is ok: each is below failing_below = 2 or above failing_above = 1")));
  EXPECT_THAT(read(sound + "degraded_above = 1\nfailing_below = 2").problems, ElementsAre(HasSubstr("no value is ok")));
}

TEST(ReadPromql, wants_the_address_of_pages_and_does_not_repeat_it) {
  const std::string rest = "\nquery = \"up\"\nfailing_above = 1";
  for (const char* url : {"prometheus:9090", "http://p:9090/?token=swordfish", "http://p:9090/api/v1/query",
                          "http://p:9090/api/v1/", "ftp://p/"}) {
    const Read result = read("url = \"" + std::string{url} + "\"" + rest);
    ASSERT_THAT(result.problems, ElementsAre(HasSubstr("candor.toml:5:7: "))) << url;
    EXPECT_THAT(result.problems.front(), testing::Not(HasSubstr("swordfish")));
  }
  EXPECT_THAT(read(rest).problems, ElementsAre(HasSubstr("url is missing (where its pages are")));
  EXPECT_THAT(read("url = \"http://p\"\nfailing_above = 1").problems, ElementsAre(HasSubstr("query is missing")));
}

TEST(ReadPromql, refuses_two_ways_to_say_who_asks) {
  EXPECT_THAT(read("url = \"http://ana:x@p\"\nquery = \"up\"\nfailing_above = 1\nbearer = \"y\"").problems,
              ElementsAre(HasSubstr("two ways to say who asks")));
  EXPECT_THAT(read(sound + "failing_above = 1\nbearer = \"a\\nb\"").problems,
              ElementsAre(HasSubstr("control character")));
}

TEST(ReadPromql, has_a_fingerprint_of_all_that_it_reads) {
  const std::string base = sound + "failing_above = 1\n";
  std::vector<std::string> all{read(base).probe.fingerprint};
  EXPECT_EQ(read(sound + "failing_above = 1.0\ntls_verify = true").probe.fingerprint, all.front());
  for (const char* more : {"failing_below = 0", "degraded_above = 0.5", "degraded_below = 0", "bearer = \"x\"",
                           "bearer = \"y\"", "tls_verify = false"}) {
    all.push_back(read(base + more).probe.fingerprint);
  }
  all.push_back(read(sound + "failing_above = 2").probe.fingerprint);
  all.push_back(read("url = \"http://p\"\nquery = \"up\"\nfailing_above = 1").probe.fingerprint);
  all.push_back(read("url = \"http://u@p\"\nquery = \"up\"\nfailing_above = 1").probe.fingerprint);
  all.push_back(read("url = \"http://p\"\nquery = \"down\"\nfailing_above = 1").probe.fingerprint);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace candor::probes
