// Uptime Kuma: the JSON of Settings → Backup → Export, which version 1 has. Members that are null, empty or false say
// nothing and are not told as left out.

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <re2/re2.h>

#include "daemon/ctl/import.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

/// What describes the monitor or its history, and nothing that is watched.
const std::set<std::string_view> housekeeping{"id",
                                              "weight",
                                              "dns_last_result",
                                              "includeSensitiveData",
                                              "pathName",
                                              "path",
                                              "childrenIDs",
                                              "maintenance",
                                              "screenshot",
                                              "description",
                                              "forceInactive",
                                              "parent",
                                              "resendInterval",
                                              "httpBodyEncoding",
                                              "conditions"};

/// Defaults that every monitor has, whatever its type.
const std::map<std::string_view, std::string_view> usual{{"packetSize", "56"},
                                                         {"dns_resolve_type", "A"},
                                                         {"dns_resolve_server", "1.1.1.1"},
                                                         {"maxredirects", "10"},
                                                         {"accepted_statuscodes", "200-299"},
                                                         {"method", "GET"},
                                                         {"mqttTopic", ""},
                                                         {"retryInterval", "60"},
                                                         {"url", "https://"},
                                                         {"mqttCheckType", "keyword"},
                                                         {"jsonPathOperator", "=="},
                                                         {"kafkaProducerSaslOptions", "None"},
                                                         {"gamedigGivenPortOnly", "true"},
                                                         {"snmpVersion", "2c"},
                                                         {"jsonPath", "$"},
                                                         {"retryInterval", "60"}};

struct Groups {
  std::map<std::string, std::string> names;    ///< of groups, by id
  std::map<std::string, std::string> proxies;  ///< URLs, by id
};

std::optional<Duration> read_seconds(Source& monitor, std::string_view key) {
  const auto text = monitor.read_text(key);
  double seconds = 0;
  if (!text || !RE2::FullMatch(*text, R"((\d{1,9}(?:\.\d+)?))", &seconds)) return std::nullopt;
  return Duration{static_cast<Duration::rep>(seconds * 1000)};
}

/// Headers are a JSON object in a text.
std::map<std::string, std::string> read_headers(Source& monitor) {
  std::map<std::string, std::string> headers;
  const std::string text = monitor.read_text("headers").value_or("");
  if (text.empty()) return headers;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  const boost::json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    monitor.drop("headers", "it is not a JSON object");
    return headers;
  }
  for (const auto& [name, header] : *object) {
    const auto* const plain = header.if_string();
    headers.emplace(name,
                    plain != nullptr ? std::string{plain->data(), plain->size()} : boost::json::serialize(header));
  }
  return headers;
}

void read_body(Source& monitor, DraftProbe& probe, std::map<std::string, std::string>& headers,
               const std::string& method) {
  const std::string body = monitor.read_text("body").value_or("");
  const std::string encoding = monitor.read_text("httpBodyEncoding").value_or("json");
  if (body.empty() || method == "HEAD") return;
  probe.set("body", toml_text(body));
  const bool typed =
      std::ranges::any_of(headers, [](const auto& header) { return RE2::FullMatch(header.first, "(?i)content-type"); });
  static const std::map<std::string, std::string> types{
      {"json", "application/json"}, {"xml", "text/xml; charset=utf-8"}, {"form", "application/x-www-form-urlencoded"}};
  if (const auto type = types.find(encoding); !typed && type != types.end()) headers["Content-Type"] = type->second;
}

void read_credentials(Source& monitor, DraftProbe& probe, std::string& user, std::string& password) {
  const std::string method = monitor.read_text("authMethod").value_or("");
  if (method.empty() || method == "basic") {
    user = monitor.read_text("basic_auth_user").value_or("");
    password = monitor.read_text("basic_auth_pass").value_or("");
  } else if (method == "mtls") {
    probe.set("client_certificate", toml_text(monitor.read_text("tlsCert").value_or("")));
    probe.set("client_key", toml_text(monitor.read_text("tlsKey").value_or("")));
  } else {
    monitor.drop("authMethod", fmt::format("there is no authentication by {}", method));
  }
}

void read_status(Source& monitor, DraftProbe& probe) {
  std::vector<std::string> statuses;
  for (const std::string& status : monitor.read_texts("accepted_statuscodes")) {
    if (RE2::FullMatch(status, "[1-5][0-9][0-9](-[1-5][0-9][0-9])?")) {
      statuses.push_back(toml_text(status));
    } else {
      monitor.drop("accepted_statuscodes", "statuses are 100 to 599");
    }
  }
  if (!statuses.empty() && statuses != std::vector{toml_text("200-299")}) probe.set("status", toml_list(statuses));
}

void read_http(Source& monitor, const Groups& groups, DraftProbe& probe) {
  std::string user;
  std::string password;
  read_credentials(monitor, probe, user, password);
  set_url(probe, monitor.read_text("url").value_or(""), user, password);
  const std::string method = monitor.read_text("method").value_or("GET");
  if (method != "GET") probe.set("method", toml_text(method));
  std::map<std::string, std::string> headers = read_headers(monitor);
  read_body(monitor, probe, headers, method);
  set_headers(probe, headers, nullptr);
  read_status(monitor, probe);
  int redirects = 10;
  RE2::FullMatch(monitor.read_text("maxredirects").value_or(""), R"((\d{1,6}))", &redirects);
  if (redirects != 10) probe.set("redirects", fmt::format("{}", std::min(redirects, 20)));
  if (monitor.read_flag("ignoreTls").value_or(false)) probe.set("tls_verify", "false");
  if (monitor.read_flag("expiryNotification").value_or(false)) probe.set("cert_degraded_below", toml_text("21d"));
  if (const auto proxy = groups.proxies.find(monitor.read_text("proxyId").value_or(""));
      proxy != groups.proxies.end()) {
    probe.set("proxy", toml_text(proxy->second));
  }
}

void read_keyword(Source& monitor, const Groups& groups, DraftProbe& probe) {
  read_http(monitor, groups, probe);
  const std::string keyword = monitor.read_text("keyword").value_or("");
  if (monitor.read_flag("invertKeyword").value_or(false)) {
    probe.unfit.emplace_back("a text that must not be there has no counterpart");
  } else if (!keyword.empty()) {
    set_body_matches(probe, quoted_pattern(keyword));
  }
}

void read_json_query(Source& monitor, const Groups& groups, DraftProbe& probe) {
  read_http(monitor, groups, probe);
  const std::string path = monitor.read_text("jsonPath").value_or("$");
  const std::string sign = monitor.read_text("jsonPathOperator").value_or("==");
  const std::string value = monitor.read_text("expectedValue").value_or("");
  if (sign == "==" && RE2::FullMatch(path, R"((\$\.)?[A-Za-z_][A-Za-z0-9_]*((\.[A-Za-z_][A-Za-z0-9_]*)|(\[\d+\]))*)")) {
    const std::string whole = path.starts_with('$') ? path : "$." + path;
    // Uptime Kuma compares texts, and Candor tells 3 from "3": a pattern takes both.
    const bool plain = RE2::FullMatch(value, R"(true|false|-?\d+(\.\d+)?)");
    const std::string wanted =
        plain ? "matches = " + toml_text("^" + quoted_pattern(value) + "$") : "equals = " + toml_text(value);
    probe.set("json", fmt::format("[{{ path = {}, {} }}]", toml_text(whole), wanted));
    return;
  }
  probe.unfit.emplace_back("only a path of members that equals a value has a counterpart for jsonPath");
}

void read_port(Source& monitor, const Groups&, DraftProbe& probe) {
  std::string host = monitor.read_text("hostname").value_or("");
  if (is_address(host) && host.find(':') != std::string::npos) host = "[" + host + "]";
  set_address(probe, host + ":" + monitor.read_text("port").value_or(""));
}

void read_ping(Source& monitor, const Groups&, DraftProbe& probe) {
  probe.set("host", toml_text(monitor.read_text("hostname").value_or("")));
  probe.set("packets", "1");
}

void read_dns(Source& monitor, const Groups&, DraftProbe& probe) {
  probe.set("name", toml_text(monitor.read_text("hostname").value_or("")));
  const std::string type = monitor.read_text("dns_resolve_type").value_or("A");
  if (type != "A") probe.set("type", toml_text(type));
  const std::string servers = monitor.read_text("dns_resolve_server").value_or("");
  const std::string first = servers.substr(0, servers.find(','));
  if (const auto resolver = resolver_of(first, monitor.read_text("port").value_or(""))) {
    probe.set("resolver", toml_text(*resolver));
  } else {
    probe.unfit.emplace_back("resolver must be an address");
  }
  if (first != servers) monitor.drop("dns_resolve_server", "only the first one is asked");
}

void read_push(Source& monitor, const Groups&, DraftProbe& probe) {
  const Duration every = read_seconds(monitor, "interval").value_or(60s);
  probe.set("late_after", toml_duration(std::clamp<Duration>(every, 1s, 24h * 400)));
  probe.changed.emplace_back("whoever calls has to call /api/v1/heartbeat/NAME now");
  monitor.drop("pushToken", "the API has tokens of its own, in [auth]");
}

void read_grpc(Source& monitor, const Groups&, DraftProbe& probe) {
  set_address(probe, monitor.read_text("grpcUrl").value_or(""));
  if (monitor.read_flag("grpcEnableTls").value_or(false)) probe.set("tls", "true");
  for (const std::string_view key :
       {"grpcProtobuf", "grpcMethod", "grpcBody", "grpcServiceName", "grpcMetadata", "keyword"}) {
    monitor.drop(key, "Candor asks the standard health service");
  }
}

struct Type {
  std::string_view kind;
  void (*read)(Source& monitor, const Groups& groups, DraftProbe& probe);
};

const std::map<std::string_view, Type> types{{"http", {"http", &read_http}},
                                             {"keyword", {"http", &read_keyword}},
                                             {"json-query", {"http", &read_json_query}},
                                             {"port", {"tcp", &read_port}},
                                             {"ping", {"icmp", &read_ping}},
                                             {"dns", {"dns", &read_dns}},
                                             {"push", {"heartbeat", &read_push}},
                                             {"grpc-keyword", {"grpc", &read_grpc}}};

void read_tags(Source& monitor, DraftProbe& probe) {
  Source* const tags = monitor.find("tags");
  if (tags == nullptr) return;
  for (Source& tag : tags->items()) {
    const auto name = tag.read_text("name");
    const std::string value = tag.read_text("value").value_or("");
    if (name) probe.set_label(*name, value.empty() ? "true" : value);
    tag.read();
  }
}

void read_rhythm(Source& monitor, DraftProbe& probe) {
  const auto timeout = read_seconds(monitor, "timeout");
  const auto every = read_seconds(monitor, "interval");
  if (probe.kind == "heartbeat") {
    // Retries of a heartbeat wait for one more interval each, which late_after could say; they are told.
    return monitor.drop("maxretries", "late_after says how long a call may be late");
  }
  const Duration usual_timeout = every.value_or(60s) * 4 / 5;
  probe.set_times(every, timeout && *timeout > 0ms ? *timeout : usual_timeout);
  int retries = 0;
  RE2::FullMatch(monitor.read_text("maxretries").value_or(""), R"((\d{1,6}))", &retries);
  if (retries > 0) probe.common.emplace_back("fall", fmt::format("{}", std::clamp(retries + 1, 1, 100)));
  const auto again = read_seconds(monitor, "retryInterval");
  if (retries == 0 || !again || *again == 0ms || again == every) return;
  probe.set_retry_interval(*again, every.value_or(30s));
}

/// Reads what says nothing: defaults, and what is empty or false.
void skip_what_says_nothing(Source& monitor) {
  for (Source& member : monitor.items()) {
    const auto found = usual.find(member.key());
    const bool list = member.kind() == Source::Kind::list && member.items().size() == 1;
    const std::string& text = list ? member.items().front().text() : member.text();
    const bool plain = member.kind() == Source::Kind::scalar || list;
    const bool standard = found != usual.end() && plain && text == found->second;
    const bool nothing = member.kind() == Source::Kind::scalar && (text.empty() || text == "false");
    if (standard || nothing || housekeeping.contains(member.key())) member.read();
  }
}

void add_monitor(Source& monitor, const Groups& groups, Draft& draft) {
  const std::string type = monitor.read_text("type").value_or("");
  if (type == "group") return monitor.drop("it became the group of its components, and is no probe of its own");
  const auto found = types.find(type);
  const std::string title = monitor.read_text("name").value_or("monitor");
  if (found == types.end()) {
    return monitor.drop(fmt::format("{}: there is no probe like a monitor of the type {}", title, type));
  }
  DraftProbe probe{.name = title, .kind = std::string{found->second.kind}, .title = title};
  const auto group = groups.names.find(monitor.read_text("parent").value_or(""));
  if (group != groups.names.end()) probe.group = group->second;
  read_rhythm(monitor, probe);
  found->second.read(monitor, groups, probe);
  read_tags(monitor, probe);
  if (monitor.find("active") != nullptr && !monitor.read_flag("active").value_or(true)) {
    probe.unfit.emplace_back("it was paused");
  }
  if (monitor.read_flag("upsideDown").value_or(false)) {
    probe.unfit.emplace_back("upside down: a probe that is ok while its target fails has no counterpart");
  }
  skip_what_says_nothing(monitor);
  monitor.drop("notificationIDList", "who is paged stands in [[contact]] and [[escalation]]");
  probe.not_imported = monitor.leftovers();
  draft.add(std::move(probe));
}

Groups read_groups(Source& source, Source& monitors) {
  Groups groups;
  for (Source& monitor : monitors.items()) {
    if (monitor.find("type") == nullptr || monitor.find("type")->text() != "group") continue;
    const Source* const id = monitor.find("id");
    const Source* const name = monitor.find("name");
    if (id != nullptr && name != nullptr) groups.names[id->text()] = name->text();
  }
  Source* const proxies = source.find("proxyList");
  if (proxies == nullptr) return groups;
  for (Source& proxy : proxies->items()) {
    const auto host = proxy.read_text("host");
    const auto id = proxy.read_text("id");
    if (!host || !id) continue;
    groups.proxies[*id] = fmt::format("{}://{}:{}", proxy.read_text("protocol").value_or("http"), *host,
                                      proxy.read_text("port").value_or("8080"));
    for (const std::string_view key : {"active", "default", "createdDate", "userId"}) proxy.read_text(key);
    if (!proxy.read_flag("auth").value_or(false)) {
      proxy.read();
    }
  }
  return groups;
}

}  // namespace

Result<void> import_uptime_kuma(Source& source, Source* /*beside*/, Draft& draft) {
  Source* const monitors = source.find("monitorList");
  if (monitors == nullptr) return failure("it has no monitorList: it is not a backup of Uptime Kuma");
  source.read_text("version");
  const Groups groups = read_groups(source, *monitors);
  for (Source& monitor : monitors->items()) add_monitor(monitor, groups, draft);
  source.drop("notificationList", "who is paged stands in [[contact]] and [[escalation]]");
  return {};
}

}  // namespace candor::ctl
