#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/net/loop.h"

namespace candor::net {

/// A c-ares channel whose sockets and time-outs are served by a loop. Files that ask it themselves include <ares.h> and
/// take channel(), an `ares_channel`; names.h is for everybody else. Destroying it calls each question's callback with
/// ARES_EDESTRUCTION. Thread: the loop's.
class Ares {
 public:
  struct Options {
    std::string servers;                         ///< "10.0.0.1,[2001:db8::1]:53"; empty for those of /etc/resolv.conf
    std::chrono::milliseconds try_timeout{500};  ///< of the first try; each round of tries doubles it
    int tries = 4;                               ///< of each server
    bool tcp = false;                            ///< UDP else, and TCP where an answer was cut off
    /// Hands over the first answer as it came: no other server is asked after an error (SERVFAIL, NOTIMP, REFUSED), nor
    /// TCP where it was cut off.
    bool as_it_came = false;
  };
  /// Throws std::runtime_error if c-ares refuses the options or cannot start.
  Ares(Loop& loop, const Options& options);
  ~Ares();
  Ares(const Ares&) = delete;
  Ares& operator=(const Ares&) = delete;

  [[nodiscard]] void* channel() const;
  /// What came of asking its servers, and of the system's sockets, which c-ares does not tell.
  struct Contact {
    bool heard = false;       ///< bytes came, an answer or not
    std::size_t answers = 0;  ///< that came
    int rcode = 0;            ///< of the last one
    int error = 0;  ///< errno of why a server was not reached since then; what this machine lacks counts least
  };
  [[nodiscard]] const Contact& contact() const;
  /// After each question put to the channel: it may be due earlier than all before.
  void asked();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::net
