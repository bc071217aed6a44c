#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/net/loop.h"
#include "base/result.h"
#include "daemon/http/message.h"

namespace candor::http {

/// What one listener lets a client do. Beyond it: 413 (body), 431 (head), 408 (slow head or body), 429 with Retry-After
/// (requests of one address), 503 with Retry-After (bodies in all); an answer that is not taken ends its connection.
/// Where there are too many connections in all, or of an address, one that waits for its client gives way to a new one,
/// of the address where it has too many: the one that has waited longest, as far as a few looks tell. Only while none
/// of them waits, a new one gets 503 or is closed.
struct Limits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t body_bytes = 1024 * 1024;
  std::size_t all_unread_bytes = std::size_t{64} << 20U;  ///< of requests that are coming in or wait for their turn
  Duration head_timeout = std::chrono::seconds{10};
  Duration body_timeout = std::chrono::seconds{30};
  Duration idle_timeout = std::chrono::seconds{75};    ///< between the requests of a kept connection
  Duration answer_timeout = std::chrono::seconds{60};  ///< for a handler to reply (504), and for 64 kB to be taken
  Duration take_timeout = std::chrono::seconds{10};    ///< for anything of an answer to be taken
  std::size_t connections = 12'000;
  std::size_t connections_an_address = 12'000;
  std::uint32_t requests_a_second_an_address = 0;  ///< 0: no limit; a burst of ten times as many is let through
};

/// "127.0.0.1:9180", "[::1]:9180" or "0.0.0.0:8080".
struct Address {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] static Result<Address> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool loopback() const;
  /// Whether only one of the two can be listened on: of one port, where one is the other or, as `::` and `0.0.0.0` do,
  /// takes in what the other names. `::` takes in IPv4 too, as Server listens.
  [[nodiscard]] bool overlaps(const Address& other) const;
  friend bool operator==(const Address&, const Address&) = default;
};

struct Traffic {
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t requests = 0;     ///< that a handler saw
  std::uint64_t refused = 0;      ///< answered 4xx or closed by a limit, before a handler saw them
  std::uint64_t bytes_sent = 0;
};

/// An HTTP/1.1 listener on a loop (Beast). Keep-alive, pipelining in order, HEAD, chunked requests. Thread: the loop's,
/// but for traffic(), which any thread may ask.
class Server {
 public:
  Server(net::Loop& loop, Limits limits, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and accepts. Errors: one sentence with the address and what to do (taken port, no such address, no right).
  /// Several servers of one process may share an address when each sets `share`, one a thread.
  [[nodiscard]] Result<Address> listen(const Address& address, bool share = false);
  /// Accepts on a listening socket that systemd opened. Takes the descriptor over.
  [[nodiscard]] Result<Address> adopt(int descriptor);

  /// Accepts no more, lets running exchanges end, and closes what is idle; `done` once nothing is left.
  void drain(net::Task done);

  [[nodiscard]] Traffic traffic() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor::http
