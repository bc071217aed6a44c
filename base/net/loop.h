#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/net/patience.h"
#include "base/time.h"

namespace boost::asio {
class io_context;
}

namespace candor::net {

using Task = std::move_only_function<void()>;

/// One thread's event loop on Asio. What is started on a loop runs on the thread that calls run(), so rooms that share
/// one need no locks. Files that speak Asio themselves take context(); all others need no Asio header.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until stop(), which may also come first. Exceptions from tasks leave it. May be called again.
  void run();
  /// Runs what is ready now, without waiting; answers how many handlers ran. For tests.
  std::size_t poll();
  /// Any thread.
  void stop();
  /// Runs `task` on the loop's thread, soon, in order of posting. Any thread.
  void post(Task task);
  /// What waits in the sockets now is read before a patient timer runs, as after a standstill. For a start. Thread: the
  /// loop's.
  void catch_up();

  [[nodiscard]] boost::asio::io_context& context();

 private:
  friend class Timer;
  friend class PatientTimer;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A one-shot timer, of BootClock's time. Where the machine was suspended meanwhile, what became due runs as late as
/// the next timer of the loop would have without: a second where one runs each second. Its callback never runs after
/// cancel(), restart or destruction.
/// Thread: the loop's.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  /// Calls `task` once after `wait` (at once, through the loop, if it is not positive), in place of what was set
  /// before.
  void after(std::chrono::microseconds wait, Task task);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A timer for what is decided because nothing came: after a standstill of the loop, which any timer shows that runs
/// late, its callback waits until what came meanwhile has been read (CatchingUp, Patience). Otherwise as a Timer.
/// Thread: the loop's.
class PatientTimer {
 public:
  explicit PatientTimer(Loop& loop) : loop_(loop), timer_(loop) {}

  void after(std::chrono::microseconds wait, Task task);
  void cancel() { timer_.cancel(); }

 private:
  Loop& loop_;
  Timer timer_;
  Patience patience_;
};

}  // namespace candor::net
