#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/easy.h"
#include "base/net/url.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/status_set.h"

namespace re2 {
class RE2;
}

namespace candor::probes {

/// A `[probe.http]`, checked.
struct HttpConfig {
  net::Url url;
  std::string method = "GET";
  std::vector<std::pair<std::string, Secret>> headers;
  Secret body;
  StatusSet status;
  std::shared_ptr<const re2::RE2> body_matches;          ///< searched for in what was read of the body; may be null
  std::size_t body_limit_bytes = std::size_t{1} << 20U;  ///< what follows in the body is not read
  std::optional<Duration> degraded_above;
  Duration timeout{};      ///< of the whole run, redirects included
  int redirects = 10;      ///< followed at most; 0 judges the redirect itself
  bool keep_alive = true;  ///< asks on the connection of the last run while that is open
  bool tls_verify = true;
  std::string ca_file;  ///< in place of the system's authorities; may be empty
};

/// What one exchange showed, before it is judged.
struct HttpSeen {
  std::optional<net::Failure> failure;
  int status = 0;
  std::string_view body;
  bool body_cut = false;  ///< there was more than the limit
  Phases phases;
  // Needed for the evidence only.
  std::string peer;           ///< "10.0.0.7:443"; empty if no address was known
  std::string asked;          ///< the host of the last URL asked for, as written
  std::string asked_port;     ///< the same with its port
  std::string redirected_to;  ///< scheme and host, where it was redirected
};

/// Whether there is nothing to say. Pure.
[[nodiscard]] bool is_as_expected(const HttpConfig& config, const HttpSeen& seen);
/// Pure.
[[nodiscard]] Outcome judge(const HttpConfig& config, const HttpSeen& seen);

/// Reads `[probe.http]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_http(const Table& table, const ProbeConfig& common);

/// Asks one URL. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_http_probe(std::shared_ptr<const HttpConfig> config, const Tools& tools);

}  // namespace candor::probes
