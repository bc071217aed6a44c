#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/unit.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::IsEmpty;

UnitConfig config() { return {.name = "postgresql.service", .timeout = 2s}; }

Outcome judged(UnitState state, int restarts = 0, const UnitConfig& with = config()) {
  return judge(with, {.state = std::move(state), .restarts = restarts, .took = 3ms});
}

UnitState state(std::string active, std::string sub) {
  return {.load = "loaded",
          .active = std::move(active),
          .sub = std::move(sub),
          .result = "success",
          .since = *parse_rfc3339("2026-11-23T05:44:01Z")};
}

TEST(UnitJudge, finds_an_active_unit_ok) {
  UnitState running = state("active", "running");
  running.restarts = 7;
  const Outcome outcome = judged(running);
  EXPECT_EQ(outcome.health, Health::ok);
  EXPECT_EQ(outcome.evidence, "");
  EXPECT_EQ(outcome.phases.total, 3ms);
  ASSERT_EQ(outcome.readings.size(), 1U);
  EXPECT_EQ(outcome.readings.front().name, "restarts");
  EXPECT_EQ(outcome.readings.front().value, 7);
  EXPECT_THAT(judged(state("active", "mounted")).readings, IsEmpty());
}

TEST(UnitJudge, finds_a_failed_unit_failing_and_says_why_and_since_when) {
  UnitState failed = state("failed", "failed");
  failed.result = "exit-code";
  failed.exit_code = CLD_EXITED;
  failed.exit_status = 1;
  const Outcome outcome = judged(failed);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence,
            "unit postgresql.service is failed (Result=exit-code, exit status 1) since 23 November 2026, 05:44 UTC "
            "(systemd's answer after 3 ms)");
  EXPECT_EQ(outcome.symptom, "an unavailable service");
  failed.result = "oom-kill";
  failed.exit_code = CLD_KILLED;
  failed.exit_status = SIGKILL;
  failed.since = {};
  EXPECT_EQ(judged(failed).evidence,
            "unit postgresql.service is failed (Result=oom-kill, signal 9 (Killed)) (systemd's answer after 3 ms)");
}

TEST(UnitJudge, finds_what_is_not_there_failing) {
  EXPECT_EQ(
      judged(state("inactive", "dead")).evidence,
      "unit postgresql.service is inactive (dead) since 23 November 2026, 05:44 UTC (systemd's answer after 3 ms)");
  EXPECT_EQ(judged(state("inactive", "dead")).health, Health::failing);
  UnitState missing = state("inactive", "dead");
  missing.load = "not-found";
  EXPECT_EQ(judged(missing).evidence,
            "unit postgresql.service is inactive: systemd finds it not-found (systemd's answer after 3 ms)");
  EXPECT_EQ(judged(missing).health, Health::failing);
  const Outcome unknown = judge(config(), {.no_such_unit = true, .took = 3ms});
  EXPECT_EQ(unknown.health, Health::failing);
  EXPECT_EQ(unknown.evidence, "unit postgresql.service is not known to systemd (systemd's answer after 3 ms)");
  missing.active = "active";
  EXPECT_EQ(judged(missing).health, Health::ok) << "it runs, although its file is gone";
}

TEST(UnitJudge, finds_a_unit_between_states_degraded) {
  for (const char* active : {"reloading", "activating", "deactivating", "maintenance"}) {
    EXPECT_EQ(judged(state(active, "auto-restart")).health, Health::degraded) << active;
  }
  EXPECT_EQ(judged(state("activating", "auto-restart")).evidence,
            "unit postgresql.service is activating (auto-restart) since 23 November 2026, 05:44 UTC (systemd's answer "
            "after 3 ms)");
  EXPECT_EQ(judged(state("activating", "auto-restart")).symptom, "interruptions");
}

TEST(UnitJudge, finds_too_many_restarts_degraded) {
  UnitConfig strict = config();
  strict.degraded_above_restarts = 3;
  EXPECT_EQ(judged(state("active", "running"), 3, strict).health, Health::ok);
  const Outcome outcome = judged(state("active", "running"), 4, strict);
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_EQ(outcome.evidence,
            "unit postgresql.service was restarted 4 times or more within 10m; now it is active (running) since 23 "
            "November 2026, 05:44 UTC (systemd's answer after 3 ms)");
  EXPECT_EQ(judged(state("failed", "failed"), 4, strict).health, Health::failing);
}

TEST(UnitJudge, cannot_tell_without_an_answer) {
  const Outcome outcome = judge(config(), {.untold = "systemd did not answer within 2 s"});
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, "state of unit postgresql.service: systemd did not answer within 2 s");
}

TEST(UnitJudge, makes_harmless_what_systemd_says) {
  const Outcome outcome = judged(state("odd\x1B[31m\xFF" + std::string(1000, 'x'), ""));
  EXPECT_LT(outcome.evidence.size(), 200U);
  EXPECT_NE(outcome.evidence.find("odd [31m\xEF\xBF\xBD"), std::string::npos) << outcome.evidence;
}

TEST(RestartCount, counts_within_its_window) {
  RestartCount count{3, 10min};
  EXPECT_EQ(count.add(5, 0min), 0) << "those before the first look are not known to be recent";
  EXPECT_EQ(count.add(6, 1min), 1);
  EXPECT_EQ(count.add(8, 2min), 3);
  EXPECT_EQ(count.add(8, 11min), 3) << "ten minutes are not over";
  EXPECT_EQ(count.add(8, 11min + 1us), 2);
  EXPECT_EQ(count.add(8, 13min), 0);
}

TEST(RestartCount, knows_that_the_counter_begins_again) {
  RestartCount count{3, 10min};
  count.add(5, 0min);
  EXPECT_EQ(count.add(0, 1min), 0) << "somebody restarted it";
  EXPECT_EQ(count.add(2, 2min), 2);
  EXPECT_EQ(count.add(1, 3min), 3);
}

TEST(RestartCount, is_bounded) {
  RestartCount count{3, 10min};
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_LE(count.add(i, std::chrono::milliseconds{i}), 4);
  EXPECT_EQ(count.add(1000, 1s), 4);
  EXPECT_EQ(count.add(4'000'000'000, 2s), 4);
  EXPECT_EQ(RestartCount(0, 10min).add(1, 0min), 0);
}

}  // namespace
}  // namespace candor::probes
