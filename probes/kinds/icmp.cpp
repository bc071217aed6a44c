#include "probes/kinds/icmp.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

#include <boost/asio/generic/datagram_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/icmp.hpp>

#include "base/id.h"
#include "probes/kinds/echo.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;
using Protocol = asio::generic::datagram_protocol;

/// Read in one turn of the loop.
constexpr int most_in_a_turn = 64;

/// Why no ping socket can be had, and what to do.
std::string forbidden_words(bool ipv6, int error) {
  if (error == EACCES || error == EPERM) {
    return "the kernel does not let candord's group ping; to allow it: sysctl -w net.ipv4.ping_group_range=\"0 "
           "2147483647\", and the same in a file of /etc/sysctl.d to keep it so";
  }
  const std::string which = ipv6 ? "IPv6" : "IPv4";
  if (error == EAFNOSUPPORT || error == EPROTONOSUPPORT) {
    return "there are no ping sockets for " + which + " on this machine or in candord's unit";
  }
  return "cannot open a ping socket for " + which + ": " + error_words(error);
}

/// One run's socket and packets. What waits on the loop keeps it.
struct Pings : std::enable_shared_from_this<Pings> {
  Pings(asio::io_context& context, int how_many, bool v6)
      : socket(context), ipv6(v6), most(static_cast<std::size_t>(how_many)) {}

  int open(const asio::ip::icmp::endpoint& to);
  void send();
  void wait();
  void receive();
  bool receive_one();
  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  struct Packet {
    Stopwatch watch{};
    std::optional<microseconds> took;
  };

  Protocol::socket socket;
  asio::ip::address address;
  bool ipv6;
  std::uint64_t mark = random_number();
  std::size_t most;
  std::vector<Packet> packets;  // that were sent, by sequence number
  std::size_t over = 0;         // answered, or not sent at all
  std::string error;
  net::Task changed;
};

/// errno, or 0.
int Pings::open(const asio::ip::icmp::endpoint& to) {
  boost::system::error_code failed;
  address = to.address();
  socket.open(Protocol{ipv6 ? AF_INET6 : AF_INET, ipv6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP}}, failed);
  if (!failed) socket.non_blocking(true, failed);
  if (failed) return failed.value();
  // Routers' answers about lost packets, as errors of the socket.
  const int on = 1;
  ::setsockopt(socket.native_handle(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, &on,
               sizeof on);
  return 0;
}

void Pings::send() {
  const EchoRequest packet = make_echo_request(ipv6, static_cast<std::uint16_t>(packets.size()), mark);
  packets.emplace_back();
  if (::send(socket.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL) >= 0) return;
  // An error that was waiting on the socket, and not this packet's, is told by send() too: once more.
  error = error_words(errno);
  if (::send(socket.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL) >= 0) return;
  error = error_words(errno);
  ++over;
}

void Pings::wait() {
  socket.async_wait(Protocol::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
    if (!failed && self->socket.is_open()) self->receive();
  });
}

void Pings::receive() {
  for (int i = 0; i < most_in_a_turn && receive_one(); ++i) continue;
  wait();
  changed();  // the last thing it does: this may close it
}

/// Answers whether there may be more.
bool Pings::receive_one() {
  std::array<char, 2048> buffer;
  asio::ip::icmp::endpoint from;
  auto size = static_cast<socklen_t>(from.capacity());
  const ssize_t got = ::recvfrom(socket.native_handle(), buffer.data(), buffer.size(), 0, from.data(), &size);
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) error = error_words(errno);
    return true;
  }
  const std::string_view packet{buffer.data(), static_cast<std::size_t>(got)};
  const std::optional<std::uint16_t> sequence = read_echo_reply(ipv6, packet, mark);
  if (!sequence || *sequence >= packets.size() || from.address() != address) return true;
  Packet& known = packets[*sequence];
  if (known.took) return true;
  known.took = known.watch.elapsed();
  ++over;
  return true;
}

class IcmpProbe final : public Probe {
 public:
  IcmpProbe(std::shared_ptr<const IcmpConfig> config, const Tools& tools)
      : config_(std::move(config)), tools_(tools), deadline_(tools.loop), next_(tools.loop) {}
  ~IcmpProbe() override { drop(); }
  IcmpProbe(const IcmpProbe&) = delete;
  IcmpProbe& operator=(const IcmpProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void found(Result<std::vector<std::string>> addresses);
  void begin(const asio::ip::address& address);
  void send();
  void look();
  void drop();
  void finish();

  std::shared_ptr<const IcmpConfig> config_;
  Tools tools_;
  net::Timer deadline_;
  net::Timer next_;
  net::Names::Lookup lookup_;
  std::shared_ptr<Pings> pings_;
  IcmpSeen seen_;
  Stopwatch watch_;
  std::move_only_function<void(Outcome)> done_;
};

void IcmpProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  seen_ = IcmpSeen{.looking_up = true};
  deadline_.after(config_->timeout, [this] { finish(); });
  lookup_ = tools_.names.look_up(config_->host, config_->family,
                                 [this](Result<std::vector<std::string>> addresses) { found(std::move(addresses)); });
}

void IcmpProbe::found(Result<std::vector<std::string>> addresses) {
  seen_.looking_up = false;
  seen_.phases.name_lookup = watch_.elapsed();
  boost::system::error_code no_address;
  if (!addresses) {
    seen_.no_address = addresses.error().message;
    return finish();
  }
  seen_.address = addresses->front();
  const asio::ip::address address = asio::ip::make_address(seen_.address, no_address);
  if (no_address) {
    seen_.no_address = "no address was found";
    return finish();
  }
  begin(address);
}

void IcmpProbe::begin(const asio::ip::address& address) {
  pings_ = std::make_shared<Pings>(tools_.loop.context(), config_->packets, address.is_v6());
  const asio::ip::icmp::endpoint to{address, 0};
  if (const int error = pings_->open(to); error != 0) {
    seen_.forbidden = forbidden_words(address.is_v6(), error);
    return finish();
  }
  if (::connect(pings_->socket.native_handle(), to.data(), static_cast<socklen_t>(to.size())) != 0) {
    pings_->error = error_words(errno);
    pings_->packets.resize(pings_->most);
    return finish();
  }
  pings_->changed = [this] { look(); };
  pings_->wait();
  send();
}

void IcmpProbe::send() {
  pings_->send();
  if (pings_->packets.size() < pings_->most) next_.after(config_->interval, [this] { send(); });
  look();
}

void IcmpProbe::look() {
  if (pings_->over == pings_->most) finish();
}

void IcmpProbe::drop() {
  deadline_.cancel();
  next_.cancel();
  lookup_.reset();
  if (pings_) pings_->close();
  pings_.reset();
}

/// The last thing it does is to call back: that may destroy the probe.
void IcmpProbe::finish() {
  if (pings_) {
    seen_.sent = static_cast<int>(pings_->packets.size());
    for (const auto& packet : pings_->packets) {
      if (packet.took) seen_.answered.push_back(*packet.took);
    }
    if (static_cast<int>(seen_.answered.size()) < seen_.sent) seen_.error = pings_->error;
  }
  if (!seen_.answered.empty()) seen_.phases.first_byte = seen_.answered.front();
  seen_.phases.total = watch_.elapsed();
  drop();
  Outcome outcome = judge(*config_, seen_);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_icmp_probe(std::shared_ptr<const IcmpConfig> config, const Tools& tools) {
  return std::make_unique<IcmpProbe>(std::move(config), tools);
}

}  // namespace candor::probes
