#include "base/net/transfers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <new>
#include <optional>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>
#include <fmt/format.h>

#include "base/net/easy.h"
#include "base/net/read_guard.h"

namespace candor::net {
namespace {

using Clock = std::chrono::steady_clock;  // libcurl's own

constexpr int most_events = 256;  // taken in one turn, so that other tasks of the loop get theirs in between

/// Idle connections cost a descriptor each; the last third is for everything else.
long most_open_descriptors() {
  rlimit limit{};
  const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return std::clamp<long>(known ? static_cast<long>(limit.rlim_cur / 3 * 2) : 65536, 64, 65536);
}

/// Each has two descriptors of its own, and holds a connection at least.
std::size_t pools_within(long descriptors) {
  return static_cast<std::size_t>(std::clamp<long>(descriptors / 32, 1, 64));
}

/// An idle connection on which something came is at its end, or would give that as the answer to what is asked next.
/// Once it is shut, libcurl cannot ask on it, and opens another.
bool has_input(int socket) {
  char first = 0;
  return ::recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

CURLM* make_multi() {
  start_curl();
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) throw std::bad_alloc{};
  return multi;
}

int make_epoll() {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return descriptor;
}

/// A transfer under way. CURLOPT_PRIVATE points here, so that none is ever searched for.
struct Running {
  CURL* easy = nullptr;
  CURLM* multi = nullptr;  // that it was added to
  Transfers::Done done;
  bool broken_off = false;
};

Running* running_of(CURL* easy) {
  char* place = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &place);
  return reinterpret_cast<Running*>(place);
}

}  // namespace

/// Some servers' connections. With every transfer libcurl walks over all connections that a multi handle knows, so that
/// ten thousand in one would cost more than all else; a pool has its share of them.
struct Transfers::Pool {
  explicit Pool(Impl& the_all);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long wait_ms, void* self);
  void kick();
  void set_timer(Clock::time_point at);
  void timer_is_over();
  void act(curl_socket_t socket, int flags);
  void finish_ended();
  void heed_room();

  Impl& all;
  CURLM* multi = make_multi();
  Timer timer;
  std::optional<Clock::time_point> deadline;  // when curl wants to be called at the latest
  std::optional<Clock::time_point> armed;     // when `timer` rings, never later than `deadline`
  bool kicked = false;                        // a call that curl wants at once is in the loop's queue
  bool sparing = false;                       // holds no more idle connections than its share of the descriptors
};

struct Transfers::Impl {
  explicit Impl(Loop& the_loop);
  ~Impl();

  /// What curl wants of a socket, and for whom.
  struct Served {
    Pool* pool = nullptr;
    CURL* easy = nullptr;  // that it was watched for last
  };

  Pool& pool_of(std::string_view server);
  void watch(Served by, curl_socket_t socket, int what);
  void wait_for_events();
  void take_events();
  void broke_off(curl_socket_t socket);
  Done take_out(Running& running);
  Running& slot_for(CURL* easy, CURLM* multi, Done done);

  Loop& loop;
  boost::asio::posix::stream_descriptor epoll;
  std::vector<std::uint32_t> watched;  // by socket: the events that curl wants of it; 0 for none
  std::vector<Served> served;          // by socket
  ReadGuard guard;
  std::array<epoll_event, most_events> events{};
  const long most_open = most_open_descriptors();
  int newest = -1;  // socket. A descriptor has the lowest number that is free: it tells how many are open
  std::vector<std::unique_ptr<Pool>> pools{pools_within(most_open)};  // each when it is first needed

  std::deque<Running> slots;  // keep their addresses
  std::vector<Running*> free_slots;
  std::size_t count = 0;
  std::shared_ptr<char> alive = std::make_shared<char>();  // what the loop still holds looks whether this is here
};

Transfers::Pool::Pool(Impl& the_all) : all(the_all), timer(the_all.loop) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Pool::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Pool::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, all.most_open);
}

Transfers::Pool::~Pool() { curl_multi_cleanup(multi); }

Transfers::Impl::Impl(Loop& the_loop) : loop(the_loop), epoll(the_loop.context(), make_epoll()) { wait_for_events(); }

Transfers::Impl::~Impl() {
  for (Running& running : slots) {
    if (running.easy != nullptr) curl_multi_remove_handle(running.multi, running.easy);
  }
  for (std::unique_ptr<Pool>& pool : pools) pool.reset();
  guard.watch({});
}

int Transfers::Pool::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  auto& pool = *static_cast<Pool*>(self);
  pool.all.watch({&pool, easy}, socket, what);
  return 0;
}

int Transfers::Pool::on_timer(CURLM*, long wait_ms, void* self) {
  auto& pool = *static_cast<Pool*>(self);
  if (wait_ms < 0) {
    pool.deadline.reset();
  } else if (wait_ms == 0) {
    pool.deadline.reset();
    pool.kick();
  } else {
    pool.deadline = Clock::now() + std::chrono::milliseconds{wait_ms};
    pool.set_timer(*pool.deadline);
  }
  return 0;
}

Transfers::Pool& Transfers::Impl::pool_of(std::string_view server) {
  std::unique_ptr<Pool>& pool = pools.at(std::hash<std::string_view>{}(server) % pools.size());
  if (!pool) pool = std::make_unique<Pool>(*this);
  return *pool;
}

/// A socket that curl stops watching is mostly a kept-alive connection that it soon wants again, or one that it closes:
/// the kernel is only told when an event comes that nobody wants.
void Transfers::Impl::watch(Served by, curl_socket_t socket, int what) {
  const auto place = static_cast<std::size_t>(socket);
  if (place >= watched.size()) {
    guard.watch({});
    watched.resize(std::max<std::size_t>(place + 1, watched.size() * 2));
    served.resize(watched.size());
    guard.watch(watched);
  }
  served[place] = by;
  epoll_event event{};
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  watched[place] = event.events;
  if (event.events == 0) return;
  event.data.fd = socket;
  const int descriptor = epoll.native_handle();
  if (epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) == 0) return;
  if (errno != ENOENT) return;
  epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event);
  newest = socket;
}

void Transfers::Impl::wait_for_events() {
  epoll.async_wait(boost::asio::posix::descriptor_base::wait_read,
                   [this, here = std::weak_ptr(alive)](const boost::system::error_code& error) {
                     if (error || here.expired()) return;
                     take_events();
                     wait_for_events();
                   });
}

void Transfers::Impl::take_events() {
  const int descriptor = epoll.native_handle();
  const int ready = epoll_wait(descriptor, events.data(), most_events, 0);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    const int socket = event.data.fd;
    if (watched[static_cast<std::size_t>(socket)] == 0) {
      // Nothing is here to delete where an event before this one had it closed: its number may be another's by now.
      const bool idle = epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nullptr) == 0;
      if (idle && has_input(socket)) ::shutdown(socket, SHUT_RDWR);
      continue;
    }
    int flags = 0;
    if ((event.events & (EPOLLIN | EPOLLHUP)) != 0) flags |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
    if ((event.events & EPOLLERR) != 0) flags |= CURL_CSELECT_ERR;
    served[static_cast<std::size_t>(socket)].pool->act(socket, flags);
  }
}

/// Calls curl's time-out from the loop: once, however many transfers were started before it comes to that.
void Transfers::Pool::kick() {
  if (kicked) return;
  kicked = true;
  all.loop.post([this, here = std::weak_ptr(all.alive)] {
    if (here.expired()) return;
    kicked = false;
    act(CURL_SOCKET_TIMEOUT, 0);
  });
}

/// curl moves its deadline with every step of a transfer, mostly later: the timer rings at the earliest one and looks
/// again, which is cheaper than setting it anew each time.
void Transfers::Pool::set_timer(Clock::time_point at) {
  if (armed && *armed <= at) return;
  armed = at;
  timer.after(std::chrono::ceil<std::chrono::microseconds>(at - Clock::now()), [this] { timer_is_over(); });
}

void Transfers::Pool::timer_is_over() {
  armed.reset();
  if (!deadline) return;
  if (*deadline > Clock::now()) {
    set_timer(*deadline);
    return;
  }
  deadline.reset();
  act(CURL_SOCKET_TIMEOUT, 0);
}

void Transfers::Pool::act(curl_socket_t socket, int flags) {
  int left = 0;
  all.guard.begin_call();
  curl_multi_socket_action(multi, socket, flags, &left);
  if (const int shut = all.guard.end_call(); shut >= 0) all.broke_off(shut);
  heed_room();
  finish_ended();
}

/// libcurl closes the oldest idle connection where a transfer ends and leaves more than it may hold, those in use
/// counted too.
void Transfers::Pool::heed_room() {
  const bool scarce = all.newest >= all.most_open;
  if (scarce == sparing) return;
  sparing = scarce;
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                    scarce ? std::max(1L, all.most_open / 2 / static_cast<long>(all.pools.size())) : all.most_open);
}

void Transfers::Impl::broke_off(curl_socket_t socket) {
  const CURL* const easy = served[static_cast<std::size_t>(socket)].easy;
  for (Running& running : slots) {
    if (running.easy != nullptr && running.easy == easy) running.broken_off = true;
  }
}

/// After each step of curl's rather than after many: removing a handle searches all messages that wait to be read.
void Transfers::Pool::finish_ended() {
  int waiting = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &waiting)) {
    if (message->msg != CURLMSG_DONE) continue;
    Running& running = *running_of(message->easy_handle);
    const bool broken_off = running.broken_off && message->data.result != CURLE_OK;
    const CURLcode code = broken_off ? CURLE_ABORTED_BY_CALLBACK : message->data.result;
    Done done = all.take_out(running);
    done(code);
  }
}

Transfers::Done Transfers::Impl::take_out(Running& running) {
  curl_multi_remove_handle(running.multi, running.easy);
  curl_easy_setopt(running.easy, CURLOPT_PRIVATE, nullptr);
  running.easy = nullptr;
  free_slots.push_back(&running);
  --count;
  return std::move(running.done);
}

Running& Transfers::Impl::slot_for(CURL* easy, CURLM* multi, Done done) {
  if (free_slots.empty()) free_slots.push_back(&slots.emplace_back());
  Running& running = *free_slots.back();
  free_slots.pop_back();
  running.easy = easy;
  running.multi = multi;
  running.done = std::move(done);
  running.broken_off = false;
  ++count;
  return running;
}

Transfers::Transfers(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Transfers::~Transfers() = default;

void Transfers::start(void* easy, std::string_view server, Done done) {
  if (running_of(easy) != nullptr) throw std::logic_error("cannot start a transfer that is under way");
  CURLM* const multi = impl_->pool_of(server).multi;
  Running& running = impl_->slot_for(easy, multi, std::move(done));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &running);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A lookup under way when its transfer ends is left to its thread; otherwise the loop would stand still for it.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  const CURLMcode code = curl_multi_add_handle(multi, easy);
  if (code == CURLM_OK) return;
  running.easy = nullptr;
  running.done = nullptr;
  impl_->free_slots.push_back(&running);
  --impl_->count;
  throw std::logic_error(fmt::format("cannot start a transfer: {}", curl_multi_strerror(code)));
}

void Transfers::cancel(void* easy) {
  Running* const running = running_of(easy);
  if (running == nullptr) return;
  const Done unused = impl_->take_out(*running);
}

std::size_t Transfers::running() const { return impl_->count; }

Loop& Transfers::loop() { return impl_->loop; }

}  // namespace candor::net
