#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/push_world.h"

// Rule evaluators whose clocks are behind ours, or ahead.

namespace candor::alerts {
namespace {

using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

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

TEST_F(ClockBehindTest, does_not_end_an_alert_when_its_clock_is_set_back) {
  for (const Duration by : {30s, 60s, 100s, 151s, 180s, 200s, 230s, 234s}) {
    behind = 0s;
    repeat(3);
    behind = by;
    for (int i = 0; i < 5; ++i) {
      repeat(1);
      ASSERT_NE(find("Down"), nullptr) << by.count();
      EXPECT_EQ(find("Down")->health, Health::failing) << by.count();
    }
    push({end(now)});
    EXPECT_EQ(find("Down"), nullptr) << by.count();
    pass(30min);
  }
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
    for (int outbreak = 0; outbreak < 2; ++outbreak) {
      const Instant began = now;
      for (int i = 0; i < 10; ++i) {
        push({word(began)});
        const bool shown = i > 0 || outbreak > 0;  // a single word may be the end of what was never heard of
        pass(shown ? 1min : 59s);
        ASSERT_NE(find("Down"), nullptr);
        if (shown) {
          ASSERT_EQ(find("Down")->health, Health::failing) << i << " of " << by.count();
        } else {
          pass(1s);
        }
      }
      if (outbreak > 0) {
        EXPECT_EQ(find("Down")->since, began);
      }
      ASSERT_THAT(book.troubles(now), SizeIs(1));
      EXPECT_THAT(book.troubles(now).front().what,
                  HasSubstr("is behind candord's: it sends alerts that fire with an end"));
      Alert over = word(began);
      over.ends_at = now - behind;
      push({over});
      EXPECT_EQ(find("Down"), nullptr);
      pass(10s);
    }
  }
}

TEST_F(ClockBehindTest, believes_two_replicas_whose_ends_are_nearer_than_their_next_words) {
  behind = 230s;
  for (int i = 0; i < 10; ++i) {
    for (const char* host : {"prom1:9090", "prom2:9090"}) {
      push({word(noon, host)});
      pass(30s);
      ASSERT_NE(find("Down"), nullptr);
      if (i > 0) {
        ASSERT_EQ(find("Down")->health, Health::failing) << i;
      }
    }
  }
}

TEST_F(ClockBehindTest, is_not_said_where_a_word_is_late_once) {
  Alert fast = word(noon);
  const auto repeat_fast = [&](Duration every) {
    fast.ends_at = now + 60s;
    push({fast});
    pass(every);
  };
  for (int i = 0; i < 5; ++i) repeat_fast(15s);
  repeat_fast(70s);
  for (int i = 0; i < 5; ++i) repeat_fast(15s);
  repeat_fast(70s);
  repeat_fast(15s);
  EXPECT_THAT(book.troubles(now), IsEmpty());
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
      HasSubstr("the clock of push:prom:9090 was ahead of candord's: it told of an alert 20m before that began"));
  EXPECT_EQ(book.troubles(now).front().since, noon);
  fire(30);
  EXPECT_THAT(book.troubles(now), SizeIs(1));
  pass(7h);
  EXPECT_THAT(book.troubles(now), IsEmpty());
}

TEST_F(ClockAheadTest, is_not_told_any_more_once_our_clock_was_set) {
  fire(1);
  set_clock(20min);
  EXPECT_THAT(book.troubles(now), IsEmpty()) << "it was ours that stood behind";
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
  for (int i = 0; i < 27; ++i) {
    script.ends_at = noon + 15min;
    push({script});
    pass(30s);
    ASSERT_NE(find("Backup"), nullptr) << i;
  }
  pass(10min);
  EXPECT_EQ(find("Backup"), nullptr);
}

TEST_F(ClockAheadTest, ends_by_the_next_word_after_its_end_what_has_ended) {
  for (const Duration by : {6s, 10s, 30s, 59s, 85s}) {
    ahead = by;
    const Instant began = now;
    push({word(began)});
    pass(1min);
    const Alert over = end(began, now);
    push({over});
    for (int times = by > 60s ? 2 : 1; times > 0; --times) {
      push({over});
      pass(1min);
      ASSERT_NE(find("Down"), nullptr) << "it may be a clock that was set back by minutes";
      EXPECT_EQ(find("Down")->health, Health::failing);
    }
    push({over});
    EXPECT_EQ(find("Down"), nullptr) << by.count();
    EXPECT_THAT(ends, SizeIs(1));
    for (int i = 0; i < 15; ++i) {
      pass(1min);
      push({over});
      EXPECT_EQ(find("Down"), nullptr) << by.count();
    }
    EXPECT_TRUE(std::ranges::all_of(senders, &SourceChange::answering)) << "it spoke all the time";
    pass(10min);
    senders.clear();
    ends.clear();
  }
}

TEST_F(ClockAheadTest, keeps_nothing_longer_than_it_is_ahead_by_seconds) {
  for (const Duration by : {50ms, 1000ms, 5000ms}) {
    for (const bool restarts : {false, true}) {
      ahead = by;
      signals.clear();
      book = PushBook{now, resolve_timeout};
      ends.clear();
      const Instant began = now;
      push({word(began)});
      pass(8s);
      if (restarts) restart();
      const Alert over = end(began, now);
      push({over});
      pass(by + 2s);
      EXPECT_EQ(find("Down"), nullptr) << by.count() << (restarts ? " after a restart" : "");
      EXPECT_THAT(ends, SizeIs(1));
      for (int i = 0; i < 15; ++i) {
        pass(1min);
        push({over});
        EXPECT_EQ(find("Down"), nullptr);
      }
    }
  }
}

TEST_F(ClockAheadTest, ends_what_is_over_before_it_answers) {
  ahead = 650ms;
  fire(1);
  push({end(noon, now)});
  EXPECT_EQ(find("Down"), nullptr) << "a start may follow, and the end be told no more";
}

TEST_F(ClockAheadTest, ends_no_later_outbreak_by_an_end_that_was_overtaken) {
  ahead = 20min;
  fire(1);
  const Alert over = end(noon, now);
  pass(5s);
  const Instant again = now;
  push({word(again)});
  pass(2s);
  push({over});
  for (int i = 0; i < 20; ++i) {
    pass(1min);
    push({word(again)});
    push({over});
  }
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
  EXPECT_THAT(ends, IsEmpty());
}

TEST_F(ClockAheadTest, ends_nothing_by_an_end_that_the_next_outbreak_overtook_by_seconds) {
  for (const Duration by : {50ms, 1000ms, 3000ms, 5000ms}) {
    for (const Duration late : {0s, 1s, 4s, 9s}) {
      ahead = by;
      const Instant began = now;
      push({word(began)});
      pass(1min);
      const Alert over = end(began, now);
      pass(6s);
      const Instant again = now;
      push({word(again)});
      pass(late);
      push({over});
      ASSERT_NE(find("Down"), nullptr) << by.count() << " ms ahead, " << late.count() << " ms late";
      EXPECT_EQ(find("Down")->health, Health::failing);
      pass(by + 10s);
      push({end(again, now - by)});
      EXPECT_EQ(find("Down"), nullptr);
      pass(10min);
    }
  }
}

TEST_F(ClockAheadTest, begins_nothing_by_an_end_that_another_prometheus_told_before) {
  for (const Duration by : {1s, 10s, 80s}) {
    for (const Duration later : {0s, 3s, 59s, 180s}) {
      const Instant began = now;
      ahead = 0s;
      push({word(began, "prom1:9090")});
      ahead = by;
      push({word(began, "prom2:9090")});
      pass(8s);
      ahead = 0s;
      push({end(began, now, "prom1:9090")});
      ASSERT_EQ(find("Down"), nullptr);
      pass(later);
      ahead = by;
      const Alert over = end(began, now, "prom2:9090");
      for (int i = 0; i < 5; ++i) {
        push({over});
        EXPECT_EQ(find("Down"), nullptr) << by.count() << " ahead, " << later.count() << " later";
        pass(20s);
      }
      pass(10min);
    }
  }
}

TEST_F(ClockAheadTest, ends_what_is_unknown_since_nobody_spoke_of_it) {
  ahead = 1s;
  fire(1);
  pass(20min);
  ASSERT_EQ(find("Down")->health, Health::unknown);
  push({end(noon, now)});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(ClockAheadTest, believes_what_was_told_once_as_long_as_it_says) {
  Alert script = make_alert("Backup", now);
  script.generator_url = "http://elsewhere/";
  script.ends_at = now + 30s;
  push({script});
  pass(28s);
  ASSERT_NE(find("Backup"), nullptr);
  EXPECT_EQ(find("Backup")->health, Health::failing);
  pass(4s);
  EXPECT_EQ(find("Backup")->health, Health::unknown) << "who names a generator says when it ends";
}

TEST_F(ClockAheadTest, goes_on_by_a_word_of_the_next_outbreak) {
  ahead = 1s;
  fire(2);
  push({end(noon, now)});
  pass(5s);
  ASSERT_EQ(find("Down"), nullptr);
  push({word(now)});
  pass(50s);
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::failing);
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

}  // namespace
}  // namespace candor::alerts
