#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "probes/kinds/hidden.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/program.h"

namespace candor::probes {

/// A `[probe.exec]`, checked.
struct ExecConfig {
  ProgramStart start;
  Hidden hidden;       ///< values of the environment
  Duration timeout{};  ///< of the whole run; then the program and all that it started are killed
};

/// What one run showed, before it is judged.
struct ExecSeen {
  enum class What {
    ended,
    not_started,  ///< `error` says why
    timed_out,    ///< it was killed
    stuck,        ///< not started: the process of an earlier run was killed and has still not ended
  };
  What what = What::ended;
  ProgramEnd end;
  int error = 0;       ///< errno
  std::string repair;  ///< what to do where it could not be started
  std::chrono::microseconds took{};
};

/// By the contract of monitoring plugins: exit status 0, 1, 2, 3; the first line says why; performance data are
/// readings. Pure.
[[nodiscard]] Outcome judge(const ExecConfig& config, const ExecSeen& seen);

/// Reads `[probe.exec]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_exec(const Table& table, const ProbeConfig& common);

/// Runs a monitoring plugin. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_exec_probe(std::shared_ptr<const ExecConfig> config, const Tools& tools);

}  // namespace candor::probes
