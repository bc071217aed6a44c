#include <algorithm>

#include <fmt/format.h>

#include "probes/kinds/promql.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_query_bytes = 16'384;

void read_url(const Table& table, PromqlConfig& config) {
  const std::string hint = "where its pages are, such as \"http://127.0.0.1:9090\"";
  if (!table.has("url")) return table.refuse("url", "url is missing", hint);
  const std::optional<Secret> secret = table.secret("url");
  if (!secret) return;
  std::string text = secret->reveal();
  while (text.ends_with('/')) text.pop_back();
  Result<net::Url> pages = net::parse_url(text);
  if (!pages) return table.refuse("url", "url " + pages.error().message, hint);
  if (text.find_first_of("?#") != std::string::npos) {
    return table.refuse("url", "the url of a Prometheus has no query and no fragment", hint);
  }
  if (pages->path.ends_with("/api/v1") || pages->path.ends_with("/api/v1/query"))
    return table.refuse("url", "the API's path is added by candord", hint);
  const Result<net::Url> url = net::parse_url(text + "/api/v1/query");
  if (!url) return table.refuse("url", "url " + url.error().message, hint);
  config.url = *url;
  pages->secret = table.is_table("url");
  if (pages->secret) config.hidden.add_path_and_query(pages->request);
  config.shown = pages->shown();
  while (config.shown.ends_with('/')) config.shown.pop_back();
}

std::string read_query(const Table& table) {
  std::string query = table.required_text("query");
  if (query.size() > most_query_bytes) {
    table.refuse("query", fmt::format("query is longer than {} bytes", most_query_bytes),
                 "a recording rule of Prometheus can hold it");
  }
  return query;
}

void refuse_unreached(const Table& table, std::string_view key, double limit, std::string_view first, double before) {
  table.refuse(key, fmt::format("{} = {} is never reached", key, limit),
               fmt::format("{} = {} comes first", first, before));
}

PromqlLimits read_limits(const Table& table) {
  const PromqlLimits limits{.failing_above = table.number("failing_above"),
                            .failing_below = table.number("failing_below"),
                            .degraded_above = table.number("degraded_above"),
                            .degraded_below = table.number("degraded_below")};
  const auto any_of = [&](const auto&... keys) { return (table.has(keys) || ...); };
  if (!any_of("failing_above", "failing_below", "degraded_above", "degraded_below")) {
    table.refuse("", "the query has no limit", "failing_above, failing_below, degraded_above or degraded_below");
  }
  if (limits.degraded_above && limits.failing_above && *limits.degraded_above >= *limits.failing_above) {
    refuse_unreached(table, "degraded_above", *limits.degraded_above, "failing_above", *limits.failing_above);
  }
  if (limits.degraded_below && limits.failing_below && *limits.degraded_below <= *limits.failing_below) {
    refuse_unreached(table, "degraded_below", *limits.degraded_below, "failing_below", *limits.failing_below);
  }
  // Equal ones let that one value pass.
  for (const auto& [lower_key, lower] :
       {std::pair{"failing_below", limits.failing_below}, std::pair{"degraded_below", limits.degraded_below}}) {
    for (const auto& [upper_key, upper] :
         {std::pair{"failing_above", limits.failing_above}, std::pair{"degraded_above", limits.degraded_above}}) {
      if (!lower || !upper || *lower <= *upper) continue;
      table.refuse(
          lower_key,
          fmt::format("no value is ok: each is below {} = {} or above {} = {}", lower_key, *lower, upper_key, *upper),
          "the limit of what is too low is the smaller one");
    }
  }
  return limits;
}

Secret read_bearer(const Table& table, const PromqlConfig& config) {
  Secret bearer = table.secret("bearer").value_or(Secret{});
  if (!net::is_header_value(bearer.reveal())) {
    table.refuse("bearer", "bearer holds a line break or another control character", "a token is one line");
  }
  if (!bearer.empty() && (!config.url.user.empty() || !config.url.password.empty())) {
    table.refuse("bearer", "a bearer and a user in url are two ways to say who asks", "leave one of them out");
  }
  return bearer;
}

std::string canonical(const PromqlConfig& config) {
  Settings settings;
  settings.add(config.url.request).add(config.url.user).add(config.url.password).add(config.query);
  const PromqlLimits& limits = config.limits;
  for (const auto& limit : {limits.failing_above, limits.failing_below, limits.degraded_above, limits.degraded_below}) {
    settings.add(limit ? fmt::to_string(*limit) : "none");
  }
  settings.add(config.bearer.reveal()).add(config.tls_verify ? "verify" : "trust");
  settings.add(config.ca_file.name).add(config.ca_file.content());
  return settings.text();
}

}  // namespace

KindConfig read_promql(const Table& table, const ProbeConfig& common) {
  PromqlConfig config;
  read_url(table, config);
  config.query = read_query(table);
  config.limits = read_limits(table);
  config.bearer = read_bearer(table, config);
  config.hidden.add_basic(config.url.user, config.url.password);
  config.hidden.add(config.bearer.reveal());
  config.tls_verify = table.boolean("tls_verify").value_or(true);
  config.ca_file = read_ca_file(table, config.tls_verify);
  config.timeout = common.timeout;
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const PromqlConfig>(std::move(config))](const Tools& tools) {
    return make_promql_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
