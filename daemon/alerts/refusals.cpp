#include "daemon/alerts/refusals.h"

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "base/text.h"

namespace candor::alerts {
namespace {

constexpr Duration told_for = std::chrono::hours{6};
constexpr Duration between_lines = std::chrono::minutes{10};
constexpr std::size_t most = 16;
constexpr std::ptrdiff_t most_of_an_address = 5;

std::string_view words_for(http::BodyFault fault) {
  return fault == http::BodyFault::too_large ? "with more than is taken in at once" : "too slowly to be taken in";
}

std::string sent(const http::Request& head) { return fmt::format("{} sent {} {}", head.peer, head.method, head.path); }

}  // namespace

Refusals::Refusals(std::string advice) : advice_(std::move(advice)) {}

void Refusals::body(const http::Request& head, http::BodyFault fault, Instant now) {
  note("body_refused", head,
       fmt::format("{} {}, and nothing of it was: what it told is unknown here. {}", sent(head), words_for(fault),
                   advice_),
       now);
}

void Refusals::unreadable(const http::Request& request, std::string_view why, Instant now) {
  note("alerts_unreadable", request,
       fmt::format("{}, and nothing of it was taken in: what it told is unknown here. It was answered: {}",
                   sent(request), why),
       now);
}

void Refusals::unread(const http::Request& request, std::string_view errors, Instant now) {
  note("alerts_unreadable", request,
       fmt::format("{} with alerts that cannot be read, and what they told is unknown here: {}", sent(request), errors),
       now);
}

void Refusals::truncated(const http::Request& request, std::string_view what, Instant now) {
  note("alerts_truncated", request, fmt::format("{}, and {}", sent(request), what), now);
}

void Refusals::note(std::string_view event, const http::Request& head, std::string what, Instant now) {
  std::erase_if(refused_, [&](const Refused& one) { return has_passed(one.latest, told_for, now); });
  Refused& one = of(head.peer, one_line(what), now);
  ++one.times;
  one.latest = now;
  if (one.logged && !has_passed(*one.logged, between_lines, now)) return;
  one.logged = now;
  log::warning(event, {{"address", head.peer}, {"path", head.path}}, one.what);
}

Refusals::Refused& Refusals::of(const std::string& address, std::string what, Instant now) {
  const auto same = std::ranges::find(refused_, what, &Refused::what);
  if (same != refused_.end()) return *same;
  Refused fresh{.address = address, .what = std::move(what), .since = now};
  make_room_for(fresh);
  return refused_.emplace_back(std::move(fresh));
}

void Refusals::make_room_for(Refused& fresh) {
  auto from_there = refused_ | std::views::filter([&](const Refused& one) { return one.address == fresh.address; });
  if (std::ranges::distance(from_there) < most_of_an_address) {
    if (refused_.size() == most) refused_.erase(std::ranges::min_element(refused_, {}, &Refused::latest));
    return;
  }
  const auto oldest = std::ranges::min_element(from_there, {}, &Refused::latest);
  fresh.logged = oldest->logged;
  fresh.untold = oldest->times;
  for (Refused& one : from_there) fresh.untold += std::exchange(one.untold, 0);
  refused_.erase(oldest.base());
}

std::vector<Trouble> Refusals::troubles(Instant now) const {
  std::vector<Trouble> troubles;
  for (const Refused& one : refused_) {
    if (has_passed(one.latest, told_for, now)) continue;
    std::vector<std::string> counts;
    if (one.times > 1) counts.push_back(fmt::format("{} times", one.times));
    if (one.untold > 0) counts.push_back(fmt::format("not told here: {} more from there", one.untold));
    const std::string counted = counts.empty() ? "" : fmt::format(" ({})", fmt::join(counts, "; "));
    troubles.push_back({one.what + counted, one.since});
  }
  return troubles;
}

}  // namespace candor::alerts
