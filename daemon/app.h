#pragma once

#include <string>

#include "base/result.h"
#include "daemon/config/config.h"

namespace candor {

/// Why the daemon could not start or go on: a sentence that says what to do, and the exit status (sysexits.h).
struct Failure {
  std::string message;
  int exit_status = 70;
};

/// Builds every part from the configuration, runs until SIGTERM or SIGINT, and takes it down again in order. Blocks.
/// Answers nothing after a clean stop.
[[nodiscard]] std::expected<void, Failure> run_daemon(config::Config config);

}  // namespace candor
