#include "probes/kinds/promql_answer.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using testing::HasSubstr;

std::string success(const std::string& type, const std::string& result) {
  return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
}

std::vector<Sample> read(const std::string& type, const std::string& result) {
  const Result<std::vector<Sample>> samples = read_promql_answer(success(type, result));
  EXPECT_TRUE(samples) << samples.error().message;
  return samples.value_or(std::vector<Sample>{});
}

std::string error_of(const std::string& body) {
  const Result<std::vector<Sample>> samples = read_promql_answer(body);
  return samples ? "" : samples.error().message;
}

TEST(PromqlAnswer, gives_the_samples_of_a_vector_with_their_labels) {
  const std::vector<Sample> samples = read(
      "vector",
      R"([{"metric":{"__name__":"up","instance":"a:9100","job":"node"},"value":[1435781451.781,"1"]},)"
      R"({"metric":{"__name__":"up"},"value":[1435781451,"0.25"]},{"metric":{},"value":[1435781451.781,"-1e-07"]}])");
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].series, R"(up{instance="a:9100", job="node"})");
  EXPECT_EQ(samples[0].value, 1);
  EXPECT_EQ(samples[1].series, "up");
  EXPECT_EQ(samples[1].value, 0.25);
  EXPECT_EQ(samples[2].series, "{}");
  EXPECT_EQ(samples[2].value, -1e-07);
}

TEST(PromqlAnswer, reads_labels_that_are_not_utf8) {
  const std::vector<Sample> samples = read("vector", "[{\"metric\":{\"path\":\"caf\xE9\"},\"value\":[1,\"2\"]}]");
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].series, "{path=\"caf\uFFFD\"}");
}

TEST(PromqlAnswer, gives_the_one_sample_of_a_scalar) {
  const std::vector<Sample> samples = read("scalar", R"([1435781451.781,"42"])");
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].series, "");
  EXPECT_EQ(samples[0].value, 42);
}

TEST(PromqlAnswer, reads_what_is_no_finite_number) {
  const auto value = [](const std::string& text) { return read("scalar", "[1,\"" + text + "\"]").at(0).value; };
  EXPECT_EQ(value("+Inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value("-Inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(value("NaN")));
}

TEST(PromqlAnswer, is_empty_where_there_is_no_data) { EXPECT_TRUE(read("vector", "[]").empty()); }

TEST(PromqlAnswer, says_what_prometheus_says) {
  EXPECT_EQ(error_of(R"({"status":"error","errorType":"bad_data","error":"parse error\nat char 3"})"),
            "Prometheus says \"parse error at char 3\"");
  const std::string long_one = error_of(R"({"status":"error","error":")" + std::string(100'000, 'x') + "\"}");
  EXPECT_LT(long_one.size(), 400U);
}

TEST(PromqlAnswer, says_which_results_have_no_value_of_now) {
  EXPECT_THAT(error_of(success("matrix", "[]")), HasSubstr("over a range of time"));
  EXPECT_THAT(error_of(success("string", R"([1,"a"])")), HasSubstr("a text and not a number"));
  EXPECT_THAT(error_of(success("vector", R"([{"metric":{},"histogram":[1,{}]}])")), HasSubstr("histograms"));
}

TEST(PromqlAnswer, refuses_what_is_none_of_the_api) {
  const std::string none = "the answer is not one of Prometheus's API";
  for (const char* body : {"", "<html>", "[]", "null", "{}", R"({"status":"success"})", R"({"status":"error"})",
                           R"({"status":"success","data":[]})", R"({"status":"done","error":"x"})"}) {
    EXPECT_EQ(error_of(body), none) << body;
  }
  for (const char* result :
       {"{}", "[1]", "[{}]", R"([{"metric":{}}])", R"([{"metric":{},"value":"1"}])", R"([{"metric":{},"value":[1]}])",
        R"([{"metric":{},"value":[1,2]}])", R"([{"metric":{},"value":[1,""]}])", R"([{"metric":{},"value":[1,"++1"]}])",
        R"([{"metric":{},"value":[1,"1 "]}])", R"([{"metric":[],"value":[1,"1"]}])"}) {
    EXPECT_EQ(error_of(success("vector", result)), none) << result;
  }
  EXPECT_EQ(error_of(success("scalar", "[]")), none);
  EXPECT_EQ(error_of(success("histogram", "[]")), none);
  EXPECT_EQ(error_of(success("vector", std::string(5000, '['))), none) << "nested without end";
}

TEST(PromqlAnswer, bounds_the_words_of_a_series) {
  std::string labels = R"("__name__":"up")";
  for (int i = 0; i < 100; ++i) labels += ",\"l" + std::to_string(i) + "\":\"" + std::string(500, 'x') + "\"";
  const std::vector<Sample> samples = read("vector", R"([{"metric":{)" + labels + R"(},"value":[1,"1"]}])");
  EXPECT_LT(samples.at(0).series.size(), 210U);
  EXPECT_THAT(samples[0].series, testing::StartsWith("up{l0=\"xxx"));
  EXPECT_EQ(read("vector", R"([{"metric":{"a\n":"\u001b[2J"},"value":[1,"1"]}])").at(0).series.find_first_of("\n\x1b"),
            std::string::npos);
}

}  // namespace
}  // namespace candor::probes
