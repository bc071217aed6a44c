// Gatus: https://github.com/TwiN/gatus#configuration. An endpoint is a URL whose scheme says how it is asked, and
// conditions on what comes back.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <re2/re2.h>

#include "daemon/ctl/import.h"
#include "daemon/ctl/import_gatus_conditions.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr Duration usual_interval = 1min;
constexpr Duration usual_timeout = 10s;
constexpr Duration usual_absence = 24h;

/// The table `default-alert` of each type of alert.
using Defaults = std::map<std::string, Source*>;

// What an endpoint of each kind becomes.

void read_http(Source& endpoint, const std::string& url, DraftProbe& probe) {
  set_url(probe, url);
  set_method(probe, endpoint.read_text("method").value_or("GET"));
  if (Source* const table = endpoint.find("headers"); table != nullptr) {
    set_headers(probe, table->read_members(), table);
  }
  if (const auto body = endpoint.read_text("body"); body && !body->empty()) {
    set_body(probe, secret_literal(probe, "body", *body));
  }
  if (endpoint.read_flag("graphql").value_or(false)) {
    probe.unfit.emplace_back("graphql: the body has to be the whole request, { \"query\": … }");
  }
}

void read_dns(Source& endpoint, const std::string& url, DraftProbe& probe) {
  Source& dns = *endpoint.find("dns");
  probe.set("name", toml_text(dns.read_text("query-name").value_or("")));
  const std::string type = dns.read_text("query-type").value_or("A");
  probe.set("type", toml_text(type));
  if (!is_dns_type(type)) probe.unfit.push_back("there is no type " + type);
  set_resolver(probe, url.substr(url.find("://") == std::string::npos ? 0 : url.find("://") + 3));
}

void read_other(Source& endpoint, const std::string& scheme, const std::string& rest, DraftProbe& probe) {
  const std::string authority = rest.substr(0, rest.find('/'));
  if (probe.kind == "icmp") return set_ping(probe, authority);
  if (probe.kind == "websocket") {
    set_url(probe, scheme + "://" + rest);
    if (const auto body = endpoint.read_text("body"); body && !body->empty()) {
      probe.set("send", secret_literal(probe, "body", *body));
    }
    return;
  }
  probe.set("address", toml_text(authority));
  if (scheme == "grpcs") probe.set("tls", "true");
  if (scheme != "starttls") return;
  if (const auto protocol = starttls_of(authority)) return probe.set("starttls", toml_text(*protocol));
  probe.unfit.emplace_back("the protocol of starttls cannot be told from the port");
}

/// Without verifying where Gatus does not: a probe that does would fail at once.
void read_insecure(Source& client, const std::string& scheme, DraftProbe& probe) {
  if (!client.read_flag("insecure").value_or(false)) return;
  if (probe.kind == "http" || scheme == "wss" || scheme == "grpcs") return probe.set("tls_verify", "false");
  if (probe.kind == "tls") return probe.unfit.push_back("insecure: a tls probe holds certificates to be good");
  client.drop("insecure", "it has no use without TLS");
}

/// Ways to reach and to convince a server that Candor does not have, or in part.
void read_ways(Source& client, DraftProbe& probe) {
  for (const std::string_view key : {"oauth2", "identity-aware-proxy", "tunnel"}) {
    Source* const way = client.find(key);
    if (way == nullptr || way->kind() == Source::Kind::null) continue;
    probe.unfit.push_back(fmt::format("without {} the server would not answer", key));
  }
  Source* const tls = client.find("tls");
  if (tls == nullptr) return;
  const auto certificate = tls->read_text("certificate-file");
  const auto key = tls->read_text("private-key-file");
  if (certificate.value_or("").empty() && key.value_or("").empty()) return;
  if (probe.kind != "http") return probe.unfit.push_back("client certificates are shown by http probes only");
  probe.set("client_certificate", toml_file(certificate.value_or("")));
  probe.set("client_key", toml_file(key.value_or("")));
}

void read_client(Source& endpoint, const std::string& scheme, DraftProbe& probe) {
  Source* const client = endpoint.find("client");
  if (client == nullptr) return;
  const bool http = probe.kind == "http";
  read_insecure(*client, scheme, probe);
  read_ways(*client, probe);
  if (http && client->read_flag("ignore-redirect").value_or(false)) probe.set("redirects", "0");
  if (const auto proxy = http ? client->read_text("proxy-url") : std::nullopt; proxy && !proxy->empty()) {
    probe.set("proxy", secret_literal(probe, "proxy", *proxy));
  }
  const std::string network = client->read_text("network").value_or("ip");
  if (network == "ip") return;
  if (probe.kind != "icmp") return client->drop("network", "Gatus heeds it with icmp only");
  if (network != "ip4" && network != "ip6") return client->drop("network", "it is none of ip, ip4 and ip6");
  probe.set("family", toml_text(network == "ip4" ? "ipv4" : "ipv6"));
}

/// Who is paged is told; how often something must have failed is part of the probe. Gatus takes 3 and 2 where neither
/// the alert nor the default of its type says another.
void read_alerts(Source& endpoint, const Defaults& defaults, DraftProbe& probe) {
  Source* const alerts = endpoint.find("alerts");
  if (alerts == nullptr || alerts->items().empty()) return;
  Source& first = alerts->items().front();
  const Source* const type = first.find("type");
  const auto found = type != nullptr ? defaults.find(type->text()) : defaults.end();
  const auto set = [&](std::string_view key, const char* ours, int usual) {
    auto text = first.read_text(key);
    if (!text && found != defaults.end()) text = found->second->read_text(key);
    probe.set_count(ours, number_or(probe, key, text, usual, 1));
  };
  set("failure-threshold", "fall", 3);
  set("success-threshold", "rise", 2);
}

void drop_alerts(Source& endpoint) {
  Source* const alerts = endpoint.find("alerts");
  if (alerts == nullptr) return;
  for (Source& alert : alerts->items()) alert.drop("type", "who is paged stands in [[contact]] and [[escalation]]");
}

std::string kind_of(Source& endpoint, const std::string& url, const std::string& scheme) {
  static const std::map<std::string, std::string> kinds{{"http", "http"},     {"https", "http"},   {"tcp", "tcp"},
                                                        {"icmp", "icmp"},     {"tls", "tls"},      {"ws", "websocket"},
                                                        {"wss", "websocket"}, {"starttls", "tls"}, {"grpc", "grpc"},
                                                        {"grpcs", "grpc"},    {"ssh", "ssh"}};
  if (endpoint.find("dns") != nullptr) return "dns";
  // A whole url in a variable is most likely one of http.
  if (scheme.empty() && RE2::FullMatch(url, R"(\$(\w+|\{\w+\}))")) return "http";
  const auto found = kinds.find(scheme);
  return found == kinds.end() ? std::string{} : found->second;
}

void read_conditions(Source& endpoint, DraftProbe& probe) {
  const std::string sent = probe.kind == "tcp" ? endpoint.read_text("body").value_or("") : "";
  GatusConditions conditions{probe, sent};
  if (Source* const list = endpoint.find("conditions"); list != nullptr) {
    std::size_t dropped = 0;
    for (Source& condition : list->items()) {
      condition.read();
      const std::string why = conditions.add(condition.text());
      if (why.empty()) continue;
      condition.drop(condition.text() + ": " + why);
      ++dropped;
    }
    if (probe.kind == "http" && dropped > 0 && dropped == list->items().size()) {
      probe.changed.emplace_back("none of its conditions was imported: any answer is ok, whatever its status");
    }
  }
  conditions.end();
}

/// Names the probe and its component.
void read_names(Source& endpoint, DraftProbe& probe) {
  probe.title = public_name(probe, "name", endpoint.read_text("name").value_or(""));
  if (probe.title.empty()) probe.title = "endpoint";
  probe.group = public_name(probe, "group", endpoint.read_text("group").value_or(""));
  probe.name = probe.group.empty() ? probe.title : probe.group + "-" + probe.title;
  if (!endpoint.read_flag("enabled").value_or(true)) probe.unfit.emplace_back("it was not enabled");
  if (holds_variable(probe, probe.name)) {
    probe.changed.emplace_back("its name holds a variable, which is not put in: customers would see it as it is");
  }
}

void read_times(Source& endpoint, DraftProbe& probe) {
  Source* const client = endpoint.find("client");
  const auto timeout = client != nullptr ? client->read_text("timeout") : std::nullopt;
  probe.set_times(duration_or(probe, "interval", endpoint.read_text("interval"), &read_go_duration, usual_interval),
                  duration_or(probe, "client.timeout", timeout, &read_go_duration, usual_timeout));
}

/// What is looked up and connected to is no secret, and takes no variable.
void refuse_variables(DraftProbe& probe) {
  for (const auto& [key, literal] : probe.settings) {
    const bool plain = key == "address" || key == "host" || key == "name" || key == "resolver" || key == "method";
    if (plain && holds_variable(probe, literal)) {
      probe.unfit.push_back(fmt::format("{} holds a variable, which is not put in", key));
    }
  }
}

void add_endpoint(Source& endpoint, const Defaults& defaults, Draft& draft) {
  const std::string url = endpoint.read_text("url").value_or("");
  std::string scheme;
  RE2::PartialMatch(url, R"(^([A-Za-z][A-Za-z0-9+.-]*)://)", &scheme);
  DraftProbe probe{.kind = kind_of(endpoint, url, scheme), .variables = true};
  if (probe.kind.empty())
    return endpoint.drop(fmt::format("there is no probe for {}", scheme.empty() ? "such a url" : scheme));
  read_names(endpoint, probe);
  read_times(endpoint, probe);
  read_alerts(endpoint, defaults, probe);
  drop_alerts(endpoint);
  if (Source* const labels = endpoint.find("extra-labels"); labels != nullptr) {
    for (Source& label : labels->items()) probe.set_label(label.key(), labels->read_text(label.key()).value_or(""));
  }
  if (probe.kind == "http") {
    read_http(endpoint, url, probe);
  } else if (probe.kind == "dns") {
    read_dns(endpoint, url, probe);
  } else {
    read_other(endpoint, scheme, url.substr(scheme.size() + 3), probe);
  }
  if (probe.kind == "ssh") {
    for (const std::string_view key : {"ssh", "body"})
      endpoint.drop(key, "an ssh probe reads the greeting and logs in as nobody");
  }
  read_client(endpoint, scheme, probe);
  read_conditions(endpoint, probe);
  refuse_variables(probe);
  probe.not_imported = endpoint.leftovers();
  draft.add(std::move(probe));
}

/// Endpoints that others report to Gatus.
void add_external(Source& endpoint, Draft& draft) {
  DraftProbe probe{.kind = "heartbeat", .variables = true};
  read_names(endpoint, probe);
  Source* const heartbeat = endpoint.find("heartbeat");
  const auto text = heartbeat != nullptr ? heartbeat->read_text("interval") : std::nullopt;
  const std::optional<Duration> late = text ? read_go_duration(*text) : std::nullopt;
  const bool known = late && *late > 0ms;
  probe.set_late_after(known ? *late : usual_absence);
  probe.changed.emplace_back("whoever reports calls /api/v1/heartbeat/NAME now");
  if (!known) {
    probe.changed.push_back(
        fmt::format("heartbeat.interval was {}: Gatus knew no longest time between two calls, and {} is a guess",
                    text ? toml_text(*text) : "absent", format_duration(usual_absence)));
  }
  endpoint.drop("token", "the API has tokens of its own, in [auth]");
  drop_alerts(endpoint);
  probe.not_imported = endpoint.leftovers();
  draft.add(std::move(probe));
}

/// What alerts of each type are unless they say something else: `default-alert`.
Defaults read_defaults(Source& source) {
  Defaults defaults;
  Source* const alerting = source.find("alerting");
  if (alerting == nullptr) return defaults;
  for (Source& provider : alerting->items()) {
    if (Source* const alert = provider.find("default-alert"); alert != nullptr) defaults[provider.key()] = alert;
  }
  return defaults;
}

}  // namespace

Result<void> import_gatus(Source& source, Source* /*beside*/, Draft& draft) {
  Source* endpoints = source.find("endpoints");
  if (endpoints == nullptr) endpoints = source.find("services");  // as they were called before 2022
  Source* const external = source.find("external-endpoints");
  if (endpoints == nullptr && external == nullptr) return failure("it has no endpoints: it is not Gatus's");
  if (endpoints != nullptr) {
    const Defaults defaults = read_defaults(source);
    for (Source& endpoint : endpoints->items()) add_endpoint(endpoint, defaults, draft);
  }
  if (external != nullptr) {
    for (Source& endpoint : external->items()) add_external(endpoint, draft);
  }
  source.drop("alerting", "who is paged stands in [[contact]] and [[escalation]]");
  source.drop("connectivity", "write a probe of what it asks, and name it in [self_check]");
  source.drop("storage", "the journal is in [store]");
  source.drop("ui", "the page is in [page]");
  source.drop("web", "addresses are in [listen]");
  source.drop("security", "who may do what is in [auth]");
  return {};
}

}  // namespace candor::ctl
