#include "base/net/ares.h"

#include <ares.h>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

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

  static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
  void wait_for_events();
  void take_events();
  void act(ares_socket_t readable, ares_socket_t writable);
  void arm();

  boost::asio::posix::stream_descriptor epoll;
  Timer timer;
  ares_channel channel = nullptr;
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
  if (!options.servers.empty()) {
    const int status = ares_set_servers_ports_csv(channel, options.servers.c_str());
    if (status != ARES_SUCCESS) ares_destroy(channel);
    check(status, "name servers");
  }
  wait_for_events();
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
void Ares::asked() { impl_->arm(); }

}  // namespace candor::net
