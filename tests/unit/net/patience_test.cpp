#include "base/net/patience.h"

#include <gtest/gtest.h>

namespace candor::net {
namespace {

using namespace std::chrono_literals;

TEST(CatchingUp, begins_with_a_timer_that_is_a_second_late) {
  CatchingUp loop;
  EXPECT_EQ(loop.rest(0s), 0s);
  loop.ran_late(-1s, 9s);
  loop.ran_late(999ms, 10s);
  EXPECT_EQ(loop.rest(10s), 0s) << "it was busy";
  loop.ran_late(1s, 20s);
  EXPECT_EQ(loop.rest(20s), 500ms);
  EXPECT_EQ(loop.rest(20s + 499ms), 1ms);
  EXPECT_EQ(loop.rest(20s + 500ms), 0s);
}

TEST(CatchingUp, goes_on_where_the_loop_stands_still_again) {
  CatchingUp loop;
  loop.begin(10s);
  loop.ran_late(4s, 14s);
  EXPECT_EQ(loop.rest(14s), 500ms);
}

TEST(Patience, waits_for_nothing_where_nothing_stood_still) {
  const CatchingUp loop;
  Patience patience;
  EXPECT_EQ(patience.wait(loop, 10s), 0s);
  EXPECT_EQ(patience.wait(loop, 10s), 0s);
}

TEST(Patience, waits_once_for_each_standstill_however_often_the_timer_is_set) {
  CatchingUp loop;
  Patience patience;
  loop.ran_late(8s, 10s);
  EXPECT_EQ(patience.wait(loop, 10s), 500ms);
  EXPECT_EQ(patience.wait(loop, 10s + 300ms), 200ms);
  EXPECT_EQ(patience.wait(loop, 10s + 500ms), 0s);
  EXPECT_EQ(patience.wait(loop, 12s), 0s);
  loop.ran_late(8s, 20s);
  EXPECT_EQ(patience.wait(loop, 20s + 100ms), 400ms) << "it became due a little later";
}

TEST(Patience, waits_again_where_the_loop_stood_still_while_it_caught_up) {
  CatchingUp loop;
  Patience patience;
  loop.ran_late(8s, 10s);
  EXPECT_EQ(patience.wait(loop, 10s), 500ms);
  loop.ran_late(5s, 15s + 500ms);
  EXPECT_EQ(patience.wait(loop, 15s + 500ms), 500ms);
  EXPECT_EQ(patience.wait(loop, 16s), 0s);
}

TEST(Patience, ends_where_every_turn_is_late) {
  CatchingUp loop;
  Patience patience;
  int turns = 0;
  for (auto now = 10s; now < 100s; now += 2s) {
    loop.ran_late(1500ms, now);
    ++turns;
    if (patience.wait(loop, now) == 0s) break;
  }
  EXPECT_EQ(turns, 4);
  loop.ran_late(8s, 200s);
  EXPECT_EQ(patience.wait(loop, 200s), 500ms) << "and is there for the next one";
}

}  // namespace
}  // namespace candor::net
