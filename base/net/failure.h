#pragma once

#include <cstdint>
#include <string>

namespace candor::net {

/// How far a transfer or a connection came that did not end well, and what stopped it.
struct Failure {
  enum class Stage : std::uint8_t {
    name_lookup,
    connect,
    tls,
    certificate,  ///< the server's was refused
    request,      ///< sent, or about to be; nothing of an answer was seen
    answer,       ///< it began and broke off, or cannot be read
    redirect,     ///< too many, or to where we do not go
  };
  Stage stage = Stage::request;
  bool timed_out = false;
  std::string reason;  ///< such as "Connection refused"; empty when timed out. Names no part of the URL but the host.
  bool ours = false;   ///< this machine failed, and nothing is known of the peer
  bool by_proxy = false;  ///< a proxy was reached, which answered that it does not connect
  int error = 0;          ///< errno of what this machine lacks, where it is that
};

/// Whether the errno of a socket or a connect(2) says that this machine lacks something, and nothing of the peer.
[[nodiscard]] bool is_own_lack(int error);

}  // namespace candor::net
