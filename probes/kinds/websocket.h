#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/kinds/certificates.h"
#include "probes/kinds/hidden.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/stream.h"

namespace re2 {
class RE2;
}

namespace candor::probes {

/// A `[probe.websocket]`, checked.
struct WebsocketConfig {
  Target target;
  std::string shown;      ///< the URL without its query
  std::string authority;  ///< for the Host header
  std::string path;       ///< with its query
  std::vector<std::pair<std::string, Secret>> headers;
  std::optional<Secret> send;  ///< a text message
  Hidden hidden;
  std::shared_ptr<const re2::RE2> expect;  ///< searched for in the first message that comes; null waits for none
  std::shared_ptr<const TlsClient> tls;    ///< null for ws
  TlsWanted wanted;
  std::optional<Duration> degraded_above;
  Duration timeout{};  ///< of the whole run
};

/// What one run showed, before it is judged.
struct WebsocketSeen {
  enum class Step : std::uint8_t { connect, upgrade, send, answer, done };
  Step step = Step::connect;  ///< that was under way
  std::optional<net::Failure> failure;
  int status = 0;       ///< HTTP's, where there was no upgrade
  bool closed = false;  ///< the peer said goodbye in place of a message
  int close_code = 0;   ///< with this code, if it gave one
  std::string reason;   ///< the same in its words
  std::string breach;   ///< what the peer did against the protocol, or too much of; a few words
  std::string message;  ///< the first; whole, and at most 64 kB
  Phases phases;
  std::string peer;  ///< "10.0.0.7:443"; empty if no address was known
  TlsSeen tls;
};

/// Pure.
[[nodiscard]] Outcome judge(const WebsocketConfig& config, const WebsocketSeen& seen, Instant now);

/// Reads `[probe.websocket]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_websocket(const Table& table, const ProbeConfig& common);

/// Opens a WebSocket, says and hears one message, and says goodbye. `config` is shared so that a MakeProbe can be
/// copied.
[[nodiscard]] std::unique_ptr<Probe> make_websocket_probe(std::shared_ptr<const WebsocketConfig> config,
                                                          const Tools& tools);

}  // namespace candor::probes
