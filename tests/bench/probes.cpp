/// An http probe and the scheduler's share of it beside the barest loop that libcurl allows, over the same server:
/// CANDOR_BENCH_TARGET, an http URL. Time is CPU time of this process.
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <sys/epoll.h>
#include <unistd.h>

#include <curl/curl.h>
#include <fmt/format.h>

#include "tests/bench/in_turn.h"

namespace candor {
namespace {

using bench::at_once;

const char* target() { return std::getenv("CANDOR_BENCH_TARGET"); }

/// What `[probe.http]` is asked to do.
class Candor : public bench::ProbesInTurn {
 public:
  explicit Candor(bool keep_alive)
      : ProbesInTurn(fmt::format("[probe.http]\nurl = \"{}\"\nkeep_alive = {}\n", target(), keep_alive)) {}
};

/// The least that can be done with libcurl's multi interface: its sockets in epoll, nothing looked at but the status.
class BareLoop {
 public:
  explicit BareLoop(bool keep_alive) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &BareLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &BareLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    for (int i = 0; i < at_once; ++i) {
      CURL* easy = curl_easy_init();
      curl_easy_setopt(easy, CURLOPT_URL, target());
      curl_easy_setopt(
          easy, CURLOPT_WRITEFUNCTION, +[](char*, std::size_t, std::size_t size, void*) { return size; });
      curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
      curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, keep_alive ? 0L : 1L);
      curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, keep_alive ? 0L : 1L);
      handles_.push_back(easy);
    }
  }
  ~BareLoop() {
    for (CURL* easy : handles_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
    close(epoll_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  void run(std::int64_t runs) {
    left_ = runs;
    for (CURL* easy : handles_) start(easy);
    while (under_way_ > 0) turn();
  }
  [[nodiscard]] std::int64_t failed() const { return failed_; }

 private:
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& loop = *static_cast<BareLoop*>(self);
    epoll_event event{};
    event.data.fd = socket;
    if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
    if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) return epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, socket, nullptr), 0;
    epoll_ctl(loop.epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
    curl_multi_assign(loop.multi_, socket, self);
    return 0;
  }
  static int on_timer(CURLM*, long wait_ms, void* self) {
    static_cast<BareLoop*>(self)->wait_ms_ = wait_ms;
    return 0;
  }
  void start(CURL* easy) {
    if (left_ == 0) return;
    --left_;
    ++under_way_;
    curl_multi_add_handle(multi_, easy);
  }
  void turn() {
    std::array<epoll_event, 256> events{};
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(wait_ms_));
    int running = 0;
    if (ready == 0) curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      int flags = (event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0;
      if ((event.events & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
      if ((event.events & EPOLLERR) != 0) flags |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi_, event.data.fd, flags, &running);
    }
    if (wait_ms_ == 0) curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    finish();
  }
  void finish() {
    int messages = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &messages)) {
      CURL* easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200) ++failed_;
      curl_multi_remove_handle(multi_, easy);
      --under_way_;
      start(easy);
    }
  }

  CURLM* multi_ = curl_multi_init();
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<CURL*> handles_;
  long wait_ms_ = -1;
  std::int64_t left_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t failed_ = 0;
};

template <class Loop, bool keep_alive>
void http(benchmark::State& state) {
  if (target() == nullptr) return state.SkipWithError("CANDOR_BENCH_TARGET names no URL");
  constexpr std::int64_t runs = 4000;
  Loop loop{keep_alive};
  loop.run(at_once);
  for (auto _ : state) loop.run(runs);
  if (loop.failed() > 0) return state.SkipWithError("requests failed");
  state.SetItemsProcessed(state.iterations() * runs);
}
BENCHMARK(http<Candor, false>)->Name("http_fresh/candor")->Unit(benchmark::kMillisecond);
BENCHMARK(http<BareLoop, false>)->Name("http_fresh/bare")->Unit(benchmark::kMillisecond);
BENCHMARK(http<Candor, true>)->Name("http_reused/candor")->Unit(benchmark::kMillisecond);
BENCHMARK(http<BareLoop, true>)->Name("http_reused/bare")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace candor
