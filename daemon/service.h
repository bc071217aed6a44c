#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/net/loop.h"

namespace candor {

/// What the service manager and the kernel say to us, and what we say back (sd_notify(3), sd_listen_fds(3), signals).
/// Without systemd each of it does nothing. Thread: the loop's.
class Service {
 public:
  /// Whether systemd holds sockets for us. Before there is a Service.
  [[nodiscard]] static bool holds_sockets();
  /// Blocks, and shows `status` meanwhile. Ended by the signals that end a process.
  static void linger(const std::string& status, Duration how_long);

  struct Requests {
    std::function<void()> reload;  ///< SIGHUP
    std::function<void()> stop;    ///< SIGTERM or SIGINT; a second one ends the process at once
  };

  Service(net::Loop& loop, Requests requests);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// The listening socket that systemd opened under this name (FileDescriptorName=), once. Unnamed ones count as
  /// `public`.
  [[nodiscard]] std::optional<int> take_socket(const std::string& name);

  /// The names of the sockets that nobody took.
  [[nodiscard]] std::string sockets_left() const;

  /// READY=1, and from now on WATCHDOG=1 from the loop itself, twice as often as asked for: a loop that hangs is
  /// killed.
  void ready(const std::string& status);
  /// A start that takes its time gets more of it: EXTEND_TIMEOUT_USEC=, a minute from now.
  void starting(const std::string& status);
  void reloading();
  void stopping();
  void status(const std::string& status);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor
