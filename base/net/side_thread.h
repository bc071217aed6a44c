#pragma once

#include <cstddef>
#include <memory>

#include "base/net/loop.h"

namespace candor::net {

/// One thread beside the loop for long work on what is its own, so that the loop does not stand still for it. Thread:
/// the loop's, but for the work.
class SideThread {
 public:
  using Work = std::move_only_function<Task()>;

  /// Starts its thread with the first work.
  explicit SideThread(Loop& loop);
  /// Waits for the work under way; what waits is dropped.
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  /// Runs `work` on the thread, in the order given, and then, on the loop, the task that it answers. Exceptions end the
  /// process.
  void run(Work work);
  /// How much work is not done yet.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::net
