#include "daemon/page_office.h"

#include <algorithm>
#include <utility>

namespace candor {
namespace {

constexpr int shares_of_the_watch = 9;  ///< of the loop's time, for each that is spent on views
constexpr std::chrono::microseconds longest_rest = std::chrono::seconds{1};  ///< the making may have stood still
constexpr Duration between_looks = std::chrono::seconds{5};

}  // namespace

void PageOffice::configure(page::PageSettings settings) {
  settings_ = std::move(settings);
  front_.configure(settings_);
}

void PageOffice::serve() {
  latest_ = page::make_view(desk_.state(), desk_.policy(), settings_, wall_now(), nullptr);
  shown_ = latest_;
  front_.serve(latest_);
  look_again();
}

net::Task PageOffice::prepare() {
  // In a storm one view for many decisions.
  const std::chrono::microseconds wait = rest_ - since_latest_.elapsed();
  if (wait.count() > 0) {
    next_view_.after(wait, [this] { desk_.show_page(); });
    return {};
  }
  next_view_.cancel();
  const Stopwatch making;
  latest_ = page::make_view(desk_.state(), desk_.policy(), settings_, wall_now(), latest_);
  rest_ = std::min(shares_of_the_watch * making.elapsed(), longest_rest);
  since_latest_ = {};
  return [this, view = latest_] {
    show(view);
    if (!desk_.trouble().empty()) look();
  };
}

void PageOffice::show(std::shared_ptr<const page::View> view) {
  shown_ = std::move(view);
  front_.show(shown_);
}

void PageOffice::look_again() {
  looking_.after(between_looks, [this] {
    look_again();
    look();
  });
}

void PageOffice::look() {
  const Instant now = wall_now();
  if (!desk_.trouble().empty()) {
    // Nothing is taken in, so what customers read last is all that may be shown, but nobody sees whether it is so
    // still, and no promise is kept.
    const Instant since = desk_.trouble_since();
    const bool told = shown_->unseen_since && *shown_->unseen_since <= since;
    if (now - since >= settings_.unseen_after && (!told || page::promises_the_past(*shown_, now))) {
      show(page::blinded(*shown_, since, now));
    }
  } else if (!page::sees_alike(*shown_, desk_.state(), desk_.policy(), now)) {
    desk_.show_page();
  }
}

}  // namespace candor
