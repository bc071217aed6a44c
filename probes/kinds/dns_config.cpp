#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/dns.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

constexpr std::uint16_t dns_port = 53;

const std::vector<std::pair<std::string_view, DnsType>> types{
    {"A", DnsType::a},     {"AAAA", DnsType::aaaa}, {"CNAME", DnsType::cname}, {"MX", DnsType::mx},
    {"NS", DnsType::ns},   {"SOA", DnsType::soa},   {"TXT", DnsType::txt},     {"SRV", DnsType::srv},
    {"CAA", DnsType::caa}, {"PTR", DnsType::ptr}};

bool holds_names(DnsType type) {
  return type == DnsType::cname || type == DnsType::mx || type == DnsType::ns || type == DnsType::soa ||
         type == DnsType::srv || type == DnsType::ptr;
}

/// The address as inet_ntop() writes it; nothing where it is none.
std::optional<std::string> canonical_address(const std::string& text, int family) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) return std::nullopt;
  inet_ntop(family, bytes.data(), written.data(), written.size());
  return written.data();
}

/// The name under which the name of an address is asked for (RFC 1035, section 3.5; RFC 3596, section 2.5).
std::string reverse_name(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  std::string name;
  for (auto it = bytes.rbegin(); it != bytes.rend(); ++it) name += fmt::format("{:x}.{:x}.", *it & 0xFU, *it >> 4U);
  return name + "ip6.arpa";
}

std::string read_name(const Table& table, DnsType type) {
  std::string name = table.required_text("name");
  if (type == DnsType::ptr) name = reverse_name(name);
  const bool plain =
      std::ranges::all_of(name, [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '\\' && c != '"'; });
  const Result<std::string> question = make_dns_question(0, name, type, false);
  if (!plain) {
    table.refuse("name", "name holds characters that are not for names", "international names as xn--…");
  } else if (!question) {
    table.refuse("name", "name: " + question.error().message, "such as \"pay.acme.example\"");
  }
  return name;
}

std::string read_resolver(const Table& table) {
  if (!table.has("resolver")) return {};
  constexpr std::string_view hint = "such as \"10.0.0.53\" or \"[fd00::53]:5353\"";
  const Target target = read_target(table, "resolver", dns_port, hint);
  if (target.host.empty()) return {};
  for (const int family : {AF_INET, AF_INET6}) {
    const std::optional<std::string> address = canonical_address(target.host, family);
    const std::string_view open = family == AF_INET ? "" : "[";
    const std::string_view end = family == AF_INET ? "" : "]";
    if (address) return fmt::format("{}{}{}:{}", open, *address, end, target.port);
  }
  table.refuse("resolver", "resolver is not an address", std::string{hint});
  return {};
}

/// As read_dns_message() writes what is meant.
std::optional<std::string> expected(const Table& table, std::string_view key, DnsType type, std::string text) {
  if (type == DnsType::a || type == DnsType::aaaa) {
    const bool ipv6 = type == DnsType::aaaa;
    std::optional<std::string> address = canonical_address(text, ipv6 ? AF_INET6 : AF_INET);
    if (!address) {
      table.refuse(key, fmt::format("{}: \"{}\" is not an IPv{} address", key, text, ipv6 ? 6 : 4),
                   ipv6 ? "such as \"2001:db8::7\"" : "such as \"203.0.113.7\"");
    }
    return address;
  }
  if (type == DnsType::mx && !RE2::FullMatch(text, R"(\d+ +\S+)")) {
    table.refuse(key, fmt::format("{}: \"{}\" is not a preference and a name", key, text),
                 "such as \"10 mx1.acme.example\"");
  }
  if (!holds_names(type)) return text;
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // A name's last dot, also of a name inside.
  for (std::size_t at = text.find(". "); at != std::string::npos; at = text.find(". ", at + 1)) {
    if (at > 0 && text[at - 1] != ' ') text.erase(at, 1);
  }
  if (text.size() > 1 && text.ends_with('.') && text[text.size() - 2] != ' ') text.pop_back();
  return text;
}

std::optional<std::vector<std::string>> read_expected(const Table& table, std::string_view key, DnsType type) {
  const std::optional<std::vector<std::string>> texts = table.texts(key);
  if (!texts) return std::nullopt;
  std::vector<std::string> all;
  for (const std::string& text : *texts) {
    if (std::optional<std::string> one = expected(table, key, type, text)) all.push_back(*std::move(one));
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

void check(const Table& table, const DnsConfig& config) {
  for (const std::string_view key : {"equals", "contains", "matches"}) {
    if (table.has(key) && config.wants_no_records()) {
      table.refuse(key, fmt::format("an answer with {} has no records", rcode_name(config.rcode)),
                   fmt::format("leave out {}", key));
    } else if (table.has(key) && key != "equals" && config.equals) {
      table.refuse(key, fmt::format("{} has no use beside equals", key), "equals names every record");
    }
  }
}

std::string canonical(const DnsConfig& config) {
  Settings settings;
  settings.add(config.name).add(config.type_name).add(config.resolver);
  settings.add(fmt::format("{} {} {}", config.tcp, config.rcode, config.authentic));
  settings.add(config.equals ? "equals" : "any");
  for (const std::string& text : config.equals.value_or(std::vector<std::string>{})) settings.add(text);
  settings.add("contains");
  for (const std::string& text : config.contains) settings.add(text);
  settings.add(config.matches ? "matches " + config.matches->pattern() : "any");
  settings.add(config.degraded_above ? format_duration(*config.degraded_above) : "never");
  return settings.text();
}

}  // namespace

KindConfig read_dns(const Table& table, const ProbeConfig& common) {
  DnsConfig config;
  config.timeout = common.timeout;
  config.type = table.choice<DnsType>("type", types).value_or(config.type);
  config.type_name = std::ranges::find(types, config.type, [](const auto& type) { return type.second; })->first;
  config.name = read_name(table, config.type);
  config.resolver = read_resolver(table);
  config.tcp = table.choice<bool>("protocol", {{"udp", false}, {"tcp", true}}).value_or(false);
  config.rcode = table.choice<int>("rcode", {{"NOERROR", 0}, {"NXDOMAIN", 3}, {"REFUSED", 5}}).value_or(0);
  config.equals = read_expected(table, "equals", config.type);
  config.contains = read_expected(table, "contains", config.type).value_or(std::vector<std::string>{});
  config.matches = read_pattern(table, "matches");
  config.authentic = table.boolean("authentic").value_or(false);
  config.degraded_above = read_degraded_above(table, common.timeout);
  check(table, config);
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const DnsConfig>(std::move(config))](const Tools& tools) {
    return make_dns_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
