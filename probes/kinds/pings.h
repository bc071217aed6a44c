#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/net/loop.h"
#include "base/time.h"

namespace candor::probes {

class PingSocket;
class PingSockets;

/// Echo requests to one address and their answers. All on one loop share its ping sockets, since a socket costs the
/// kernel several times what a packet and its answer do. Thread: the loop's.
class Pings {
 public:
  static constexpr std::size_t most = 20;  ///< packets

  struct Packet {
    Stopwatch since{};  ///< it was sent
    std::optional<std::chrono::microseconds> took;
  };

  /// Called from the loop after each answer; may close or destroy the pings.
  struct Listener {
    virtual void on_answer() = 0;

   protected:
    ~Listener() = default;
  };

  Pings(net::Loop& loop, Listener& listener);
  ~Pings() { close(); }
  Pings(const Pings&) = delete;
  Pings& operator=(const Pings&) = delete;

  /// Has a socket ready for this many packets. Answers 0, or errno where the system gives none.
  [[nodiscard]] int open(const boost::asio::ip::address& to, std::size_t packets);
  /// Sends the next packet. One that the system refuses to send counts as sent and lost.
  void send();
  /// Forgets all packets; answers that come later are not heard.
  void close();

  [[nodiscard]] const std::vector<Packet>& packets() const { return packets_; }
  /// All that were asked for are sent, and answered or refused.
  [[nodiscard]] bool complete() const { return over_ == wanted_; }
  /// errno where this machine lacked something to send a single packet; else 0.
  [[nodiscard]] int lack() const { return lacked_ == packets_.size() ? lack_ : 0; }
  /// What the system or a router said last of a packet to this address; a few words, or none.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  friend class PingSocket;
  void answered(std::uint16_t sequence);

  PingSockets& sockets_;
  Listener& listener_;
  std::shared_ptr<PingSocket> socket_;
  boost::asio::ip::address to_;
  std::uint64_t mark_ = 0;       // what is echoed; its lowest bits are the place among the socket's
  std::vector<Packet> packets_;  // that were sent, by sequence number
  std::size_t wanted_ = 0;
  std::size_t over_ = 0;    // answered, or not sent at all
  std::size_t lacked_ = 0;  // packets that this machine could not send
  int lack_ = 0;            // errno of the last of them
  std::string error_;
};

}  // namespace candor::probes
