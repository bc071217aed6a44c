#include <fmt/format.h>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/grpc.h"
#include "probes/kinds/settings.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_service_bytes = 256;

std::string read_service(const Table& table) {
  std::string service = table.text("service").value_or("");
  if (service.size() > most_service_bytes) {
    table.refuse("service", fmt::format("service is longer than {} bytes", most_service_bytes));
  }
  return service;
}

/// Connections go to the target; `server_name` is who is expected there.
net::Url read_method(const Table& table, const GrpcConfig& config) {
  constexpr std::string_view path = "/grpc.health.v1.Health/Check";
  const std::optional<std::string> name = table.text("server_name");
  if (name && !config.tls) table.refuse("server_name", "server_name has no use without TLS", "set tls = true");
  if (name && refuse_other_than_ascii(table, "server_name", *name)) return {};
  if (config.target.port == 0) return {};  // refused already
  const std::string authority =
      name ? fmt::format("{}:{}", name->contains(':') ? "[" + *name + "]" : *name, config.target.port)
           : config.target.text();
  Result<net::Url> url = net::parse_url(fmt::format("{}://{}{}", config.tls ? "https" : "http", authority, path));
  if (url && url->path == path && url->user.empty()) return *std::move(url);
  if (name) table.refuse("server_name", "server_name is not a host", "such as \"pay.acme.example\"");
  return {};
}

void read_trust(const Table& table, GrpcConfig& config) {
  config.tls_verify = table.boolean("tls_verify").value_or(true);
  config.ca_file = read_ca_file(table, config.tls_verify);
  if (config.tls) return;
  if (!config.ca_file.name.empty()) table.refuse("ca_file", "ca_file has no use without TLS", "set tls = true");
  if (!config.tls_verify) table.refuse("tls_verify", "tls_verify = false has no use without TLS", "set tls = true");
}

std::string canonical(const GrpcConfig& config) {
  Settings settings;
  settings.add(config.target.text()).add(config.service).add(config.url.request);
  settings.add(config.tls_verify ? "verify" : "trust").add(config.ca_file.name).add(config.ca_file.content());
  settings.add(config.degraded_above ? format_duration(*config.degraded_above) : "never");
  return settings.text();
}

}  // namespace

KindConfig read_grpc(const Table& table, const ProbeConfig& common) {
  GrpcConfig config;
  config.target = read_target(table, "address");
  config.service = read_service(table);
  config.tls = table.boolean("tls").value_or(false);
  config.url = read_method(table, config);
  read_trust(table, config);
  config.degraded_above = read_degraded_above(table, common.timeout);
  config.timeout = common.timeout;
  KindConfig result{.make = {}, .content = Secret{canonical(config)}};
  result.make = [shared = std::make_shared<const GrpcConfig>(std::move(config))](const Tools& tools) {
    return make_grpc_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
