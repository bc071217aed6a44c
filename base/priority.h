#pragma once

#include <sys/types.h>

namespace candor {

/// candord may be given more than its turn of the processors (`Nice=` or `CPUSchedulingPolicy=` of its unit), and means
/// it for the watch and the journal. For threads that nobody's page depends on: the calling one goes back to what every
/// program gets. One that has no more than that, or less, keeps it. Thread: any.
void give_way();
/// The same for a process that candord started as the first of a group, and for its group. Thread: any.
void let_give_way(pid_t process);

}  // namespace candor
