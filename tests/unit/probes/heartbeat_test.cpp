#include "probes/kinds/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;

const Instant night = from_ms(1'790'000'000'000);

struct HeartbeatJudge : testing::Test {
  HeartbeatConfig config{.probe = "backup", .late_after = 26h};
  HeartbeatSeen seen{.latest = Beat{night, 0, ""}, .absences = {}, .now = night};

  Outcome after(Duration time) {
    seen.now = night + time;
    return judge(config, seen);
  }
};

TEST_F(HeartbeatJudge, is_unknown_until_the_first_call) {
  seen.latest.reset();
  const Outcome outcome = after(0s);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_THAT(outcome.evidence, HasSubstr("nothing has called /api/v1/heartbeat/backup yet"));
}

TEST_F(HeartbeatJudge, is_late_only_after_its_time) {
  EXPECT_EQ(after(26h).health, Health::ok);
  const Outcome late = after(26h + 1ms);
  EXPECT_EQ(late.health, Health::failing);
  EXPECT_THAT(late.evidence, HasSubstr("backup called last 26 h 0 min ago, at 2026-"));
  EXPECT_THAT(late.evidence, HasSubstr("a call is due every 1d2h"));
  EXPECT_EQ(late.symptom, "a background job that is late");
}

TEST_F(HeartbeatJudge, says_what_the_job_said_of_its_failure) {
  seen.latest = Beat{night, 2, "disk\nfull"};
  const Outcome failed = after(90s);
  EXPECT_EQ(failed.health, Health::failing);
  EXPECT_TRUE(failed.told);
  EXPECT_THAT(failed.evidence, HasSubstr("backup ended with exit status 2, as it said 1 min 30 s ago"));
  EXPECT_THAT(failed.evidence, HasSubstr(": \"disk full\""));
  EXPECT_EQ(after(100h).health, Health::failing) << "until it says otherwise";
}

TEST_F(HeartbeatJudge, does_not_take_its_own_absence_for_the_jobs) {
  seen.absences = {{night + 25h, night + 27h}};
  const Outcome unseen = after(28h);
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_THAT(unseen.evidence, HasSubstr("no calls were heard until"));
  EXPECT_EQ(after(27h + 26h).health, Health::unknown) << "a call in between would be followed by the next";
  EXPECT_EQ(after(27h + 26h + 1s).health, Health::failing);
}

TEST_F(HeartbeatJudge, knows_that_a_job_was_late_before_an_absence) {
  seen.absences = {{night + 26h + 1s, night + 30h}};
  EXPECT_EQ(after(31h).health, Health::failing) << "late before";
}

TEST_F(HeartbeatJudge, goes_on_with_one_absence_where_the_next_begins_before_it_is_made_up_for) {
  seen.absences = {{night + 25h, night + 27h}, {night + 40h, night + 41h}};
  EXPECT_EQ(after(41h + 26h).health, Health::unknown);
  EXPECT_EQ(after(41h + 26h + 1s).health, Health::failing);
  seen.absences = {{night + 25h, night + 27h}, {night + 54h, night + 55h}};
  EXPECT_EQ(after(56h).health, Health::failing) << "late between the two";
}

TEST_F(HeartbeatJudge, is_excused_once_by_short_absences_however_often_they_recur) {
  for (int day = 0; day < 90; ++day) {
    seen.absences.push_back({night + day * 24h + 2h, night + day * 24h + 2h + 6s, 15s});
  }
  const Outcome unseen = after(26h + 1s);
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_THAT(unseen.evidence, HasSubstr("no calls were heard until"));
  EXPECT_EQ(after(26h + 6s + 26h).health, Health::unknown);
  EXPECT_EQ(after(26h + 6s + 26h + 1s).health, Health::failing);
  EXPECT_EQ(after(90 * 24h).health, Health::failing);
}

TEST_F(HeartbeatJudge, is_excused_by_a_short_absence_in_which_it_could_not_call_for_longer_than_it_may) {
  config.late_after = 2s;
  seen.absences = {{night + 1s, night + 11s, 15s}};
  EXPECT_EQ(after(13s).health, Health::unknown);
  EXPECT_EQ(after(13s + 1ms).health, Health::failing);
}

TEST_F(HeartbeatJudge, does_not_wait_for_the_end_of_short_absences_that_follow_each_other) {
  seen.absences = {{night + 25h, night + 90 * 24h, 15s}};
  const Outcome unseen = after(26h + 15s + 26h);
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_THAT(unseen.evidence, HasSubstr("not all calls were heard until"));
  EXPECT_EQ(after(26h + 15s + 26h + 1s).health, Health::failing);
}

TEST_F(HeartbeatJudge, is_not_excused_longer_by_short_absences_after_a_long_one) {
  seen.absences = {{night + 25h, night + 27h}, {night + 40h, night + 40h + 1s, 15s}};
  const Outcome unseen = after(27h + 26h);
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_THAT(unseen.evidence, HasSubstr("no calls were heard until " + format_rfc3339(night + 27h)));
  EXPECT_EQ(after(27h + 26h + 1s).health, Health::failing);
  seen.absences = {{night + 26h, night + 26h + 1s, 15s}, {night + 40h, night + 41h}};
  EXPECT_EQ(after(41h + 26h).health, Health::unknown) << "a long one goes on with what a short one excused";
}

using HeartbeatProbe = test::Probing;

TEST_F(HeartbeatProbe, names_who_knows_the_calls_where_no_daemon_runs) {
  const std::unique_ptr<Probe> probe = make(test::read_kind("heartbeat", "late_after = \"26h\""));
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, "only a running candord knows the calls of a: ask it with candorctl probe show a");
}

}  // namespace
}  // namespace candor::probes
