#include "daemon/page_office.h"

#include <algorithm>
#include <utility>

namespace candor {
namespace {

constexpr int shares_of_the_watch = 9;  ///< of the loop's time, for each that is spent on views
constexpr std::chrono::microseconds longest_rest = std::chrono::seconds{1};  ///< the making may have stood still
constexpr Duration between_looks = std::chrono::seconds{1};

}  // namespace

void PageOffice::configure(page::PageSettings settings) {
  settings_ = std::move(settings);
  front_.configure(settings_);
}

void PageOffice::serve() {
  latest_ = view_after(nullptr);
  shown_ = latest_;
  front_.serve(latest_);
  look_again();
}

std::shared_ptr<const page::View> PageOffice::view_after(const std::shared_ptr<const page::View>& previous) const {
  return page::make_view(desk_.state(), desk_.policy(), desk_.unseen(settings_.unseen_after), settings_, wall_now(),
                         previous);
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
  latest_ = view_after(latest_);
  rest_ = {};
  since_latest_ = {};
  rest_after(making);
  return [this, view = latest_] {
    // It may be long on its way to the disk, and what was seen when it was made is not what is seen now.
    if (desk_.trouble().empty()) {
      const Stopwatch looking;
      show(page::looked_at_again(view, desk_.unseen(settings_.unseen_after), wall_now()));
      return rest_after(looking);
    }
    show(view);
    look();
  };
}

void PageOffice::rest_after(const Stopwatch& work) {
  rest_ = std::min(rest_ + shares_of_the_watch * work.elapsed(), longest_rest);
}

void PageOffice::show(std::shared_ptr<const page::View> view) {
  shown_ = std::move(view);
  front_.show(shown_);
}

std::map<std::string, Instant> PageOffice::unseen() const {
  std::map<std::string, Instant> components;
  for (const page::PublicComponent& component : shown_->components) {
    if (component.unseen()) components.emplace(component.key, *component.unseen_since);
  }
  return components;
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
    if (now - since >= settings_.unseen_after && !told) show(page::blinded(*shown_, since));
    if (page::promises_the_past(*shown_, now)) show(page::overdue(*shown_, now));
  } else if (!page::sees_alike(*shown_, desk_.unseen(settings_.unseen_after), now)) {
    desk_.show_page();
  }
}

}  // namespace candor
