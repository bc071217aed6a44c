#include "daemon/alerts/refused_bodies.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace candor::alerts {
namespace {

constexpr Duration told_for = std::chrono::hours{6};
constexpr Duration between_lines = std::chrono::minutes{10};
constexpr std::size_t most = 16;

std::string_view words_for(http::BodyFault fault) {
  return fault == http::BodyFault::too_large ? "with more than is taken in at once" : "too slowly to be taken in";
}

}  // namespace

RefusedBodies::RefusedBodies(std::string advice) : advice_(std::move(advice)) {}

void RefusedBodies::note(const http::Request& head, http::BodyFault fault, Instant now) {
  std::erase_if(refused_, [&](const Refused& one) { return has_passed(one.latest, told_for, now); });
  Refused& one = of(head);
  const Instant since = one.trouble.what.empty() ? now : one.trouble.since;
  one.latest = now;
  one.trouble = {fmt::format("{} sent {} {} {}, and nothing of it was: what it told is unknown here. {}", head.peer,
                             head.method, head.path, words_for(fault), advice_),
                 since};
  if (one.logged && !has_passed(*one.logged, between_lines, now)) return;
  one.logged = now;
  log::warning("body_refused", {{"address", head.peer}, {"path", head.path}}, one.trouble.what);
}

RefusedBodies::Refused& RefusedBodies::of(const http::Request& head) {
  const auto found = std::ranges::find_if(
      refused_, [&](const Refused& one) { return one.address == head.peer && one.path == head.path; });
  if (found != refused_.end()) return *found;
  if (refused_.size() == most) refused_.erase(std::ranges::min_element(refused_, {}, &Refused::latest));
  refused_.push_back({.address = head.peer, .path = head.path, .trouble = {}, .latest = {}, .logged = {}});
  return refused_.back();
}

std::vector<Trouble> RefusedBodies::troubles(Instant now) const {
  std::vector<Trouble> troubles;
  for (const Refused& one : refused_) {
    if (!has_passed(one.latest, told_for, now)) troubles.push_back(one.trouble);
  }
  return troubles;
}

}  // namespace candor::alerts
