#pragma once

#include <string>

#include "base/net/easy.h"
#include "base/net/url.h"
#include "probes/probe.h"

namespace candor::probes {

// What kinds that ask over libcurl have in common.

/// What to ask, as whom, and the limit of the whole run.
void set_target(const net::Easy& easy, const net::Url& url, Duration timeout);
/// `ca_file`, where it is not empty, is in place of the system's authorities.
void set_trust(const net::Easy& easy, bool tls_verify, const std::string& ca_file);

/// After a transfer. A step that was not taken is zero.
[[nodiscard]] Phases phases_of(const net::Easy& easy);

/// Whom a transfer asked, and what for.
struct Asked {
  std::string what;       ///< "GET https://pay.acme.example/healthz"
  std::string host;       ///< as written
  std::string authority;  ///< the same with its port
  std::string peer;       ///< the address that answered or was tried last; empty if there was none
  Duration timeout{};
};

/// "10.0.0.7:443 (pay.acme.example)"
[[nodiscard]] std::string address_words(const Asked& asked);
/// Why there is no answer: "connect to 10.0.0.7:443 (pay.acme.example) timed out after 3 s".
[[nodiscard]] std::string failure_words(const Asked& asked, const net::Failure& failure);
/// The same for customers.
[[nodiscard]] std::string failure_symptom(const net::Failure& failure);

}  // namespace candor::probes
