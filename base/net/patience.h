#pragma once

#include <chrono>

namespace candor::net {

/// Whether a loop reads what came while it stood still: its process was stopped, got no time or was busy, and what was
/// sent to it meanwhile lies in its sockets. Pure. Times are of any one clock.
class CatchingUp {
 public:
  using Time = std::chrono::microseconds;

  /// A timer of the loop ran `by` later than it was to. A second and more is a standstill, which a loop that has much
  /// to do stays below.
  void ran_late(Time by, Time now);
  void begin(Time now);

  /// How long it goes on for; zero where nothing stood still.
  [[nodiscard]] Time rest(Time now) const;

 private:
  Time until_ = Time::min();
};

/// How long one timer waits for a loop that catches up. Pure, as above.
class Patience {
 public:
  using Time = CatchingUp::Time;

  /// How much longer a timer waits that is due `now`; zero: it runs. One that is set anew meanwhile waits no longer for
  /// that, and a loop that stands still again and again is waited for three times in a row, not for ever.
  [[nodiscard]] Time wait(const CatchingUp& loop, Time now);

 private:
  Time until_ = Time::min();
  int waits_ = 0;
};

}  // namespace candor::net
