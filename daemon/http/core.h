#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/net/loop.h"
#include "daemon/http/rate_limiter.h"
#include "daemon/http/server.h"

namespace candor::http {

class Session;

/// A figure that one thread writes and any may read.
class Tally {
 public:
  void add(std::uint64_t more) { value_.store(value() + more, std::memory_order_relaxed); }
  void subtract(std::uint64_t less) { value_.store(value() - less, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// What the connections of one listener share. Thread: the loop's, but for the tallies.
class Core {
 public:
  Core(net::Loop& loop, Limits limits, Handler handler);

  /// Time since the listener was made, for deadlines.
  [[nodiscard]] Duration now() const { return std::chrono::duration_cast<Duration>(precise_now()); }
  [[nodiscard]] std::chrono::microseconds precise_now() const { return clock_.elapsed(); }
  /// The Date header's value.
  [[nodiscard]] const std::string& date();

  /// Whether one connection more may be served, in all and of this address; where need be one that waits is closed.
  [[nodiscard]] bool make_room() { return sessions_.size() < limits.connections || close_one(nullptr); }
  [[nodiscard]] bool make_room_for(const std::string& network);
  /// Whether this address may ask once more now.
  [[nodiscard]] bool may_ask(const std::string& network);

  void joined(std::shared_ptr<Session> session);
  /// May destroy the session.
  void left(Session& session);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  /// Ends what is past its deadline, again and again while there are sessions.
  void sweep();
  /// From now on each session ends after its exchange, idle ones at once; `done` once none is left.
  void drain(net::Task done);
  void close_all();
  [[nodiscard]] bool is_full() const { return unread_bytes > limits.all_unread_bytes; }
  [[nodiscard]] bool draining() const { return draining_; }

  const Limits limits;
  const Handler handler;
  std::vector<char> scratch;          ///< what is read goes through here, so that a waiting connection needs no buffer
  std::string head;                   ///< the same for the head of a response
  std::size_t unread_bytes = 0;       ///< of requests that are coming in or wait for their turn
  std::size_t most_unread_bytes = 0;  ///< since memory was last given back
  Tally connections;
  Tally requests;
  Tally refused;
  Tally bytes_sent;

 private:
  [[nodiscard]] bool close_one(const std::string* network);
  void set_timer();
  void return_memory();

  net::Loop& loop_;
  net::Timer timer_;
  bool timer_set_ = false;
  Stopwatch clock_;
  std::string date_;
  Instant date_second_{};
  RateLimiter rates_;
  std::vector<std::shared_ptr<Session>> sessions_;  ///< the open ones; each knows its place
  std::size_t looked_at_ = 0;                       ///< the last place where room was looked for
  std::unordered_map<std::string, std::size_t> by_network_;
  bool draining_ = false;
  net::Task drained_;
};

}  // namespace candor::http
