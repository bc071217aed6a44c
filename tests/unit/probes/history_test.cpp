#include "probes/history.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::ElementsAre;
using Time = Latencies::Time;

const Instant noon = from_ms(1'795'003'200'000);  // 2026-11-18, 12:00

Outcome outcome(Health health, Time total, Time first_byte = {}) {
  Outcome made;
  made.health = health;
  made.phases.total = total;
  made.phases.first_byte = first_byte;
  return made;
}

std::vector<Time> random_times(unsigned seed, std::size_t size) {
  std::mt19937 random{seed};
  std::lognormal_distribution<double> draw{10, 2.5};  // around 20 ms, from some µs to minutes
  std::vector<Time> times(size);
  std::ranges::generate(times,
                        [&] { return std::min<Time>(Time{static_cast<std::int64_t>(draw(random)) + 1}, 10min); });
  return times;
}

RollUp rolled_up(std::span<const Time> times) {
  RollUp roll_up;
  for (const Time time : times) roll_up.add(outcome(Health::ok, time));
  return roll_up;
}

TEST(Latencies, answer_quantiles_that_are_at_most_five_percent_off) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::vector<Time> times = random_times(seed, 4001);
    const Latencies latencies = rolled_up(times).times;
    std::ranges::sort(times);
    for (const double q : {0.0, 0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(q * 4001)));
      const double exact = static_cast<double>(times.at(rank - 1).count());
      const double off = std::abs(static_cast<double>(latencies.quantile(q).count()) - exact);
      EXPECT_LE(off, 0.05 * exact + 0.5) << q << " of seed " << seed;
    }
    EXPECT_EQ(latencies.max(), times.back());
    EXPECT_EQ(latencies.count(), 4001U);
  }
}

TEST(Latencies, are_at_most_five_percent_off_for_every_time_there_can_be) {
  for (std::int64_t us = 1; us < 600'000'000; us += 1 + us / 97) {
    Latencies latencies;
    latencies.add(Time{us});
    latencies.add(Time{600'000'000});
    const auto off = std::abs(latencies.quantile(0.5).count() - us);
    EXPECT_LE(off * 20, us + 10) << us << ": 5 % and half a microsecond";
  }
}

TEST(Latencies, keep_times_beyond_their_ends_as_those) {
  Latencies latencies;
  EXPECT_EQ(latencies.quantile(0.5), Time{0});
  latencies.add(Time{-3});
  EXPECT_EQ(latencies.quantile(0.5), Time{1});
  latencies.add(24h);
  EXPECT_GE(latencies.max(), Time{10min});
  EXPECT_LE(latencies.max(), Time{12min});
}

TEST(RollUps, merged_are_what_all_of_it_at_once_would_be) {
  const std::vector<Time> times = random_times(4, 1440);
  const std::span<const Time> all{times};
  RollUp day;
  for (std::size_t hour = 0; hour < 24; ++hour) {
    RollUp of_hour;
    for (std::size_t minute = 0; minute < 60; ++minute) of_hour.merge(rolled_up(all.subspan(hour * 60 + minute, 1)));
    EXPECT_EQ(encode(of_hour), encode(rolled_up(all.subspan(hour * 60, 60))));
    day.merge(of_hour);
  }
  EXPECT_EQ(encode(day), encode(rolled_up(all)));
}

TEST(RollUps, count_runs_by_health_and_time_those_that_were_answered) {
  RollUp roll_up;
  roll_up.add(outcome(Health::ok, 10ms));
  roll_up.add(outcome(Health::degraded, 20ms));
  roll_up.add(outcome(Health::failing, 40ms, 35ms));
  roll_up.add(outcome(Health::failing, 3s));
  roll_up.add(outcome(Health::unknown, 5s));
  roll_up.add(outcome(Health::ok, 0ms));
  Outcome plugin = outcome(Health::failing, 50ms);
  plugin.answered = true;
  roll_up.add(plugin);
  EXPECT_THAT(roll_up.runs, ElementsAre(2, 1, 3, 1));
  EXPECT_EQ(roll_up.times.count(), 4U);
  EXPECT_EQ(roll_up.times.max(), Time{50ms});
}

TEST(RollUps, are_read_as_they_were_written) {
  for (const std::size_t size : {0U, 1U, 2U, 300U, 5000U}) {
    const std::vector<Time> times = random_times(5, size);
    const std::string bytes = encode(rolled_up(times));
    const std::optional<RollUp> back = decode(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), bytes);
    EXPECT_EQ(back->times.count(), size);
    EXPECT_LE(bytes.size(), 1500U);
    EXPECT_TRUE(size != 2 || bytes.size() <= 16);
  }
}

TEST(RollUps, that_were_damaged_are_not_read_as_something_that_is_never_written) {
  const std::string bytes = encode(rolled_up(random_times(6, 50)));
  EXPECT_FALSE(decode(""));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode(std::string_view{bytes}.substr(0, i)));
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
      const std::optional<RollUp> read = decode(changed);
      EXPECT_TRUE(!read || encode(*read) == changed);
    }
  }
  EXPECT_FALSE(decode(bytes + '\0'));
}

TEST(RollUps, begin_with_their_time_also_before_1970) {
  EXPECT_EQ(begin_of(Resolution::minute, noon + 59s), noon);
  EXPECT_EQ(begin_of(Resolution::hour, noon + 59min), noon);
  EXPECT_EQ(begin_of(Resolution::day, noon), noon - 12h);
  EXPECT_EQ(begin_of(Resolution::minute, from_ms(-1)), from_ms(-60'000));
}

TEST(RollUps, of_the_open_minute_are_put_in_their_place) {
  const RollUp one = rolled_up(std::vector{Time{7ms}});
  std::vector<RollUpAt> hours{{noon - 1h, one}, {noon + 1h, one}};
  put_in(hours, Resolution::hour, {noon + 30min, one});
  put_in(hours, Resolution::hour, {noon + 31min, one});
  put_in(hours, Resolution::hour, {noon + 2h, one});
  std::vector<std::pair<Instant, std::uint64_t>> seen;
  for (const RollUpAt& each : hours) seen.emplace_back(each.begin, each.roll_up.runs[0]);
  EXPECT_THAT(seen, ElementsAre(std::pair{noon - 1h, 1U}, std::pair{noon, 2U}, std::pair{noon + 1h, 1U},
                                std::pair{noon + 2h, 1U}));
}

TEST(HistoryBook, hands_a_minute_on_when_another_begins) {
  HistoryBook book;
  EXPECT_FALSE(book.take_ended(noon));
  EXPECT_FALSE(book.record("a", outcome(Health::ok, 1ms), noon));
  EXPECT_FALSE(book.record("a", outcome(Health::failing, 1ms), noon + 59s));
  EXPECT_FALSE(book.take_ended(noon + 59s));
  ASSERT_TRUE(book.open("a"));
  EXPECT_THAT(book.open("a")->roll_up.runs, ElementsAre(1, 0, 1, 0));
  EXPECT_FALSE(book.open("b"));
  const auto ended = book.record("b", outcome(Health::ok, 1ms), noon + 60s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->begin, noon);
  EXPECT_EQ(ended->probes.size(), 1U);
  EXPECT_FALSE(book.open("a"));
  const auto later = book.take_ended(noon + 2min);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->begin, noon + 1min);
  EXPECT_FALSE(book.take());
}

TEST(HistoryBook, begins_a_minute_anew_when_the_clock_is_set_back) {
  HistoryBook book;
  (void)book.record("a", outcome(Health::ok, 1ms), noon + 10min);
  const auto ahead = book.record("a", outcome(Health::ok, 1ms), noon);
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->begin, noon + 10min);
  EXPECT_EQ(book.take()->begin, noon);
}

}  // namespace
}  // namespace candor::probes
