#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/grpc.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using rules::Health;
using testing::HasSubstr;

const std::string serving = "\0\0\0\0\x02\x08\x01"s;
const std::string check = R"(gRPC health check of "shop.Cart" at 10.0.0.7:50051 (cart.internal): )";

class GrpcJudge : public testing::Test {
 protected:
  GrpcJudge() {
    config.target = {"cart.internal", 50051};
    config.service = "shop.Cart";
    config.degraded_above = 100ms;
    config.timeout = 2s;
    seen = {.status = 200, .grpc_status = "0", .body = serving, .peer = "10.0.0.7:50051"};
    seen.phases.total = 12ms;
  }

  Outcome judge_status(std::string status, std::string message = {}) {
    seen.grpc_status = std::move(status);
    seen.grpc_message = std::move(message);
    seen.body = {};
    return judge(config, seen);
  }

  GrpcConfig config;
  GrpcSeen seen;
};

TEST_F(GrpcJudge, finds_a_service_that_serves_ok) {
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(outcome.evidence, "");
  EXPECT_EQ(outcome.phases.total, 12ms);
}

TEST_F(GrpcJudge, finds_a_service_that_does_not_serve_failing) {
  const std::string body = "\0\0\0\0\x02\x08\x02"s;
  seen.body = body;
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, check + "NOT_SERVING after 12 ms");
  EXPECT_EQ(outcome.symptom, "an unavailable service");
}

TEST_F(GrpcJudge, finds_a_service_that_is_not_known_failing) {
  const Outcome outcome = judge_status("5", "unknown%20service");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, check + R"(NOT_FOUND after 12 ms, the server knows no such service ("unknown service"))");
  EXPECT_EQ(outcome.symptom, "an unavailable service");
  const std::string body = "\0\0\0\0\x02\x08\x03"s;
  seen.grpc_status = "0";
  seen.body = body;
  EXPECT_EQ(judge(config, seen).health, Health::failing);
  EXPECT_EQ(judge(config, seen).evidence, check + "SERVICE_UNKNOWN after 12 ms");
}

TEST_F(GrpcJudge, cannot_tell_where_nothing_is_offered_or_set) {
  const Outcome none = judge_status("12");
  EXPECT_EQ(none.health, Health::unknown);
  EXPECT_THAT(none.evidence,
              HasSubstr(check + "UNIMPLEMENTED after 12 ms, the server does not offer grpc.health.v1; register"));
  seen.grpc_status = "0";
  const std::string empty = "\0\0\0\0\0"s;
  seen.body = empty;
  const Outcome unset = judge(config, seen);
  EXPECT_EQ(unset.health, Health::unknown);
  EXPECT_EQ(unset.evidence, check + "UNKNOWN after 12 ms; the server has not set this service's health");
}

TEST_F(GrpcJudge, tells_of_other_errors) {
  const Outcome outcome = judge_status("14", "shutting down%0A\x1b[2J");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr(check + "grpc-status UNAVAILABLE after 12 ms (\"shutting down "));
  EXPECT_EQ(outcome.evidence.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_EQ(outcome.symptom, "errors");
  EXPECT_LT(judge_status("14", std::string(50'000, 'x')).evidence.size(), 500U);
  EXPECT_EQ(judge_status("99").evidence, check + "grpc-status \"99\" after 12 ms");
}

TEST_F(GrpcJudge, finds_slow_answers_degraded) {
  seen.phases.total = 150ms;
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_EQ(outcome.evidence, check + "SERVING, answered in 150 ms, slower than 100 ms");
  EXPECT_EQ(outcome.symptom, "slow answers");
}

TEST_F(GrpcJudge, tells_of_answers_that_are_none_of_grpc) {
  GrpcSeen other = seen;
  other.http2 = false;
  EXPECT_EQ(judge(config, other).evidence,
            check + "an answer without HTTP/2, which is not a gRPC server's (after 12 ms)");
  other = seen;
  other.status = 502;
  EXPECT_EQ(judge(config, other).evidence, check + "HTTP 502 (after 12 ms)");
  other = seen;
  other.grpc_status.reset();
  EXPECT_EQ(judge(config, other).evidence,
            check + "an answer without a grpc-status, which is not a gRPC server's (after 12 ms)");
  other = seen;
  other.body = "\0"s;
  EXPECT_EQ(judge(config, other).evidence, check + "the answer cannot be read: its message is cut short (after 12 ms)");
  other = seen;
  other.body_cut = true;
  EXPECT_EQ(judge(config, other).evidence,
            check + "the answer cannot be read: its message has more than 4 kB (after 12 ms)");
  other.grpc_status.reset();
  EXPECT_EQ(judge(config, other).evidence,
            check + "the answer cannot be read: its message has more than 4 kB (after 12 ms)")
      << "it is broken off before its status comes";
  EXPECT_EQ(judge(config, other).health, Health::failing);
  EXPECT_EQ(judge(config, other).symptom, "unexpected answers");
}

TEST_F(GrpcJudge, tells_of_silence) {
  using Stage = net::Failure::Stage;
  seen = {.failure = net::Failure{Stage::connect, false, "Connection refused"},
          .phases = seen.phases,
          .peer = "10.0.0.7:50051"};
  const Outcome outcome = judge(config, seen);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "connect to 10.0.0.7:50051 (cart.internal): Connection refused (after 12 ms)");
  EXPECT_EQ(outcome.symptom, "failing connections");
  seen.failure = net::Failure{Stage::request, true, ""};
  EXPECT_EQ(judge(config, seen).evidence,
            R"(gRPC health check of "shop.Cart": no answer from 10.0.0.7:50051 (cart.internal) within 2 s)");
  seen.failure = net::Failure{Stage::request, false, "the connection was closed"};
  EXPECT_THAT(judge(config, seen).evidence,
              HasSubstr(": the connection was closed (after 12 ms); is it gRPC, and without TLS?"));
  config.tls = true;
  EXPECT_THAT(judge(config, seen).evidence, HasSubstr(": the connection was closed (after 12 ms); is it gRPC?"));
  config.service.clear();
  seen.failure = net::Failure{Stage::request, true, ""};
  EXPECT_EQ(judge(config, seen).evidence,
            "gRPC health check: no answer from 10.0.0.7:50051 (cart.internal) within 2 s");
}

}  // namespace
}  // namespace candor::probes
