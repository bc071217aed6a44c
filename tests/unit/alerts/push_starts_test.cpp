#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alerts/push_book.h"
#include "tests/unit/alerts/push_world.h"

namespace candor::alerts {
namespace {

using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// What is believed of alerts over starts, set clocks and times in which nobody could be heard.

TEST_F(PushBookTest, leaves_journalled_alerts_as_they_are_after_a_restart_until_their_sender_could_speak) {
  push({alert("Script"), from_prometheus("Down", noon)});
  now += 1h;  // candord was away
  restart();
  pass(resolve_timeout - 1ms);
  EXPECT_EQ(find("Script")->health, Health::failing);
  EXPECT_EQ(find("Down")->health, Health::failing);
  pass(1ms);
  EXPECT_EQ(find("Script"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_THAT(find("Down")->evidence, HasSubstr("since before candord started"));
  ASSERT_THAT(senders, SizeIs(1));
  EXPECT_EQ(senders[0].source, "push:prom:9090");
  EXPECT_FALSE(senders[0].answering);
}

TEST_F(PushBookTest, goes_by_the_senders_word_after_a_restart) {
  push({from_prometheus("Down", noon), from_prometheus("Slow", noon)});
  restart();
  now += 30s;
  Alert end = from_prometheus("Slow", noon);
  end.ends_at = now;
  push({from_prometheus("Down", noon), end});
  EXPECT_EQ(find("Slow"), nullptr);
  EXPECT_THAT(last, SizeIs(1));
  pass(4min - 1ms);
  EXPECT_EQ(find("Down")->health, Health::failing);
  pass(1ms);
  EXPECT_EQ(find("Down")->health, Health::unknown);
}

TEST_F(PushBookTest, believes_a_script_until_the_end_that_it_named_over_restarts) {
  push({until("Backup", noon + 2h)});
  restart();
  pass(2h - 1ms);
  ASSERT_NE(find("Backup"), nullptr);
  EXPECT_EQ(find("Backup")->health, Health::failing);
  pass(1ms);
  EXPECT_EQ(find("Backup"), nullptr);
  EXPECT_THAT(ends.back(), HasSubstr("ended at 23 November 2026, 14:00 UTC, as its sender had said"));
}

TEST_F(PushBookTest, takes_a_script_at_its_word_that_it_repeats_after_a_restart) {
  push({until("Backup", noon + 400s)});
  pass(1s);
  const Alert longer = until("Backup", noon + 460s);
  push({longer});
  restart();
  EXPECT_GT(expiry("Backup").ends_at, noon + 460s) << "the journal is told of few ends";
  push({until("Backup", noon + 30s)});
  EXPECT_GT(expiry("Backup").ends_at, noon + 460s) << "it never named one so early";
  push({longer});
  EXPECT_EQ(expiry("Backup").ends_at, noon + 460s);
  pass(460s);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(PushBookTest, leaves_a_script_time_to_speak_after_a_restart_past_its_end) {
  push({until("Backup", noon + 10min)});
  now += 1h;
  restart();
  pass(resolve_timeout - 1ms);
  EXPECT_NE(find("Backup"), nullptr);
  pass(1ms);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(PushBookTest, journals_an_end_that_moves_away_once_in_a_while_and_never_an_earlier_one) {
  std::size_t journalled = 0;
  for (int minute = 0; minute < 60; ++minute) {
    push({until("Backup", now + 1h)});
    journalled += last.size();
    EXPECT_GE(find("Backup")->alert->ends_at, now + 1h);
    EXPECT_LE(find("Backup")->alert->ends_at, now + 1h + 5min);
    now += 1min;
  }
  EXPECT_LE(journalled, 13U);
}

TEST_F(PushBookTest, journals_the_end_of_what_begins_anew_as_it_is) {
  Alert planned = alert("PlannedWork");
  planned.starts_at = *(planned.ends_at = now + 1h);  // as the API reads a post that names an end alone
  push({planned});
  planned.starts_at = *(planned.ends_at = now + 6min);
  push({planned});
  EXPECT_EQ(find("PlannedWork")->alert->ends_at, now + 6min);
  restart();
  pass(6min);
  EXPECT_EQ(find("PlannedWork"), nullptr);
}

TEST_F(PushBookTest, journals_no_end_of_an_alert_that_is_repeated) {
  push({from_prometheus("Down", noon), alert("Script")});
  EXPECT_EQ(find("Down")->alert->ends_at, std::nullopt);
  EXPECT_EQ(find("Script")->alert->ends_at, std::nullopt);
}

TEST_F(PushBookTest, looks_at_journalled_alerts_in_time_whatever_is_pushed_after_the_start) {
  push({alert("Script")});
  restart();
  push({until("Backup", now + 2h), from_prometheus("Down", now)});
  pass(resolve_timeout);
  EXPECT_EQ(find("Script"), nullptr);
}

TEST_F(PushBookTest, believes_alerts_for_as_long_as_before_when_the_clock_is_set) {
  for (const Duration by : {Duration{6h}, Duration{-6h}}) {
    push({alert("Script"), from_prometheus("Down", now)});
    pass(1min);
    set_clock(by);
    pass(3min - 1ms);
    ASSERT_NE(find("Down"), nullptr);
    EXPECT_EQ(find("Down")->health, Health::failing);
    pass(1ms);
    EXPECT_EQ(find("Down")->health, Health::unknown);
    EXPECT_NE(find("Script"), nullptr);
    pass(1min);
    EXPECT_EQ(find("Script"), nullptr);
    EXPECT_FALSE(senders.back().answering);
  }
}

TEST_F(PushBookTest, waits_for_senders_after_a_start_for_as_long_as_before_when_the_clock_is_set) {
  push({alert("Script")});
  restart();
  pass(1min);
  set_clock(6h);
  pass(4min - 1ms);
  EXPECT_NE(find("Script"), nullptr);
  pass(1ms);
  EXPECT_EQ(find("Script"), nullptr);
}

TEST_F(PushBookTest, waits_for_senders_as_after_a_start_where_nobody_could_be_heard) {
  push({alert("Script"), until("Backup", now + 10min), from_prometheus("Down", now)});
  const Instant since = now + 1min;
  now += 1h;
  book.heard_nothing(since, now);
  pass(5min - 1ms);
  EXPECT_THAT(ends, IsEmpty());
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_THAT(senders, SizeIs(1));
  pass(1ms);
  EXPECT_THAT(ends, SizeIs(2));
  EXPECT_EQ(find("Down")->evidence, "no word of it from prom:9090 since " + format_for_people(noon));
  EXPECT_FALSE(senders.back().answering);
}

TEST_F(PushBookTest, gives_a_script_time_to_speak_also_where_the_clock_was_set_while_nobody_could_be_heard) {
  push({until("Backup", now + 10min)});
  const Instant since = now + 1min;
  now += 2min;
  book.heard_nothing(since, now);
  set_clock(3h);
  pass(5min - 1ms);
  EXPECT_EQ(find("Backup")->health, Health::failing) << "it may have been repeated with a later end";
  pass(1ms);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(PushBookTest, believes_nobody_longer_whose_end_had_passed_before_nobody_could_be_heard) {
  push({alert("Script")});
  now += 5min + 1s;
  book.heard_nothing(now - 500ms, now);
  pass(1s);
  EXPECT_EQ(find("Script"), nullptr);
}

TEST_F(PushBookTest, takes_the_end_after_a_time_in_which_nobody_could_be_heard_for_one) {
  push({from_prometheus("Down", now)});
  const Instant since = now + 1min;
  now += 1h;
  book.heard_nothing(since, now);
  Alert end = from_prometheus("Down", noon);
  end.ends_at = now - 1min;
  push({end});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(PushBookTest, takes_the_next_word_of_prometheus_for_what_it_is_when_its_clock_was_set_back) {
  Alert ahead = from_prometheus("Down", noon);
  ahead.ends_at = now + 6h;
  push({ahead});
  push({from_prometheus("Down", noon)});
  EXPECT_EQ(expiry("Down").ends_at, now + 4min);
}

TEST_F(PushBookTest, goes_by_the_clock_for_an_end_that_a_script_named) {
  push({until("Backup", noon + 2h)});
  set_clock(-1h);
  pass(3h - 1ms);
  EXPECT_NE(find("Backup"), nullptr);
  pass(1ms);
  EXPECT_EQ(find("Backup"), nullptr);
  push({until("Backup", now + 2h)});
  set_clock(3h);
  pass(1s);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(PushBookTest, keeps_the_start_over_a_restart) {
  push({alert("Down")});
  now += 1min;
  restart();
  push({make_alert("Down", now)});
  EXPECT_EQ(find("Down")->alert->starts_at, noon);
  EXPECT_THAT(last, IsEmpty());
}

}  // namespace
}  // namespace candor::alerts
