#include "base/net/read_guard.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <linux/tcp.h>  // <netinet/tcp.h> lacks the bytes received
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace candor::net {
namespace {

constexpr long between_looks_ns = 25'000'000;
/// Read in the time between two looks, one byte a time too, a flood is more.
constexpr std::uint64_t least_of_a_flood = 4096;

/// Of a thread. The signal's handler runs on it between any two instructions.
struct Calls {
  volatile std::sig_atomic_t under_way = 0;
  volatile std::sig_atomic_t number = 0;
  volatile std::sig_atomic_t seen = 0;   // the call that was under way when the handler last looked
  volatile std::sig_atomic_t looks = 0;  // at it
  volatile int shut = -1;
  const volatile std::uint32_t* volatile sockets = nullptr;
  volatile std::uint64_t* volatile read_before = nullptr;
  volatile std::size_t count = 0;
};

thread_local constinit Calls calls;

/// From a TCP socket since it was connected, which is what came but for what waits to be read; 0 from any other.
std::uint64_t bytes_read(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  int waiting = 0;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  if (::ioctl(socket, FIONREAD, &waiting) != 0) return 0;
  return info.tcpi_bytes_received - static_cast<std::uint64_t>(waiting);
}

void note_bytes_read() {
  for (std::size_t i = 0; i < calls.count; ++i) {
    if (calls.sockets[i] != 0) calls.read_before[i] = bytes_read(static_cast<int>(i));
  }
}

void shut_the_busiest() {
  std::uint64_t most = least_of_a_flood;
  int busiest = -1;
  for (std::size_t i = 0; i < calls.count; ++i) {
    if (calls.sockets[i] == 0) continue;
    const std::uint64_t now = bytes_read(static_cast<int>(i));
    const std::uint64_t before = calls.read_before[i];
    if (now < before + most) continue;
    most = now - before;
    busiest = static_cast<int>(i);
  }
  if (busiest < 0) return note_bytes_read();
  ::shutdown(busiest, SHUT_RDWR);
  calls.shut = busiest;
}

/// Nothing in it but plain system calls (signal-safety(7)).
void look(int) {
  const int error = errno;
  if (calls.under_way == 0 || calls.seen != calls.number) {
    calls.looks = 0;
  } else if (calls.looks == 1) {
    note_bytes_read();
  } else {
    shut_the_busiest();
  }
  calls.looks = calls.looks < 2 ? calls.looks + 1 : 2;
  calls.seen = calls.number;
  errno = error;
}

/// The thread's timer; it ends with the thread.
class CpuTimer {
 public:
  CpuTimer() {
    struct sigaction action {};
    action.sa_handler = &look;
    action.sa_flags = SA_RESTART;
    const int signal = SIGRTMIN + 2;
    if (::sigaction(signal, &action, nullptr) != 0) return;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event._sigev_un._tid = ::gettid();
    made_ = ::timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) == 0;
    const itimerspec every{.it_interval = {0, between_looks_ns}, .it_value = {0, between_looks_ns}};
    if (made_) ::timer_settime(timer_, 0, &every, nullptr);
  }
  ~CpuTimer() {
    if (made_) ::timer_delete(timer_);
  }
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;

 private:
  timer_t timer_{};
  bool made_ = false;
};

/// For what the handler must see in this order.
void order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

ReadGuard::ReadGuard() { static thread_local const CpuTimer timer; }

void ReadGuard::begin_call() {
  calls.shut = -1;
  calls.number = (calls.number + 1) & 0xFFFF;
  order();
  calls.under_way = 1;
}

int ReadGuard::end_call() {
  calls.under_way = 0;
  order();
  return calls.shut;
}

void ReadGuard::progress() { calls.number = (calls.number + 1) & 0xFFFF; }

void ReadGuard::watch(std::span<const std::uint32_t> sockets) {
  calls.count = 0;
  order();
  read_before_.resize(sockets.size());
  calls.sockets = sockets.data();
  calls.read_before = read_before_.data();
  order();
  calls.count = sockets.size();
}

}  // namespace candor::net
