#include "daemon/alerts/push_book.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/push_world.h"

namespace candor::alerts {
namespace {

using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(PushBookTest, observes_a_new_alert_and_not_its_repetition) {
  push({alert("Down")});
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(last.front().health, Health::failing);
  Alert again = alert("Down");
  now += 1min;
  push({again});
  EXPECT_THAT(last, IsEmpty());
  EXPECT_EQ(expiry("Down").updated_at, now);
}

TEST_F(PushBookTest, believes_an_alert_without_an_end_for_resolve_timeout) {
  push({alert("Down")});
  EXPECT_EQ(expiry("Down").ends_at, now + resolve_timeout);
  EXPECT_TRUE(expiry("Down").timeout);
  book.set_resolve_timeout(1h);
  push({alert("Other")});
  EXPECT_EQ(expiry("Other").ends_at, now + 1h);
}

TEST_F(PushBookTest, ends_an_alert_whose_sender_says_so) {
  push({alert("Down")});
  now += 1min;
  Alert end = make_alert("Down");
  end.ends_at = now;
  push({end});
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(last.front().health, Health::ok);
  EXPECT_EQ(find("Down"), nullptr);
  now += 1min;
  push({end});  // Prometheus repeats it for a quarter of an hour
  EXPECT_THAT(last, IsEmpty());
}

TEST_F(PushBookTest, observes_nothing_of_an_alert_that_was_over_before_it_was_heard_of) {
  Alert over = make_alert("Down", noon - 1h);
  over.ends_at = noon - 1min;
  push({over});
  EXPECT_THAT(last, IsEmpty());
}

TEST_F(PushBookTest, lets_the_later_word_in_one_push_count) {
  Alert end = make_alert("Down");
  end.ends_at = now;
  push({alert("Down"), end});
  EXPECT_EQ(find("Down"), nullptr);
  push({end, alert("Down")});
  EXPECT_NE(find("Down"), nullptr);
  push({end, alert("Down")});  // known now
  EXPECT_NE(find("Down"), nullptr);
  restart();
  push({end, alert("Down")});
  EXPECT_NE(find("Down"), nullptr);
}

TEST_F(PushBookTest, says_why_an_alert_has_ended) {
  Alert named = alert("Named");
  named.ends_at = now + 1h;
  push({alert("Down"), named});
  pass(5min);
  ASSERT_THAT(signals, SizeIs(1));
  EXPECT_THAT(ends.back(), HasSubstr("nobody has repeated it by 23 November 2026, 12:05 UTC"));
  pass(1h);
  EXPECT_THAT(ends.back(), HasSubstr("ended at 23 November 2026, 13:00 UTC, as its sender had said"));
}

TEST_F(PushBookTest, keeps_the_earliest_start) {
  push({make_alert("Down", noon)});
  now += 1min;
  push({make_alert("Down", noon + 30s)});
  EXPECT_THAT(last, IsEmpty());
  EXPECT_EQ(find("Down")->alert->starts_at, noon);
  push({make_alert("Down", noon - 1min)});
  EXPECT_THAT(last, SizeIs(1));
  EXPECT_EQ(find("Down")->alert->starts_at, noon - 1min);
}

TEST_F(PushBookTest, takes_the_newest_annotations) {
  Alert first = alert("Down");
  first.annotations = {{"summary", "1 of 3"}};
  push({first});
  first.annotations = {{"summary", "2 of 3"}};
  push({first});
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(find("Down")->evidence, "2 of 3");
}

TEST_F(PushBookTest, lets_a_named_end_outlast_a_timeout) {
  Alert named = make_alert("Down");
  named.ends_at = now + 2h;
  push({named});
  now += 1min;
  push({make_alert("Down", now)});
  EXPECT_EQ(expiry("Down").ends_at, noon + 2h);
  now += 1min;
  push({make_alert("Down", now)});
  EXPECT_EQ(expiry("Down").ends_at, noon + 2h);
  EXPECT_FALSE(expiry("Down").timeout);
}

TEST_F(PushBookTest, lets_a_named_end_replace_a_timeout) {
  push({alert("Down")});
  Alert named = make_alert("Down", now + 1s);
  named.ends_at = now + 1min;
  push({named});
  EXPECT_EQ(expiry("Down").ends_at, now + 1min);
  EXPECT_FALSE(expiry("Down").timeout);
}

TEST_F(PushBookTest, tells_apart_alerts_by_all_of_their_labels) {
  Alert a = alert("Down");
  a.labels.set("instance", "a");
  Alert b = alert("Down");
  b.labels.set("instance", "b");
  push({a, b});
  EXPECT_THAT(signals, SizeIs(2));
  a.ends_at = now;
  push({a});
  EXPECT_THAT(signals, SizeIs(1));
}

TEST_F(PushBookTest, ends_an_alert_without_a_generator_when_its_time_is_over) {
  push({alert("Down")});
  pass(resolve_timeout - 1ms);
  EXPECT_NE(find("Down"), nullptr);
  pass(1ms);
  EXPECT_EQ(find("Down"), nullptr);
  EXPECT_THAT(senders, IsEmpty());
}

TEST_F(PushBookTest, does_not_know_of_an_alert_whose_prometheus_fell_silent) {
  push({from_prometheus("Down", noon)});
  pass(1min);
  push({from_prometheus("Down", noon)});
  pass(4min - 1ms);
  EXPECT_EQ(find("Down")->health, Health::failing);
  pass(1ms);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_EQ(find("Down")->failing_since, noon);
  EXPECT_THAT(find("Down")->evidence, HasSubstr("no word of it from prom:9090 since 23 November 2026, 12:01 UTC"));
  ASSERT_THAT(senders, SizeIs(2));
  EXPECT_EQ(senders[0], (SourceChange{"push:prom:9090", true, "it pushes alerts"}));
  EXPECT_EQ(senders[1].source, "push:prom:9090");
  EXPECT_FALSE(senders[1].answering);
  pass(48h);
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_THAT(senders, SizeIs(2));
}

TEST_F(PushBookTest, repeats_what_was_not_taken_in) {
  (void)book.observe({from_prometheus("Down", noon)}, signals, now);
  const PushStep again = book.observe({from_prometheus("Down", noon)}, signals, now + 1s);
  EXPECT_THAT(again.seen, SizeIs(1));
  EXPECT_THAT(again.senders, SizeIs(1));
  take(again);
  now += 5min;
  EXPECT_THAT(book.sweep(signals, now).seen, SizeIs(1));
  EXPECT_EQ(book.due(), now + 1s);
  now += 1s;
  const PushStep repeated = book.sweep(signals, now);
  EXPECT_THAT(repeated.seen, SizeIs(1));
  EXPECT_THAT(repeated.senders, SizeIs(1));
}

TEST_F(PushBookTest, remembers_what_was_said_until_its_end_is_taken_in) {
  push({until("Backup", noon + 10min)});
  now = noon + 10min;
  for (int second = 0; second < 180; ++second, now += 1s) {
    const PushStep refused = book.sweep(signals, now);
    ASSERT_THAT(refused.seen, SizeIs(1));
    EXPECT_THAT(refused.seen.front().evidence, HasSubstr("12:10 UTC, as its sender had said"));
  }
  pass(1s);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(PushBookTest, ends_nothing_by_a_late_word_about_an_earlier_outbreak) {
  push({from_prometheus("Down", noon)});
  now += 1min;
  Alert end = from_prometheus("Down", noon);
  end.ends_at = now;
  push({end});
  now += 2s;
  push({from_prometheus("Down", now)});
  const auto is_left_alone = [&] {
    push({end});
    EXPECT_THAT(last, IsEmpty());
    ASSERT_NE(find("Down"), nullptr);
    EXPECT_EQ(expiry("Down").ends_at, now + 4min);
  };
  is_left_alone();
  restart();
  push({end});
  ASSERT_NE(find("Down"), nullptr);
  pass(resolve_timeout);  // nobody says any more that it fires
  push({end});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(PushBookTest, ends_nothing_by_an_end_that_the_next_outbreak_overtook) {
  Alert end = overtake_an_end();
  push({end});
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
  now += 1min;
  end.starts_at = now - 1min;
  end.ends_at = now;
  push({end});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(PushBookTest, ends_nothing_by_an_overtaken_end_over_a_restart) {
  const Alert end = overtake_an_end();
  EXPECT_EQ(find("Down")->alert->starts_at, noon);
  restart();
  push({end});
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
}

TEST_F(PushBookTest, ends_nothing_by_an_overtaken_end_after_the_clock_was_set_back) {
  push({from_prometheus("Down", noon)});
  now -= 3h;  // while it was off
  restart();
  push({overtake_an_end()});
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
}

TEST_F(PushBookTest, journals_what_two_evaluators_say_once) {
  push({from_prometheus("Down", noon)});
  push({from_prometheus("Down", noon + 5s)});
  for (int round = 0; round < 3; ++round) {
    now += 1min;
    push({from_prometheus("Down", noon)});
    EXPECT_THAT(last, IsEmpty());
    push({from_prometheus("Down", noon + 5s)});
    EXPECT_THAT(last, IsEmpty());
  }
}

TEST_F(PushBookTest, takes_the_end_of_a_script_whose_clock_is_behind) {
  push({alert("Script")});
  push({until("Script", now - 10s)});
  EXPECT_EQ(find("Script"), nullptr);
}

TEST_F(PushBookTest, leaves_alerts_of_other_sources_alone) {
  fold(signals, fires("webhook", make_alert("Down")), noon);
  fold(signals, fires("prometheus:main", make_alert("Down")), noon);
  pass(24h);
  EXPECT_THAT(signals, SizeIs(2));
}

TEST_F(PushBookTest, looks_at_many_alerts_in_parts) {
  std::vector<Alert> alerts;
  for (int i = 0; i < 2500; ++i) alerts.push_back(alert(fmt::format("A{}", i)));
  push(std::move(alerts));
  EXPECT_THAT(signals, SizeIs(2500));
  now += resolve_timeout;
  std::size_t over = 0;
  for (int part = 0; part < 3; ++part) {
    EXPECT_EQ(book.due(), part == 0 ? noon + resolve_timeout : now);
    take(book.sweep(signals, now));
    EXPECT_LE(last.size(), 1000U);
    over += last.size();
  }
  EXPECT_EQ(over, 2500U);
  EXPECT_THAT(signals, IsEmpty());
  EXPECT_GT(book.due(), now);
}

TEST_F(PushBookTest, comes_to_rest_when_there_is_nothing_left_to_look_for) {
  push({alert("Down")});
  pass(1h);
  EXPECT_EQ(book.due(), std::nullopt);
}

TEST_F(PushBookTest, does_not_look_all_the_time_while_alerts_are_repeated) {
  std::vector<Alert> alerts;
  for (int i = 0; i < 500; ++i) alerts.push_back(from_prometheus(fmt::format("A{}", i), noon));
  push(alerts);
  int looks = 0;
  for (int minute = 0; minute < 60; ++minute) {
    for (Alert& one : alerts) one.ends_at = now + 4min;
    push(alerts);
    const Instant until = now + 1min;
    while (book.due() && *book.due() <= until) {
      now = std::max(now, *book.due());
      take(book.sweep(signals, now));
      EXPECT_THAT(last, IsEmpty());
      ++looks;
    }
    now = until;
  }
  EXPECT_LE(looks, 20);
}

}  // namespace
}  // namespace candor::alerts
