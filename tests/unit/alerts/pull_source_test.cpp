#include "daemon/alerts/pull_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;

const std::string source = "alertmanager:main";

/// An Alertmanager that has stopped naming an alert.
struct PullSourceTest : testing::Test {
  FakeIntake intake;
  std::shared_ptr<PullSource> alertmanager = std::make_shared<PullSource>(intake, source, "http://am:9093", 5s);

  PullSourceTest() {
    fold(intake.known, fires(source, make_alert("Down")), noon);
    EXPECT_FALSE(answers_without_it());
    intake.instant += 5s;
  }
  /// Whether it is to be asked how far it can be trusted.
  bool answers_without_it() {
    alertmanager->asked();
    return alertmanager->answered({});
  }
  /// With the next answer, which it gives having been started at `start`.
  void believe_if_it_ran_since(Instant start) {
    EXPECT_TRUE(answers_without_it());
    alertmanager->trust(std::optional{start});
  }
  [[nodiscard]] bool known() const { return intake.find(id_of(source, "Down")) != nullptr; }
};

TEST_F(PullSourceTest, believes_an_alertmanager_that_has_run_for_five_minutes) {
  believe_if_it_ran_since(intake.instant - 5min + 1s);
  EXPECT_TRUE(known());
  believe_if_it_ran_since(intake.instant - 5min);
  EXPECT_FALSE(known());
}

TEST_F(PullSourceTest, does_not_reckon_from_a_start_that_was_told_by_a_clock_since_set) {
  const Instant start = intake.instant;
  intake.instant += 6h;
  alertmanager->clock_set(6h);
  believe_if_it_ran_since(start);
  EXPECT_TRUE(known());
  intake.instant += 5min;
  believe_if_it_ran_since(start);
  EXPECT_FALSE(known());
}

TEST_F(PullSourceTest, waits_five_minutes_for_an_alertmanager_whose_clock_is_ahead) {
  const Instant start = intake.instant + 6h;
  believe_if_it_ran_since(start);
  intake.instant += 5min - 1s;
  believe_if_it_ran_since(start);
  EXPECT_TRUE(known());
  intake.instant += 1s;
  believe_if_it_ran_since(start);
  EXPECT_FALSE(known());
}

TEST_F(PullSourceTest, does_not_take_an_answer_from_before_a_standstill_for_a_later_one) {
  alertmanager->asked();
  const Instant start = intake.instant - 1min;
  intake.instant += 1h;
  EXPECT_TRUE(alertmanager->answered({})) << "written while it had yet to hear of its alerts again";
  alertmanager->trust(std::optional{start});
  EXPECT_TRUE(known());
  believe_if_it_ran_since(start);
  EXPECT_FALSE(known());
}

TEST_F(PullSourceTest, tells_after_a_standstill_that_it_answers_what_is_asked_since) {
  ASSERT_THAT(intake.sources, testing::SizeIs(1));
  alertmanager->asked();
  alertmanager->stood_still();
  EXPECT_TRUE(alertmanager->answered({}));
  EXPECT_THAT(intake.sources, testing::SizeIs(1)) << "that was written before";
  EXPECT_TRUE(answers_without_it());
  ASSERT_THAT(intake.sources, testing::SizeIs(2));
  EXPECT_TRUE(intake.sources.back().answering);
  EXPECT_TRUE(answers_without_it());
  EXPECT_THAT(intake.sources, testing::SizeIs(2)) << "once";
}

TEST_F(PullSourceTest, tells_with_its_next_answer_that_it_answers_where_nothing_was_taken_in) {
  alertmanager->asked();
  alertmanager->tell_again();
  EXPECT_TRUE(alertmanager->answered({}));
  EXPECT_THAT(intake.sources, testing::SizeIs(2));
}

TEST_F(PullSourceTest, ends_nothing_that_it_was_not_sure_of_before_it_failed) {
  EXPECT_TRUE(answers_without_it());
  alertmanager->failed("no answer in 5s");
  alertmanager->trust(std::optional{noon - 1h});
  EXPECT_TRUE(known());
}

TEST_F(PullSourceTest, tells_again_of_its_silence_where_the_disk_refused_only_that) {
  intake.hold_answers = true;
  for (int i = 0; i < 3; ++i) alertmanager->failed("connection refused");
  intake.trouble = "the disk is full";
  for (auto& done : std::exchange(intake.held, {})) done({});
  intake.trouble.clear();
  intake.hold_answers = false;
  const std::size_t before = intake.sources.size();
  alertmanager->failed("connection refused");
  ASSERT_THAT(intake.sources, testing::SizeIs(before + 1));
  EXPECT_FALSE(intake.sources.back().answering);
}

TEST_F(PullSourceTest, knows_why_it_is_silent_by_the_latest_failure_and_tells_the_journal_once) {
  EXPECT_EQ(alertmanager->silence(), "");
  for (int i = 0; i < 3; ++i) alertmanager->failed("it answers with status 503 instead of 200");
  EXPECT_THAT(alertmanager->silence(), testing::EndsWith(": it answers with status 503 instead of 200"));
  const std::size_t told = intake.sources.size();
  alertmanager->failed("connection refused");
  EXPECT_THAT(alertmanager->silence(),
              testing::AllOf(testing::StartsWith("http://am:9093 has not told its alerts since "),
                             testing::EndsWith(": connection refused")));
  EXPECT_EQ(intake.sources.size(), told);
  EXPECT_FALSE(answers_without_it());
  EXPECT_EQ(alertmanager->silence(), "");
}

TEST_F(PullSourceTest, believes_one_that_cannot_say_when_it_was_started) {
  EXPECT_TRUE(answers_without_it());
  alertmanager->trust(std::optional<Instant>{});
  EXPECT_FALSE(known());
}

TEST_F(PullSourceTest, asks_for_the_start_only_what_has_evaluated_its_rules) {
  EXPECT_TRUE(answers_without_it());
  EXPECT_FALSE(alertmanager->trust(RuleStates{.evaluated = {{"Down", false}}, .active = {}}));
  alertmanager->trust(std::optional<Instant>{});
  EXPECT_TRUE(known());
  EXPECT_TRUE(answers_without_it());
  EXPECT_TRUE(alertmanager->trust(RuleStates{.evaluated = {{"Down", true}}, .active = {}}));
  alertmanager->trust(std::optional{intake.instant});
  EXPECT_TRUE(known()) << "it may not have its samples yet";
  intake.instant += 5min;
  EXPECT_TRUE(answers_without_it());
  EXPECT_TRUE(alertmanager->trust(std::optional<RuleStates>{})) << "one without rules may tell its start";
  alertmanager->trust(std::optional{intake.instant - 5min});
  EXPECT_FALSE(known());
}

}  // namespace
}  // namespace candor::alerts
