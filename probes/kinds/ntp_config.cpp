#include <fmt/format.h>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/ntp.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t ntp_port = 123;

std::string canonical(const NtpConfig& config) {
  Settings settings;
  settings.add(config.target.text()).add(fmt::format("{} {}", config.stratum_at_most, static_cast<int>(config.family)));
  settings.add(config.offset_degraded_above).add(config.offset_failing_above);
  return settings.text();
}

}  // namespace

KindConfig read_ntp(const Table& table, const ProbeConfig& common) {
  NtpConfig config;
  config.timeout = common.timeout;
  config.target = read_target(table, "address", ntp_port);
  config.family = read_family(table);
  refuse_other_family(table, config.family, config.target.host);
  config.stratum_at_most = static_cast<int>(table.integer("stratum_at_most", 1, 15).value_or(config.stratum_at_most));
  config.offset_degraded_above = table.duration("offset_degraded_above", 1ms);
  config.offset_failing_above = table.duration("offset_failing_above", 1ms);
  if (config.offset_degraded_above && config.offset_failing_above &&
      *config.offset_degraded_above >= *config.offset_failing_above) {
    table.refuse(
        "offset_degraded_above",
        fmt::format("offset_degraded_above = \"{}\" is never reached", format_duration(*config.offset_degraded_above)),
        fmt::format("above {} it is failing", format_duration(*config.offset_failing_above)));
  }
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const NtpConfig>(std::move(config))](const Tools& tools) {
    return make_ntp_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
