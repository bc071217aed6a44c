#pragma once

#include <memory>
#include <optional>
#include <string>

#include "probes/kinds/kinds.h"
#include "probes/kinds/ntp_packet.h"
#include "probes/kinds/stream.h"

namespace candor::probes {

/// A `[probe.ntp]`, checked.
struct NtpConfig {
  Target target;
  net::Names::Family family = net::Names::Family::any;
  int stratum_at_most = 15;
  std::optional<Duration> offset_degraded_above;  ///< of the two clocks, whichever is ahead
  std::optional<Duration> offset_failing_above;
  Duration timeout{};  ///< of the whole run, the name's lookup included
};

/// What one run showed, before it is judged.
struct NtpSeen {
  std::optional<net::Failure> no_address;  ///< the name had none until then
  std::string impossible;                  ///< why this machine cannot ask; a sentence
  std::string peer;                        ///< "10.0.0.7:123"; empty if no address was known
  std::string error;                       ///< what the system said of a question that was lost; a few words
  int asked = 0;                           ///< questions sent
  int strays = 0;                          ///< packets that answered none of them
  std::optional<NtpAnswer> answer;
  Nanoseconds went{};  ///< when the question that was answered went, by our clock
  Nanoseconds came{};  ///< when its answer came, by our clock
  Phases phases;
};

/// Pure.
[[nodiscard]] Outcome judge(const NtpConfig& config, const NtpSeen& seen);

/// Reads `[probe.ntp]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_ntp(const Table& table, const ProbeConfig& common);

/// Asks a time server for its time, again where nothing comes back. `config` is shared so that a MakeProbe can be
/// copied.
[[nodiscard]] std::unique_ptr<Probe> make_ntp_probe(std::shared_ptr<const NtpConfig> config, const Tools& tools);

}  // namespace candor::probes
