#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "daemon/ctl/import_source.h"

namespace candor::ctl {

/// What one of Prometheus's jobs has blackbox_exporter probe.
struct Target {
  std::string job;
  std::string address;
  std::string module;  ///< empty where none is named: blackbox_exporter takes http_2xx then
  Duration every{};
  Duration timeout{};
  std::map<std::string, std::string> labels;
  std::string unfit;  ///< why it is not what Prometheus has probed; may be empty
};

/// The targets of the jobs that ask blackbox_exporter. A job that names none is dropped with the reason.
[[nodiscard]] std::vector<Target> read_targets(Source& prometheus);

}  // namespace candor::ctl
