#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.h"
#include "daemon/page/page.h"
#include "daemon/page/view.h"

namespace candor::page {

/// Renders views on a thread of its own and publishes the sites, so that neither the main loop nor a visitor waits for
/// it. While it renders, later views wait, and only the newest of them counts.
class Renderer {
 public:
  /// `page` must outlive it.
  explicit Renderer(Page& page);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  /// Has the view rendered soon (null: nothing happens). Any thread; never waits for rendering.
  void show(std::shared_ptr<const View> view);

  /// Waits until visitors have something to see of the first view, or it is known that they will not.
  void wait_for_first() const { begun_.wait(false); }

  /// Later views are dropped. What was shown before is published, unless that takes more than a second.
  void finish();
  /// finish(), and ends the thread.
  void stop();

 private:
  void run();
  void begin();
  [[nodiscard]] bool out_of_patience();

  Page& page_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const View> newest_;  ///< null: nothing to do
  std::optional<Stopwatch> finishing_since_;
  std::atomic<bool> begun_ = false;
  std::thread thread_;
};

}  // namespace candor::page
