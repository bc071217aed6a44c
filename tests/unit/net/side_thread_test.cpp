#include "base/net/side_thread.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace candor::net {
namespace {

TEST(SideThread, works_elsewhere_in_order_and_comes_back_to_the_loop) {
  Loop loop;
  SideThread side{loop};
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) {
    side.run([&, i]() -> Task {
      return [&, i, worked_on = std::this_thread::get_id()] {
        EXPECT_NE(worked_on, std::this_thread::get_id());
        seen.push_back(i);
        if (i == 2) loop.stop();
      };
    });
  }
  loop.run();
  EXPECT_EQ(seen, (std::vector{0, 1, 2}));
  EXPECT_EQ(side.waiting(), 0U);
}

TEST(SideThread, waits_at_its_end_for_what_is_under_way) {
  Loop loop;
  std::atomic<bool> began = false;
  std::atomic<bool> go_on = false;
  bool done = false;
  std::jthread opener;
  {
    SideThread side{loop};
    side.run([&]() -> Task {
      began = true;
      began.notify_one();
      go_on.wait(false);
      done = true;
      return [] {};
    });
    began.wait(false);
    EXPECT_EQ(side.waiting(), 1U);
    opener = std::jthread{[&] {
      go_on = true;
      go_on.notify_one();
    }};
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace candor::net
