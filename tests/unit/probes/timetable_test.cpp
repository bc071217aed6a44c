#include "probes/timetable.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

TEST(PhaseOf, is_a_function_of_name_and_location_within_every) {
  const Microseconds phase = phase_of("checkout-http", "fra1", 10s);
  EXPECT_EQ(phase, phase_of("checkout-http", "fra1", 10s));
  EXPECT_NE(phase, phase_of("checkout-http", "iad1", 10s));
  EXPECT_NE(phase_of("ab", "c", 10s), phase_of("a", "bc", 10s));
  for (int i = 0; i < 1000; ++i) {
    const Microseconds any = phase_of(std::to_string(i), "fra1", 100ms);
    EXPECT_GE(any, 0us);
    EXPECT_LT(any, 100ms);
  }
}

TEST(PhaseOf, spreads_many_probes_evenly) {
  std::array<int, 10> tenths{};
  for (int i = 0; i < 10'000; ++i) {
    ++tenths.at(static_cast<std::size_t>(phase_of("probe-" + std::to_string(i), "fra1", 10s) / 1s));
  }
  for (const int count : tenths) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(PhaseOf, lies_on_steps_of_10_ms_and_uses_each) {
  std::set<Microseconds> taken;
  for (int i = 0; i < 1000; ++i) {
    const Microseconds phase = phase_of(std::to_string(i), "fra1", 109ms);
    EXPECT_EQ(phase % 10ms, 0us);
    taken.insert(phase);
    EXPECT_EQ(phase_of(std::to_string(i), "fra1", 10ms), 0us) << "there is one step only";
  }
  EXPECT_EQ(taken.size(), 10U) << "from 0 to 90 ms";
}

TEST(UntilPhase, is_the_same_place_in_every_round_whatever_the_start) {
  EXPECT_EQ(until_phase(100s, 3s, 10s), 3s);
  EXPECT_EQ(until_phase(102s, 3s, 10s), 1s);
  EXPECT_EQ(until_phase(103s, 3s, 10s), 0s);
  EXPECT_EQ(until_phase(104s, 3s, 10s), 9s);
  EXPECT_EQ(until_phase(1s, 3s, 10s), 2s) << "before the first one ever";
  EXPECT_EQ(until_phase(0s, 0s, 10s), 0s);
}

TEST(Timetable, has_nothing_due_when_empty) {
  Timetable timetable;
  EXPECT_FALSE(timetable.next());
  EXPECT_FALSE(timetable.take_due(1h));
}

TEST(Timetable, gives_starts_in_order_of_time) {
  Timetable timetable;
  timetable.add(1, 3s, 3s, 10s);
  timetable.add(2, 1s, 1s, 10s);
  timetable.add(3, 2s, 2s, 10s);
  EXPECT_EQ(timetable.next(), 1s);
  EXPECT_FALSE(timetable.take_due(999ms));
  EXPECT_EQ(timetable.take_due(2s)->id, 2U);
  EXPECT_EQ(timetable.take_due(2s)->id, 3U);
  EXPECT_FALSE(timetable.take_due(2s));
  EXPECT_EQ(timetable.take_due(3s)->id, 1U);
  EXPECT_EQ(timetable.next(), 11s);
}

TEST(Timetable, does_not_drift_when_starts_are_late) {
  Timetable timetable;
  timetable.add(1, 500ms, 500ms, 1s);
  for (int i = 0; i < 1000; ++i) {
    const auto due = timetable.take_due(i * 1s + 700ms);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->at, i * 1s + 500ms);
    EXPECT_EQ(due->missed, 0U);
  }
}

TEST(Timetable, leaves_out_starts_that_have_passed_and_counts_them) {
  Timetable timetable;
  timetable.add(1, 1s, 1s, 1s);
  const auto due = timetable.take_due(5500ms);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->at, 1s);
  EXPECT_EQ(due->missed, 4U) << "2, 3, 4 and 5 s";
  EXPECT_FALSE(timetable.take_due(5500ms));
  EXPECT_EQ(timetable.next(), 6s);
}

TEST(Timetable, starts_once_early_and_then_at_its_regular_times) {
  Timetable timetable;
  timetable.add(1, 20s, 50min, 1h);
  EXPECT_EQ(timetable.next(), 20s);
  const auto early = timetable.take_due(20s);
  EXPECT_EQ(early->at, 20s);
  EXPECT_EQ(early->missed, 0U);
  EXPECT_EQ(timetable.next(), 50min);
  EXPECT_EQ(timetable.take_due(50min)->at, 50min);
  EXPECT_EQ(timetable.next(), 110min);
}

TEST(Timetable, prefers_a_regular_start_that_comes_first) {
  Timetable timetable;
  timetable.add(1, 20s, 10s, 1h);
  EXPECT_EQ(timetable.take_due(1min)->at, 10s);
  EXPECT_EQ(timetable.next(), 1h + 10s);
}

TEST(NextLook, is_the_first_multiple_that_has_not_passed) {
  EXPECT_EQ(next_look(100s, 5s, 100s), 105s) << "never at once";
  EXPECT_EQ(next_look(100s, 5s, 101s), 105s);
  EXPECT_EQ(next_look(100s, 5s, 105s), 105s);
  EXPECT_EQ(next_look(100s, 5s, 105s + 1us), 110s) << "a run that took longer than this is not overlapped";
  EXPECT_EQ(next_look(100s, 5s, 130s), 130s);
}

TEST(Timetable, starts_out_of_turn_and_then_at_its_regular_times_again) {
  Timetable timetable;
  timetable.add(1, 10s, 10s, 60s);
  timetable.add(2, 12s, 12s, 60s);
  EXPECT_EQ(timetable.take_due(10s)->id, 1U);
  for (int i = 1; i <= 3; ++i) {
    timetable.next_at(1, 10s + i * 1s);
    const auto due = timetable.take_due(10s + i * 1s);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->id, 1U);
    EXPECT_EQ(due->at, 10s + i * 1s);
    EXPECT_EQ(due->missed, 0U);
    if (i == 2) {
      EXPECT_EQ(timetable.take_due(12s)->id, 2U) << "the other one keeps its place";
    }
  }
  EXPECT_EQ(timetable.take_due(70s)->at, 70s);
  EXPECT_EQ(timetable.take_due(72s)->id, 2U);
  EXPECT_EQ(timetable.next(), 130s);
}

TEST(Timetable, counts_no_regular_start_as_missed_whose_place_another_takes) {
  Timetable timetable;
  timetable.add(1, 10s, 10s, 60s);
  EXPECT_EQ(timetable.take_due(10s)->at, 10s);
  timetable.next_at(1, 60s);
  EXPECT_EQ(timetable.take_due(60s)->at, 60s);
  timetable.next_at(1, 110s);
  EXPECT_EQ(timetable.next(), 110s) << "not 70 s";
  const auto due = timetable.take_due(110s);
  EXPECT_EQ(due->at, 110s);
  EXPECT_EQ(due->missed, 0U);
  timetable.next_at(1, 130s);
  EXPECT_EQ(timetable.take_due(130s)->missed, 0U) << "which is the regular one itself";
  timetable.next_at(1, 185s);
  EXPECT_EQ(timetable.take_due(311s)->missed, 3U) << "190, 250 and 310 s, which came after it";
}

TEST(Timetable, moves_nothing_that_is_not_there) {
  Timetable timetable;
  timetable.add(1, 10s, 10s, 60s);
  timetable.next_at(2, 1s);
  EXPECT_EQ(timetable.next(), 10s);
}

TEST(Timetable, forgets_what_is_removed) {
  Timetable timetable;
  for (std::uint64_t id = 0; id < 100; ++id) timetable.add(id, id * 1s, id * 1s, 1000s);
  timetable.remove_if([](std::uint64_t id) { return id % 2 == 0; });
  std::uint64_t expected = 1;
  while (const auto due = timetable.take_due(200s)) {
    EXPECT_EQ(due->id, expected);
    expected += 2;
  }
  EXPECT_EQ(expected, 101U);
}

}  // namespace
}  // namespace candor::probes
