#include "daemon/ctl/import_words.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "base/net/easy.h"
#include "base/text.h"
#include "base/utf8.h"
#include "daemon/ctl/import_secrets.h"

namespace candor::ctl {
namespace {

constexpr std::size_t most_name_bytes = 200;  ///< of a component and a group

/// The one header of a WebSocket's handshake that is not the probe's own.
constexpr std::string_view protocol_header = "sec-websocket-protocol";
constexpr std::size_t longest_shown = 40;

/// Why Candor would refuse it; empty where it would not.
std::string refusal_of_header(const DraftProbe& probe, const std::string& name, const std::string& value) {
  static const std::set<std::string> ours{"connection", "content-length", "expect", "transfer-encoding", "upgrade"};
  const std::string key = lower_case(name);
  const bool handshake = probe.kind == "websocket" && key.starts_with("sec-websocket-") && key != protocol_header;
  if (!net::is_token(name)) return "it is not a header's name";
  if (ours.contains(key) || handshake) return "it is the probe's own to write";
  if (value.empty()) return "it is empty";
  if (!net::is_header_value(value)) return "it holds a line break or another control character";
  if (key == "host" && value.find_first_of(" \t/@,?#") != std::string::npos) return "it is not a host";
  return {};
}

/// The name of the one variable that is the whole text; empty where it is something else.
std::string variable_of(const DraftProbe& probe, const std::string& text) {
  std::string name;
  if (probe.variables && !RE2::FullMatch(text, R"(\$([A-Za-z_][A-Za-z0-9_]*))", &name)) {
    RE2::FullMatch(text, R"(\$\{([A-Za-z_][A-Za-z0-9_]*)\})", &name);
  }
  return name;
}

std::string env_literal(const std::string& name) { return fmt::format("{{ env = {} }}", toml_text(name)); }

/// "SHOP_AUTHORIZATION" for the header of the probe "shop".
std::string variable_for(const DraftProbe& probe, const std::string& what) {
  std::string name;
  for (const char c : probe.name + "_" + what) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 && static_cast<unsigned char>(c) < 0x80;
    if (plain) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!plain && !name.ends_with('_')) name += '_';
  }
  return std::isdigit(static_cast<unsigned char>(name.front())) != 0 ? "_" + name : name;
}

/// Answers whether the header is the key of the same meaning: the variable of a bearer token need not be changed.
bool set_bearer(DraftProbe& probe, const std::string& name, const std::string& value) {
  std::string token;
  const bool bearer = probe.kind == "http" && lower_case(name) == "authorization" &&
                      RE2::FullMatch(value, "(?i)bearer +(.*)", &token) && !variable_of(probe, token).empty();
  if (bearer) probe.set("bearer", env_literal(variable_of(probe, token)));
  return bearer;
}

/// One of a header, a user and a bearer token says who asks.
void remove_other_credentials(DraftProbe& probe) {
  const auto others = std::erase_if(probe.settings, [](const auto& setting) {
    return setting.first == "user" || setting.first == "password" || setting.first == "bearer";
  });
  if (others > 0)
    probe.changed.emplace_back("the header Authorization goes before other credentials, which were left out");
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

std::optional<Duration> read_seconds(std::string_view text) {
  double seconds = 0;
  if (!RE2::FullMatch(text, R"((\d{1,9}(?:\.\d{1,9})?))", &seconds)) return std::nullopt;
  return Duration{static_cast<Duration::rep>(std::ceil(seconds * 1000))};
}

Duration duration_or(DraftProbe& probe, std::string_view key, const std::optional<std::string>& text, ReadDuration read,
                     Duration usual) {
  if (!text) return usual;
  const std::optional<Duration> found = read(*text);
  if (found && *found > Duration{0}) return *found;
  probe.changed.push_back(fmt::format("{} was {}; it is {}, the other tool's default", key,
                                      toml_text(shorten_utf8(*text, longest_shown)), format_duration(usual)));
  return usual;
}

int number_or(DraftProbe& probe, std::string_view key, const std::optional<std::string>& text, int usual, int least) {
  int number = usual;
  if (!text || (RE2::FullMatch(*text, R"((-?\d{1,9}))", &number) && number >= least)) return number;
  probe.changed.push_back(fmt::format("{} was {}; it is {}, the other tool's default", key,
                                      toml_text(shorten_utf8(*text, longest_shown)), usual));
  return usual;
}

std::string shown(DraftProbe& probe, std::string_view what, const std::string& text) {
  std::string plain = without_secrets(text);
  if (plain != text) probe.changed.push_back(fmt::format("of its {}, what may be a secret was left out", what));
  return plain;
}

std::string public_name(DraftProbe& probe, std::string_view what, const std::string& text) {
  const std::string name = one_line(to_utf8(shown(probe, what, text)));
  if (shows_nothing(name)) return {};
  if (name.size() <= most_name_bytes) return name;
  probe.changed.push_back(fmt::format("its {} was cut off, for it has more than {} bytes", what, most_name_bytes));
  return shorten_utf8(name, most_name_bytes - std::string_view{"…"}.size());
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

bool holds_variable(const DraftProbe& probe, const std::string& text) {
  std::string plain = text;
  RE2::GlobalReplace(&plain, R"(\$\$)", "");
  return probe.variables && RE2::PartialMatch(plain, R"(\$\{?[A-Za-z_])");
}

std::string without_escapes(const DraftProbe& probe, std::string text) {
  if (probe.variables) RE2::GlobalReplace(&text, R"(\$\$)", "$");
  return text;
}

std::string secret_literal(DraftProbe& probe, const std::string& what, const std::string& text) {
  if (const std::string name = variable_of(probe, text); !name.empty()) return env_literal(name);
  if (!holds_variable(probe, text)) return toml_text(without_escapes(probe, text));
  return placeholder(probe, what, "it is put together of variables");
}

std::string placeholder(DraftProbe& probe, const std::string& what, const std::string& why) {
  const std::string name = variable_for(probe, what);
  probe.changed.push_back(fmt::format("set the variable {} to the whole of {}: {}", name, what, why));
  return env_literal(name);
}

void set_url(DraftProbe& probe, const std::string& url) { probe.set("url", secret_literal(probe, "url", url)); }

bool is_head(const DraftProbe& probe) {
  return std::ranges::find(probe.settings, std::pair<std::string, std::string>{"method", R"("HEAD")"}) !=
         probe.settings.end();
}

bool names_user(const DraftProbe& probe) {
  return std::ranges::any_of(probe.settings, [](const auto& setting) {
    return setting.first == "user" ||
           (setting.first == "url" && RE2::PartialMatch(setting.second, "^\"[a-z]+://[^/?#]*@"));
  });
}

void set_user(DraftProbe& probe, const std::string& user, const std::string& password) {
  if (user.empty() && password.empty()) return;
  if (names_user(probe)) {
    probe.changed.emplace_back("a user and a password were left out: the url's own go before");
    return;
  }
  probe.set("user", toml_text(user));
  if (!password.empty()) probe.set("password", password);
}

void set_method(DraftProbe& probe, std::string method) {
  std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!method.empty() && method != "GET") probe.set("method", toml_text(method));
}

void set_body(DraftProbe& probe, const std::string& literal) {
  if (is_head(probe)) {
    probe.changed.emplace_back("the body was left out: a HEAD request has none");
    return;
  }
  probe.set("body", literal);
}

void set_headers(DraftProbe& probe, const std::map<std::string, std::string>& headers, Source* source) {
  std::vector<std::string> lines;
  std::set<std::string> names;
  for (const auto& [name, value] : headers) {
    std::string refused = refusal_of_header(probe, name, value);
    if (refused.empty() && !names.insert(lower_case(name)).second) refused = "it stands there twice";
    const bool credentials = lower_case(name) == "authorization";
    if (credentials && !refused.empty()) probe.unfit.push_back("who asks cannot be said: of the header, " + refused);
    if (refused.empty()) {
      if (credentials) remove_other_credentials(probe);
      if (!set_bearer(probe, name, value)) {
        lines.push_back(fmt::format("{} = {}", toml_text(name), secret_literal(probe, name, value)));
      }
    } else if (source != nullptr) {
      source->drop(name, refused);
    } else {
      probe.changed.push_back(fmt::format("the header {} was left out: {}", toml_text(without_secrets(name)), refused));
    }
  }
  if (!lines.empty()) probe.set("headers", fmt::format("{{ {} }}", fmt::join(lines, ", ")));
}

void set_body_matches(DraftProbe& probe, const std::string& pattern) {
  probe.set("body_matches", toml_text(pattern));
  if (is_head(probe)) probe.unfit.emplace_back("the answer to HEAD has no body to match");
  if (!is_pattern(pattern)) probe.unfit.emplace_back("the text to look for is too long for a pattern");
}

void set_ping(DraftProbe& probe, const std::string& host) {
  probe.set("host", toml_text(host));
  probe.set("packets", "1");
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

void set_resolver(DraftProbe& probe, const std::string& text, const std::string& port) {
  const std::optional<std::string> resolver = resolver_of(text, port);
  probe.set("resolver", toml_text(resolver.value_or(text)));
  if (!resolver) probe.unfit.emplace_back("resolver must be an address");
}

void tell_of_empty_answers(DraftProbe& probe) {
  const bool told = std::ranges::any_of(probe.settings, [](const auto& setting) {
    const auto& [key, literal] = setting;
    return key == "contains" || key == "matches" || (key == "rcode" && literal != R"("NOERROR")");
  });
  if (!told) probe.changed.emplace_back("an answer without a record was ok; here it is failing");
}

std::optional<std::string> starttls_of(const std::string& authority) {
  static const std::map<std::string, std::string> protocols{{"25", "smtp"},  {"587", "smtp"}, {"143", "imap"},
                                                            {"110", "pop3"}, {"21", "ftp"},   {"5432", "postgres"},
                                                            {"389", "ldap"}};
  const auto found = protocols.find(authority.substr(authority.rfind(':') + 1));
  return found == protocols.end() ? std::nullopt : std::optional{found->second};
}

bool is_dns_type(const std::string& type) { return RE2::FullMatch(type, "A|AAAA|CNAME|MX|NS|SOA|TXT|SRV|CAA|PTR"); }

}  // namespace candor::ctl
