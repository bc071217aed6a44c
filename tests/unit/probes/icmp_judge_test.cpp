#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/echo.h"
#include "probes/kinds/icmp.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;

IcmpConfig config() { return {.host = "db.internal", .packets = 3, .timeout = 2s}; }

IcmpSeen seen(std::vector<std::chrono::microseconds> answered, int sent = 3) {
  return {.address = "10.0.0.7", .sent = sent, .answered = std::move(answered), .phases = {.total = 2s}};
}

TEST(IcmpJudge, finds_a_host_that_answers_ok) {
  const Outcome outcome = judge(config(), seen({1ms, 3ms, 2ms}));
  EXPECT_EQ(outcome.health, Health::ok);
  EXPECT_EQ(outcome.evidence, "");
  ASSERT_EQ(outcome.readings.size(), 4U);
  EXPECT_EQ(outcome.readings[0].name + outcome.readings[0].unit, "loss%");
  EXPECT_EQ(outcome.readings[0].value, 0);
  EXPECT_DOUBLE_EQ(outcome.readings[1].value, 0.001);
  EXPECT_DOUBLE_EQ(outcome.readings[2].value, 0.002);
  EXPECT_DOUBLE_EQ(outcome.readings[3].value, 0.003);
}

TEST(IcmpJudge, finds_silence_failing) {
  const Outcome outcome = judge(config(), seen({}));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "ping 10.0.0.7 (db.internal): 3 of 3 packets lost within 2 s");
  EXPECT_EQ(outcome.symptom, "failing connections");
  ASSERT_EQ(outcome.readings.size(), 1U);
  EXPECT_EQ(outcome.readings[0].value, 100);
  IcmpSeen told = seen({});
  told.error = "No route to host";
  EXPECT_EQ(judge(config(), told).evidence,
            "ping 10.0.0.7 (db.internal): 3 of 3 packets lost within 2 s: No route to host");
  told.phases.total = 12ms;
  EXPECT_EQ(judge(config(), told).evidence,
            "ping 10.0.0.7 (db.internal): 3 of 3 packets lost after 12 ms: No route to host");
}

TEST(IcmpJudge, judges_loss_by_its_limits) {
  EXPECT_EQ(judge(config(), seen({1ms})).health, Health::ok) << "less than everything is lost";
  IcmpConfig strict = config();
  strict.degraded_at_loss = 33;
  strict.failing_at_loss = 50;
  const Outcome some = judge(strict, seen({1ms, 1ms}));
  EXPECT_EQ(some.health, Health::degraded);
  EXPECT_EQ(some.evidence, "ping 10.0.0.7 (db.internal): 1 of 3 packets lost within 2 s (33%, degraded at 33%)");
  EXPECT_EQ(some.symptom, "unstable connections");
  const Outcome most = judge(strict, seen({1ms}));
  EXPECT_EQ(most.health, Health::failing);
  EXPECT_THAT(most.evidence, HasSubstr("2 of 3 packets lost within 2 s (66%, failing at 50%)"));
  EXPECT_EQ(judge(strict, seen({1ms}, 2)).health, Health::failing) << "half of them is at 50%";
  strict.degraded_at_loss = 34;
  EXPECT_EQ(judge(strict, seen({1ms, 1ms})).health, Health::ok);
}

TEST(IcmpJudge, finds_slow_answers_degraded) {
  IcmpConfig strict = config();
  strict.degraded_above = 2ms;
  EXPECT_EQ(judge(strict, seen({1ms, 2ms, 3ms})).health, Health::ok);
  const Outcome outcome = judge(strict, seen({1ms, 6ms}));
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_EQ(outcome.evidence,
            "ping 10.0.0.7 (db.internal): 2 of 3 packets answered, in 4 ms on average, slower than 2 ms");
  EXPECT_EQ(outcome.symptom, "slow answers");
}

TEST(IcmpJudge, tells_of_a_name_without_an_address) {
  net::Failure no_name{.stage = net::Failure::Stage::name_lookup, .reason = "Domain name not found"};
  const Outcome none = judge(config(), {.no_address = no_name, .phases = {.total = 12ms}});
  EXPECT_EQ(none.health, Health::failing);
  EXPECT_EQ(none.evidence, "look up db.internal: Domain name not found (after 12 ms)");
  EXPECT_EQ(none.symptom, "failing connections");
  EXPECT_THAT(none.readings, IsEmpty());
  no_name.ours = true;
  const Outcome unknown = judge(config(), {.no_address = no_name});
  EXPECT_EQ(unknown.health, Health::unknown);
  EXPECT_EQ(unknown.evidence, "cannot look up db.internal: Domain name not found");
  EXPECT_EQ(unknown.symptom, "");
  no_name = {.stage = net::Failure::Stage::name_lookup, .timed_out = true};
  EXPECT_EQ(judge(config(), {.no_address = no_name}).evidence, "look up db.internal timed out after 2 s");
}

TEST(IcmpJudge, cannot_tell_where_pings_are_forbidden) {
  const Outcome outcome = judge(config(), {.forbidden = "the kernel says no", .address = "10.0.0.7"});
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, "ping 10.0.0.7 (db.internal): the kernel says no");
}

std::string_view text(const EchoRequest& packet) { return {packet.data(), packet.size()}; }

TEST(Echo, knows_the_reply_to_its_request) {
  for (const bool ipv6 : {false, true}) {
    EchoRequest packet = make_echo_request(ipv6, 0x1234, 77);
    EXPECT_EQ(read_echo_reply(ipv6, text(packet)), std::nullopt) << "it is a request";
    packet[0] = ipv6 ? '\x81' : '\x00';
    EXPECT_EQ(read_echo_reply(ipv6, text(packet)), (Echo{77, 0x1234}));
    EXPECT_EQ(read_echo_reply(!ipv6, text(packet)), std::nullopt);
    EXPECT_EQ(read_echo_reply(ipv6, text(packet).substr(0, 16)), (Echo{77, 0x1234}));
    for (std::size_t size = 0; size < 16; ++size) {
      EXPECT_EQ(read_echo_reply(ipv6, text(packet).substr(0, size)), std::nullopt);
    }
    packet[1] = 1;
    EXPECT_EQ(read_echo_reply(ipv6, text(packet)), std::nullopt);
  }
}

}  // namespace
}  // namespace candor::probes
