#include "daemon/alerts/refusals.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"

namespace candor::alerts {
namespace {

constexpr Duration told_for = std::chrono::hours{6};
constexpr Duration between_lines = std::chrono::minutes{10};
constexpr std::size_t most = 16;

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
  Refused& one = of(event, head);
  const Instant since = one.trouble.what.empty() ? now : one.trouble.since;
  one.latest = now;
  one.trouble = {one_line(what), since};
  if (one.logged && !has_passed(*one.logged, between_lines, now)) return;
  one.logged = now;
  log::warning(event, {{"address", head.peer}, {"path", head.path}}, one.trouble.what);
}

Refusals::Refused& Refusals::of(std::string_view event, const http::Request& head) {
  const auto found = std::ranges::find_if(refused_, [&](const Refused& one) {
    return one.event == event && one.address == head.peer && one.path == head.path;
  });
  if (found != refused_.end()) return *found;
  if (refused_.size() == most) refused_.erase(std::ranges::min_element(refused_, {}, &Refused::latest));
  refused_.push_back(
      {.event = event, .address = head.peer, .path = head.path, .trouble = {}, .latest = {}, .logged = {}});
  return refused_.back();
}

std::vector<Trouble> Refusals::troubles(Instant now) const {
  std::vector<Trouble> troubles;
  for (const Refused& one : refused_) {
    if (!has_passed(one.latest, told_for, now)) troubles.push_back(one.trouble);
  }
  return troubles;
}

}  // namespace candor::alerts
