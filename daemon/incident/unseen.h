#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"
#include "rules/evaluator.h"

namespace candor::incident {

/// What nobody has looked at since an absence: that it works is memory.
struct Memory {
  std::optional<rules::Absence> asleep = {};  ///< nobody was asked for alerts since
  Duration least{};                           ///< what came of a shorter absence counts as seen
};

/// Whether the source is asked for its alerts, as `prometheus:NAME` and `alertmanager:NAME` are. Who pushes is not, be
/// it `push:HOST:PORT` or, without a name of its own, `push`, and is no eye: a Prometheus that does is silent when all
/// is well, and what it fell silent about is `unknown`.
[[nodiscard]] bool is_asked(std::string_view source);

/// Since when none of the sources that are asked for alerts answers; nothing where one does, or none is known. One that
/// answered before an absence has to do so again.
[[nodiscard]] std::optional<Instant> silent_sources(const State& state, const Memory& memory = {});

/// What the rules cannot see: whoever says that it works makes it up.
struct Unseen {
  /// Since when none of its rules can be judged, by component; a component without a rule is its humans' to watch.
  std::map<std::string, Instant, std::less<>> components;
  std::optional<Instant> everything;  ///< since when no rule at all can be judged
};

/// A rule cannot be judged while it is `unknown`, while it hangs on alerts, none is known, and no source that could
/// tell of one answers, and from an absence on until somebody has looked at what it would be judged by. The evaluator
/// is that of the policy's rules, and knows the state's signals.
[[nodiscard]] Unseen unseen(const State& state, const Policy& policy, const rules::Evaluator& evaluator,
                            const Memory& memory = {});

}  // namespace candor::incident
