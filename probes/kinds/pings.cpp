#include "probes/kinds/pings.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/generic/datagram_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/icmp.hpp>

#include "base/id.h"
#include "base/net/failure.h"
#include "probes/kinds/echo.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using Endpoint = asio::ip::icmp::endpoint;
using Protocol = asio::generic::datagram_protocol;

/// Packets that one socket may have under way, and read in one turn of the loop. They and their answers fit into the
/// buffers that any process may have (net.core.wmem_max and rmem_max are 212,992 bytes, doubled by the kernel for what
/// it needs itself), also where a network driver gives each of them a page.
constexpr std::size_t most_under_way = 64;
constexpr int buffer_size = 212'992;
static_assert(Pings::most <= most_under_way);

std::size_t place_of(std::uint64_t mark) { return mark % most_under_way; }

}  // namespace

/// A ping socket with places for those who await answers on it. What waits on the loop keeps it.
///
/// Once an answer stayed out it is worn out: whoever comes next gets another socket. What is lost may lie in the kernel
/// for seconds yet, waiting for a host that does not say where it is (ARP), and count against this socket's buffer; and
/// where a router keeps sending a socket's packets the way of yesterday, a new one has a new identifier. So no more
/// than most_under_way packets ever count against one, and no host that is silent harms another.
class PingSocket : public std::enable_shared_from_this<PingSocket> {
 public:
  PingSocket(asio::io_context& context, bool ipv6) : socket_(context), ipv6_(ipv6) {}

  /// errno, or 0.
  int open();
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  [[nodiscard]] bool has_room_for(std::size_t packets) const {
    return !worn_out_ && under_way_ + packets <= most_under_way;
  }
  [[nodiscard]] bool worn_out() const { return worn_out_; }
  [[nodiscard]] bool idle() const { return under_way_ == 0; }
  /// There is room for it. Answers the lowest bits of its mark.
  std::size_t enter(Pings& pings);
  void leave(const Pings& pings);
  /// errno, or 0.
  int send(const Pings& pings, std::uint16_t sequence);

 private:
  void wait();
  void receive();
  void hear(std::string_view packet, const asio::ip::address& from);
  void hear_errors();

  Protocol::socket socket_;
  bool ipv6_;
  std::array<Pings*, most_under_way> places_{};
  std::size_t under_way_ = 0;
  bool worn_out_ = false;
};

/// The ping sockets of a loop: as many as its packets need, and never more than one of each family that is idle.
class PingSockets final : public asio::execution_context::service {
 public:
  using key_type = PingSockets;
  static inline asio::execution_context::id id;

  explicit PingSockets(asio::execution_context& context) : service(context) {}

  /// Null where the system gives none; errno then says why.
  std::shared_ptr<PingSocket> with_room_for(std::size_t packets, bool ipv6) {
    auto& sockets = of(ipv6);
    const auto found = std::ranges::find_if(sockets, [&](const auto& it) { return it->has_room_for(packets); });
    if (found != sockets.end()) return *found;
    auto socket = std::make_shared<PingSocket>(static_cast<asio::io_context&>(context()), ipv6);
    errno = socket->open();
    return errno == 0 ? sockets.emplace_back(std::move(socket)) : nullptr;
  }
  /// Somebody has left `socket`.
  void left(const std::shared_ptr<PingSocket>& socket, bool ipv6) {
    auto& sockets = of(ipv6);
    const auto is_spare = [&](const auto& it) { return it != socket && it->idle(); };
    if (!socket->idle() || (!socket->worn_out() && std::ranges::none_of(sockets, is_spare))) return;
    socket->close();
    std::erase(sockets, socket);
  }

 private:
  void shutdown() override {
    for (auto& sockets : sockets_) sockets.clear();
  }
  std::vector<std::shared_ptr<PingSocket>>& of(bool ipv6) { return ipv6 ? sockets_[1] : sockets_[0]; }

  std::array<std::vector<std::shared_ptr<PingSocket>>, 2> sockets_;  // IPv4's and IPv6's
};

int PingSocket::open() {
  boost::system::error_code failed;
  socket_.open(Protocol{ipv6_ ? AF_INET6 : AF_INET, ipv6_ ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP}}, failed);
  if (!failed) socket_.non_blocking(true, failed);
  if (failed) return failed.value();
  const int descriptor = socket_.native_handle();
  for (const int buffer : {SO_SNDBUF, SO_RCVBUF}) {
    ::setsockopt(descriptor, SOL_SOCKET, buffer, &buffer_size, sizeof buffer_size);
  }
  // Routers' answers about lost packets, as errors of the socket.
  const int on = 1;
  ::setsockopt(descriptor, ipv6_ ? IPPROTO_IPV6 : IPPROTO_IP, ipv6_ ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
  wait();
  return 0;
}

std::size_t PingSocket::enter(Pings& pings) {
  const auto free = std::ranges::find(places_, nullptr);  // whoever is here awaits a packet at least
  *free = &pings;
  under_way_ += pings.wanted_;
  return static_cast<std::size_t>(free - places_.begin());
}

void PingSocket::leave(const Pings& pings) {
  const auto lost = [](const Pings::Packet& packet) { return !packet.took; };
  worn_out_ = worn_out_ || std::ranges::any_of(pings.packets_, lost);
  places_.at(place_of(pings.mark_)) = nullptr;
  under_way_ -= pings.wanted_;
}

int PingSocket::send(const Pings& pings, std::uint16_t sequence) {
  const EchoRequest packet = make_echo_request(ipv6_, sequence, pings.mark_);
  const Endpoint to{pings.to_, 0};
  const auto sent = [&] {
    return ::sendto(socket_.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL, to.data(),
                    static_cast<socklen_t>(to.size())) >= 0;
  };
  if (sent()) return 0;
  // An error that was waiting on the socket, and not this packet's, is told by sendto() too: once more without it.
  hear_errors();
  return sent() ? 0 : errno;
}

void PingSocket::wait() {
  socket_.async_wait(Protocol::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
    if (!failed && self->socket_.is_open()) self->receive();
  });
}

void PingSocket::receive() {
  struct Answer {
    Endpoint from;
    std::array<char, 64> packet;
    iovec place;
  };
  std::array<Answer, most_under_way> answers;
  std::array<mmsghdr, most_under_way> heads{};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Answer& answer = answers.at(i);
    answer.place = {answer.packet.data(), answer.packet.size()};
    heads.at(i).msg_hdr.msg_name = answer.from.data();
    heads.at(i).msg_hdr.msg_namelen = static_cast<socklen_t>(answer.from.capacity());
    heads.at(i).msg_hdr.msg_iov = &answer.place;
    heads.at(i).msg_hdr.msg_iovlen = 1;
  }
  const int got = ::recvmmsg(socket_.native_handle(), heads.data(), heads.size(), MSG_DONTWAIT, nullptr);
  if (got < 0) hear_errors();
  for (std::size_t i = 0; std::cmp_less(i, got); ++i) {
    hear({answers.at(i).packet.data(), heads.at(i).msg_len}, answers.at(i).from.address());
  }
  if (socket_.is_open()) wait();
}

/// May call back, which may close this socket.
void PingSocket::hear(std::string_view packet, const asio::ip::address& from) {
  const std::optional<Echo> echo = read_echo_reply(ipv6_, packet);
  if (!echo) return;
  Pings* const pings = places_.at(place_of(echo->mark));
  if (pings != nullptr && pings->mark_ == echo->mark && pings->to_ == from) pings->answered(echo->sequence);
}

/// An error is told of its address, to all who await answers from there: a router need not quote enough of a packet to
/// tell whose it was.
void PingSocket::hear_errors() {
  for (std::size_t i = 0; i < most_under_way; ++i) {
    Endpoint to;
    alignas(cmsghdr) std::array<char, 512> control;
    msghdr head{};
    head.msg_name = to.data();
    head.msg_namelen = static_cast<socklen_t>(to.capacity());
    head.msg_control = control.data();
    head.msg_controllen = control.size();
    if (::recvmsg(socket_.native_handle(), &head, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    for (cmsghdr* it = CMSG_FIRSTHDR(&head); it != nullptr; it = CMSG_NXTHDR(&head, it)) {
      if (it->cmsg_type != (ipv6_ ? IPV6_RECVERR : IP_RECVERR)) continue;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(it), sizeof error);
      for (Pings* const pings : places_) {
        if (pings != nullptr && pings->to_ == to.address())
          pings->error_ = error_words(static_cast<int>(error.ee_errno));
      }
    }
  }
}

Pings::Pings(net::Loop& loop, Listener& listener)
    : sockets_(asio::use_service<PingSockets>(loop.context())), listener_(listener) {}

int Pings::open(const asio::ip::address& to, std::size_t packets) {
  close();
  to_ = to;
  wanted_ = packets;
  socket_ = sockets_.with_room_for(wanted_, to_.is_v6());
  if (!socket_) return errno;
  const std::uint64_t random = random_number();
  mark_ = random - place_of(random) + socket_->enter(*this);
  return 0;
}

void Pings::send() {
  const auto sequence = static_cast<std::uint16_t>(packets_.size());
  packets_.emplace_back();
  const int error = socket_->send(*this, sequence);
  if (error == 0) return;
  error_ = error_words(error);
  ++over_;
  if (!net::is_own_lack(error)) return;
  ++lacked_;
  lack_ = error;
}

void Pings::close() {
  if (socket_) {
    socket_->leave(*this);
    sockets_.left(std::exchange(socket_, nullptr), to_.is_v6());
  }
  packets_.clear();
  over_ = lacked_ = 0;
  lack_ = 0;
  error_.clear();
}

/// May destroy this.
void Pings::answered(std::uint16_t sequence) {
  if (sequence >= packets_.size() || packets_[sequence].took) return;
  packets_[sequence].took = packets_[sequence].since.elapsed();
  ++over_;
  listener_.on_answer();
}

}  // namespace candor::probes
