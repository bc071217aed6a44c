#pragma once

#include <memory>
#include <optional>
#include <string>

#include "probes/heartbeats.h"
#include "probes/kinds/kinds.h"

namespace candor::probes {

/// A `[probe.heartbeat]`, checked: a job that calls /api/v1/heartbeat/{probe} when it has run.
struct HeartbeatConfig {
  std::string probe;
  Duration late_after{};  ///< from one call to the next at the latest
};

/// What is known when the probe looks.
struct HeartbeatSeen {
  std::optional<Beat> latest;
  std::vector<Absence> absences;  ///< oldest first
  Instant now{};
};

/// Pure. A call that may have come while candord was off is `unknown` for once: it was not seen, and not missed either.
/// The time to call begins anew where candord goes off in it for longer than a restart takes.
[[nodiscard]] Outcome judge(const HeartbeatConfig& config, const HeartbeatSeen& seen);

/// Reads `[probe.heartbeat]`. Of `common`, the name counts.
[[nodiscard]] KindConfig read_heartbeat(const Table& table, const ProbeConfig& common);

}  // namespace candor::probes
