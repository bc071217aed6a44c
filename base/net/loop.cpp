#include "base/net/loop.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace candor::net {
namespace asio = boost::asio;

namespace {

/// The kernel wakes a loop by CLOCK_MONOTONIC: after a suspend, what is due meanwhile runs once the timer does that is
/// the next one by that.
using Clock = BootClock;

std::chrono::microseconds time_of(Clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch());
}

}  // namespace

struct Loop::Impl {
  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  CatchingUp catching_up;
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->context.run();
  impl_->context.restart();
}

std::size_t Loop::poll() {
  const std::size_t ran = impl_->context.poll();
  if (impl_->context.stopped()) impl_->context.restart();
  return ran;
}

void Loop::stop() { impl_->context.stop(); }

void Loop::post(Task task) { asio::post(impl_->context, std::move(task)); }

void Loop::catch_up() { impl_->catching_up.begin(time_of(Clock::now())); }

asio::io_context& Loop::context() { return impl_->context; }

struct Timer::Impl {
  explicit Impl(Loop& loop) : timer(loop.context()), catching_up(loop.impl_->catching_up) {}

  asio::basic_waitable_timer<Clock> timer;
  Task task;
  std::uint64_t setting = 0;  // counts after() and cancel(), so that a wait that is over too late is known as stale
  CatchingUp& catching_up;

  /// Whether it runs or is set anew in the turn in which it would have: its lateness is the loop's.
  void look(Clock::time_point now) {
    if (task) catching_up.ran_late(time_of(now) - time_of(timer.expiry()), time_of(now));
  }
};

Timer::Timer(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}

Timer::~Timer() {
  if (impl_) cancel();
}

Timer::Timer(Timer&&) noexcept = default;

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (impl_) cancel();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void Timer::after(std::chrono::microseconds wait, Task task) {
  const Clock::time_point now = Clock::now();
  impl_->look(now);
  const std::uint64_t setting = ++impl_->setting;
  impl_->task = std::move(task);
  impl_->timer.expires_at(now + std::max(wait, std::chrono::microseconds{0}));
  impl_->timer.async_wait([weak = std::weak_ptr(impl_), setting](const boost::system::error_code&) {
    const std::shared_ptr<Impl> impl = weak.lock();
    if (!impl || impl->setting != setting) return;
    impl->look(Clock::now());
    auto due = std::exchange(impl->task, nullptr);  // the task may set the timer again or destroy it
    due();
  });
}

void Timer::cancel() {
  impl_->look(Clock::now());
  ++impl_->setting;
  impl_->task = nullptr;
  impl_->timer.cancel();
}

void PatientTimer::after(std::chrono::microseconds wait, Task task) {
  timer_.after(wait, [this, task = std::move(task)]() mutable {
    const std::chrono::microseconds longer = patience_.wait(loop_.impl_->catching_up, time_of(Clock::now()));
    if (longer > std::chrono::microseconds{0}) return after(longer, std::move(task));
    task();
  });
}

}  // namespace candor::net
