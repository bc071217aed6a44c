#include "probes/standstills.h"

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

TEST(Standstills, are_gaps_between_the_turns_of_the_loop) {
  Standstills standstills;
  EXPECT_FALSE(standstills.turned(10s)) << "nobody looked before";
  EXPECT_FALSE(standstills.turned(10s + 250ms));
  EXPECT_FALSE(standstills.since(0s));
  EXPECT_EQ(standstills.turned(18s), 7750ms);
  EXPECT_TRUE(standstills.since(10s + 100ms)) << "it was under way all the time";
  EXPECT_TRUE(standstills.since(17s)) << "whether it began before or within is not known";
  EXPECT_FALSE(standstills.since(18s)) << "it began when the loop had gone on";
  EXPECT_FALSE(standstills.turned(18s + 1ms));
  EXPECT_TRUE(standstills.since(10s)) << "others end a little later";
  EXPECT_FALSE(standstills.since(18s + 1ms));
}

TEST(Standstills, are_no_turns_that_a_busy_loop_takes_late) {
  Standstills standstills;
  standstills.turned(0s);
  EXPECT_FALSE(standstills.turned(749ms));
  EXPECT_FALSE(standstills.since(-1s));
  EXPECT_TRUE(standstills.turned(749ms + 750ms));
}

TEST(Standstills, are_not_what_passes_while_nothing_is_under_way) {
  Standstills standstills;
  standstills.turned(0s);
  standstills.rested();
  EXPECT_FALSE(standstills.turned(30s));
  EXPECT_FALSE(standstills.since(0s));
  EXPECT_TRUE(standstills.turned(31s));
}

}  // namespace
}  // namespace candor::probes
