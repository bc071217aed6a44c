// Gatus: https://github.com/TwiN/gatus#configuration. An endpoint is a URL whose scheme says how it is asked, and
// conditions on what comes back.

#include <algorithm>
#include <bitset>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "daemon/ctl/import.h"
#include "daemon/ctl/import_words.h"
#include "probes/kinds/json_path.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr Duration usual_interval = 1min;
constexpr Duration usual_timeout = 10s;
constexpr int least_status = 100;
constexpr int most_status = 599;

/// "[STATUS] == 200" taken apart.
struct Condition {
  std::string left;
  std::string sign;
  std::string right;
};

std::optional<Condition> parse(const std::string& text) {
  Condition it;
  const bool form = RE2::FullMatch(text, R"(\s*(.+?)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*)", &it.left, &it.sign, &it.right);
  return form ? std::optional{it} : std::nullopt;
}

bool compares(int a, const std::string& sign, int b) {
  if (sign == "==") return a == b;
  if (sign == "!=") return a != b;
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  return sign == ">" ? a > b : a >= b;
}

/// `pat(…)` with its stars as a regular expression; a plain text as one that is the whole.
std::string pattern_of(const std::string& text) {
  std::string inner;
  if (!RE2::FullMatch(text, R"(pat\((.*)\))", &inner)) return "^" + quoted_pattern(text) + "$";
  std::string pattern = inner.starts_with('*') ? "" : "^";
  std::string literal;
  for (const char c : inner) {
    if (c != '*') {
      literal += c;
      continue;
    }
    pattern += quoted_pattern(literal) + ".*";
    literal.clear();
  }
  pattern += quoted_pattern(literal) + (inner.ends_with('*') ? "" : "$");
  while (pattern.starts_with(".*")) pattern.erase(0, 2);
  while (pattern.ends_with(".*")) pattern.resize(pattern.size() - 2);
  return "(?s)" + pattern;
}

/// The conditions of one endpoint, which together become a probe's settings.
class Conditions {
 public:
  /// `sent` is what a TCP endpoint is sent first; may be empty.
  Conditions(DraftProbe& probe, Duration timeout, const std::string& sent) : probe_(probe), timeout_(timeout) {
    statuses_.set();
    if (!sent.empty()) dialogue_.push_back(fmt::format("{{ send = {} }}", toml_text(sent)));
  }

  /// Why it has no counterpart; empty where it has one.
  std::string add(const std::string& text);
  void end();

 private:
  std::string add_status(const Condition& condition);
  std::string add_time(const Condition& condition);
  std::string add_body(const Condition& condition);
  std::string add_record(std::string text);
  std::string add_field(const std::string& path, const Condition& condition);
  std::string add_presence(const std::string& path, const Condition& condition);
  std::string add_certificate(const Condition& condition);
  [[nodiscard]] bool is(std::string_view kind) const { return probe_.kind == kind; }

  DraftProbe& probe_;
  Duration timeout_;
  std::bitset<most_status + 1> statuses_;
  std::vector<std::string> fields_;
  std::vector<std::string> dialogue_;
  bool body_ = false;
};

constexpr const char* one_only = "there is one such condition for a probe";

std::string Conditions::add(const std::string& text) {
  const std::optional<Condition> condition = parse(text);
  if (!condition) return "it cannot be read";
  const std::string& left = condition->left;
  if (holds_variable(probe_, condition->right)) return "it holds a variable";
  if (left == "[CONNECTED]" && condition->sign == "==" && condition->right == "true") return {};
  if (left == "[STATUS]") return add_status(*condition);
  if (left == "[RESPONSE_TIME]") return add_time(*condition);
  if (left == "[CERTIFICATE_EXPIRATION]") return add_certificate(*condition);
  if (left == "[DNS_RCODE]" && is("dns") && condition->sign == "==") {
    if (probe_.has("rcode")) return one_only;
    if (!RE2::FullMatch(condition->right, "NOERROR|NXDOMAIN|REFUSED"))
      return "NOERROR, NXDOMAIN and REFUSED can be expected";
    probe_.set("rcode", toml_text(condition->right));
    return {};
  }
  if (left == "[BODY]") return add_body(*condition);
  std::string path;
  if (RE2::FullMatch(left, R"(\[BODY\](.+))", &path)) return add_field(path, *condition);
  if (RE2::FullMatch(left, R"(has\(\[BODY\](.+)\))", &path)) return add_presence(path, *condition);
  return "it has no counterpart";
}

std::string Conditions::add_status(const Condition& condition) {
  if (!is("http")) return "only http has a status";
  std::vector<int> values;
  std::string list = condition.right;
  RE2::FullMatch(condition.right, R"(any\((.*)\))", &list);
  re2::StringPiece rest{list};
  std::string number;
  while (RE2::Consume(&rest, R"(\s*(\d{1,4})\s*,?)", &number)) values.push_back(std::stoi(number));
  if (values.empty() || !rest.empty()) return "it compares with something else than numbers";
  if (values.size() > 1 && condition.sign != "==") return "a list can only be equal";
  for (int status = least_status; status <= most_status; ++status) {
    const bool fits = std::ranges::any_of(values, [&](int value) { return compares(status, condition.sign, value); });
    if (!fits) statuses_.reset(static_cast<std::size_t>(status));
  }
  return {};
}

std::string Conditions::add_time(const Condition& condition) {
  int ms = 0;
  if (!condition.sign.starts_with('<') || !RE2::FullMatch(condition.right, R"((\d{1,9}))", &ms)) {
    return "only an upper limit has a counterpart";
  }
  if (probe_.has("degraded_above")) return one_only;
  probe_.set_degraded_above(Duration{ms}, timeout_);
  return {};
}

std::string Conditions::add_body(const Condition& condition) {
  if (condition.sign != "==" || condition.right.starts_with("any(")) return "only == has a counterpart";
  if (body_) return one_only;
  body_ = true;
  if (is("dns")) return add_record(condition.right);
  if (is("websocket")) {
    probe_.set("expect", toml_text(pattern_of(condition.right)));
    return {};
  }
  if (is("tcp")) {
    dialogue_.push_back(fmt::format("{{ expect = {} }}", toml_text(pattern_of(condition.right))));
    return {};
  }
  if (!is("http")) return "only http, dns, tcp and websocket have a body";
  set_body_matches(probe_, pattern_of(condition.right));
  return {};
}

/// Gatus shows the host alone of MX and SRV, and a name's last dot.
std::string Conditions::add_record(std::string text) {
  const bool behind_numbers = std::ranges::any_of(probe_.settings, [](const auto& setting) {
    return setting.first == "type" && (setting.second == "\"MX\"" || setting.second == "\"SRV\"");
  });
  if (text.starts_with("pat(") && text.ends_with(".)")) text.erase(text.size() - 2, 1);
  if (!text.starts_with("pat(") && text.ends_with('.')) text.pop_back();
  if (!text.starts_with("pat(") && !behind_numbers) {
    probe_.set("contains", toml_list({toml_text(text)}));
    return {};
  }
  std::string pattern = pattern_of(text);
  const std::size_t begin = pattern.find('^');
  if (behind_numbers && (begin == 0 || begin == 4)) pattern[begin] = ' ';
  probe_.set("matches", toml_text(pattern));
  return {};
}

/// Gatus compares all values as texts, and Candor tells 3 from "3": where it may be either, a pattern takes both.
std::string Conditions::add_field(const std::string& path, const Condition& condition) {
  if (!is("http")) return "only http has values of JSON";
  if (!probes::JsonPath::parse("$" + path)) return "the path is none that names one value";
  const std::string& right = condition.right;
  const bool number = RE2::FullMatch(right, R"(-?\d+(\.\d+)?)");
  std::string wanted;
  if (number && (condition.sign == ">=" || condition.sign == "<=")) {
    wanted = fmt::format("{} = {}", condition.sign == ">=" ? "at_least" : "at_most", right);
  } else if (condition.sign != "==" || right.starts_with("any(")) {
    return "of a value of JSON, ==, and >= and <= with numbers have a counterpart";
  } else if (number || right == "true" || right == "false" || right.starts_with("pat(")) {
    wanted = "matches = " + toml_text(pattern_of(right));
  } else {
    wanted = "equals = " + toml_text(right);
  }
  fields_.push_back(fmt::format("{{ path = {}, {} }}", toml_text("$" + path), wanted));
  return {};
}

std::string Conditions::add_presence(const std::string& path, const Condition& condition) {
  const bool plain = condition.sign == "==" && (condition.right == "true" || condition.right == "false");
  if (!is("http") || !plain || !probes::JsonPath::parse("$" + path)) return "it has no counterpart";
  fields_.push_back(fmt::format("{{ path = {}, exists = {} }}", toml_text("$" + path), condition.right));
  return {};
}

std::string Conditions::add_certificate(const Condition& condition) {
  const std::optional<Duration> least = read_go_duration(condition.right);
  if (!condition.sign.starts_with('>') || !least || *least < 1h || *least > 24h * 3650) {
    return "only a lower limit from an hour to ten years has a counterpart";
  }
  if (!is("http") && !is("tls") && !is("tcp")) return "only http, tcp and tls have certificates";
  if (probe_.has("cert_failing_below")) return one_only;
  probe_.set("cert_failing_below", toml_duration(*least));
  return {};
}

void Conditions::end() {
  if (!fields_.empty()) probe_.set("json", toml_list(fields_));
  if (!dialogue_.empty()) probe_.set("dialogue", toml_list(dialogue_));
  if (!is("http")) return;
  std::vector<std::string> ranges;
  for (int first = least_status; first <= most_status; ++first) {
    if (!statuses_.test(static_cast<std::size_t>(first))) continue;
    int last = first;
    while (last < most_status && statuses_.test(static_cast<std::size_t>(last) + 1)) ++last;
    ranges.push_back(toml_text(first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last)));
    first = last;
  }
  if (ranges.empty()) {
    probe_.unfit.emplace_back("no status fits all conditions");
  } else {
    probe_.set("status", toml_list(ranges));
  }
}

// What an endpoint of each kind becomes.

void read_http(Source& endpoint, const std::string& url, DraftProbe& probe) {
  set_url(probe, url);
  std::string method = endpoint.read_text("method").value_or("GET");
  if (method != "GET") probe.set("method", toml_text(method));
  std::map<std::string, std::string> headers;
  Source* const table = endpoint.find("headers");
  if (table != nullptr && table->is_map()) {
    for (Source& header : table->items()) headers.emplace(header.key(), table->read_text(header.key()).value_or(""));
  }
  set_headers(probe, headers, table);
  if (const auto body = endpoint.read_text("body"); body && !body->empty()) {
    if (holds_variable(probe, *body)) endpoint.drop("body", "put the whole text into the variable");
    if (!holds_variable(probe, *body)) probe.set("body", toml_secret(probe, *body));
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
  if (!RE2::FullMatch(type, "A|AAAA|CNAME|MX|NS|SOA|TXT|SRV|CAA|PTR")) {
    probe.unfit.push_back("there is no type " + type);
  }
  const std::string server = url.substr(url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  if (const auto resolver = resolver_of(server)) return probe.set("resolver", toml_text(*resolver));
  probe.set("resolver", toml_text(server));
  probe.unfit.emplace_back("resolver must be an address");
}

void read_other(Source& endpoint, const std::string& scheme, const std::string& rest, DraftProbe& probe) {
  const std::string authority = rest.substr(0, rest.find('/'));
  if (probe.kind == "icmp") return probe.set("host", toml_text(authority));
  if (probe.kind == "websocket") {
    set_url(probe, scheme + "://" + rest);
    if (const auto body = endpoint.read_text("body")) probe.set("send", toml_text(*body));
    return;
  }
  set_address(probe, authority);
  if (scheme == "grpcs") probe.set("tls", "true");
  if (scheme != "starttls") return;
  if (const auto protocol = starttls_of(authority)) return probe.set("starttls", toml_text(*protocol));
  probe.unfit.emplace_back("the protocol of starttls cannot be told from the port");
}

void read_client(Source& endpoint, DraftProbe& probe) {
  Source* const client = endpoint.find("client");
  if (client == nullptr) return;
  const bool http = probe.kind == "http";
  if (http && client->read_flag("insecure").value_or(false)) probe.set("tls_verify", "false");
  if (http && client->read_flag("ignore-redirect").value_or(false)) probe.set("redirects", "0");
  if (http && client->find("proxy-url") != nullptr) {
    probe.set("proxy", toml_text(client->read_text("proxy-url").value_or("")));
  }
  const std::string network = client->read_text("network").value_or("ip");
  const bool chooses = http || probe.kind == "icmp";
  if (network != "ip" && chooses) probe.set("family", toml_text(network == "ip4" ? "ipv4" : "ipv6"));
  if (network != "ip" && !chooses) client->drop("network", "both families are tried");
}

/// Thresholds are Gatus's own defaults, which count where there is an alert.
void read_alerts(Source& endpoint, DraftProbe& probe) {
  Source* const alerts = endpoint.find("alerts");
  if (alerts == nullptr || alerts->items().empty()) return;
  Source& first = alerts->items().front();
  const auto bounded = [&](std::string_view key, int usual) {
    int number = usual;
    RE2::FullMatch(first.read_text(key).value_or(""), R"((\d{1,6}))", &number);
    return fmt::format("{}", std::clamp(number, 1, 100));
  };
  probe.common.emplace_back("fall", bounded("failure-threshold", 3));
  probe.common.emplace_back("rise", bounded("success-threshold", 2));
  for (Source& alert : alerts->items()) alert.drop("type", "who is paged stands in [[contact]] and [[escalation]]");
}

std::string kind_of(Source& endpoint, const std::string& scheme) {
  static const std::map<std::string, std::string> kinds{
      {"http", "http"},    {"https", "http"},    {"tcp", "tcp"},      {"icmp", "icmp"}, {"tls", "tls"},
      {"ws", "websocket"}, {"wss", "websocket"}, {"starttls", "tls"}, {"grpc", "grpc"}, {"grpcs", "grpc"}};
  if (endpoint.find("dns") != nullptr) return "dns";
  if (endpoint.find("ssh") != nullptr) return {};
  const auto found = kinds.find(scheme);
  return found == kinds.end() ? std::string{} : found->second;
}

void read_conditions(Source& endpoint, DraftProbe& probe, Duration timeout) {
  const std::string sent = probe.kind == "tcp" ? endpoint.read_text("body").value_or("") : "";
  Conditions conditions{probe, timeout, sent};
  if (Source* const list = endpoint.find("conditions"); list != nullptr) {
    for (Source& condition : list->items()) {
      condition.read();
      if (std::string why = conditions.add(condition.text()); !why.empty())
        condition.drop(condition.text() + ": " + why);
    }
  }
  conditions.end();
}

void add_endpoint(Source& endpoint, Draft& draft) {
  const std::string url = endpoint.read_text("url").value_or("");
  const std::size_t end = url.find("://");
  const std::string scheme = end == std::string::npos ? "" : url.substr(0, end);
  DraftProbe probe{.kind = kind_of(endpoint, scheme), .variables = true};
  if (probe.kind.empty())
    return endpoint.drop(fmt::format("there is no probe for {}", scheme.empty() ? "such a url" : scheme));
  probe.title = endpoint.read_text("name").value_or("endpoint");
  probe.group = endpoint.read_text("group").value_or("");
  probe.name = probe.group.empty() ? probe.title : probe.group + "-" + probe.title;
  if (!endpoint.read_flag("enabled").value_or(true)) {
    probe.unfit.emplace_back("it was not enabled");
  }
  const Duration every = read_go_duration(endpoint.read_text("interval").value_or("")).value_or(usual_interval);
  Duration timeout = usual_timeout;
  if (Source* const client = endpoint.find("client"); client != nullptr) {
    timeout = read_go_duration(client->read_text("timeout").value_or("")).value_or(usual_timeout);
  }
  probe.set_times(every, timeout);
  read_alerts(endpoint, probe);
  if (Source* const labels = endpoint.find("extra-labels"); labels != nullptr) {
    for (Source& label : labels->items()) probe.set_label(label.key(), labels->read_text(label.key()).value_or(""));
  }
  if (probe.kind == "http") {
    read_http(endpoint, url, probe);
  } else if (probe.kind == "dns") {
    read_dns(endpoint, url, probe);
  } else {
    read_other(endpoint, scheme, url.substr(end + 3), probe);
  }
  read_client(endpoint, probe);
  read_conditions(endpoint, probe, timeout);
  probe.not_imported = endpoint.leftovers();
  draft.add(std::move(probe));
}

/// Endpoints that others report to Gatus.
void add_external(Source& endpoint, Draft& draft) {
  DraftProbe probe{.kind = "heartbeat"};
  probe.title = endpoint.read_text("name").value_or("endpoint");
  probe.group = endpoint.read_text("group").value_or("");
  probe.name = probe.group.empty() ? probe.title : probe.group + "-" + probe.title;
  std::optional<Duration> late;
  if (Source* const heartbeat = endpoint.find("heartbeat"); heartbeat != nullptr) {
    late = read_go_duration(heartbeat->read_text("interval").value_or(""));
  }
  probe.set("late_after", toml_duration(std::clamp<Duration>(late.value_or(24h), 1s, 24h * 400)));
  probe.changed.push_back(fmt::format("whoever reports calls /api/v1/heartbeat/NAME now{}",
                                      late ? "" : "; Gatus knew no longest time between two calls, and 1d is a guess"));
  endpoint.drop("token", "the API has tokens of its own, in [auth]");
  read_alerts(endpoint, probe);
  std::erase_if(probe.common, [](const auto& setting) { return setting.first == "fall" || setting.first == "rise"; });
  probe.not_imported = endpoint.leftovers();
  draft.add(std::move(probe));
}

}  // namespace

Result<void> import_gatus(Source& source, Source* /*beside*/, Draft& draft) {
  Source* endpoints = source.find("endpoints");
  if (endpoints == nullptr) endpoints = source.find("services");  // as they were called before 2022
  Source* const external = source.find("external-endpoints");
  if (endpoints == nullptr && external == nullptr) return failure("it has no endpoints: it is not Gatus's");
  if (endpoints != nullptr) {
    for (Source& endpoint : endpoints->items()) add_endpoint(endpoint, draft);
  }
  if (external != nullptr) {
    for (Source& endpoint : external->items()) add_external(endpoint, draft);
  }
  source.drop("alerting", "who is paged stands in [[contact]] and [[escalation]]");
  source.drop("storage", "the journal is in [store]");
  source.drop("ui", "the page is in [page]");
  source.drop("web", "addresses are in [listen]");
  source.drop("security", "who may do what is in [auth]");
  return {};
}

}  // namespace candor::ctl
