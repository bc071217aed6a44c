#pragma once

#include <string>

#include "daemon/ctl/client.h"

namespace candor::ctl {

/// Runs one probe of a configuration once, here and now and without a daemon, and prints what it found. The first line
/// and the exit status are a Nagios plugin's (0 ok, 1 degraded, 2 failing, 3 unknown). Blocks for the probe's timeout
/// at most. A configuration with mistakes ends with Exit::config, a name that it does not have with Exit::usage.
[[nodiscard]] Exit run_probe(const std::string& name, const std::string& config, bool json);

}  // namespace candor::ctl
