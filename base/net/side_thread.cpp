#include "base/net/side_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/priority.h"

namespace candor::net {

struct SideThread::Impl {
  explicit Impl(Loop& the_loop) : loop(the_loop) {}

  void work_on() {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return ending || !queue.empty(); });
      if (ending) return;
      Work work = std::move(queue.front());
      lock.unlock();
      Task then = work();
      work = nullptr;
      lock.lock();
      queue.pop_front();
      lock.unlock();
      loop.post(std::move(then));
    }
  }

  Loop& loop;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Work> queue;  ///< the first is the one under way
  bool ending = false;
  std::thread thread;
};

SideThread::SideThread(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}

SideThread::~SideThread() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->wake.notify_one();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void SideThread::run(Work work) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back(std::move(work));
  }
  if (!impl_->thread.joinable())
    impl_->thread = std::thread{[impl = impl_.get()] {
      give_way();
      impl->work_on();
    }};
  impl_->wake.notify_one();
}

std::size_t SideThread::waiting() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

}  // namespace candor::net
