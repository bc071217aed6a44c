#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/net/easy.h"
#include "base/net/url.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/settings.h"
#include "probes/kinds/stream.h"

namespace candor::probes {

/// A `[probe.grpc]`, checked.
struct GrpcConfig {
  Target target;
  std::string service;  ///< empty for the server as a whole
  net::Url url;         ///< of the method; its host is the name that the certificate must be for
  bool tls = false;
  bool tls_verify = true;
  CaFile ca_file;
  std::optional<Duration> degraded_above;
  Duration timeout{};  ///< of the whole run
};

/// What one check showed, before it is judged.
struct GrpcSeen {
  std::optional<net::Failure> failure;
  bool http2 = true;
  int status = 0;                          ///< HTTP's
  std::optional<std::string> grpc_status;  ///< as it was sent, behind the answer or, without a message, before it
  std::string grpc_message;                ///< as it was sent
  std::string_view body;
  bool body_cut = false;  ///< there was more than we read
  Phases phases;
  std::string peer;  ///< "10.0.0.7:50051"; empty if no address was known
};

/// Pure.
[[nodiscard]] Outcome judge(const GrpcConfig& config, const GrpcSeen& seen);

/// Reads `[probe.grpc]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_grpc(const Table& table, const ProbeConfig& common);

/// Asks a gRPC server for the health of one of its services, over a connection of its own. `config` is shared so that a
/// MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_grpc_probe(std::shared_ptr<const GrpcConfig> config, const Tools& tools);

}  // namespace candor::probes
