#pragma once

#include <chrono>
#include <optional>

namespace candor::probes {

/// When the loop stood still: its process was stopped, or got no time. Once it goes on, the deadlines of runs under way
/// pass at once, though the answers lie in their sockets, and what answered in time looks slow. Pure. Times are of any
/// one clock.
class Standstills {
 public:
  using Time = std::chrono::microseconds;
  /// While runs are under way, turned() is called at least so often.
  static constexpr Time beat = std::chrono::milliseconds{250};

  /// The loop turns. Answers how long it stood still just before: half a second and more counts, which a loop that has
  /// much to do stays below.
  std::optional<Time> turned(Time now);
  /// Nothing is under way: its next turn may be at any time.
  void rested() { turned_.reset(); }

  /// Whether it stood still after `began`.
  [[nodiscard]] bool since(Time began) const { return over_ && *over_ > began; }

 private:
  std::optional<Time> turned_;
  std::optional<Time> over_;
};

}  // namespace candor::probes
