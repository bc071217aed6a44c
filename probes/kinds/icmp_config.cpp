#include <charconv>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "probes/kinds/icmp.h"
#include "probes/kinds/pings.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

bool is_ipv6(const std::string& host) {
  boost::system::error_code no_address;
  return boost::asio::ip::make_address(host, no_address).is_v6() && !no_address;
}

/// An address that each link may have, and no word of which is meant.
bool lacks_interface(const std::string& host) {
  return is_ipv6(host) && !host.contains('%') && boost::asio::ip::make_address_v6(host).is_link_local();
}

std::string read_host(const Table& table) {
  std::string host = table.required_text("host");
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (refuse_other_than_ascii(table, "host", host)) return host;
  if (host.find_first_of(" /[]@") != std::string::npos || host.size() > 253) {
    table.refuse("host", "host is neither a name nor an address",
                 "such as \"db.internal\", \"10.0.0.7\" or \"fd00::7\"");
  } else if (host.find(':') != std::string::npos && !is_ipv6(host)) {
    table.refuse("host", "host has a port, or is no address of IPv6",
                 "pings go to a host and know no ports: leave it out, or watch the port with a tcp probe");
  } else if (lacks_interface(host)) {
    table.refuse("host", "host is a link-local address without its interface",
                 fmt::format("such as \"{}%eth0\"", host));
  }
  return host;
}

/// "1%" to "100%".
std::optional<int> read_percent(const Table& table, std::string_view key) {
  const std::optional<std::string> text = table.text(key);
  if (!text) return std::nullopt;
  int percent = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, percent);
  if (error == std::errc{} && std::string_view{rest, end} == "%" && percent >= 1 && percent <= 100) return percent;
  table.refuse(key, fmt::format("{} = \"{}\" is not a share of packets", key, *text), "from \"1%\" to \"100%\"");
  return std::nullopt;
}

void check(const Table& table, const IcmpConfig& config) {
  if (config.degraded_at_loss && *config.degraded_at_loss >= config.failing_at_loss) {
    table.refuse("degraded_at_loss",
                 fmt::format("degraded_at_loss = \"{}%\" is never reached", *config.degraded_at_loss),
                 fmt::format("a loss of {}% is failing", config.failing_at_loss));
  }
  if ((config.packets - 1) * config.interval >= config.timeout) {
    const std::string span = format_duration((config.packets - 1) * config.interval);
    const std::string timeout = format_duration(config.timeout);
    table.refuse(table.has("interval") ? "interval" : "packets",
                 fmt::format("the last of {} packets would be sent after {}, and the probe's timeout is {}",
                             config.packets, span, timeout),
                 "fewer packets, a shorter interval or a longer timeout");
  }
}

std::string canonical(const IcmpConfig& config) {
  Settings settings;
  settings.add(config.host).add(fmt::format("{} {}", config.packets, static_cast<int>(config.family)));
  settings.add(format_duration(config.interval));
  settings.add(fmt::format("{} {}", config.degraded_at_loss.value_or(0), config.failing_at_loss));
  settings.add(config.degraded_above);
  return settings.text();
}

}  // namespace

KindConfig read_icmp(const Table& table, const ProbeConfig& common) {
  IcmpConfig config;
  config.timeout = common.timeout;
  config.host = read_host(table);
  config.packets = static_cast<int>(table.integer("packets", 1, Pings::most).value_or(config.packets));
  config.interval = table.duration("interval", 10ms, 2s).value_or(config.interval);
  config.family = read_family(table);
  refuse_other_family(table, config.family, config.host);
  config.degraded_at_loss = read_percent(table, "degraded_at_loss");
  config.failing_at_loss = read_percent(table, "failing_at_loss").value_or(config.failing_at_loss);
  config.degraded_above = read_degraded_above(table, common.timeout);
  check(table, config);
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const IcmpConfig>(std::move(config))](const Tools& tools) {
    return make_icmp_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
