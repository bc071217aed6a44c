#include "daemon/page/renderer.h"

#include <exception>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/priority.h"

namespace candor::page {
namespace {

/// Decisions come in bursts, and the pages that go out with them are sent on the same cores: what changes within this
/// time is rendered together, after them.
constexpr std::chrono::milliseconds burst{3};
/// With more of them the first visitors do not wait for the pages of all.
constexpr std::size_t most_incidents_at_once = 500;
/// Thousands of open incidents render for many seconds.
constexpr std::chrono::seconds most_for_finishing{1};

}  // namespace

Renderer::Renderer(Page& page) : page_(page), thread_([this] { run(); }) {}

Renderer::~Renderer() { stop(); }

void Renderer::show(std::shared_ptr<const View> view) {
  {
    const std::lock_guard lock{mutex_};
    if (finishing_since_ || !view) return;
    newest_ = std::move(view);
  }
  changed_.notify_one();
}

void Renderer::finish() {
  {
    const std::lock_guard lock{mutex_};
    if (!finishing_since_) finishing_since_.emplace();
  }
  changed_.notify_one();
  begin();
}

bool Renderer::out_of_patience() {
  const std::lock_guard lock{mutex_};
  return finishing_since_ && finishing_since_->elapsed() >= most_for_finishing;
}

void Renderer::stop() {
  finish();
  if (thread_.joinable()) thread_.join();
}

void Renderer::begin() {
  begun_ = true;
  begun_.notify_all();
}

void Renderer::run() {
  give_way();
  std::shared_ptr<const Site> site;
  for (;;) {
    std::shared_ptr<const View> view;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return finishing_since_ || newest_; });
      if (!newest_) return;
      if (site) changed_.wait_for(lock, burst, [this] { return finishing_since_.has_value(); });
      view = std::exchange(newest_, nullptr);
    }
    if (site && site->whole && same_content(*site->view, *view)) continue;
    try {
      const Stopwatch watch;
      if (!site && view->incidents() > most_incidents_at_once) {
        site = render_first(view);
        page_.publish(site);
        begin();
      }
      std::shared_ptr<const Site> next = render(std::move(view), site, [this] { return out_of_patience(); });
      if (!next) return;
      site = std::move(next);
      page_.publish(site);
      begin();
      log::debug("page_rendered", {{"documents", std::to_string(site->documents.size())},
                                   {"us", std::to_string(watch.elapsed().count())}});
    } catch (const std::exception& error) {
      log::error("page_not_rendered", {{"error", error.what()}},
                 "visitors still see the page as it was; it is rendered again at the next change");
      begin();
    }
  }
}

}  // namespace candor::page
