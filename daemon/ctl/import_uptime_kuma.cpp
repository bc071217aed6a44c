// Uptime Kuma: the JSON of Settings → Backup → Export, which version 1 has. Members that are null, empty or false say
// nothing and are not told as left out.

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "daemon/ctl/import.h"
#include "daemon/ctl/import_uptime_kuma_references.h"
#include "daemon/ctl/import_uptime_kuma_services.h"
#include "daemon/ctl/import_words.h"
#include "probes/kinds/kinds.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

/// What describes the monitor or its history, or is there for types that are not imported: nothing that is watched.
const std::set<std::string_view> housekeeping{
    "id",         "weight", "dns_last_result",  "includeSensitiveData",    "pathName", "path", "childrenIDs",
    "screenshot", "parent", "httpBodyEncoding", "kafkaProducerSaslOptions"};

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
                                                         {"oauth_auth_method", "client_secret_basic"},
                                                         {"gamedigGivenPortOnly", "true"},
                                                         {"snmpVersion", "2c"},
                                                         {"jsonPath", "$"},
                                                         {"resendInterval", "0"},
                                                         {"conditions", "[]"}};

constexpr Duration usual_interval = 60s;
constexpr int usual_redirects = 10;
constexpr int most_redirects = 20;

/// Headers are a JSON object in a text.
std::map<std::string, std::string> read_headers(Source& monitor, DraftProbe& probe) {
  Source* const table = monitor.find("headers");
  if (table == nullptr || table->text().empty()) return {};
  if (unfold_json(*table) && table->is_map()) return table->read_members();
  table->read();
  probe.unfit.emplace_back("its headers are not a JSON object");
  return {};
}

void read_body(Source& monitor, DraftProbe& probe, std::map<std::string, std::string>& headers) {
  const std::string body = monitor.read_text("body").value_or("");
  const std::string encoding = monitor.read_text("httpBodyEncoding").value_or("json");
  if (body.empty()) return;
  set_body(probe, toml_text(body));
  const bool typed =
      std::ranges::any_of(headers, [](const auto& header) { return RE2::FullMatch(header.first, "(?i)content-type"); });
  static const std::map<std::string, std::string> types{
      {"json", "application/json"}, {"xml", "text/xml; charset=utf-8"}, {"form", "application/x-www-form-urlencoded"}};
  const auto type = types.find(encoding);
  if (probe.has("body") && !typed && type != types.end()) headers["Content-Type"] = type->second;
}

void read_credentials(Source& monitor, DraftProbe& probe) {
  const std::string method = monitor.read_text("authMethod").value_or("");
  if (method.empty() || method == "basic") {
    const std::string password = monitor.read_text("basic_auth_pass").value_or("");
    set_user(probe, monitor.read_text("basic_auth_user").value_or(""), password.empty() ? "" : toml_text(password));
  } else if (method == "mtls") {
    probe.set("client_certificate", toml_text(monitor.read_text("tlsCert").value_or("")));
    probe.set("client_key", toml_text(monitor.read_text("tlsKey").value_or("")));
  } else {
    probe.unfit.push_back(fmt::format("there is no authentication by {}", method));
  }
}

void read_status(Source& monitor, DraftProbe& probe) {
  std::vector<std::string> statuses;
  std::vector<std::string> refused;
  for (const std::string& status : monitor.read_texts("accepted_statuscodes")) {
    int first = 0;
    int last = 0;
    const bool range = RE2::FullMatch(status, "([1-5][0-9][0-9])-([1-5][0-9][0-9])", &first, &last) && first <= last;
    const bool fits = range || RE2::FullMatch(status, "[1-5][0-9][0-9]");
    (fits ? statuses : refused).push_back(toml_text(status));
  }
  if (!refused.empty()) {
    monitor.drop("accepted_statuscodes",
                 fmt::format("statuses are 100 to 599; left out: {}", fmt::join(refused, ", ")));
  }
  if (!statuses.empty() && statuses != std::vector{toml_text("200-299")}) probe.set("status", toml_list(statuses));
}

void read_redirects(Source& monitor, DraftProbe& probe) {
  const int wanted = number_or(probe, "maxredirects", monitor.read_text("maxredirects"), usual_redirects, 0);
  const int used = std::min(wanted, most_redirects);
  if (used != wanted) probe.changed.push_back(fmt::format("redirects was {}; Candor's bound is {}", wanted, used));
  if (used != usual_redirects) probe.set("redirects", fmt::format("{}", used));
}

void read_proxy(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe) {
  const auto id = monitor.read_text("proxyId");
  if (!id || id->empty()) return;
  const auto proxy = references.proxies.find(*id);
  if (proxy != references.proxies.end()) return probe.set("proxy", toml_text(proxy->second));
  monitor.drop("proxyId", "there is no such proxy, or it was not active");
}

void read_http(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe) {
  const std::string url = monitor.read_text("url").value_or("");
  set_url(probe, url);
  set_method(probe, monitor.read_text("method").value_or("GET"));
  read_credentials(monitor, probe);
  std::map<std::string, std::string> headers = read_headers(monitor, probe);
  read_body(monitor, probe, headers);
  set_headers(probe, headers, monitor.find("headers"));
  read_status(monitor, probe);
  read_redirects(monitor, probe);
  if (monitor.read_flag("ignoreTls").value_or(false)) probe.set("tls_verify", "false");
  if (monitor.read_flag("expiryNotification").value_or(false)) {
    if (url.starts_with("https://")) probe.set("cert_degraded_below", toml_text("21d"));
    if (!url.starts_with("https://")) monitor.drop("expiryNotification", "a certificate is there with https only");
  }
  read_proxy(monitor, references, probe);
}

/// Uptime Kuma writes a body of JSON anew before it looks: without white space and escapes.
void set_keyword(DraftProbe& probe, const std::string& keyword) {
  std::string name;
  std::string value;
  if (RE2::FullMatch(keyword, R"re(("[\w .-]*"):("[\w .-]*"|true|false|null|\d+))re", &name, &value)) {
    return set_body_matches(probe, quoted_pattern(name) + R"(\s*:\s*)" + quoted_pattern(value));
  }
  set_body_matches(probe, quoted_pattern(keyword));
  if (!RE2::PartialMatch(keyword, R"re([":,{}\[\]\\]|[^[:ascii:]])re")) return;
  probe.changed.emplace_back("the keyword was looked for in JSON without white space and escapes; here they count");
}

void read_keyword(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe) {
  read_http(monitor, references, probe);
  const std::string keyword = monitor.read_text("keyword").value_or("");
  if (monitor.read_flag("invertKeyword").value_or(false)) {
    probe.unfit.emplace_back("a text that must not be there has no counterpart");
  } else if (!keyword.empty()) {
    set_keyword(probe, keyword);
  }
}

void read_json_query(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe) {
  read_http(monitor, references, probe);
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

void read_ping(Source& monitor, const UptimeKumaReferences&, DraftProbe& probe) {
  set_ping(probe, monitor.read_text("hostname").value_or(""));
}

void read_dns(Source& monitor, const UptimeKumaReferences&, DraftProbe& probe) {
  probe.set("name", toml_text(monitor.read_text("hostname").value_or("")));
  const std::string type = monitor.read_text("dns_resolve_type").value_or("A");
  if (type != "A") probe.set("type", toml_text(type));
  const std::string servers = monitor.read_text("dns_resolve_server").value_or("1.1.1.1");
  const std::string first = servers.substr(0, servers.find(','));
  set_resolver(probe, first, monitor.read_text("port").value_or(""));
  if (first != servers) monitor.drop("dns_resolve_server", "only the first one is asked");
}

void read_push(Source& monitor, const UptimeKumaReferences&, DraftProbe& probe) {
  probe.set_late_after(duration_or(probe, "interval", monitor.read_text("interval"), &read_seconds, usual_interval));
  probe.changed.emplace_back("whoever calls has to call /api/v1/heartbeat/NAME now");
  monitor.drop("pushToken", "the API has tokens of its own, in [auth]");
}

void read_grpc(Source& monitor, const UptimeKumaReferences&, DraftProbe& probe) {
  probe.set("address", toml_text(monitor.read_text("grpcUrl").value_or("")));
  if (monitor.read_flag("grpcEnableTls").value_or(false)) probe.set("tls", "true");
  if (!monitor.read_text("grpcMetadata").value_or("").empty()) {
    probe.unfit.emplace_back("it sends metadata, which may say who asks: a grpc probe sends none");
  }
  for (const std::string_view key :
       {"grpcProtobuf", "grpcMethod", "grpcBody", "grpcServiceName", "grpcMetadata", "keyword"}) {
    monitor.drop(key, "Candor asks the standard health service");
  }
}

struct Type {
  std::string_view kind;
  void (*read)(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe);
};

const std::map<std::string_view, Type> types{{"http", {"http", &read_http}},
                                             {"keyword", {"http", &read_keyword}},
                                             {"json-query", {"http", &read_json_query}},
                                             {"port", {"tcp", &read_port}},
                                             {"ping", {"icmp", &read_ping}},
                                             {"dns", {"dns", &read_dns}},
                                             {"push", {"heartbeat", &read_push}},
                                             {"grpc-keyword", {"grpc", &read_grpc}},
                                             {"mqtt", {"mqtt", &read_mqtt}},
                                             {"redis", {"redis", &read_redis}},
                                             {"postgres", {"postgres", &read_postgres}},
                                             {"mysql", {"mysql", &read_mysql}}};

void read_tags(Source& monitor, DraftProbe& probe) {
  Source* const tags = monitor.find("tags");
  if (tags == nullptr) return;
  for (Source& tag : tags->items()) {
    for (const std::string_view key : {"id", "tag_id", "monitor_id", "color"}) tag.read_text(key);
    const auto name = tag.read_text("name");
    if (!name) {
      tag.drop("it has no name");
      continue;
    }
    const std::string value = tag.read_text("value").value_or("");
    const std::size_t before = probe.labels.size();
    probe.set_label(*name, value.empty() ? "true" : value);
    if (value.empty() && probe.labels.size() > before) {
      probe.changed.push_back(fmt::format("the tag {} has no value; its label is \"true\"", *name));
    }
  }
}

/// Without reading the member; one that is absent says "".
bool says(Source& monitor, std::string_view key, std::string_view text) {
  const Source* const member = monitor.find(key);
  return member != nullptr ? member->text() == text : text.empty();
}

/// A timeout of 0, and none, is four fifths of the interval.
Duration read_timeout(Source& monitor, DraftProbe& probe, Duration every) {
  auto text = monitor.read_text("timeout");
  if (text == "0") text.reset();
  return duration_or(probe, "timeout", text, &read_seconds, every * 4 / 5);
}

void read_rhythm(Source& monitor, DraftProbe& probe) {
  if (probe.kind == "heartbeat") {
    monitor.read_text("timeout");
    // Retries of a heartbeat wait for one more interval each, which late_after could say; they are told.
    if (!says(monitor, "maxretries", "0")) {
      return monitor.drop("maxretries", "late_after says how long a call may be late");
    }
    monitor.read_text("maxretries");
    return;
  }
  const Duration every = duration_or(probe, "interval", monitor.read_text("interval"), &read_seconds, usual_interval);
  probe.set_times(every, read_timeout(monitor, probe, every));
  const int retries = number_or(probe, "maxretries", monitor.read_text("maxretries"), 0, 0);
  if (retries > 0) probe.set_count("fall", retries + 1);
  auto text = monitor.read_text("retryInterval");
  if (retries == 0 || text == "0") return;
  const Duration again = duration_or(probe, "retryInterval", text, &read_seconds, every);
  if (again != every) probe.set_retry_interval(again);
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

/// Where it stands and whether it ran.
void read_place(Source& monitor, const UptimeKumaReferences& references, DraftProbe& probe) {
  const auto parent = monitor.read_text("parent");
  if (const auto group = references.groups.find(parent.value_or("")); group != references.groups.end()) {
    probe.group = public_name(probe, "group", group->second);
  } else if (parent) {
    monitor.drop("parent", "its group is not in the backup");
  }
  if (monitor.read_flag("active") == false) {
    probe.unfit.emplace_back("it was paused");
  } else if (monitor.read_flag("forceInactive").value_or(false) || references.paused.contains(parent.value_or(""))) {
    probe.unfit.emplace_back("its group was paused");
  }
  if (monitor.read_flag("maintenance").value_or(false)) {
    monitor.drop("maintenance", "it was in maintenance when it was exported; here it is probed");
  }
  if (monitor.read_flag("upsideDown").value_or(false)) {
    probe.unfit.emplace_back("upside down: a probe that is ok while its target fails has no counterpart");
  }
}

/// Why there is no probe of such a type; Candor has some that are set up in another way.
std::string refusal_of(const std::string& type) {
  if (type.empty()) return "it has no type";
  const bool ours = std::ranges::find(probes::kinds(), type, &probes::Kind::name) != probes::kinds().end();
  const std::string hint = ours ? fmt::format(": write a [probe.{}] by hand", type) : "";
  return fmt::format("there is no probe like a monitor of the type {}{}", type, hint);
}

/// Ids of groups and proxies that stand in what was made.
struct Used {
  std::set<std::string> groups;
  std::set<std::string> proxies;
};

bool is_group(Source& monitor) { return says(monitor, "type", "group"); }

/// Tells what a group says beside its name, which Candor's groups cannot.
void drop_parts(Source& group) {
  skip_what_says_nothing(group);
  // The timeout is not for groups, and without retries there is no time between them.
  for (const std::string_view key : {"type", "name", "active", "forceInactive", "timeout"}) group.read_text(key);
  if (says(group, "interval", "60")) group.read_text("interval");
  if (says(group, "maxretries", "0") || says(group, "maxretries", "")) {
    for (const std::string_view key : {"maxretries", "retryInterval"}) group.read_text(key);
  }
  static const std::map<std::string_view, std::string_view> reasons{
      {"description", "a group has no description"},
      {"maintenance", "it was in maintenance when it was exported; here its components are probed"},
      {"tags", "labels are those of probes"},
      {"notificationIDList", "who is paged stands in [[contact]] and [[escalation]]"}};
  for (Source& part : group.items()) {
    const auto reason = reasons.find(part.key());
    if (part.touched()) continue;
    group.drop(part.key(),
               std::string{reason != reasons.end() ? reason->second : "a group is not watched: its components are"});
  }
}

/// Tells of the group, and of its parts.
void drop_group(Source& group, const UptimeKumaReferences& references, const Used& used, Draft& draft) {
  const bool nested = references.groups.contains(group.read_text("parent").value_or(""));
  const std::string id = group.read_text("id").value_or("");
  const bool holds = !id.empty() && used.groups.contains(id);
  drop_parts(group);
  std::vector<Leftover> parts = group.leftovers();
  if (!holds) {
    group.drop("no component stands in it, and groups hold no groups");
  } else {
    group.drop(nested
                   ? "it became the group of its components, without the one that it stands in: groups hold no groups"
                   : "it became the group of its components, and is no probe of its own");
  }
  draft.add_not_imported(group.leftovers());
  draft.add_not_imported(std::move(parts));
}

void drop_unused_proxies(Source& backup, const Used& used) {
  Source* const proxies = backup.find("proxyList");
  if (proxies == nullptr) return;
  for (Source& proxy : proxies->items()) {
    if (!used.proxies.contains(proxy.read_text("id").value_or(""))) proxy.drop("no probe goes through it");
  }
}

void add_monitor(Source& monitor, const UptimeKumaReferences& references, Used& used, Draft& draft) {
  const std::string type = monitor.read_text("type").value_or("");
  DraftProbe probe;
  probe.title = public_name(probe, "name", monitor.read_text("name").value_or(""));
  if (probe.title.empty()) probe.title = "monitor";
  const auto found = types.find(type);
  if (found == types.end()) return monitor.drop(fmt::format("{}: {}", probe.title, refusal_of(type)));
  probe.name = probe.title;
  probe.kind = found->second.kind;
  read_rhythm(monitor, probe);
  found->second.read(monitor, references, probe);
  read_tags(monitor, probe);
  read_place(monitor, references, probe);
  used.groups.insert(monitor.read_text("parent").value_or(""));
  if (probe.has("proxy")) used.proxies.insert(monitor.read_text("proxyId").value_or(""));
  skip_what_says_nothing(monitor);
  monitor.drop("notificationIDList", "who is paged stands in [[contact]] and [[escalation]]");
  if (!monitor.read_text("description").value_or("").empty()) {
    monitor.drop("description", "a component's description stands on the public page: write it for customers");
  }
  probe.not_imported = monitor.leftovers();
  draft.add(std::move(probe));
}

}  // namespace

Result<void> import_uptime_kuma(Source& source, Source* /*beside*/, Draft& draft) {
  Source* const monitors = source.find("monitorList");
  if (monitors == nullptr) return failure("it has no monitorList: it is not a backup of Uptime Kuma");
  source.read_text("version");
  const UptimeKumaReferences references = read_references(source, *monitors);
  Used used;
  for (Source& monitor : monitors->items()) {
    if (!is_group(monitor)) add_monitor(monitor, references, used, draft);
  }
  for (Source& monitor : monitors->items()) {
    if (is_group(monitor)) drop_group(monitor, references, used, draft);
  }
  drop_unused_proxies(source, used);
  source.drop("notificationList", "who is paged stands in [[contact]] and [[escalation]]");
  return {};
}

}  // namespace candor::ctl
