#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/http.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

constexpr std::int64_t most_body_bytes = std::int64_t{64} << 20U;

net::Url read_url(const Table& table) {
  if (!table.has("url")) {
    table.refuse("url", "url is missing");
    return {};
  }
  const std::optional<Secret> text = table.secret("url");
  if (!text) return {};
  Result<net::Url> url = net::parse_url(text->reveal());
  if (url) return *std::move(url);
  table.refuse("url", "url " + url.error().message, "such as \"https://pay.acme.example/healthz\"");
  return {};
}

std::string read_method(const Table& table) {
  std::vector<std::pair<std::string_view, std::string_view>> choices;
  for (const std::string_view method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    choices.emplace_back(method, method);
  }
  return std::string{table.choice("method", choices).value_or("GET")};
}

StatusSet read_status(const Table& table) {
  StatusSet set;
  const std::vector<std::string> patterns = table.texts("status").value_or(std::vector<std::string>{"2xx"});
  if (patterns.empty()) table.refuse("status", "status names no status that is as expected");
  for (const std::string& pattern : patterns) {
    if (const Result<void> added = set.add(pattern); !added) {
      table.refuse("status", "status: " + added.error().message, "such as \"2xx\", \"204\" or \"200-299\"");
    }
  }
  return set;
}

std::shared_ptr<const re2::RE2> read_body_matches(const Table& table, const std::string& method) {
  if (method == "HEAD" && table.has("body_matches")) {
    table.refuse("body_matches", "the answer to HEAD has no body to match", "use method = \"GET\"");
  }
  return read_pattern(table, "body_matches");
}

std::string canonical(const HttpConfig& config, const std::string& authorities) {
  Settings settings;
  settings.add(config.url.request).add(config.url.user).add(config.url.password).add(config.method);
  for (const auto& [name, value] : config.headers) settings.add(name).add(value.reveal());
  settings.add("body").add(config.body.reveal()).add(config.status.text());
  settings.add(config.body_matches ? "matches " + config.body_matches->pattern() : "any");
  settings.add(config.degraded_above ? format_duration(*config.degraded_above) : "never");
  settings.add(
      fmt::format("{} {} {} {}", config.body_limit_bytes, config.redirects, config.keep_alive, config.tls_verify));
  settings.add(config.ca_file).add(authorities);
  return settings.text();
}

}  // namespace

KindConfig read_http(const Table& table, const ProbeConfig& common) {
  HttpConfig config;
  config.url = read_url(table);
  config.method = read_method(table);
  config.headers = read_headers(table, {"connection", "content-length", "expect", "transfer-encoding", "upgrade"});
  config.body = table.secret("body").value_or(Secret{});
  if (config.method == "HEAD" && !config.body.empty()) table.refuse("body", "a HEAD request has no body");
  config.status = read_status(table);
  config.body_matches = read_body_matches(table, config.method);
  const std::optional<std::int64_t> limit = table.integer("body_limit_bytes", 1, most_body_bytes);
  if (limit) config.body_limit_bytes = static_cast<std::size_t>(*limit);
  config.timeout = common.timeout;
  config.degraded_above = read_degraded_above(table, common.timeout);
  config.redirects = static_cast<int>(table.integer("redirects", 0, 20).value_or(config.redirects));
  config.keep_alive = table.boolean("keep_alive").value_or(true);
  config.tls_verify = table.boolean("tls_verify").value_or(true);
  std::string authorities;
  config.ca_file = read_ca_file(table, config.tls_verify, authorities);
  KindConfig result{.make = {}, .content = Secret{canonical(config, authorities)}};
  result.make = [shared = std::make_shared<const HttpConfig>(std::move(config))](const Tools& tools) {
    return make_http_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
