#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <map>
#include <memory>
#include <set>

#include <curl/curl.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/http.h"

namespace candor::probes {
namespace {

constexpr std::int64_t most_body_bytes = std::int64_t{64} << 20U;
constexpr std::size_t most_steps = 20;
constexpr auto keys_of_a_step =
    std::to_array<std::string_view>({"url", "method", "headers", "body", "user", "password", "bearer", "status",
                                     "body_matches", "header_matches", "json"});

/// Calls with each text of a step that has its variables filled in, and its key.
template <class Call>
void each_filled(const HttpStep& step, const Call& call) {
  call("url", step.url.request);
  call("body", step.body.reveal());
  call("bearer", step.bearer.reveal());
  for (const auto& [name, value] : step.headers) call("headers", value.reveal());
}

/// The variables that a step uses, each with the key where it stands first.
std::map<std::string, std::string_view> variables_of(const HttpStep& step) {
  std::map<std::string, std::string_view> keys;
  each_filled(step, [&keys](std::string_view key, const std::string& text) {
    for (const std::string& name : variables_in(text)) keys.try_emplace(name, key);
  });
  return keys;
}

void refuse_misspelled(const Table& table, const HttpStep& step) {
  each_filled(step, [&table](std::string_view key, const std::string& text) {
    const std::optional<std::string> misspelled = misspelled_in(text);
    if (!misspelled) return;
    table.refuse(key, *misspelled + " is not how a variable is written",
                 "{{token}}: lower case letters, digits and _, and no spaces");
  });
}

/// A variable in a text that is not filled in would be taken as it is written.
auto refusing(const Table& table, const std::set<std::string>& captured) {
  return [&](std::string_view key, const std::string& text) {
    for (const std::string& name : variables_in(text)) {
      if (!captured.contains(name)) continue;
      table.refuse(key, fmt::format("{{{{{}}}}} is not filled in here", name),
                   "variables stand in url, headers, body and bearer");
    }
  };
}

void refuse_variables(const Table& table, const HttpStep& step, const std::set<std::string>& captured) {
  const auto refuse = refusing(table, captured);
  refuse(table.has("user") ? "user" : "url", step.url.user);
  refuse(table.has("password") ? "password" : "url", step.url.password);
  if (step.body_matches) refuse("body_matches", step.body_matches->pattern());
  for (const HeaderWanted& wanted : step.header_matches) refuse("header_matches", wanted.matches->pattern());
  for (const JsonWanted& wanted : step.json) {
    refuse("json", wanted.path.text());
    const auto* const text = wanted.equals ? std::get_if<std::string>(&*wanted.equals) : nullptr;
    if (text != nullptr) refuse("json", *text);
    if (wanted.matches) refuse("json", wanted.matches->pattern());
  }
}

void refuse_variables_of(const Table& table, const std::vector<Capture>& captures,
                         const std::set<std::string>& captured) {
  const auto refuse = refusing(table, captured);
  for (const Capture& capture : captures) {
    if (const auto* const path = std::get_if<JsonPath>(&capture.from)) refuse("capture", path->text());
    if (const auto* const pattern = std::get_if<Capture::Pattern>(&capture.from)) {
      refuse("capture", (*pattern)->pattern());
    }
  }
}

void read_captures_of(const Table& table, HttpStep& step, std::set<std::string>& captured, Settings& settings) {
  for (const auto& [name, key] : variables_of(step)) {
    if (captured.contains(name)) continue;
    table.refuse(key, fmt::format("no earlier step captures {{{{{}}}}}", name), "capture it in a step before this one");
  }
  refuse_misspelled(table, step);
  refuse_variables(table, step, captured);
  settings.add("capture");
  step.captures = read_captures(table, settings);
  refuse_variables_of(table, step.captures, captured);
  for (const Table& capture : table.tables("capture")) {
    const std::string name = capture.text("name").value_or("");
    if (!name.empty() && !captured.insert(name).second) {
      capture.refuse("name", fmt::format("{} is captured twice", name), "give each its own name");
    }
  }
}

std::vector<HttpStep> read_steps(const Table& table, Settings& settings) {
  std::vector<HttpStep> steps;
  std::set<std::string> names;
  std::set<std::string> captured;
  for (const std::string_view key : keys_of_a_step) {
    if (table.has(key))
      table.refuse(key, fmt::format("{} belongs into the steps", key), "move it to the step that it is for");
  }
  for (const Table& item : table.tables("steps")) {
    std::string name = item.required_text("name");
    settings.add("step").add(name);
    if (name.size() > 60) item.refuse("name", "name is too long", "at most 60 bytes");
    if (!name.empty() && !names.insert(name).second)
      item.refuse("name", fmt::format("step \"{}\" stands twice", name), "give each its own name");
    HttpStep step = read_http_step(item, settings);
    step.name = std::move(name);
    read_captures_of(item, step, captured, settings);
    steps.push_back(std::move(step));
  }
  if (steps.empty()) table.refuse("steps", "steps is empty", "such as [[probe.http.steps]], with name and url");
  if (steps.size() > most_steps) {
    table.refuse("steps", fmt::format("{} steps are too many", steps.size()), fmt::format("at most {}", most_steps));
  }
  return steps;
}

/// As libcurl takes it: brackets around IPv6.
std::string read_resolve(const Table& table) {
  const std::optional<std::string> text = table.text("resolve");
  if (!text) return {};
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, text->c_str(), address.data()) == 1) return *text;
  if (inet_pton(AF_INET6, text->c_str(), address.data()) == 1) return "[" + *text + "]";
  table.refuse("resolve", "resolve is not an address", "such as \"10.0.0.7\" or \"2001:db8::7\"");
  return {};
}

/// Empty where the link has no such part.
std::string part_of(CURLU* link, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  const bool found = curl_url_get(link, which, &text, flags) == CURLUE_OK;
  std::string part = found ? text : "";
  curl_free(text);
  return part;
}

void read_proxy(const Table& table, HttpClient& client, Hidden& hidden) {
  const std::optional<Secret> text = table.secret("proxy");
  if (!text) return;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> link{curl_url(), &curl_url_cleanup};
  curl_url_set(link.get(), CURLUPART_URL, text->reveal().c_str(), CURLU_NON_SUPPORT_SCHEME);
  const std::set<std::string> known{"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  if (!known.contains(part_of(link.get(), CURLUPART_SCHEME))) {
    table.refuse("proxy", "proxy is not a link to a proxy",
                 "such as \"http://10.0.0.9:3128\" or \"socks5h://10.0.0.9:1080\"");
  }
  hidden.add_basic(part_of(link.get(), CURLUPART_USER, CURLU_URLDECODE),
                   part_of(link.get(), CURLUPART_PASSWORD, CURLU_URLDECODE));
  client.proxy = *text;
  client.proxy_host = part_of(link.get(), CURLUPART_HOST);
  refuse_other_than_ascii(table, "proxy", client.proxy_host);
}

void read_client_certificate(const Table& table, HttpClient& client) {
  client.client_certificate = table.secret("client_certificate").value_or(Secret{});
  client.client_key = table.secret("client_key").value_or(Secret{});
  if (table.has("client_certificate") != table.has("client_key")) {
    table.refuse(table.has("client_key") ? "client_key" : "client_certificate",
                 "client_certificate and client_key stand together", "add the other");
  }
  if (client.client_certificate.empty() || client.client_key.empty()) return;
  const Result<void> pair = check_key_pair(client.client_certificate.reveal(), client.client_key.reveal());
  if (!pair) {
    table.refuse("client_key", "client_certificate and client_key: " + pair.error().message,
                 "PEM, such as { file = \"candor.pem\" } and { file = \"candor.key\" }");
  }
}

HttpClient read_client(const Table& table, Settings& settings, Hidden& hidden) {
  HttpClient client;
  client.redirects = static_cast<int>(table.integer("redirects", 0, 20).value_or(client.redirects));
  client.keep_alive = table.boolean("keep_alive").value_or(true);
  client.http2 = table.boolean("http2").value_or(false);
  client.family = read_family(table);
  client.resolve = read_resolve(table);
  read_proxy(table, client, hidden);
  if (!client.proxy.empty() && !client.resolve.empty()) {
    table.refuse("resolve", "resolve has no use with a proxy", "the proxy looks names up");
  }
  client.tls_verify = table.boolean("tls_verify").value_or(true);
  client.ca_file = read_ca_file(table, client.tls_verify);
  read_client_certificate(table, client);
  settings.add(fmt::format("{} {} {} {} {}", client.redirects, client.keep_alive, client.http2,
                           static_cast<int>(client.family), client.tls_verify));
  settings.add(client.resolve).add(client.proxy.reveal()).add(client.ca_file.name).add(client.ca_file.content());
  settings.add(client.client_certificate.reveal()).add(client.client_key.reveal());
  return client;
}

/// Of what is connected to: the proxy, the address of `resolve`, or else the hosts of the steps.
void check_family(const Table& table, const HttpConfig& config) {
  const HttpClient& client = config.client;
  if (!client.proxy.empty()) return refuse_other_family(table, client.family, client.proxy_host);
  if (!client.resolve.empty()) return refuse_other_family(table, client.family, client.resolve);
  std::set<std::string> hosts;
  for (const HttpStep& step : config.steps) {
    if (hosts.insert(step.url.host).second) refuse_other_family(table, client.family, step.url.host);
  }
}

/// A url that cannot be read may be any: what is wrong with it is told already.
bool may_have_tls(const HttpConfig& config) {
  return std::ranges::any_of(
      config.steps, [](const HttpStep& step) { return step.url.scheme.empty() || step.url.scheme == "https"; });
}

}  // namespace

KindConfig read_http(const Table& table, const ProbeConfig& common) {
  HttpConfig config;
  Settings settings;
  if (table.has("steps")) {
    config.steps = read_steps(table, settings);
  } else {
    config.steps.push_back(read_http_step(table, settings));
  }
  for (const HttpStep& step : config.steps) config.hidden.add(step.hidden);
  config.client = read_client(table, settings, config.hidden);
  check_family(table, config);
  const std::optional<std::int64_t> limit = table.integer("body_limit_bytes", 1, most_body_bytes);
  if (limit) config.body_limit_bytes = static_cast<std::size_t>(*limit);
  config.timeout = common.timeout;
  config.degraded_above = read_degraded_above(table, common.timeout);
  read_cert_limits(table, config.certificate, may_have_tls(config), "ask an https link");
  settings.add(fmt::format("{}", config.body_limit_bytes)).add(config.degraded_above);
  settings.add(config.certificate.degraded_below).add(config.certificate.failing_below);
  KindConfig result{.make = {}, .content = Secret{settings.text()}};
  result.make = [shared = std::make_shared<const HttpConfig>(std::move(config))](const Tools& tools) {
    return make_http_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
