/// tcp, icmp and exec probes and the scheduler's share of them, each beside the barest loop that does the same. The tcp
/// server is that of CANDOR_BENCH_TARGET. Time is CPU time of this process, with exec that of its children too.
#include <arpa/inet.h>
#include <array>
#include <benchmark/benchmark.h>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/net/url.h"
#include "tests/bench/in_turn.h"

namespace candor {
namespace {

using bench::at_once;
using bench::ProbesInTurn;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void watch(int epoll, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// Work that is started again as soon as some of it has ended, in epoll.
class BareTurns {
 public:
  BareTurns() = default;
  virtual ~BareTurns() { close(epoll_); }
  BareTurns(const BareTurns&) = delete;
  BareTurns& operator=(const BareTurns&) = delete;

  void run(std::int64_t runs, int together) {
    left_ = runs;
    for (int i = 0; i < together; ++i) next();
    while (under_way_ > 0) {
      std::array<epoll_event, 256> events{};
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 5000);
      if (ready == 0) break;
      for (int i = 0; i < ready; ++i) on_event(events.at(static_cast<std::size_t>(i)).data.fd);
    }
    failed_ += under_way_;
    under_way_ = 0;
  }
  [[nodiscard]] std::int64_t failed() const { return failed_; }

 protected:
  virtual void start() = 0;
  virtual void on_event(int descriptor) = 0;
  void next() {
    if (left_ == 0) return;
    --left_;
    ++under_way_;
    start();
  }
  void ended(bool well) {
    if (!well) ++failed_;
    --under_way_;
    next();
  }
  [[nodiscard]] int epoll() const { return epoll_; }

 private:
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::int64_t left_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t failed_ = 0;
};

class BareTcp final : public BareTurns {
 public:
  explicit BareTcp(std::uint16_t port) : address_(loopback(port)) {}

 private:
  void start() override {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connect(descriptor, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    watch(epoll(), descriptor, EPOLLOUT);
  }
  void on_event(int descriptor) override {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    close(descriptor);
    ended(error == 0);
  }

  sockaddr_in address_;
};

/// All on one ping socket; answers are told apart by their sequence.
class BarePing final : public BareTurns {
 public:
  BarePing() { watch(epoll(), socket_, EPOLLIN); }
  ~BarePing() override { close(socket_); }

 private:
  void start() override {
    icmphdr header{};
    header.type = ICMP_ECHO;
    header.un.echo.sequence = htons(++sequence_);
    const sockaddr_in to = loopback(0);
    if (sendto(socket_, &header, sizeof header, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) ended(false);
  }
  void on_event(int) override {
    std::array<char, 256> answer{};
    while (recv(socket_, answer.data(), answer.size(), MSG_DONTWAIT) >= static_cast<ssize_t>(sizeof(icmphdr))) {
      icmphdr header{};
      std::copy_n(answer.data(), sizeof header, reinterpret_cast<char*>(&header));
      if (header.type == ICMP_ECHOREPLY) ended(true);
    }
  }

  int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  std::uint16_t sequence_ = 0;
};

/// A plugin's output is read to its end, then its status is taken.
class BareSpawn final : public BareTurns {
 private:
  void start() override {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return ended(false);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    std::string program = "/bin/true";
    std::array<char*, 2> words{program.data(), nullptr};
    std::array<char*, 1> environment{nullptr};
    pid_t child = 0;
    const int error = posix_spawn(&child, program.c_str(), &actions, nullptr, words.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) return ended(false);
    children_.resize(std::max(children_.size(), static_cast<std::size_t>(ends[0]) + 1));
    children_[static_cast<std::size_t>(ends[0])] = child;
    watch(epoll(), ends[0], EPOLLIN);
  }
  void on_event(int descriptor) override {
    std::array<char, 4096> output{};
    if (read(descriptor, output.data(), output.size()) > 0) return;
    close(descriptor);
    int status = 0;
    waitpid(children_[static_cast<std::size_t>(descriptor)], &status, 0);
    ended(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

  std::vector<pid_t> children_;  // by the descriptor of their output
};

std::uint16_t target_port() {
  const char* const target = std::getenv("CANDOR_BENCH_TARGET");
  const Result<net::Url> url = net::parse_url(target != nullptr ? target : "");
  return url ? url->port : 0;
}

void tcp_candor(benchmark::State& state) {
  constexpr std::int64_t runs = 4000;
  ProbesInTurn loop{fmt::format("[probe.tcp]\naddress = \"127.0.0.1:{}\"\n", target_port())};
  for (auto _ : state) loop.run(runs);
  if (loop.failed() > 0) return state.SkipWithError(loop.evidence().c_str());
  state.SetItemsProcessed(state.iterations() * runs);
}
BENCHMARK(tcp_candor)->Name("tcp/candor")->Unit(benchmark::kMillisecond);

void tcp_bare(benchmark::State& state) {
  constexpr std::int64_t runs = 4000;
  BareTcp loop{target_port()};
  for (auto _ : state) loop.run(runs, at_once);
  if (loop.failed() > 0) return state.SkipWithError("connections failed");
  state.SetItemsProcessed(state.iterations() * runs);
}
BENCHMARK(tcp_bare)->Name("tcp/bare")->Unit(benchmark::kMillisecond);

void icmp_candor(benchmark::State& state) {
  constexpr std::int64_t runs = 4000;
  ProbesInTurn loop{"[probe.icmp]\nhost = \"127.0.0.1\"\npackets = 1\n"};
  for (auto _ : state) loop.run(runs);
  if (loop.failed() > 0) return state.SkipWithError(loop.evidence().c_str());
  state.SetItemsProcessed(state.iterations() * runs);
}
BENCHMARK(icmp_candor)->Name("icmp/candor")->Unit(benchmark::kMillisecond);

void icmp_bare(benchmark::State& state) {
  constexpr std::int64_t runs = 4000;
  BarePing loop;
  for (auto _ : state) loop.run(runs, at_once);
  if (loop.failed() > 0) return state.SkipWithError("pings failed");
  state.SetItemsProcessed(state.iterations() * runs);
}
BENCHMARK(icmp_bare)->Name("icmp/bare")->Unit(benchmark::kMillisecond);

double cpu_with_children() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    for (const timeval& time : {used.ru_utime, used.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
  }
  return seconds;
}

constexpr int plugins_at_once = 8;
constexpr std::int64_t plugin_runs = 200;

/// `held` bytes of memory are touched before: what a process holds must not matter to what it starts.
void exec_candor(benchmark::State& state, std::size_t held) {
  const std::vector<char> memory(held, 1);
  benchmark::DoNotOptimize(memory.data());
  ProbesInTurn loop{"[probe.exec]\ncommand = [\"/bin/true\"]\n", plugins_at_once};
  for (auto _ : state) {
    const double before = cpu_with_children();
    loop.run(plugin_runs);
    state.SetIterationTime(cpu_with_children() - before);
  }
  if (loop.failed() > 0) return state.SkipWithError(loop.evidence().c_str());
  state.SetItemsProcessed(state.iterations() * plugin_runs);
}
constexpr std::size_t much = std::size_t{2} << 30U;
BENCHMARK_CAPTURE(exec_candor, small, 0)->Name("exec/candor")->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(exec_candor, large, much)->Name("exec/candor_2GB")->Unit(benchmark::kMillisecond)->UseManualTime();

void exec_bare(benchmark::State& state) {
  BareSpawn loop;
  for (auto _ : state) {
    const double before = cpu_with_children();
    loop.run(plugin_runs, plugins_at_once);
    state.SetIterationTime(cpu_with_children() - before);
  }
  if (loop.failed() > 0) return state.SkipWithError("plugins failed");
  state.SetItemsProcessed(state.iterations() * plugin_runs);
}
BENCHMARK(exec_bare)->Name("exec/bare")->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace candor
