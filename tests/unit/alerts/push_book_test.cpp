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

TEST_F(PushBookTest, hears_again_of_a_silent_sender) {
  push({from_prometheus("Down", noon)});
  pass(10min);
  push({from_prometheus("Down", noon)});
  EXPECT_EQ(find("Down")->health, Health::failing);
  ASSERT_THAT(senders, SizeIs(3));
  EXPECT_EQ(senders[2], (SourceChange{"push:prom:9090", true, "it pushes alerts"}));
}

TEST_F(PushBookTest, tells_of_a_sender_anew_that_was_forgotten) {
  push({from_prometheus("Down", noon)});
  push({from_prometheus("Down", noon)});
  EXPECT_THAT(senders, SizeIs(1));
  book.forget("push:prom:9090");
  push({from_prometheus("Down", noon)});
  ASSERT_THAT(senders, SizeIs(2));
  EXPECT_EQ(senders[1], senders[0]);
}

TEST_F(PushBookTest, knows_whose_alerts_there_are) {
  EXPECT_THAT(senders_of(signals), IsEmpty());
  push({from_prometheus("Down", noon)});
  EXPECT_THAT(senders_of(signals), testing::ElementsAre("push:prom:9090"));
  pass(1h);
  EXPECT_THAT(senders_of(signals), testing::ElementsAre("push:prom:9090")) << "it is silent, and they are unknown";
  Alert end = from_prometheus("Down", noon);
  end.ends_at = now;
  push({end});
  EXPECT_THAT(senders_of(signals), IsEmpty());
}

TEST_F(PushBookTest, does_not_call_a_sender_silent_that_speaks_of_other_alerts) {
  push({from_prometheus("Down", noon), from_prometheus("Slow", noon)});
  for (int minute = 0; minute < 10; ++minute) {
    pass(1min);
    push({from_prometheus("Slow", noon)});
  }
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_EQ(find("Slow")->health, Health::failing);
  EXPECT_THAT(senders, SizeIs(1));
}

TEST_F(PushBookTest, calls_a_sender_silent_whose_last_word_was_an_end) {
  push({from_prometheus("Down", noon), from_prometheus("Slow", noon)});
  pass(1min);
  Alert end = from_prometheus("Slow", noon);
  end.ends_at = now;
  push({end});
  pass(3min);  // "Down" expires, but four minutes have not passed since that word
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_THAT(senders, SizeIs(1));
  pass(1min);
  ASSERT_THAT(senders, SizeIs(2));
  EXPECT_FALSE(senders[1].answering);
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

TEST_F(PushBookTest, looks_at_journalled_alerts_in_time_whatever_is_pushed_after_the_start) {
  push({alert("Script")});
  restart();
  push({until("Backup", now + 2h), from_prometheus("Down", now)});
  pass(resolve_timeout);
  EXPECT_EQ(find("Script"), nullptr);
}

TEST_F(PushBookTest, takes_the_end_of_a_script_whose_clock_is_behind) {
  push({alert("Script")});
  push({until("Script", now - 10s)});
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

TEST_F(PushBookTest, knows_a_bounded_number_of_senders) {
  for (int i = 0; i < 3000; ++i) {
    Alert made = from_prometheus("Down", noon);
    made.generator_url = fmt::format("http://host-{}:9090/graph", i);
    now += 1ms;
    push({made});
  }
  EXPECT_LE(senders.size(), 1001U);
}

TEST(Authority, is_the_host_and_port_of_an_url) {
  EXPECT_EQ(authority_of("http://prom:9090/graph?g0.expr=a%2Fb"), "prom:9090");
  EXPECT_EQ(authority_of("https://prom.example"), "prom.example");
  EXPECT_EQ(authority_of("http://[::1]:9090/graph"), "[::1]:9090");
  EXPECT_EQ(authority_of("http://user:secret@prom:9090/x@y"), "prom:9090");
  EXPECT_EQ(authority_of("http://prom?x=http://other/"), "prom");
  EXPECT_EQ(authority_of("/graph"), "");
  EXPECT_EQ(authority_of(""), "");
  EXPECT_EQ(authority_of("http://a b\n/"), "");
  EXPECT_EQ(authority_of("http://" + std::string(300, 'a') + "/"), "");
}

}  // namespace
}  // namespace candor::alerts
