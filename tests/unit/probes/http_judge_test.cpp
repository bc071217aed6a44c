#include <gtest/gtest.h>
#include <re2/re2.h>

#include "probes/kinds/http.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using Stage = net::Failure::Stage;

class HttpJudge : public testing::Test {
 protected:
  HttpJudge() {
    config.url = *net::parse_url("https://ana:secret@pay.acme.example/healthz?token=secret");
    config.timeout = 3s;
    EXPECT_TRUE(config.status.add("2xx"));
    seen = {.status = 200, .peer = "10.0.0.7:443", .asked = "pay.acme.example", .asked_port = "pay.acme.example:443"};
    seen.phases.total = 11'200us;
  }

  std::string evidence_of(Stage stage, bool timed_out, std::string reason = {}) {
    seen.failure = net::Failure{stage, timed_out, std::move(reason)};
    const Outcome outcome = judge(config, seen);
    EXPECT_EQ(outcome.health, rules::Health::failing);
    EXPECT_EQ(outcome.symptom.find("acme"), std::string::npos);
    return outcome.evidence;
  }

  HttpConfig config;
  HttpSeen seen;
};

TEST_F(HttpJudge, has_nothing_to_say_when_all_is_well) {
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, rules::Health::ok);
  EXPECT_EQ(outcome.evidence, "");
  EXPECT_EQ(outcome.symptom, "");
  EXPECT_EQ(outcome.phases.total, 11'200us);
}

TEST_F(HttpJudge, tells_of_an_unexpected_status) {
  seen.status = 503;
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, rules::Health::failing);
  EXPECT_EQ(outcome.evidence,
            "GET https://pay.acme.example/healthz: HTTP 503 from 10.0.0.7:443 after 12 ms, expected 2xx");
  EXPECT_EQ(outcome.symptom, "errors (HTTP 503)");
  seen.status = 302;
  EXPECT_EQ(judge(config, seen).symptom, "unexpected answers");
}

TEST_F(HttpJudge, tells_where_a_redirect_led) {
  seen.status = 404;
  seen.redirected_to = "https://login.acme.example/…";
  EXPECT_EQ(judge(config, seen).evidence,
            "GET https://pay.acme.example/healthz: HTTP 404 from 10.0.0.7:443 after 12 ms, redirected to "
            "https://login.acme.example/…, expected 2xx");
}

TEST_F(HttpJudge, tells_of_a_body_that_does_not_match) {
  config.body_matches = std::make_shared<RE2>("\"status\":\\s*\"ok\"");
  seen.body = R"({"status": "ok"})";
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok) << "it is searched, not matched whole";
  seen.body = R"({"status": "no"})";
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.evidence,
            "GET https://pay.acme.example/healthz: body does not match \"\"status\":\\s*\"ok\"\" "
            "(HTTP 200 from 10.0.0.7:443 after 12 ms, 16 bytes read)");
  EXPECT_EQ(outcome.symptom, "unexpected answers");
  seen.body_cut = true;
  EXPECT_NE(judge(config, seen).evidence.find("only the first 16 bytes read"), std::string::npos);
}

TEST_F(HttpJudge, calls_slow_answers_degraded) {
  config.degraded_above = 800ms;
  seen.phases.total = 800ms;
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok);
  seen.phases.total = 800'001us;
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, rules::Health::degraded);
  EXPECT_EQ(outcome.evidence,
            "GET https://pay.acme.example/healthz: HTTP 200 from 10.0.0.7:443, answered in 801 ms, slower than 800 ms");
  EXPECT_EQ(outcome.symptom, "slow answers");
  seen.phases.total = 1200ms;
  EXPECT_NE(judge(config, seen).evidence.find("answered in 1.2 s, slower than 800 ms"), std::string::npos);
  config.degraded_above = 1500ms;
  seen.phases.total = 2'000'001us;
  EXPECT_NE(judge(config, seen).evidence.find("answered in 2.01 s, slower than 1.5 s"), std::string::npos);
}

TEST_F(HttpJudge, puts_failing_before_slow) {
  config.degraded_above = 1ms;
  seen.status = 500;
  EXPECT_EQ(judge(config, seen).health, rules::Health::failing);
}

TEST_F(HttpJudge, tells_how_far_a_run_came) {
  EXPECT_EQ(evidence_of(Stage::name_lookup, false, "no address was found"),
            "look up pay.acme.example: no address was found");
  EXPECT_EQ(evidence_of(Stage::name_lookup, true), "look up pay.acme.example timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::connect, true), "connect to 10.0.0.7:443 (pay.acme.example) timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::connect, false, "Connection refused"),
            "connect to 10.0.0.7:443 (pay.acme.example): Connection refused");
  EXPECT_EQ(evidence_of(Stage::tls, true), "TLS handshake with 10.0.0.7:443 (pay.acme.example) timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::certificate, false, "self-signed certificate"),
            "certificate of pay.acme.example:443 was refused: self-signed certificate");
  EXPECT_EQ(evidence_of(Stage::request, true),
            "GET https://pay.acme.example/healthz: no answer from 10.0.0.7:443 (pay.acme.example) within 3 s");
  EXPECT_EQ(
      evidence_of(Stage::answer, true),
      "GET https://pay.acme.example/healthz: the answer of 10.0.0.7:443 (pay.acme.example) did not end within 3 s");
  config.timeout = 250ms;
  seen.peer = "";
  EXPECT_EQ(evidence_of(Stage::connect, true), "connect to pay.acme.example:443 timed out after 250 ms");
  seen.peer = seen.asked_port = "127.0.0.1:80";
  EXPECT_EQ(evidence_of(Stage::connect, true), "connect to 127.0.0.1:80 timed out after 250 ms");
}

TEST_F(HttpJudge, speaks_to_customers_without_naming_anything) {
  const auto symptom = [&](Stage stage) {
    seen.failure = net::Failure{stage, false, "because"};
    return judge(config, seen).symptom;
  };
  EXPECT_EQ(symptom(Stage::connect), "failing connections");
  EXPECT_EQ(symptom(Stage::certificate), "a certificate problem");
  EXPECT_EQ(symptom(Stage::request), "requests without an answer");
  EXPECT_EQ(symptom(Stage::answer), "incomplete answers");
  EXPECT_EQ(symptom(Stage::redirect), "unexpected answers");
}

TEST_F(HttpJudge, keeps_its_sentences_short_and_on_one_line) {
  config.url = *net::parse_url("https://pay.acme.example/" + std::string(5000, 'x'));
  config.body_matches = std::make_shared<RE2>(std::string(5000, 'y') + "\n");
  EXPECT_LT(judge(config, seen).evidence.size(), 500U);
  config.body_matches = std::make_shared<RE2>("a\nb");
  EXPECT_EQ(judge(config, seen).evidence.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace candor::probes
