#include "daemon/refused_bodies.h"

#include <fmt/format.h>

#include "base/log.h"

namespace candor {
namespace {

constexpr Duration told_for = std::chrono::hours{6};
constexpr Duration between_lines = std::chrono::minutes{10};

/// Also where the clock was set back meanwhile.
bool is_past(Instant then, Duration span, Instant now) { return now < then || now - then >= span; }

}  // namespace

void RefusedBodies::note(const http::Request& head, Instant now) {
  const Instant since = trouble(now) ? trouble_->since : now;
  trouble_ = {fmt::format("{} sent {} {} with more than is taken in at once, and nothing of it was: what it told is "
                          "unknown here. Have it send less at once, Alertmanager by group_by",
                          head.peer, head.method, head.path),
              since};
  latest_ = now;
  if (logged_ && !is_past(*logged_, between_lines, now)) return;
  logged_ = now;
  log::warning("body_refused", {{"address", head.peer}, {"path", head.path}}, trouble_->what);
}

std::optional<admin::Trouble> RefusedBodies::trouble(Instant now) const {
  return trouble_ && !is_past(latest_, told_for, now) ? trouble_ : std::nullopt;
}

}  // namespace candor
