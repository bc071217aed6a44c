#pragma once

#include <chrono>
#include <thread>

namespace candor {

/// For how long a thread that nobody has joined has kept a processor busy: where that grows, it gets on. 0 once it has
/// ended.
[[nodiscard]] std::chrono::nanoseconds processor_time(std::thread::native_handle_type thread);

}  // namespace candor
