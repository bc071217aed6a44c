#include "base/log_writer.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/priority.h"

namespace candor::log {
namespace {

std::size_t size_of(const Line& line) {
  std::size_t bytes = sizeof(Line);
  for (const std::string& part : line.parts) bytes += sizeof(std::string) + part.size();
  return bytes;
}

}  // namespace

struct Writer::Impl {
  void run();
  [[nodiscard]] bool attempt(const Line& line) const;
  /// Answers how many lines have still to be told of.
  std::uint64_t tell(std::uint64_t of_lost) const;

  Write write;
  Lost lost_line;
  Bounds bounds;
  std::mutex mutex;
  std::condition_variable wake;     ///< the thread
  std::condition_variable changed;  ///< `at_work` or `ended`
  std::vector<Line> queue;
  std::size_t bytes = 0;   ///< of the queue
  std::uint64_t lost = 0;  ///< after what is in the queue
  std::atomic<std::uint64_t> ever_lost = 0;
  bool at_work = false;  ///< has taken lines that it has not written
  bool ending = false;
  bool ended = false;
  std::thread thread;
};

void Writer::Impl::run() {
  std::uint64_t untold = 0;
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return ending || !queue.empty() || lost > 0; });
    if (queue.empty() && lost == 0) break;
    std::vector<Line> taken = std::exchange(queue, {});
    bytes = 0;
    const std::uint64_t lost_behind = std::exchange(lost, 0);
    at_work = true;
    lock.unlock();
    for (const Line& line : taken) {
      untold = tell(untold);
      if (attempt(line)) continue;
      ++untold;
      ++ever_lost;
    }
    untold = tell(untold + lost_behind);
    taken = {};
    lock.lock();
    at_work = false;
    changed.notify_all();
  }
  ended = true;
  changed.notify_all();
}

bool Writer::Impl::attempt(const Line& line) const {
  try {
    return write(line);
  } catch (const std::exception&) {
    return false;  // the log cannot say what is wrong with it: the line is counted
  }
}

std::uint64_t Writer::Impl::tell(std::uint64_t of_lost) const {
  return of_lost == 0 || attempt(lost_line(of_lost)) ? 0 : of_lost;
}

Writer::Writer(Write write, Lost lost, Bounds bounds, std::chrono::milliseconds patience)
    : impl_(std::make_shared<Impl>()), patience_(patience) {
  impl_->write = std::move(write);
  impl_->lost_line = std::move(lost);
  impl_->bounds = bounds;
  impl_->thread = std::thread{[impl = impl_] {
    give_way();
    impl->run();
  }};
}

Writer::~Writer() {
  std::unique_lock lock(impl_->mutex);
  impl_->ending = true;
  impl_->wake.notify_one();
  const bool ended = impl_->changed.wait_for(lock, patience_, [this] { return impl_->ended; });
  lock.unlock();
  if (ended) {
    impl_->thread.join();
  } else {
    impl_->thread.detach();
  }
}

void Writer::put(Line line) {
  const std::size_t size = size_of(line);
  const std::lock_guard lock(impl_->mutex);
  if (impl_->queue.size() >= impl_->bounds.lines || size > impl_->bounds.bytes - impl_->bytes) {
    ++impl_->lost;
    ++impl_->ever_lost;
  } else {
    impl_->bytes += size;
    impl_->queue.push_back(std::move(line));
  }
  impl_->wake.notify_one();
}

bool Writer::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, patience,
                                 [this] { return !impl_->at_work && impl_->queue.empty() && impl_->lost == 0; });
}

std::uint64_t Writer::lost() const { return impl_->ever_lost; }

}  // namespace candor::log
