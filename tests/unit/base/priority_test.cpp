#include "base/priority.h"

#include <csignal>
#include <optional>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace candor {
namespace {

/// The priority of a thread that began with `nice` and gave way; nothing where it may not have that.
std::optional<int> after_giving_way_from(int nice) {
  std::optional<int> found;
  std::thread{[&] {
    if (::setpriority(PRIO_PROCESS, 0, nice) != 0) return;
    give_way();
    found = ::getpriority(PRIO_PROCESS, 0);
  }}.join();
  return found;
}

TEST(Priority, a_thread_with_more_than_its_turn_goes_back_to_it_alone) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(after_giving_way_from(-5), 0) << "a negative nice needs CAP_SYS_NICE";
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before);
}

TEST(Priority, a_thread_with_less_keeps_that) { EXPECT_EQ(after_giving_way_from(15), 15); }

TEST(Priority, a_real_time_thread_goes_back_to_its_turn) {
  std::optional<int> found;
  std::thread{[&] {
    const sched_param lowest{.sched_priority = 1};
    if (::sched_setscheduler(0, SCHED_RR, &lowest) != 0) return;
    give_way();
    found = ::sched_getscheduler(0);
  }}.join();
  EXPECT_EQ(found, SCHED_OTHER) << "a real-time policy needs CAP_SYS_NICE";
}

TEST(Priority, a_group_of_processes_gives_way) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    ::pause();
    ::_exit(0);
  }
  ::setpgid(child, child);
  ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(child), -5), 0) << "a negative nice needs CAP_SYS_NICE";
  let_give_way(child);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(child)), 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace candor
