#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace candor::net {

/// libcurl reads a socket until nothing is left, within one call, and looks at no clock meanwhile. A peer that sends
/// faster than that, such as HTTP/2 frames that say nothing or the body of a proxy's refusal, keeps it there for good,
/// and the loop with it. The guard looks at a call that takes more than 25 ms of the processor (not of the clock: the
/// machine may have stood still), and if 25 ms later it is still that one, shuts down the socket that most was read
/// from meanwhile: for libcurl its peer's end. A call that is merely long reads nothing, and one that hands over a
/// body, which whoever takes it bounds, makes progress.
///
/// A timer of the thread's processor time looks, by a signal (SIGRTMIN + 2), so that an idle loop pays nothing. Where
/// there can be none, nothing is guarded. Thread: the one on which it was made.
class ReadGuard {
 public:
  ReadGuard();

  void begin_call();
  /// Answers the socket that was shut down meanwhile, -1 if there is none.
  [[nodiscard]] int end_call();
  /// What is read in the call under way comes to something.
  static void progress();
  /// By socket, non-zero for those of transfers. To be set anew whenever it moves, and emptied before.
  void watch(std::span<const std::uint32_t> sockets);

 private:
  std::vector<std::uint64_t> read_before_;  // by socket, when the guard last looked at the call
};

}  // namespace candor::net
