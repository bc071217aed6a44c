#include "base/priority.h"

#include <sched.h>
#include <sys/resource.h>

namespace candor {
namespace {

/// What a confinement forbids is left: then all share what there is, as without it.
void lower(pid_t process, __priority_which_t which) {
  const int policy = ::sched_getscheduler(process);
  if (policy == SCHED_RR || policy == SCHED_FIFO) {
    const sched_param ordinary{};
    ::sched_setscheduler(process, SCHED_OTHER, &ordinary);
  }
  const auto who = static_cast<id_t>(process);
  if (::getpriority(which, who) < 0) ::setpriority(which, who, 0);
}

}  // namespace

void give_way() { lower(0, PRIO_PROCESS); }  // on Linux both are a thread's: sched(7), setpriority(2)
void let_give_way(pid_t process) { lower(process, PRIO_PGRP); }

}  // namespace candor
