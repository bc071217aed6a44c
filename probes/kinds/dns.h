#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/kinds/dns_message.h"
#include "probes/kinds/kinds.h"

namespace re2 {
class RE2;
}

namespace candor::probes {

/// A `[probe.dns]`, checked. Expected data are written as read_dns_message() writes them.
struct DnsConfig {
  std::string name;
  DnsType type = DnsType::a;
  std::string type_name = "A";
  std::string resolver;  ///< "10.0.0.53:53", "[fd00::53]:53"; empty for the system's
  bool tcp = false;
  int rcode = 0;
  std::optional<std::vector<std::string>> equals;  ///< sorted, each once
  std::vector<std::string> contains;
  std::shared_ptr<const re2::RE2> matches;  ///< searched for in each record; may be null
  bool authentic = false;                   ///< DNSSEC must vouch for the answer
  std::optional<Duration> degraded_above;
  Duration timeout{};  ///< of the whole run

  /// The rcode is all that is expected.
  [[nodiscard]] bool wants_no_records() const { return rcode != 0; }
};

/// What one run showed, before it is judged.
struct DnsSeen {
  std::string impossible;  ///< why nothing could be asked, our own fault; a sentence
  std::string resolver;    ///< "10.0.0.53:53", several joined by "or"
  bool tcp = false;
  bool cut_off = false;    ///< over UDP, so that TCP was tried
  std::string unreached;   ///< why no answer came, where that was known before the time was over; a few words
  bool strayed = false;    ///< what came was no whole answer to the question
  std::string unreadable;  ///< why the answer cannot be read; a few words
  std::optional<DnsMessage> answer;
  Phases phases;
};

/// Pure.
[[nodiscard]] Outcome judge(const DnsConfig& config, const DnsSeen& seen);

/// Reads `[probe.dns]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_dns(const Table& table, const ProbeConfig& common);

/// Asks one question. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_dns_probe(std::shared_ptr<const DnsConfig> config, const Tools& tools);

}  // namespace candor::probes
