#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

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

  /// Publishes what was shown before the call, and ends the thread. Later views are dropped.
  void stop();

 private:
  void run();

  Page& page_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const View> newest_;  ///< null: nothing to do
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace candor::page
