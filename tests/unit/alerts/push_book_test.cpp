#include "daemon/alerts/push_book.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration resolve_timeout = 5min;

/// A book and the signals that its observations make, under virtual time.
struct PushBookTest : testing::Test {
  Instant now = noon;
  rules::Signals signals;
  PushBook book{noon, resolve_timeout};
  std::vector<rules::Observation> last;
  std::vector<SourceChange> senders;
  std::vector<std::string> ends;

  void take(PushStep step) {
    fold(signals, step.seen, now);
    last = std::move(step.seen);
    for (const rules::Observation& seen : last) {
      if (seen.health == Health::ok) ends.push_back(seen.evidence);
    }
    for (SourceChange& change : step.senders) {
      book.reported(change);
      senders.push_back(std::move(change));
    }
  }
  void push(std::vector<Alert> alerts) { take(book.observe(std::move(alerts), signals, now)); }
  /// Lets time pass, looking whenever the book asks to.
  void pass(Duration time) {
    const Instant until = now + time;
    while (book.due() && *book.due() <= until) {
      now = std::max(now, *book.due());
      take(book.sweep(signals, now));
    }
    now = until;
  }
  void set_clock(Duration by) {
    now += by;
    book.clock_set(by);
  }
  void restart() {
    book = PushBook{now, resolve_timeout};
    senders.clear();
  }
  [[nodiscard]] const rules::Signal* find(const std::string& name) const {
    const auto found = signals.find(id_of("push", name));
    return found != signals.end() ? &found->second : nullptr;
  }
  [[nodiscard]] Expiry expiry(const std::string& name) const {
    return book.expiry(id_of("push", name).labels, *find(name));
  }
  [[nodiscard]] Alert alert(const std::string& name) const { return make_alert(name, now); }
  [[nodiscard]] Alert until(const std::string& name, Instant end) const {
    Alert made = make_alert(name, now);
    made.ends_at = end;
    return made;
  }
  [[nodiscard]] Alert from_prometheus(const std::string& name, Instant starts_at) const {
    Alert made = make_alert(name, starts_at);
    made.ends_at = now + 4min;
    made.generator_url = "http://prom:9090/graph?g0.expr=up";
    return made;
  }
  /// An outbreak and the one after it are heard of; the end of the first, which is answered, is still on its way.
  Alert overtake_an_end() {
    Alert end = from_prometheus("Down", now);
    push({end});
    end.ends_at = now += 1min;
    now += 2s;
    push({from_prometheus("Down", now)});
    return end;
  }
};

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

/// A Prometheus whose clock is so far behind, which repeats each minute what fires.
struct ClockBehindTest : PushBookTest {
  Duration behind = 0s;

  [[nodiscard]] Alert word(Instant starts_at, const std::string& host = "prom:9090") const {
    Alert made = make_alert("Down", starts_at - behind);
    made.ends_at = now - behind + 4min;
    made.generator_url = "http://" + host + "/graph";
    return made;
  }
  void repeat(int times) {
    for (int i = 0; i < times; ++i) {
      push({word(noon)});
      pass(1min);
    }
  }
  [[nodiscard]] Alert end(Instant at, const std::string& host = "prom:9090") const {
    Alert made = word(noon, host);
    made.ends_at = at - behind;
    return made;
  }
};

TEST_F(ClockBehindTest, takes_an_alert_for_one_that_fires_once_its_end_moved_on_three_times) {
  behind = 6min;
  repeat(3);
  EXPECT_EQ(find("Down"), nullptr);
  EXPECT_THAT(book.troubles(now), IsEmpty());
  repeat(1);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
  ASSERT_THAT(book.troubles(now), SizeIs(1));
  EXPECT_THAT(book.troubles(now).front().what, HasSubstr("the clock of push:prom:9090 is behind candord's"));
  repeat(30);
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_THAT(ends, IsEmpty());
  const Alert over = end(now);
  push({over});
  EXPECT_EQ(find("Down"), nullptr);
  for (int i = 0; i < 15; ++i) {
    pass(1min);
    push({over});
    EXPECT_THAT(last, IsEmpty());
  }
  pass(10min);
  EXPECT_THAT(book.troubles(now), IsEmpty());
}

TEST_F(ClockBehindTest, does_not_end_an_alert_when_the_clock_is_set_forward) {
  repeat(2);
  set_clock(6min);
  behind = 6min;
  repeat(5);
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_THAT(ends, IsEmpty());
  push({end(now)});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(ClockBehindTest, does_not_end_an_alert_when_the_clock_drifts) {
  for (int i = 0; i < 200; ++i) {
    repeat(1);
    behind += 3s;
    if (i > 10) {
      ASSERT_NE(find("Down"), nullptr) << i;
    }
  }
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_THAT(ends, IsEmpty());
}

TEST_F(ClockBehindTest, does_not_know_of_an_alert_whose_prometheus_fell_silent) {
  behind = 6min;
  repeat(4);
  pass(5min);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
}

TEST_F(ClockBehindTest, does_not_take_an_end_after_a_long_silence_for_one_that_moves_on) {
  repeat(1);
  pass(30min);
  push({end(now)});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(ClockBehindTest, does_not_take_the_ends_of_replicas_for_one_that_moves_on) {
  push({word(noon)});
  const Instant over = now;
  pass(1s);
  for (int minute = 0; minute < 15; ++minute) {
    for (int replica = 0; replica < 3; ++replica) {
      push({end(over + replica * 10s)});
      pass(10s);
    }
    pass(30s);
  }
  EXPECT_EQ(find("Down"), nullptr);
  EXPECT_THAT(book.troubles(now), IsEmpty());
}

TEST_F(ClockBehindTest, heeds_an_end_once_while_another_prometheus_says_that_it_fires) {
  push({word(noon, "prom1:9090"), word(noon + 1s, "prom2:9090")});
  pass(1min);
  const Alert over = end(now, "prom1:9090");
  push({over});
  EXPECT_EQ(find("Down"), nullptr);
  for (int i = 0; i < 15; ++i) {
    push({word(noon + 1s, "prom2:9090")});
    pass(30s);
    push({over});
    ASSERT_NE(find("Down"), nullptr) << i;
    pass(30s);
  }
  EXPECT_THAT(ends, SizeIs(1));
  push({end(now, "prom2:9090")});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(ClockBehindTest, heeds_the_repetition_of_an_end_that_was_not_taken_in) {
  push({word(noon)});
  restart();
  pass(13s);
  push({word(noon)});
  pass(136s);
  const Alert over = end(now);
  for (int i = 0; i < 2; ++i) {
    (void)book.observe({over}, signals, now);  // the disk refuses it
    pass(1min);
  }
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown) << "nobody spoke of it, as far as was taken in";
  push({over});
  EXPECT_EQ(find("Down"), nullptr) << "nobody said anything else since";
}

TEST_F(ClockBehindTest, believes_an_alert_whose_end_is_nearer_than_the_next_word_of_it) {
  for (const Duration by : {185s, 210s, 239s}) {
    behind = by;
    book = PushBook{now, resolve_timeout};
    signals.clear();
    const Instant began = now;
    for (int i = 0; i < 10; ++i) {
      push({word(began)});
      pass(1min);
      ASSERT_NE(find("Down"), nullptr);
      ASSERT_EQ(find("Down")->health, Health::failing) << i << " of " << by.count();
    }
    EXPECT_EQ(find("Down")->since, began);
    ASSERT_THAT(book.troubles(now), SizeIs(1));
    EXPECT_THAT(book.troubles(now).front().what,
                HasSubstr("is behind candord's: it sends alerts that fire with an end"));
    Alert over = word(began);
    over.ends_at = now - behind;
    push({over});
    EXPECT_EQ(find("Down"), nullptr);
  }
}

TEST_F(ClockBehindTest, is_not_said_of_who_repeats_its_alerts_more_often) {
  Alert fast = word(noon);
  for (int i = 0; i < 10; ++i) {
    fast.ends_at = now + 40s;
    push({fast});
    pass(10s);
  }
  EXPECT_THAT(book.troubles(now), IsEmpty());
  pass(40s);
  EXPECT_EQ(find("Down")->health, Health::unknown) << "as soon as it said";
}

TEST_F(ClockBehindTest, does_not_keep_an_alert_whose_end_is_near) {
  push({word(noon)});
  pass(1min);
  const Alert over = end(now + 1s);
  push({over});
  pass(1min);
  push({over});
  EXPECT_EQ(find("Down"), nullptr);
}

/// A Prometheus whose clock is ahead of ours.
struct ClockAheadTest : PushBookTest {
  Duration ahead = 20min;

  [[nodiscard]] Alert word(Instant starts_at, const std::string& host = "prom:9090") const {
    Alert made = make_alert("Down", starts_at + ahead);
    made.ends_at = now + ahead + 4min;
    made.generator_url = "http://" + host + "/graph";
    return made;
  }
  [[nodiscard]] Alert end(Instant starts_at, Instant at, const std::string& host = "prom:9090") const {
    Alert made = word(starts_at, host);
    made.ends_at = at + ahead;
    return made;
  }
  void repeat(const Alert& one, int times) {
    for (int i = 0; i < times; ++i) {
      push({one});
      pass(1min);
    }
  }
  void fire(int times, Instant starts_at = noon) {
    for (int i = 0; i < times; ++i) {
      push({word(starts_at)});
      pass(1min);
    }
  }
};

TEST_F(ClockAheadTest, is_told) {
  fire(1);
  ASSERT_THAT(book.troubles(now), SizeIs(1));
  EXPECT_THAT(
      book.troubles(now).front().what,
      HasSubstr("the clock of push:prom:9090 is ahead of candord's: it told of an alert 20m before that began"));
  EXPECT_EQ(book.troubles(now).front().since, noon);
  fire(30);
  EXPECT_THAT(book.troubles(now), SizeIs(1));
  pass(7h);
  EXPECT_THAT(book.troubles(now), IsEmpty());
}

TEST_F(ClockAheadTest, is_not_told_of_a_few_seconds) {
  ahead = 10s;
  fire(3);
  EXPECT_THAT(book.troubles(now), IsEmpty());
}

TEST_F(ClockAheadTest, ends_nothing_while_its_words_go_on) {
  fire(10);
  ahead = 8min;  // set right in part: its ends go back, and on
  fire(30, noon + 12min);
  ahead = 0min;
  fire(30, noon + 20min);
  EXPECT_THAT(ends, IsEmpty());
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_EQ(find("Down")->since, noon) << "without a gap";
}

TEST_F(ClockAheadTest, ends_nothing_by_a_word_that_comes_again_or_late) {
  fire(5);
  const Alert over = end(noon, now);
  const Alert before = word(noon);
  for (int i = 0; i < 10; ++i) push({over});
  EXPECT_NE(find("Down"), nullptr) << "ten times in no time";
  push({before});
  pass(1min);
  repeat(over, 2);
  EXPECT_NE(find("Down"), nullptr);
}

TEST_F(ClockAheadTest, ends_nothing_while_another_prometheus_says_that_it_fires) {
  for (const std::string other : {"prom2:9090", "prom:9090"}) {
    push({word(now), word(now, other)});
    const Instant began = now;
    pass(1min);
    const Alert over = end(began, now);
    for (int i = 0; i < 15; ++i) {
      push({over});
      pass(30s);
      push({word(began, other)});
      pass(30s);
    }
    EXPECT_THAT(ends, IsEmpty()) << other;
    ASSERT_NE(find("Down"), nullptr);
    EXPECT_EQ(find("Down")->health, Health::failing);
  }
}

TEST_F(ClockAheadTest, ends_nothing_by_the_end_of_an_earlier_outbreak) {
  fire(2);
  const Alert over = end(noon, now);
  repeat(over, 3);
  const Instant again = now;
  for (int i = 0; i < 10; ++i) {
    push({word(again)});
    pass(2s);
    push({over});
    pass(58s);
    ASSERT_NE(find("Down"), nullptr);
  }
  EXPECT_THAT(ends, IsEmpty());
}

TEST_F(ClockAheadTest, ends_nothing_by_an_end_of_an_earlier_outbreak_that_has_passed_here) {
  ahead = 5min;
  fire(1);
  const Alert over = end(noon, now);
  repeat(over, 7);
  EXPECT_EQ(find("Down"), nullptr);
  push({word(now)});
  pass(2s);
  push({over});
  EXPECT_NE(find("Down"), nullptr);
}

TEST_F(ClockAheadTest, heeds_an_end_that_was_repeated_once_it_passes) {
  const Instant long_ago = noon - 1h;
  fire(10, long_ago);
  const Instant over = now;
  repeat(end(long_ago, over), 15);
  EXPECT_EQ(find("Down")->health, Health::failing);
  pass(over + ahead + 10s - now);
  EXPECT_EQ(find("Down"), nullptr);
  EXPECT_THAT(ends, testing::ElementsAre(HasSubstr("as its sender had said")));
}

TEST_F(ClockAheadTest, ends_nothing_that_is_told_without_an_end) {
  Alert endless = word(noon);
  endless.ends_at.reset();
  repeat(endless, 60);
  EXPECT_THAT(ends, IsEmpty());
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
}

TEST_F(ClockAheadTest, ends_nothing_of_who_goes_by_the_same_name) {
  fire(1);
  Alert other = make_alert("Disk", noon);
  other.ends_at = noon + 2h;
  other.generator_url = "http://prom:9090/runbooks/disk";
  for (int i = 0; i < 100; ++i) {
    push({other});
    pass(1min);
    ASSERT_NE(find("Disk"), nullptr) << i;
  }
  EXPECT_EQ(find("Disk")->health, Health::failing);
}

TEST_F(ClockAheadTest, takes_no_end_that_two_replicas_told_for_one_that_was_repeated) {
  const Instant long_ago = noon - 1h;
  fire(3, long_ago);
  const Instant end_of_both = now + ahead + 6min;
  Alert one = word(long_ago);
  one.ends_at = end_of_both;
  push({one});
  pass(2min);
  push({one});
  pass(2h);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
}

TEST_F(ClockAheadTest, does_not_know_of_an_alert_whose_prometheus_fell_silent) {
  fire(10);
  pass(1h);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
}

TEST_F(ClockAheadTest, believes_a_script_that_names_a_generator_until_its_end) {
  fire(1);
  Alert script = make_alert("Backup", now);
  script.generator_url = "http://elsewhere/";
  for (int i = 0; i < 10; ++i) {
    script.ends_at = noon + 15min;
    push({script});
    pass(1min);
    ASSERT_NE(find("Backup"), nullptr);
  }
  pass(10min);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST(LateEnds, are_forgotten_and_bounded) {
  LateEnds late;
  const LateEnds::Key key{1, 1};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(late.hear(key, noon + i * 9min, noon + i * 9min).moves, i);
  EXPECT_EQ(late.hear(key, noon + 18min, noon + 20min).first, noon + 18min);
  for (std::uint64_t i = 2; i < 20'000; ++i) (void)late.hear({i, i}, noon, noon + 21min);
  EXPECT_EQ(late.hear({19'999, 1}, noon, noon + 22min).first, noon + 22min);
  EXPECT_EQ(late.hear({19'999, 1}, noon, noon + 23min).first, noon + 23min) << "there is no room for it";
  EXPECT_EQ(late.hear(key, noon + 60min, noon + 60min).moves, 0) << "it was long ago";
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
