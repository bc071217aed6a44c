#include "probes/kinds/settings.h"

#include <arpa/inet.h>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/file.h"
#include "base/net/request_headers.h"
#include "base/net/url.h"
#include "base/text.h"
#include "probes/kinds/tls_session.h"
#include "probes/kinds/words.h"

namespace candor::probes {

using namespace std::chrono_literals;

Settings& Settings::add(std::string_view setting) {
  text_ += fmt::format("{}:{};", setting.size(), setting);
  return *this;
}

Settings& Settings::add(const std::optional<Duration>& setting) {
  return add(setting ? format_duration(*setting) : "none");
}

std::shared_ptr<const re2::RE2> read_pattern(const Table& table, std::string_view key) {
  const std::optional<std::string> pattern = table.text(key);
  if (!pattern) return nullptr;
  auto regex = std::make_shared<const RE2>(*pattern, RE2::Quiet);
  if (regex->ok()) return regex;
  table.refuse(key, fmt::format("{} is not a regular expression: {}", key, regex->error()), "RE2 syntax");
  return nullptr;
}

net::Names::Family read_family(const Table& table) {
  using Family = net::Names::Family;
  return table.choice<Family>("family", {{"any", Family::any}, {"ipv4", Family::ipv4}, {"ipv6", Family::ipv6}})
      .value_or(Family::any);
}

void refuse_other_family(const Table& table, net::Names::Family family, std::string_view host) {
  using Family = net::Names::Family;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string address{host.substr(0, host.find('%'))};  // without a zone
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const bool v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  const bool v6 = inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
  if (!(v4 && family == Family::ipv6) && !(v6 && family == Family::ipv4)) return;
  table.refuse("family", fmt::format("{} is not an address of family = \"{}\"", host, v4 ? "ipv6" : "ipv4"),
               "leave family out: it chooses among the addresses of a name");
}

bool refuse_other_than_ascii(const Table& table, std::string_view key, std::string_view host) {
  if (net::is_ascii(host)) return false;
  table.refuse(key, fmt::format("{} {}", key, net::not_in_ascii));
  return true;
}

std::optional<Duration> read_degraded_above(const Table& table, Duration timeout) {
  const std::optional<Duration> limit = table.duration("degraded_above", 1ms);
  if (limit && *limit >= timeout) {
    table.refuse("degraded_above", fmt::format("degraded_above = \"{}\" is never reached", format_duration(*limit)),
                 fmt::format("the probe's timeout of {} comes first", format_duration(timeout)));
  }
  return limit;
}

std::string_view CaFile::content() const { return client ? std::string_view{client->authorities()} : ""; }

CaFile read_ca_file(const Table& table, bool tls_verify) {
  const std::optional<std::string> name = table.text("ca_file");
  if (!name) return {};
  if (!tls_verify) table.refuse("ca_file", "ca_file has no use with tls_verify = false", "leave one of them out");
  const std::filesystem::path file = std::filesystem::path{table.position("ca_file").file}.parent_path() / *name;
  constexpr std::size_t most_bytes = std::size_t{16} << 20U;
  const Result<std::string> text = read_file(file, most_bytes);
  CaFile result{.name = file.string()};
  if (!text) {
    table.refuse("ca_file", fmt::format("cannot read {}: {}", result.name, text.error().message),
                 "a file of certificates in PEM form");
  } else if (!text->contains("-----BEGIN ")) {
    table.refuse("ca_file", fmt::format("{} holds no certificate in PEM form", result.name),
                 "its first line is -----BEGIN CERTIFICATE-----");
  } else if (Result<std::shared_ptr<const TlsClient>> client = TlsClient::make(*text)) {
    result.client = *std::move(client);
  } else {
    table.refuse("ca_file", fmt::format("{}: {}", result.name, client.error().message), "certificates in PEM form");
  }
  return result;
}

std::shared_ptr<const TlsClient> tls_client(const Table& table, const CaFile& file) {
  if (!file.name.empty()) return file.client;
  Result<std::shared_ptr<const TlsClient>> client = TlsClient::make({});
  if (client) return *std::move(client);
  table.refuse("ca_file", client.error().message, "a file of certificates in PEM form");
  return nullptr;
}

std::vector<std::pair<std::string, Secret>> read_headers(const Table& table, const std::set<std::string>& ours,
                                                         Hidden& hidden) {
  std::vector<std::pair<std::string, Secret>> headers = net::read_headers(table, ours, "the probe");
  const std::optional<Table> lines = table.table("headers");
  for (const auto& [name, value] : headers) {
    if (lower_case(name) == "host" && value.reveal().find_first_of(" \t/@,?#") != std::string::npos) {
      lines->refuse(name, "header Host is not a host", "such as \"pay.acme.example\" or \"pay.acme.example:8443\"");
    }
    hidden.add_header(name, value.reveal());
    if (lines->is_table(name)) hidden.add_words(value.reveal());
  }
  return headers;
}

}  // namespace candor::probes
