#include "daemon/http/server.h"

#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "daemon/http/core.h"
#include "daemon/http/session.h"

namespace candor::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using not_sent_low_at = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

/// After an accept that failed, for want of descriptors or memory.
constexpr Duration accept_again_after{100};
constexpr Duration between_complaints = std::chrono::minutes{1};
/// Connections beyond the limit that are told so; those beyond these are just closed.
constexpr std::size_t most_turned_away = 128;

/// What the kernel keeps for a client that does not read, twice with what that costs itself; left alone, 4 MB. With
/// half of this a fast reader is now and then kept waiting.
constexpr int send_buffer_bytes = 128 * 1024;
/// Of that, what it takes before there is room for it on the way, which for a client that does not read is all.
constexpr int most_not_sent_bytes = 16 * 1024;

std::string why_not_listening(const Address& address, const error_code& error) {
  const std::string what = fmt::format("cannot listen on {}: {}", address.text(), error.message());
  if (error == asio::error::address_in_use) {
    return fmt::format(
        "{}: another program has this port (ss -ltnp 'sport = :{}' shows which); end it or choose another "
        "port under [listen]",
        what, address.port);
  }
  if (error == asio::error::access_denied) {
    return what +
           ": ports below 1024 need the right CAP_NET_BIND_SERVICE or a socket from systemd; or choose a higher "
           "port under [listen]";
  }
  if (error == asio::error::make_error_code(asio::error::address_family_not_supported) ||
      error.value() == EADDRNOTAVAIL) {
    return what +
           ": this machine does not have that address (ip address shows those it has); choose another under "
           "[listen]";
  }
  return what;
}

/// An IPv4 client of a socket for both families is shown, and limited, as the IPv4 address that it is.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Impl> {
  std::shared_ptr<Core> core;
  std::optional<tcp::acceptor> acceptor;
  std::optional<net::Timer> again;
  std::optional<Duration> complained_at;
  net::Loop& loop;

  Impl(net::Loop& the_loop, Limits limits, Handler handler)
      : core(std::make_shared<Core>(the_loop, limits, std::move(handler))),
        acceptor(the_loop.context()),
        again(the_loop),
        loop(the_loop) {}

  /// Tries to have the acceptor listen; an error leaves it closed.
  error_code open(const tcp::endpoint& endpoint, bool share) {
    error_code error;
    const auto attempt = [&](auto&& action) {
      if (!error) action();
    };
    attempt([&] { acceptor->open(endpoint.protocol(), error); });
    attempt([&] { acceptor->set_option(tcp::acceptor::reuse_address(true), error); });
    attempt([&] {
      if (share) acceptor->set_option(reuse_port(true), error);
    });
    attempt([&] {
      if (endpoint.address().is_v6()) acceptor->set_option(asio::ip::v6_only(false), error);
    });
    attempt([&] { acceptor->bind(endpoint, error); });
    attempt([&] { acceptor->listen(tcp::acceptor::max_listen_connections, error); });
    if (error) close_acceptor();
    return error;
  }

  Result<Address> begin() {
    error_code error;
    acceptor->non_blocking(true, error);
    // For those that are accepted.
    acceptor->set_option(tcp::socket::send_buffer_size(send_buffer_bytes), error);
    acceptor->set_option(not_sent_low_at(most_not_sent_bytes), error);
    const tcp::endpoint endpoint = acceptor->local_endpoint(error);
    if (error) return failure("cannot ask for the address of a listening socket: " + error.message());
    accept();
    return Address{endpoint.address().to_string(), endpoint.port()};
  }

  void accept() {
    if (!acceptor || !acceptor->is_open()) return;
    acceptor->async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      if (!self->acceptor || !self->acceptor->is_open()) return;
      if (!error) {
        self->welcome(std::move(socket));
        self->accept();
      } else if (error == asio::error::connection_aborted || error == asio::error::interrupted) {
        self->accept();
      } else {
        self->complain(error);
        self->again->after(accept_again_after, [impl = self.get()] { impl->accept(); });
      }
    });
  }

  void complain(const error_code& error) {
    if (complained_at && core->now() - *complained_at < between_complaints) return;
    complained_at = core->now();
    log::error("accept_failed", {},
               fmt::format("a connection cannot be accepted: {}; if it lacks descriptors, raise LimitNOFILE= of the "
                           "service or ulimit -n",
                           error.message()));
  }

  void welcome(tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;  // gone already
    std::string peer = plain(remote.address()).to_string();
    std::string network = network_of(peer);
    const bool may_come = core->make_room_for(network);
    const bool room = may_come && core->make_room();
    if (!may_come || (!room && core->size() >= core->limits.connections + most_turned_away)) {
      core->refused.add(1);
      return;
    }
    socket.non_blocking(true, error);
    socket.set_option(tcp::no_delay(true), error);
    const auto session = std::make_shared<Session>(core, std::move(socket), std::move(peer), std::move(network));
    core->joined(session);
    if (room) {
      session->start();
      return;
    }
    Response busy = Response::error(503, "too many connections; try again in a moment");
    busy.headers.emplace_back("Retry-After", "1");
    session->turn_away(std::move(busy));
  }

  void close_acceptor() {
    error_code ignored;
    acceptor->close(ignored);
  }
};

Server::Server(net::Loop& loop, Limits limits, Handler handler)
    : impl_(std::make_shared<Impl>(loop, limits, std::move(handler))) {}

Server::~Server() {
  impl_->acceptor.reset();
  impl_->again.reset();
  impl_->core->close_all();
}

Result<Address> Server::listen(const Address& address, bool share) {
  error_code error;
  const asio::ip::address host = asio::ip::make_address(address.host, error);
  if (error) return failure(fmt::format("cannot listen on {}: {} is not an IP address", address.text(), address.host));
  if (impl_->acceptor->is_open()) return failure(fmt::format("cannot listen on {}: listening already", address.text()));
  error = impl_->open({host, address.port}, share);
  if (error) return failure(why_not_listening(address, error));
  return impl_->begin();
}

Result<Address> Server::adopt(int descriptor) {
  const auto refuse = [&](std::string_view why) {
    ::close(descriptor);
    return failure(
        fmt::format("cannot use the socket that the service manager opened: {}; in the .socket unit write "
                    "ListenStream= with an address and a port",
                    why));
  };
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return refuse("it is not a socket");
  }
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return refuse("it is not a TCP socket");
  int listening = 0;
  length = sizeof listening;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0) {
    return refuse("it is not a listening TCP socket");
  }
  if (impl_->acceptor->is_open()) return refuse("this listener has a socket already");
  error_code error;
  impl_->acceptor->assign(address.ss_family == AF_INET ? tcp::v4() : tcp::v6(), descriptor, error);
  if (error) return refuse(error.message());
  return impl_->begin();
}

void Server::drain(net::Task done) {
  impl_->again->cancel();
  impl_->close_acceptor();
  impl_->core->drain(std::move(done));
}

Traffic Server::traffic() const {
  const Core& core = *impl_->core;
  return {core.connections.value(), core.requests.value(), core.refused.value(), core.bytes_sent.value()};
}

}  // namespace candor::http
