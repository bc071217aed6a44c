#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/promql.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string query = R"(query "errors" at https://prom.acme.example/prom)";

class PromqlJudge : public testing::Test {
 protected:
  PromqlJudge() {
    config.url = *net::parse_url("https://ana:secret@prom.acme.example/prom/api/v1/query");
    config.shown = "https://prom.acme.example/prom";
    config.query = "errors";
    config.limits = {.failing_above = 10, .degraded_above = 5};
    config.timeout = 3s;
  }

  Outcome judge_body(std::string text, int status = 200) {
    body = std::move(text);
    return judge(config, {.status = status, .body = body, .phases = phases, .peer = "10.0.0.7:443"});
  }
  Outcome judge_scalar(const std::string& value) {
    return judge_body(R"({"status":"success","data":{"resultType":"scalar","result":[1,")" + value + R"("]}})");
  }
  /// Each with a label `i` of its own: a, b, …
  Outcome judge_vector(const std::vector<std::string>& values) {
    std::string items;
    char name = 'a';
    for (const std::string& value : values) {
      items += (items.empty() ? "" : ",") +
               (R"({"metric":{"i":")" + std::string{name++} + R"("},"value":[1,")" + value + R"("]})");
    }
    return judge_body(R"({"status":"success","data":{"resultType":"vector","result":[)" + items + "]}}");
  }

  PromqlConfig config;
  Phases phases{.total = 12ms};
  std::string body;
};

TEST_F(PromqlJudge, finds_a_value_within_its_limits_ok) {
  const Outcome outcome = judge_scalar("4.5");
  EXPECT_EQ(outcome.health, Health::ok);
  EXPECT_EQ(outcome.evidence, "");
  ASSERT_EQ(outcome.readings.size(), 1U);
  EXPECT_EQ(outcome.readings[0].name, "value");
  EXPECT_EQ(outcome.readings[0].value, 4.5);
  EXPECT_EQ(judge_scalar("5").health, Health::ok) << "equal is within";
  EXPECT_EQ(judge_scalar("10").health, Health::degraded) << "equal is within";
}

TEST_F(PromqlJudge, does_not_call_all_well_what_may_not_be_all) {
  const auto warned = [this](const std::string& value, const std::string& warnings) {
    return judge_body(R"({"status":"success","warnings":)" + warnings +
                      R"(,"data":{"resultType":"scalar","result":[1,")" + value + R"("]}})");
  };
  const Outcome outcome = warned("1", R"(["store 10.0.0.3 is down of ana:secret","more"])");
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, query +
                                  ": the answer may not be whole, it warns \"store 10.0.0.3 is down of ana:secret\" "
                                  "(after 12 ms)");
  EXPECT_EQ(outcome.readings.size(), 1U) << "the value is shown all the same";
  EXPECT_EQ(warned("11", R"(["partial"])").health, Health::failing) << "one series that is bad is enough";
  for (const char* none : {"[]", "null", "7", "{}"}) EXPECT_EQ(warned("1", none).health, Health::ok) << none;
}

TEST_F(PromqlJudge, tells_which_limit_a_value_is_beyond) {
  const Outcome failing = judge_scalar("10.25");
  EXPECT_EQ(failing.health, Health::failing);
  EXPECT_EQ(failing.evidence, query + ": 10.25, above 10 (after 12 ms)");
  const Outcome degraded = judge_scalar("6");
  EXPECT_EQ(degraded.health, Health::degraded);
  EXPECT_EQ(degraded.evidence, query + ": 6, above 5 (after 12 ms)");
  config.limits = {.failing_below = 1, .degraded_below = 2};
  EXPECT_EQ(judge_scalar("0.5").evidence, query + ": 0.5, below 1 (after 12 ms)");
  EXPECT_EQ(judge_scalar("0.5").health, Health::failing);
  EXPECT_EQ(judge_scalar("1.5").health, Health::degraded);
  EXPECT_EQ(judge_scalar("2").health, Health::ok);
}

TEST_F(PromqlJudge, shows_as_many_digits_as_it_takes_to_tell_value_and_limit_apart) {
  EXPECT_THAT(judge_scalar("10.123456789").evidence, HasSubstr(": 10.1235, above 10"));
  EXPECT_THAT(judge_scalar("10.00000001").evidence, HasSubstr(": 10.00000001, above 10"));
}

TEST_F(PromqlJudge, judges_infinite_values) {
  EXPECT_THAT(judge_scalar("+Inf").evidence, HasSubstr(": inf, above 10"));
  EXPECT_THAT(judge_scalar("+Inf").readings, IsEmpty());
  EXPECT_EQ(judge_scalar("-Inf").health, Health::ok);
}

TEST_F(PromqlJudge, lets_the_worst_of_several_series_decide) {
  const Outcome outcome = judge_vector({"11", "6", "30", "NaN", "1"});
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, query + R"(: 30 of {i="c"}, the worst of 5 series, above 10 (after 12 ms))");
  ASSERT_EQ(outcome.readings.size(), 2U);
  EXPECT_EQ(outcome.readings[0].value, 30);
  EXPECT_EQ(outcome.readings[1].name, "series");
  EXPECT_EQ(outcome.readings[1].value, 5);
  EXPECT_EQ(judge_vector({"1", "6", "NaN"}).evidence,
            query + R"(: 6 of {i="b"}, the worst of 3 series, above 5 (after 12 ms))");
  EXPECT_EQ(judge_vector({"1", "4", "2"}).readings.at(0).value, 4) << "the nearest to a limit";
  EXPECT_THAT(judge_vector({"30", "30"}).evidence, HasSubstr(R"(30 of {i="a"})"));
  config.limits = {.failing_above = 10, .degraded_below = 100};
  EXPECT_THAT(judge_vector({"-500", "11"}).evidence, HasSubstr(R"(11 of {i="b"})")) << "failing is worse";
}

TEST_F(PromqlJudge, names_the_worst_of_equals_in_any_order) {
  const std::string a = R"({"metric":{"i":"a"},"value":[1,"30"]})";
  const std::string b = R"({"metric":{"i":"b"},"value":[1,"30"]})";
  const auto vector = [&](const std::string& items) {
    return judge_body(R"({"status":"success","data":{"resultType":"vector","result":[)" + items + "]}}").evidence;
  };
  EXPECT_EQ(vector(a + "," + b), vector(b + "," + a));
}

TEST_F(PromqlJudge, cannot_judge_a_nan) {
  const Outcome alone = judge_scalar("NaN");
  EXPECT_EQ(alone.health, Health::unknown);
  EXPECT_THAT(alone.evidence,
              HasSubstr(query + ": NaN, which cannot be judged (after 12 ms); where that is to be expected"));
  EXPECT_THAT(alone.readings, IsEmpty());
  const Outcome beside = judge_vector({"1", "NaN"});
  EXPECT_EQ(beside.health, Health::unknown) << "not ok: nobody knows";
  EXPECT_THAT(beside.evidence,
              HasSubstr(R"(: NaN of {i="b"}, the worst of 2 series, which cannot be judged (after 12 ms))"));
}

TEST_F(PromqlJudge, cannot_judge_no_data) {
  const Outcome outcome = judge_vector({});
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, query + ": no data after 12 ms; is what it selects still measured?");
}

TEST_F(PromqlJudge, cannot_tell_where_prometheus_answers_with_an_error) {
  const Outcome outcome = judge_body(R"({"status":"error","errorType":"bad_data","error":"parse error"})", 400);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, query + R"(: HTTP 400 from 10.0.0.7:443 after 12 ms: Prometheus says "parse error")");
  EXPECT_EQ(judge_body("<html>", 404).evidence,
            query +
                ": HTTP 404 from 10.0.0.7:443 after 12 ms: the answer is not one of Prometheus's API; is url where "
                "Prometheus's pages are?");
  EXPECT_THAT(judge_body("Unauthorized", 401).evidence, HasSubstr("; does it need a bearer, or a user in url?"));
  const Outcome odd = judge_body(R"({"status":"success","data":{"resultType":"scalar","result":[1,"1"]}})", 500);
  EXPECT_EQ(odd.health, Health::unknown);
  EXPECT_EQ(odd.evidence, query + ": HTTP 500 from 10.0.0.7:443 after 12 ms");
}

TEST_F(PromqlJudge, cannot_tell_where_prometheus_is_silent) {
  using Stage = net::Failure::Stage;
  PromqlSeen seen{
      .failure = net::Failure{Stage::connect, false, "Connection refused"}, .phases = phases, .peer = "10.0.0.7:443"};
  EXPECT_EQ(judge(config, seen).health, Health::unknown);
  EXPECT_EQ(judge(config, seen).evidence,
            query + ": connect to 10.0.0.7:443 (prom.acme.example): Connection refused (after 12 ms)");
  seen.failure = net::Failure{Stage::request, true, ""};
  EXPECT_EQ(judge(config, seen).evidence, query + ": no answer from 10.0.0.7:443 (prom.acme.example) within 3 s");
  EXPECT_EQ(judge(config, {.status = 200, .body_cut = true, .phases = phases, .peer = "10.0.0.7:443"}).evidence,
            query + ": more than 1 MB of series from 10.0.0.7:443 after 12 ms; let the query aggregate them");
}

TEST_F(PromqlJudge, leaves_the_words_for_customers_to_the_component) {
  EXPECT_EQ(judge_scalar("11").symptom, "");
  EXPECT_EQ(judge_scalar("6").symptom, "");
}

TEST_F(PromqlJudge, judges_what_came_also_where_it_looks_like_a_secret) {
  config.hidden.add("100000");
  const Outcome outcome = judge_scalar("100000");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("100000, above 10"));
}

TEST_F(PromqlJudge, repeats_nothing_of_who_asks) {
  config.hidden.add("prombearer1");
  const std::string error = R"({"status":"error","error":"denied Bearer prombearer1"})";
  EXPECT_THAT(judge_body(error, 401).evidence, HasSubstr("Prometheus says \"denied Bearer ***\""));
  const std::string series =
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"tok":"prombearer1"},"value":[1,"50"]}]}})";
  EXPECT_THAT(judge_body(series).evidence, HasSubstr("{tok=\"***\"}"));
}

}  // namespace
}  // namespace candor::probes
