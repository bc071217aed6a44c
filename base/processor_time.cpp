#include "base/processor_time.h"

#include <ctime>
#include <pthread.h>

namespace candor {

std::chrono::nanoseconds processor_time(std::thread::native_handle_type thread) {
  clockid_t clock{};
  timespec used{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace candor
