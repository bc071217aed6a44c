#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/net/loop.h"

namespace candor::net {

/// libcurl's multi interface on a loop: any number of transfers at once over shared, kept-alive connections, to any
/// number of servers. All of curl's sockets are in one private epoll descriptor, and the loop waits for that one.
///
/// A `CURL*` is an easy handle (opaque here so that curl's header stays out); the caller owns and configures it, except
/// for CURLOPT_PRIVATE, CURLOPT_NOSIGNAL and CURLOPT_QUICK_EXIT, which start() sets. Easy (easy.h) makes such handles.
/// Idle connections stay open for the next transfer to the same server, up to two thirds of the process's descriptors.
/// Outlives every transfer's owner. Thread: the loop's.
class Transfers {
 public:
  using Done = std::move_only_function<void(int curl_code)>;  ///< a CURLcode

  explicit Transfers(Loop& loop);
  /// Ends what is under way without calling `done`. Not from inside a `done`.
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// Starts the transfer; transfers of one `server`, its host and port, share connections. `done` is called once from
  /// the loop, never from inside start(), with the handle already taken out, so it may be started again or cleaned up
  /// there.
  /// Throws std::logic_error for a handle that is under way.
  void start(void* easy, std::string_view server, Done done);
  /// Ends the transfer without calling `done`; nothing if it is not under way. The handle is the caller's again at
  /// once.
  void cancel(void* easy);
  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] Loop& loop();

 private:
  struct Pool;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::net
