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
    config.steps.resize(1);
    step().url = *net::parse_url("https://ana:secret@pay.acme.example/healthz?token=secret");
    config.timeout = 3s;
    EXPECT_TRUE(step().status.add("2xx"));
    seen.status = 200;
    seen.place = {
        .peer = "10.0.0.7:443", .asked = "pay.acme.example", .asked_port = "pay.acme.example:443", .redirected_to = {}};
    seen.phases.total = 11'200us;
  }

  std::string evidence_of(Stage stage, bool timed_out, std::string reason = {}) {
    seen.failure = net::Failure{stage, timed_out, std::move(reason)};
    const Outcome outcome = judge(config, seen);
    EXPECT_EQ(outcome.health, rules::Health::failing);
    EXPECT_EQ(outcome.symptom.find("acme"), std::string::npos);
    return outcome.evidence;
  }

  Outcome judge(const HttpConfig& with, const HttpSeen& what, std::size_t at = 0) {
    const std::optional<HttpFault> fault = find_fault(with, at, what);
    if (!fault) return {.health = rules::Health::ok, .phases = what.phases};
    return tell(with, at, what, *fault);
  }

  HttpStep& step() { return config.steps.front(); }

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
  seen.place.redirected_to = "https://login.acme.example/…";
  EXPECT_EQ(judge(config, seen).evidence,
            "GET https://pay.acme.example/healthz: HTTP 404 from 10.0.0.7:443 after 12 ms, redirected to "
            "https://login.acme.example/…, expected 2xx");
}

TEST_F(HttpJudge, tells_of_a_body_that_does_not_match) {
  step().body_matches = std::make_shared<RE2>("\"status\":\\s*\"ok\"");
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
            "look up pay.acme.example: no address was found (after 12 ms)");
  EXPECT_EQ(evidence_of(Stage::name_lookup, true), "look up pay.acme.example timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::connect, true), "connect to 10.0.0.7:443 (pay.acme.example) timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::connect, false, "Connection refused"),
            "connect to 10.0.0.7:443 (pay.acme.example): Connection refused (after 12 ms)");
  EXPECT_EQ(evidence_of(Stage::tls, false, "wrong version number"),
            "TLS handshake with 10.0.0.7:443 (pay.acme.example): wrong version number (after 12 ms)");
  EXPECT_EQ(evidence_of(Stage::tls, true), "TLS handshake with 10.0.0.7:443 (pay.acme.example) timed out after 3 s");
  EXPECT_EQ(evidence_of(Stage::certificate, false, "self-signed certificate"),
            "certificate of 10.0.0.7:443 (pay.acme.example) was refused: self-signed certificate (after 12 ms)");
  EXPECT_EQ(evidence_of(Stage::request, true),
            "GET https://pay.acme.example/healthz: no answer from 10.0.0.7:443 (pay.acme.example) within 3 s");
  EXPECT_EQ(evidence_of(Stage::request, false, "the connection was closed"),
            "GET https://pay.acme.example/healthz: no answer from 10.0.0.7:443 (pay.acme.example): the connection was "
            "closed (after 12 ms)");
  EXPECT_EQ(
      evidence_of(Stage::answer, false, "it was cut short"),
      "GET https://pay.acme.example/healthz: the answer of 10.0.0.7:443 (pay.acme.example) cannot be read: it was "
      "cut short (after 12 ms)");
  EXPECT_EQ(
      evidence_of(Stage::answer, true),
      "GET https://pay.acme.example/healthz: the answer of 10.0.0.7:443 (pay.acme.example) did not end within 3 s");
  config.timeout = 250ms;
  seen.place.peer = "";
  EXPECT_EQ(evidence_of(Stage::connect, true), "connect to pay.acme.example:443 timed out after 250 ms");
  seen.place.peer = seen.place.asked_port = "127.0.0.1:80";
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
  step().url = *net::parse_url("https://pay.acme.example/" + std::string(5000, 'x'));
  step().body_matches = std::make_shared<RE2>(std::string(5000, 'y') + "\n");
  EXPECT_LT(judge(config, seen).evidence.size(), 500U);
  step().body_matches = std::make_shared<RE2>("a\nb");
  EXPECT_EQ(judge(config, seen).evidence.find('\n'), std::string::npos);
}

TEST_F(HttpJudge, holds_headers_to_patterns) {
  step().header_matches = {{"Content-Type", std::make_shared<RE2>("^application/json")}};
  seen.headers = {"application/json; charset=utf-8"};
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok);
  seen.headers = {"text/html\n"};
  EXPECT_EQ(judge(config, seen).evidence,
            "GET https://pay.acme.example/healthz: header Content-Type is \"text/html \", which does not match "
            "\"^application/json\" (HTTP 200 from 10.0.0.7:443 after 12 ms)");
  seen.headers = {std::nullopt};
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.evidence,
            "GET https://pay.acme.example/healthz: there is no header Content-Type "
            "(HTTP 200 from 10.0.0.7:443 after 12 ms)");
  EXPECT_EQ(outcome.symptom, "unexpected answers");
}

TEST_F(HttpJudge, holds_values_of_json_to_what_they_must_be) {
  step().json = {{.path = *JsonPath::parse("$.status"), .equals = "ok"}};
  seen.body = R"({"status":"ok"})";
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok);
  seen.body = R"({"status":"down"})";
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.evidence,
            "GET https://pay.acme.example/healthz: $.status is \"down\", expected \"ok\" "
            "(HTTP 200 from 10.0.0.7:443 after 12 ms, 17 bytes read)");
  EXPECT_EQ(outcome.symptom, "unexpected answers");
}

TEST_F(HttpJudge, wants_http2_where_told_so) {
  config.client.http2 = true;
  EXPECT_EQ(judge(config, seen).evidence,
            "GET https://pay.acme.example/healthz: HTTP 200 from 10.0.0.7:443 after 12 ms over HTTP/1.1, "
            "expected HTTP/2");
  seen.version = 20;
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok);
}

TEST_F(HttpJudge, asks_whether_a_server_that_closes_speaks_http2) {
  config.client.http2 = true;
  EXPECT_EQ(evidence_of(Stage::request, false, "the connection was closed"),
            "GET https://pay.acme.example/healthz: no answer from 10.0.0.7:443 (pay.acme.example): the connection was "
            "closed; does it speak HTTP/2? (after 12 ms)");
  EXPECT_EQ(evidence_of(Stage::request, true).find("HTTP/2"), std::string::npos);
}

TEST_F(HttpJudge, looks_at_how_long_certificates_are_still_valid) {
  HttpSession session{.tls = {.version = 13}, .step = 0, .place = seen.place};
  session.tls.chain = {{.subject = "CN=pay.acme.example", .expires = seen.now + 24h * 20}};
  seen.session = &session;
  EXPECT_EQ(judge(config, seen).health, rules::Health::ok) << "nobody asked";
  config.certificate.degraded_below = 24h * 21;
  const Outcome degraded = judge(config, seen);
  EXPECT_EQ(degraded.health, rules::Health::degraded);
  EXPECT_EQ(degraded.evidence,
            "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example) expires in 20 days, on 1970-01-21 "
            "(seen after 12 ms)");
  EXPECT_EQ(degraded.symptom, "a certificate problem");
  config.certificate.failing_below = 24h * 21;
  EXPECT_EQ(judge(config, seen).health, rules::Health::failing);
  seen.status = 503;
  EXPECT_EQ(judge(config, seen).symptom, "errors (HTTP 503)") << "the worse is told";
}

TEST_F(HttpJudge, puts_slow_before_a_certificate_that_is_degraded_only) {
  HttpSession session{.tls = {.version = 13}, .step = 0, .place = seen.place};
  session.tls.chain = {{.subject = "CN=a", .expires = seen.now + 24h}};
  seen.session = &session;
  config.certificate.degraded_below = 48h;
  config.degraded_above = 1ms;
  EXPECT_EQ(judge(config, seen).symptom, "slow answers");
  config.certificate.failing_below = 48h;
  EXPECT_EQ(judge(config, seen).symptom, "a certificate problem");
}

TEST_F(HttpJudge, names_the_step_and_judges_the_time_of_all_of_them) {
  step().name = "login";
  config.steps.push_back(step());
  config.steps.back().name = "call";
  config.degraded_above = 1ms;
  EXPECT_EQ(judge(config, seen, 0).health, rules::Health::ok) << "there is a step to come";
  EXPECT_EQ(judge(config, seen, 1).evidence,
            "step 2 of 2, call: GET https://pay.acme.example/healthz: HTTP 200 from 10.0.0.7:443, "
            "all steps answered in 12 ms, slower than 1 ms");
  seen.status = 500;
  EXPECT_EQ(judge(config, seen, 0).evidence,
            "step 1 of 2, login: GET https://pay.acme.example/healthz: HTTP 500 from 10.0.0.7:443 after 12 ms, "
            "expected 2xx");
}

TEST_F(HttpJudge, takes_what_steps_capture_and_tells_of_what_is_not_there) {
  step().captures = {{"token", *JsonPath::parse("$.token")}, {"place", Capture::Header{"Location"}}};
  seen.body = R"({"token":"tell-nobody"})";
  seen.headers = {"/orders/7"};
  Captured captured;
  EXPECT_FALSE(capture(step(), seen, captured));
  EXPECT_EQ(captured, (Captured{{"token", "tell-nobody"}, {"place", "/orders/7"}}));
  seen.headers = {std::nullopt};
  std::optional<HttpFault> fault = capture(step(), seen, captured);
  ASSERT_TRUE(fault);
  EXPECT_EQ(tell(config, 0, seen, *fault).evidence,
            "GET https://pay.acme.example/healthz: cannot capture place: there is no header Location "
            "(HTTP 200 from 10.0.0.7:443 after 12 ms)");
  seen.body = R"({"token":["tell-nobody"]})";
  fault = capture(step(), seen, captured);
  ASSERT_TRUE(fault);
  EXPECT_EQ(tell(config, 0, seen, *fault).evidence,
            "GET https://pay.acme.example/healthz: cannot capture token: $.token is neither text, number, true nor false "
            "(HTTP 200 from 10.0.0.7:443 after 12 ms, 25 bytes read)");
}

}  // namespace
}  // namespace candor::probes
