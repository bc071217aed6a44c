#include "base/net/loop.h"

#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace candor::net {
namespace {

using namespace std::chrono_literals;

TEST(Loop, runs_posted_tasks_in_order_and_not_from_inside_post) {
  Loop loop;
  std::vector<int> seen;
  loop.post([&] {
    loop.post([&] { seen.push_back(3); });
    seen.push_back(1);
  });
  loop.post([&] { seen.push_back(2); });
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(loop.poll(), 3U);
  EXPECT_EQ(seen, (std::vector{1, 2, 3}));
}

TEST(Loop, runs_until_another_thread_stops_it_and_may_run_again) {
  Loop loop;
  std::thread::id ran_on;
  std::jthread other{[&] {
    loop.post([&] { ran_on = std::this_thread::get_id(); });
    loop.post([&] { loop.stop(); });
  }};
  loop.run();
  EXPECT_EQ(ran_on, std::this_thread::get_id());

  bool again = false;
  loop.post([&] {
    again = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(again);
}

TEST(Loop, lets_exceptions_of_tasks_out) {
  Loop loop;
  loop.post([] { throw std::runtime_error("broken"); });
  EXPECT_THROW(loop.run(), std::runtime_error);
}

TEST(Timer, calls_back_once_and_through_the_loop) {
  Loop loop;
  Timer timer{loop};
  int calls = 0;
  timer.after(-5s, [&] {
    ++calls;
    loop.stop();
  });
  EXPECT_EQ(calls, 0);
  loop.run();
  EXPECT_EQ(calls, 1);
  loop.poll();
  EXPECT_EQ(calls, 1);
}

TEST(Timer, is_silent_after_cancel_restart_and_destruction) {
  Loop loop;
  int wrong = 0;
  Timer cancelled{loop};
  cancelled.after(0us, [&] { ++wrong; });
  cancelled.cancel();

  Timer restarted{loop};
  restarted.after(0us, [&] { ++wrong; });
  restarted.after(20ms, [&] { loop.stop(); });

  std::optional<Timer> destroyed{std::in_place, loop};
  destroyed->after(0us, [&] { ++wrong; });
  destroyed.reset();

  Timer replaced{loop};
  replaced.after(0us, [&] { ++wrong; });
  replaced = Timer{loop};
  loop.run();
  EXPECT_EQ(wrong, 0);
}

TEST(Timer, is_silent_when_cancelled_after_its_wait_was_over) {
  Loop loop;
  Timer first{loop};
  Timer second{loop};
  int calls = 0;
  const auto once = [&](Timer& other) {
    ++calls;
    other.cancel();
    loop.stop();
  };
  // Both are over by the time that the loop looks; whichever comes first silences the other.
  first.after(0us, [&] { once(second); });
  second.after(0us, [&] { once(first); });
  loop.run();
  loop.poll();
  EXPECT_EQ(calls, 1);
}

TEST(Timer, may_be_set_again_or_destroyed_in_its_own_callback) {
  Loop loop;
  std::optional<Timer> timer{std::in_place, loop};
  int calls = 0;
  timer->after(0us, [&] {
    ++calls;
    timer->after(0us, [&] {
      ++calls;
      timer.reset();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(calls, 2);
}

TEST(Timer, keeps_its_setting_when_moved) {
  Loop loop;
  std::vector<Timer> timers;
  int calls = 0;
  for (int i = 0; i < 5; ++i) {
    timers.emplace_back(loop).after(1ms, [&] {
      if (++calls == 5) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(calls, 5);
}

TEST(PatientTimer, is_a_timer_where_nothing_stood_still) {
  Loop loop;
  PatientTimer timer{loop};
  int calls = 0;
  timer.after(0us, [&] { ++calls; });
  timer.cancel();
  timer.after(0us, [&] {
    ++calls;
    timer.after(0us, [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(PatientTimer, lets_what_waits_go_before_it) {
  Loop loop;
  loop.catch_up();
  const Stopwatch waited;
  std::vector<int> seen;
  PatientTimer patient{loop};
  patient.after(0us, [&] {
    seen.push_back(2);
    loop.stop();
  });
  Timer came{loop};
  came.after(20ms, [&] {
    seen.push_back(1);
    patient.after(0us, [&] {  // set anew by what came
      seen.push_back(3);
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(seen, (std::vector{1, 3}));
  EXPECT_GE(waited.elapsed(), 499ms);
}

}  // namespace
}  // namespace candor::net
