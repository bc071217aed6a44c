#include "base/net/ares.h"

#include <ares.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

#include "base/net/failure.h"

namespace candor::net {
namespace {

constexpr int most_events = 64;

int make_epoll() {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return descriptor;
}

void check(int status, const char* doing) {
  if (status != ARES_SUCCESS) throw std::runtime_error(fmt::format("{}: {}", doing, ares_strerror(status)));
}

void start_ares() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  check(status, "start c-ares");
}

}  // namespace

/// c-ares opens and closes its sockets; all are in one private epoll descriptor, and the loop waits for that one.
struct Ares::Impl {
  Impl(Loop& loop, const Options& options);
  ~Impl() { ares_destroy(channel); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static const ares_socket_functions& sockets();
  static Impl& of(void* self) { return *static_cast<Impl*>(self); }
  void note(int error);
  void hear(const unsigned char* packet, ares_ssize_t size);
  static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
  void wait_for_events();
  void take_events();
  void act(ares_socket_t readable, ares_socket_t writable);
  void arm();

  boost::asio::posix::stream_descriptor epoll;
  Timer timer;
  ares_channel channel = nullptr;
  Contact contact;
  std::shared_ptr<char> alive = std::make_shared<char>();  // what the loop still holds looks whether this is here
};

Ares::Impl::Impl(Loop& loop, const Options& options) : epoll(loop.context(), make_epoll()), timer(loop) {
  start_ares();
  ares_options settings{};
  if (options.tcp) settings.flags |= ARES_FLAG_USEVC;
  if (options.as_it_came) settings.flags |= ARES_FLAG_NOCHECKRESP | ARES_FLAG_IGNTC;
  settings.timeout = static_cast<int>(options.try_timeout.count());
  settings.tries = options.tries;
  settings.sock_state_cb = &Impl::on_socket;
  settings.sock_state_cb_data = this;
  check(ares_init_options(&channel, &settings,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB),
        "start c-ares");
  ares_set_socket_functions(channel, &sockets(), this);
  if (!options.servers.empty()) {
    const int status = ares_set_servers_ports_csv(channel, options.servers.c_str());
    if (status != ARES_SUCCESS) ares_destroy(channel);
    check(status, "name servers");
  }
  wait_for_events();
}

/// The system's, and what they say is noted.
const ares_socket_functions& Ares::Impl::sockets() {
  static const ares_socket_functions functions{
      .asocket = [](int family, int type, int protocol, void* self) -> ares_socket_t {
        const int opened = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        // Where IPv6 is off, c-ares meets that whenever it sorts addresses.
        if (opened < 0 && errno != EAFNOSUPPORT) of(self).note(errno);
        return opened;
      },
      .aclose = [](ares_socket_t socket, void*) { return ::close(socket); },
      .aconnect =
          [](ares_socket_t socket, const sockaddr* to, ares_socklen_t size, void* self) {
            const int failed = ::connect(socket, to, size);
            if (failed == 0 || errno == EINPROGRESS) return failed;
            // Of a UDP socket, that no local port is left.
            if (errno == EAGAIN) errno = EADDRNOTAVAIL;
            // To port 0 it only looks which way there is to an address that it sorts.
            const auto& ipv4 = *reinterpret_cast<const sockaddr_in*>(to);  // IPv6's has its port in the same place
            if (ipv4.sin_port != 0) of(self).note(errno);
            return failed;
          },
      .arecvfrom = [](ares_socket_t socket, void* into, std::size_t size, int flags, sockaddr* from,
                      ares_socklen_t* from_size, void* self) -> ares_ssize_t {
        const ares_ssize_t got = ::recvfrom(socket, into, size, flags, from, from_size);
        if (got < 0) of(self).note(errno);
        if (got > 0) of(self).contact.heard = true;
        if (got > 0) of(self).hear(static_cast<const unsigned char*>(into), got);
        return got;
      },
      .asendv = [](ares_socket_t socket, const iovec* parts, int count, void* self) -> ares_ssize_t {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);  // it does not write there
        message.msg_iovlen = static_cast<std::size_t>(count);
        const auto send = [&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); };
        // An error that was waiting on the socket, and is an earlier packet's, is told here too, where c-ares would
        // take it for this one's and wait for an answer to the other: once more, and both will hear of it.
        ares_ssize_t sent = send();
        if (sent < 0 && errno == ECONNREFUSED) sent = send();
        if (sent < 0) of(self).note(errno);
        return sent;
      }};
  return functions;
}

/// Of several servers the last often is one that this machine has no way to, which says nothing of those before it.
void Ares::Impl::note(int error) {
  if (error == EAGAIN || error == EINTR) return;
  const bool says_nothing = is_own_lack(error) || error == ENETUNREACH;
  if (contact.error == 0 || !says_nothing) contact.error = error;
}

/// Over TCP the length comes before it, and by itself.
void Ares::Impl::hear(const unsigned char* packet, ares_ssize_t size) {
  constexpr ares_ssize_t head = 12;  // RFC 1035, section 4.1.1
  if (size < head) return;
  ++contact.answers;
  contact.rcode = packet[3] & 0x0F;
  contact.error = 0;
}

void Ares::Impl::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
  const int descriptor = static_cast<Impl*>(self)->epoll.native_handle();
  epoll_event event{};
  if (readable != 0) event.events |= EPOLLIN;
  if (writable != 0) event.events |= EPOLLOUT;
  event.data.fd = socket;
  if (event.events == 0) {
    epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nullptr);
  } else if (epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT) {
    epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event);
  }
}

void Ares::Impl::wait_for_events() {
  epoll.async_wait(boost::asio::posix::descriptor_base::wait_read,
                   [this, here = std::weak_ptr(alive)](const boost::system::error_code& error) {
                     if (error || here.expired()) return;
                     take_events();
                     if (!here.expired()) wait_for_events();
                   });
}

void Ares::Impl::take_events() {
  std::array<epoll_event, most_events> events{};
  const std::weak_ptr here = alive;
  const int ready = epoll_wait(epoll.native_handle(), events.data(), most_events, 0);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const bool reads = (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    const bool writes = (event.events & EPOLLOUT) != 0;
    act(reads ? event.data.fd : ARES_SOCKET_BAD, writes ? event.data.fd : ARES_SOCKET_BAD);
    if (here.expired()) return;
  }
}

void Ares::Impl::act(ares_socket_t readable, ares_socket_t writable) {
  const std::weak_ptr here = alive;
  ares_process_fd(channel, readable, writable);
  if (!here.expired()) arm();
}

void Ares::Impl::arm() {
  timeval wait{};
  if (ares_timeout(channel, nullptr, &wait) == nullptr) return timer.cancel();
  const auto after = std::chrono::seconds{wait.tv_sec} + std::chrono::microseconds{wait.tv_usec};
  timer.after(after, [this] { act(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

Ares::Ares(Loop& loop, const Options& options) : impl_(std::make_unique<Impl>(loop, options)) {}
Ares::~Ares() = default;

void* Ares::channel() const { return impl_->channel; }
const Ares::Contact& Ares::contact() const { return impl_->contact; }
void Ares::asked() { impl_->arm(); }

}  // namespace candor::net
