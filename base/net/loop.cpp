#include "base/net/loop.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace candor::net {
namespace asio = boost::asio;

struct Loop::Impl {
  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
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

asio::io_context& Loop::context() { return impl_->context; }

struct Timer::Impl {
  explicit Impl(Loop& loop) : timer(loop.context()) {}

  asio::steady_timer timer;
  Task task;
  std::uint64_t setting = 0;  // counts after() and cancel(), so that a wait that is over too late is known as stale
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
  const std::uint64_t setting = ++impl_->setting;
  impl_->task = std::move(task);
  impl_->timer.expires_after(std::max(wait, std::chrono::microseconds{0}));
  impl_->timer.async_wait([weak = std::weak_ptr(impl_), setting](const boost::system::error_code&) {
    const std::shared_ptr<Impl> impl = weak.lock();
    if (!impl || impl->setting != setting) return;
    auto due = std::exchange(impl->task, nullptr);  // the task may set the timer again or destroy it
    due();
  });
}

void Timer::cancel() {
  ++impl_->setting;
  impl_->task = nullptr;
  impl_->timer.cancel();
}

}  // namespace candor::net
