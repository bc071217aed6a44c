#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/net/loop.h"
#include "base/time.h"
#include "daemon/desk.h"
#include "daemon/front.h"
#include "daemon/page/settings.h"
#include "daemon/page/view.h"

namespace candor {

/// Keeps what customers read true: makes a view of what is decided, which the front shows once it is on the disk, and
/// looks from time to time whether what the page says can still be seen. Thread: the main loop's.
class PageOffice {
 public:
  /// Desk and front must outlive it.
  PageOffice(net::Loop& loop, Desk& desk, Front& front)
      : desk_(desk), front_(front), next_view_(loop), looking_(loop) {}

  /// Before serve(), and followed by Desk::show_page() afterwards.
  void configure(page::PageSettings settings);
  /// Visitors are served from now on.
  void serve();
  /// The components that the page calls unknown, by id, and since when.
  [[nodiscard]] std::map<std::string, Instant> unseen() const;
  /// A Desk::Effects::prepare_page.
  [[nodiscard]] net::Task prepare();

 private:
  [[nodiscard]] std::shared_ptr<const page::View> view_after(const std::shared_ptr<const page::View>& previous) const;
  /// What took so long counts as work on views.
  void rest_after(const Stopwatch& work);
  void show(std::shared_ptr<const page::View> view);
  void look_again();
  void look();

  Desk& desk_;
  Front& front_;
  page::PageSettings settings_;
  std::shared_ptr<const page::View> latest_;  ///< may still wait for the disk
  std::shared_ptr<const page::View> shown_;
  Stopwatch since_latest_;
  std::chrono::microseconds rest_{};  ///< before the next one
  net::Timer next_view_;
  net::Timer looking_;
};

}  // namespace candor
