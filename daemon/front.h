#pragma once

#include <memory>
#include <optional>

#include "base/net/loop.h"
#include "daemon/ack_office.h"
#include "daemon/http/server.h"
#include "daemon/page/view.h"

namespace candor {

/// The visitors' side of the house: the public listener, on a thread of its own that shares nothing with the watch (law
/// 4). It serves snapshots that a third thread renders; only an ack link crosses over to the main loop, as one small
/// message. Thread: the main loop's, but for traffic().
class Front {
 public:
  /// `acks` is called on `main_loop`; both must outlive the front.
  Front(net::Loop& main_loop, AckOffice& acks);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  /// Binds, or takes over the socket that systemd opened. Visitors wait until serve(), and then until
  /// there is something to see.
  [[nodiscard]] Result<http::Address> start(const http::Address& address, std::optional<int> inherited);
  /// Has rendered what the first of them see, and serves from then on. Never waits for rendering.
  void serve(std::shared_ptr<const page::View> first);
  void show(std::shared_ptr<const page::View> view);
  /// For the first time before serve().
  void configure(page::PageSettings settings);
  [[nodiscard]] http::Traffic traffic() const;
  /// Takes no new visitors and lets those who are there finish.
  void drain();
  /// Drains, a moment, and ends the threads.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor
