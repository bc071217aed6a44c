#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/net/easy.h"
#include "base/net/url.h"
#include "probes/kinds/hidden.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/settings.h"

namespace candor::probes {

/// What a query's values are held to; at least one is there. A value that is equal to a limit is within it.
struct PromqlLimits {
  std::optional<double> failing_above;
  std::optional<double> failing_below;
  std::optional<double> degraded_above;
  std::optional<double> degraded_below;
};

/// A `[probe.promql]`, checked.
struct PromqlConfig {
  net::Url url;       ///< of the API's instant queries
  std::string shown;  ///< where its pages are: without credentials
  std::string query;
  PromqlLimits limits;
  Secret bearer;
  Hidden hidden;  ///< who asks
  bool tls_verify = true;
  CaFile ca_file;
  Duration timeout{};  ///< of the whole run
};

/// What one query showed, before it is judged.
struct PromqlSeen {
  std::optional<net::Failure> failure;
  int status = 0;
  std::string_view body;
  bool body_cut = false;  ///< there was more than we read
  Phases phases;
  std::string peer;  ///< "127.0.0.1:9090"; empty if no address was known
};

/// Pure.
[[nodiscard]] Outcome judge(const PromqlConfig& config, const PromqlSeen& seen);

/// Reads `[probe.promql]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_promql(const Table& table, const ProbeConfig& common);

/// Asks a Prometheus, or what speaks its API, for the values of a query now. `config` is shared so that a MakeProbe can
/// be copied.
[[nodiscard]] std::unique_ptr<Probe> make_promql_probe(std::shared_ptr<const PromqlConfig> config, const Tools& tools);

}  // namespace candor::probes
