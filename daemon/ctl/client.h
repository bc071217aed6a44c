#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace candor::ctl {

/// How candorctl ends. Stable; docs/reference/candorctl.md lists them.
enum class Exit : int {
  ok = 0,
  refused = 1,         ///< the daemon understood and said no: no such incident, already acked, …
  failing = 2,         ///< `probe run` only, of which 1 means degraded
  unknown = 3,         ///< `probe run` only
  usage = 64,          ///< EX_USAGE
  unavailable = 69,    ///< EX_UNAVAILABLE: no daemon answers there, or it cannot take anything in now
  no_output = 74,      ///< EX_IOERR: what came out could not be written
  too_large = 76,      ///< EX_PROTOCOL: the daemon did it, and its answer is larger than is read
  no_permission = 77,  ///< EX_NOPERM: no token, or one that may not do this
  config = 78,         ///< EX_CONFIG: mistakes in a configuration
};

struct Refusal {
  Exit exit = Exit::refused;
  std::string message;
};

/// Where the daemon's admin listener is, from --url or CANDOR_URL, and the token, from CANDOR_TOKEN.
struct Server {
  std::string url = "http://127.0.0.1:9180";
  Secret token;
};

/// Why this cannot be a server's url, which ends with the port or a slash behind it; nothing where it can.
[[nodiscard]] std::string check_server_url(const std::string& url);

/// As it may be shown: without credentials.
[[nodiscard]] std::string shown_url(const Server& server);

/// That what answers there is not candord's admin listener.
[[nodiscard]] Refusal not_candord(const Server& server);

/// What every command that talks to the daemon knows.
struct Session {
  Server server;
  bool json = false;
};

/// One request to the admin API, whose JSON answer's text comes back. Blocks, ten seconds at most.
[[nodiscard]] std::expected<std::string, Refusal> call(const Server& server, const std::string& method,
                                                       const std::string& path, const std::string& body = {});

}  // namespace candor::ctl
