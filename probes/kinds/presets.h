#pragma once

#include "probes/kinds/kinds.h"

namespace candor::probes {

/// Reads the table of a service that has a dialogue of its own: `[probe.smtp]`, `[probe.redis]` and so on, by
/// `common.kind`. A new one is an entry of the table in presets.cpp and a line in kinds.cpp.
[[nodiscard]] KindConfig read_preset(const Table& table, const ProbeConfig& common);

}  // namespace candor::probes
