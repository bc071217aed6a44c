#pragma once

#include <map>
#include <optional>
#include <string>

#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"

namespace candor::incident {

/// Since when none of the sources that are asked for alerts answers; nothing where one does, or none is known. Who
/// pushes is no eye: a Prometheus that does is silent when all is well, and what it fell silent about is `unknown`.
[[nodiscard]] std::optional<Instant> silent_sources(const State& state);

/// What the rules cannot see: whoever says that it works makes it up.
struct Unseen {
  /// Since when none of its rules can be judged, by component; a component without a rule is its humans' to watch.
  std::map<std::string, Instant, std::less<>> components;
  std::optional<Instant> everything;  ///< since when no rule at all can be judged
};

/// A rule cannot be judged while it is `unknown`, and while it hangs on alerts, none is known, and no source that could
/// tell of one answers.
[[nodiscard]] Unseen unseen(const State& state, const Policy& policy);

}  // namespace candor::incident
