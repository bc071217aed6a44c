#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/url.h"
#include "probes/kinds/settings.h"
#include "probes/kinds/websocket.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_sent_bytes = std::size_t{64} << 10U;

/// "ws" for "http", the rest of the address is the same (RFC 6455, section 3).
Result<net::Url> parse(const std::string& text) {
  if (!text.starts_with("ws://") && !text.starts_with("wss://")) return failure("begins neither with ws:// nor wss://");
  return net::parse_url("http" + text.substr(2));
}

/// Answers whether TLS is spoken. A url that cannot be read may be any: what is wrong with it is told already.
bool read_url(const Table& table, WebsocketConfig& config) {
  const std::string hint = "such as \"wss://chat.acme.example/socket\"";
  if (!table.has("url")) {
    table.refuse("url", "url is missing", hint);
    return true;
  }
  const std::optional<Secret> text = table.secret("url");
  if (!text) return true;
  Result<net::Url> url = parse(text->reveal());
  if (!url) {
    table.refuse("url", "url " + url.error().message, hint);
    return true;
  }
  if (!url->user.empty() || !url->password.empty()) {
    table.refuse("url", "the url of a WebSocket holds no user", "say who asks in headers");
  }
  const bool brackets = url->host.starts_with('[');
  config.target = {brackets ? url->host.substr(1, url->host.size() - 2) : url->host, url->port};
  url->secret = table.is_table("url");
  config.shown = "ws" + url->shown().substr(4);
  const bool usual = url->port == (url->scheme == "https" ? 443 : 80);
  config.authority = usual ? url->host : url->authority();
  const std::size_t path = url->request.find('/', url->request.find("://") + 3);
  config.path = path == std::string::npos ? "/" : url->request.substr(path);
  config.hidden.add_query(config.path);
  if (url->secret) config.hidden.add_path_and_query(url->request);
  return url->scheme == "https";
}

/// Answers the authorities.
std::string read_tls(const Table& table, WebsocketConfig& config, bool secured) {
  config.wanted.name = config.target.host;
  config.wanted.verify = table.boolean("tls_verify").value_or(true);
  const CaFile file = read_ca_file(table, config.wanted.verify);
  if (secured) {
    config.tls = tls_client(table, file);
  } else {
    if (!config.wanted.verify) table.refuse("tls_verify", "tls_verify = false has no use without TLS", "write wss://");
    if (!file.name.empty()) table.refuse("ca_file", "ca_file has no use without TLS", "write wss://");
  }
  return std::string{file.content()};
}

std::string canonical(const WebsocketConfig& config, const std::string& authorities) {
  Settings settings;
  settings.add(config.shown).add(config.target.text()).add(config.path);
  for (const auto& [name, value] : config.headers) settings.add(name).add(value.reveal());
  settings.add("send").add(config.send ? "sends " + config.send->reveal() : "nothing");
  settings.add(config.expect ? "expects " + config.expect->pattern() : "nothing");
  settings.add(config.degraded_above ? format_duration(*config.degraded_above) : "never");
  settings.add(config.wanted.verify ? "verify" : "trust").add(authorities);
  return settings.text();
}

}  // namespace

KindConfig read_websocket(const Table& table, const ProbeConfig& common) {
  WebsocketConfig config;
  const bool secured = read_url(table, config);
  config.headers =
      read_headers(table,
                   {"connection", "content-length", "expect", "sec-websocket-accept", "sec-websocket-extensions",
                    "sec-websocket-key", "sec-websocket-version", "transfer-encoding", "upgrade"},
                   config.hidden);
  config.send = table.secret("send");
  if (config.send && table.is_table("send")) config.hidden.add_words(config.send->reveal());
  if (config.send && config.send->reveal().size() > most_sent_bytes) {
    table.refuse("send", fmt::format("send is longer than {} bytes", most_sent_bytes));
  }
  config.expect = read_pattern(table, "expect");
  const std::string authorities = read_tls(table, config, secured);
  config.degraded_above = read_degraded_above(table, common.timeout);
  config.timeout = common.timeout;
  KindConfig result{.make = {}, .content = Secret{canonical(config, authorities)}};
  result.make = [shared = std::make_shared<const WebsocketConfig>(std::move(config))](const Tools& tools) {
    return make_websocket_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
