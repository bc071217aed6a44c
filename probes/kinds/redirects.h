#pragma once

#include <string>
#include <string_view>

#include "base/net/easy.h"
#include "base/net/url.h"

namespace candor::probes {

/// What each request of a probe has that goes where its target sends it: candord's own API lets none with it change
/// anything (daemon/http/guard.h).
inline constexpr std::string_view probe_header = "Candor-Probe";

// Where a target may send a probe, and what it is given there. All pure.

/// Whether they have scheme, host and port in common (RFC 6454, section 4).
[[nodiscard]] bool same_origin(const net::Url& one, const net::Url& other);

/// A header that a request elsewhere is given too: it tells what a client can read, and nothing of who asks.
[[nodiscard]] bool is_sent_everywhere(std::string_view header);

/// Why a redirect does not lead where it wants to: to this machine itself, or to what only it can reach, from
/// elsewhere. Empty where it may.
[[nodiscard]] std::string refuse_inward(const net::Redirect& redirect);

/// Whether a redirect of this status is followed without the body: libcurl makes a GET of a POST, as browsers do.
[[nodiscard]] bool drops_body(int status);

/// Why another, to another origin than that of `home`, is not followed by a request that has a body.
[[nodiscard]] std::string refuse_body(const net::Redirect& redirect, const net::Url& home);

}  // namespace candor::probes
