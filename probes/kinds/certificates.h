#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/reader.h"
#include "probes/kinds/tls_session.h"

namespace candor::probes {

/// What is wanted of a target's TLS.
struct TlsWanted {
  std::string name;                        ///< that its certificate must be for
  bool verify = true;                      ///< whether the chain must hold
  int minimum = 12;                        ///< of TlsSeen::version
  std::optional<Duration> degraded_below;  ///< what each certificate in the chain must still be valid for
  std::optional<Duration> failing_below;
};

struct TlsVerdict {
  rules::Health health = rules::Health::ok;
  std::string evidence;
};

/// The worst that can be said of what a handshake showed. For the evidence, `address` is its server's and `took` the
/// time of the run. Pure.
[[nodiscard]] TlsVerdict judge_tls(const TlsWanted& wanted, const TlsSeen& seen, const std::string& address,
                                   std::chrono::microseconds took, Instant now);

/// Reads `cert_degraded_below` and `cert_failing_below`; without TLS they are refused, with the hint how to have it.
void read_cert_limits(const Table& table, TlsWanted& wanted, bool secured, std::string_view how);

}  // namespace candor::probes
