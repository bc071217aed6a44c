#include "daemon/ctl/import_words.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/easy.h"
#include "base/net/url.h"

namespace candor::ctl {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string percent_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string{c} : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

/// Why Candor would refuse it; empty where it would not.
std::string refusal_of_header(const std::string& name, const std::string& value) {
  static const std::set<std::string> ours{"connection", "content-length", "expect", "transfer-encoding", "upgrade"};
  if (!net::is_token(name)) return "it is not a header's name";
  if (ours.contains(lower(name))) return "it is the probe's own to write";
  if (!net::is_header_value(value)) return "it holds a line break or another control character";
  if (lower(name) == "host" && value.find_first_of(" \t/@,?#") != std::string::npos) return "it is not a host";
  return {};
}

}  // namespace

std::optional<Duration> read_go_duration(std::string_view text) {
  static const std::map<std::string_view, double> units{
      {"ns", 1e-6}, {"us", 1e-3},  {"µs", 1e-3},    {"ms", 1},           {"s", 1e3},
      {"m", 60e3},  {"h", 3600e3}, {"d", 86'400e3}, {"w", 7 * 86'400e3}, {"y", 365 * 86'400e3}};
  if (text == "0") return Duration{0};
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t size = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = units.find(text.substr(0, size));
    if (unit == units.end()) return std::nullopt;
    text.remove_prefix(size);
    total += number * unit->second;
  }
  if (!(total < 1e15)) return std::nullopt;
  return Duration{static_cast<Duration::rep>(std::ceil(total))};
}

std::string quoted_pattern(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view{R"(\.+*?()|[]{}^$)"}.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

bool is_pattern(const std::string& text) { return RE2{text, RE2::Quiet}.ok(); }

std::string toml_secret(const DraftProbe& probe, const std::string& text) {
  std::string name;
  if (probe.variables && RE2::FullMatch(text, R"(\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?)", &name)) {
    return fmt::format("{{ env = {} }}", toml_text(name));
  }
  return toml_text(text);
}

bool holds_variable(const DraftProbe& probe, const std::string& text) {
  return probe.variables && toml_secret(probe, text) == toml_text(text) && RE2::PartialMatch(text, R"(\$\{[A-Za-z_])");
}

void set_url(DraftProbe& probe, const std::string& url, const std::string& user, const std::string& password) {
  if (toml_secret(probe, url) != toml_text(url)) return probe.set("url", toml_secret(probe, url));
  const std::size_t host = url.find("://");
  std::string whole = url;
  if (!user.empty() && host != std::string::npos) {
    whole.insert(host + 3, fmt::format("{}:{}@", percent_encoded(user), percent_encoded(password)));
  }
  const Result<net::Url> parsed = net::parse_url(whole);
  const bool websocket = probe.kind == "websocket" && (url.starts_with("ws://") || url.starts_with("wss://"));
  if (!parsed && !websocket) {
    probe.unfit.push_back("url " + parsed.error().message);
  }
  probe.set("url", toml_text(whole));
}

void set_headers(DraftProbe& probe, const std::map<std::string, std::string>& headers, Source* source) {
  std::vector<std::string> lines;
  std::set<std::string> names;
  for (const auto& [name, value] : headers) {
    std::string refused = refusal_of_header(name, value);
    if (refused.empty() && !names.insert(lower(name)).second) refused = "it stands there twice";
    if (refused.empty() && holds_variable(probe, value)) refused = "put the whole value into the variable";
    if (refused.empty()) {
      lines.push_back(fmt::format("{} = {}", toml_text(name), toml_secret(probe, value)));
    } else if (source != nullptr) {
      source->drop(name, refused);
    } else {
      probe.changed.push_back(fmt::format("the header {} was left out: {}", toml_text(name), refused));
    }
  }
  if (lines.empty()) return;
  std::string literal;
  for (const std::string& line : lines) literal += (literal.empty() ? "" : ", ") + line;
  probe.set("headers", "{ " + literal + " }");
}

bool set_body_matches(DraftProbe& probe, const std::string& pattern) {
  if (!is_pattern(pattern)) return false;
  probe.set("body_matches", toml_text(pattern));
  return true;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool is_host_and_port(const std::string& authority) {
  std::string host;
  int port = 0;
  const bool form =
      RE2::FullMatch(authority, R"((\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._][A-Za-z0-9._-]*):(\d{1,5}))", &host, &port);
  const bool numeric = form && host.starts_with('[') && is_address(host.substr(1, host.size() - 2));
  return form && (numeric || !host.starts_with('[')) && port > 0 && port < 65'536;
}

std::optional<std::string> resolver_of(std::string text, const std::string& port) {
  if (is_address(text)) {
    text = text.find(':') == std::string::npos ? text : "[" + text + "]";
    return port.empty() ? text : text + ":" + port;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || !is_host_and_port(text)) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return is_address(host) ? std::optional{text} : std::nullopt;
}

std::optional<std::string> starttls_of(const std::string& authority) {
  static const std::map<std::string, std::string> protocols{{"25", "smtp"},  {"587", "smtp"}, {"143", "imap"},
                                                            {"110", "pop3"}, {"21", "ftp"},   {"5432", "postgres"},
                                                            {"389", "ldap"}};
  const auto found = protocols.find(authority.substr(authority.rfind(':') + 1));
  return found == protocols.end() ? std::nullopt : std::optional{found->second};
}

void set_address(DraftProbe& probe, const std::string& address) {
  probe.set("address", toml_text(address));
  if (is_host_and_port(address)) return;
  probe.unfit.emplace_back("address is not a host and a port");
}

}  // namespace candor::ctl
