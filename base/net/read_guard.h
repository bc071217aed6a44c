#pragma once

#include <cstdint>
#include <span>

namespace candor::net {

/// libcurl reads a socket until nothing is left, within one call, and looks at no clock meanwhile. A peer that sends
/// faster than that, such as HTTP/2 frames that say nothing or the body of a proxy's refusal, keeps it there for good,
/// and the loop with it. The guard breaks off a call that took more than a fifth of a second of the processor (not of
/// the clock: the machine may have stood still): it shuts the call's socket down, which libcurl takes for the peer's
/// end, and if that does not help those of all transfers.
///
/// A timer of the thread's processor time looks, by a signal (SIGRTMIN + 2), so that an idle loop pays nothing. Where
/// there can be none, nothing is guarded. Thread: the one on which it was made.
class ReadGuard {
 public:
  ReadGuard();

  /// The call for `socket`, or for none in particular (-1), begins.
  void begin(int socket);
  /// It is over. Answers whether it was broken off.
  [[nodiscard]] bool end();
  /// By socket, non-zero for those of transfers. To be set anew whenever it moves, and emptied before.
  void watched(std::span<const std::uint32_t> sockets);
};

}  // namespace candor::net
