#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/net/names.h"
#include "probes/kinds/kinds.h"

namespace candor::probes {

/// A `[probe.icmp]`, checked.
struct IcmpConfig {
  std::string host;
  int packets = 3;
  Duration interval{200};  ///< from packet to packet
  net::Names::Family family = net::Names::Family::any;
  std::optional<int> degraded_at_loss;  ///< percent
  int failing_at_loss = 100;            ///< percent
  std::optional<Duration> degraded_above;
  Duration timeout{};  ///< of the whole run, the name's lookup included
};

/// What one run showed, before it is judged.
struct IcmpSeen {
  std::optional<net::Failure> no_address;           ///< the name had none until then
  std::string forbidden;                            ///< why this machine cannot ping, and what to do; a sentence
  std::string address;                              ///< numeric
  int sent = 0;                                     ///< packets, those included that the system refused to send
  std::vector<std::chrono::microseconds> answered;  ///< round trips, one for each packet that came back
  std::string error;                                ///< what the system or a router said of a lost packet; a few words
  Phases phases;
};

/// Pure.
[[nodiscard]] Outcome judge(const IcmpConfig& config, const IcmpSeen& seen);

/// Reads `[probe.icmp]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_icmp(const Table& table, const ProbeConfig& common);

/// Pings one host over the system's ping sockets, which need no privilege. `config` is shared so that a MakeProbe can
/// be copied.
[[nodiscard]] std::unique_ptr<Probe> make_icmp_probe(std::shared_ptr<const IcmpConfig> config, const Tools& tools);

}  // namespace candor::probes
