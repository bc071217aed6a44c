#include "base/net/read_guard.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/socket.h>
#include <unistd.h>

namespace candor::net {
namespace {

constexpr long most_ns = 200'000'000;

/// Of a thread. The signal's handler runs on it between any two instructions.
struct Calls {
  volatile std::sig_atomic_t under_way = 0;
  volatile std::sig_atomic_t number = 0;
  volatile std::sig_atomic_t seen = 0;  // the call that was under way when the handler last looked
  volatile std::sig_atomic_t broken_off = 0;
  volatile int socket = -1;
  const volatile std::uint32_t* volatile sockets = nullptr;
  volatile std::size_t count = 0;
};

thread_local constinit Calls calls;

void break_off(Calls& call) {
  if (call.broken_off == 0 && call.socket >= 0) {
    ::shutdown(call.socket, SHUT_RDWR);
  } else {
    for (std::size_t i = 0; i < call.count; ++i) {
      if (call.sockets[i] != 0) ::shutdown(static_cast<int>(i), SHUT_RDWR);
    }
  }
  call.broken_off = 1;
}

/// Nothing in it but what signal-safety(7) lists.
void look(int) {
  const int error = errno;
  if (calls.under_way != 0 && calls.seen == calls.number) break_off(calls);
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
    const itimerspec every{.it_interval = {0, most_ns}, .it_value = {0, most_ns}};
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

void ReadGuard::begin(int socket) {
  calls.socket = socket;
  calls.broken_off = 0;
  calls.number = (calls.number + 1) & 0xFFFF;
  order();
  calls.under_way = 1;
}

bool ReadGuard::end() {
  calls.under_way = 0;
  order();
  return calls.broken_off != 0;
}

void ReadGuard::watched(std::span<const std::uint32_t> sockets) {
  calls.count = 0;
  order();
  calls.sockets = sockets.data();
  order();
  calls.count = sockets.size();
}

}  // namespace candor::net
