#include "daemon/refused_bodies.h"

#include <fmt/format.h>

#include "base/log.h"

namespace candor {
namespace {

constexpr Duration told_for = std::chrono::hours{6};
constexpr Duration between_lines = std::chrono::minutes{10};

std::string_view words_for(http::BodyFault fault) {
  return fault == http::BodyFault::too_large ? "with more than is taken in at once" : "too slowly to be taken in";
}
}  // namespace

void RefusedBodies::note(const http::Request& head, http::BodyFault fault, Instant now) {
  const Instant since = trouble(now) ? trouble_->since : now;
  trouble_ = {
      fmt::format("{} sent {} {} {}, and nothing of it was: what it told is unknown here. Have it send less at once, "
                  "Alertmanager by group_by",
                  head.peer, head.method, head.path, words_for(fault)),
      since};
  latest_ = now;
  if (logged_ && !has_passed(*logged_, between_lines, now)) return;
  logged_ = now;
  log::warning("body_refused", {{"address", head.peer}, {"path", head.path}}, trouble_->what);
}

std::optional<admin::Trouble> RefusedBodies::trouble(Instant now) const {
  return trouble_ && !has_passed(latest_, told_for, now) ? trouble_ : std::nullopt;
}

}  // namespace candor
