// blackbox_exporter: https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md. A module says how,
// and Prometheus's jobs say what is probed with it.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "daemon/ctl/import.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr Duration prometheus_interval = 1min;
constexpr Duration prometheus_timeout = 10s;

struct Target {
  std::string job;
  std::string address;
  std::string module;
  std::optional<Duration> every;
  Duration timeout = prometheus_timeout;
  std::map<std::string, std::string> labels;
};

// What the modules of each prober become.

void read_tls(Source& table, DraftProbe& probe) {
  Source* const tls = table.find("tls_config");
  if (tls == nullptr) return;
  const bool insecure = tls->read_flag("insecure_skip_verify").value_or(false);
  if (insecure) probe.set("tls_verify", "false");
  if (insecure) tls->drop("ca_file", "it has no use where certificates are not verified");
  if (!insecure) {
    if (const auto file = tls->read_text("ca_file")) probe.set("ca_file", toml_text(*file));
  }
  if (probe.kind == "http") {
    const auto set_file = [&](std::string_view from, const char* key) {
      if (const auto file = tls->read_text(from)) probe.set(key, fmt::format("{{ file = {} }}", toml_text(*file)));
    };
    set_file("cert_file", "client_certificate");
    set_file("key_file", "client_key");
  }
  if (probe.kind == "tcp") {
    if (const auto name = tls->read_text("server_name")) probe.set("server_name", toml_text(*name));
  }
}

void read_status(Source& http, DraftProbe& probe) {
  std::vector<std::string> statuses;
  for (const std::string& status : http.read_texts("valid_status_codes")) {
    if (RE2::FullMatch(status, "[1-5][0-9][0-9]")) statuses.push_back(toml_text(status));
  }
  if (http.read_flag("accept_any_response").value_or(false)) statuses = {toml_text("100-599")};
  if (!statuses.empty()) probe.set("status", toml_list(statuses));
}

void read_redirects(Source& http, DraftProbe& probe) {
  const bool follow = http.read_flag("follow_redirects").value_or(true);
  const bool older = http.read_flag("no_follow_redirects").value_or(false);
  if (!follow || older) probe.set("redirects", "0");
}

void read_body(Source& http, DraftProbe& probe, const std::string& method) {
  if (const auto body = http.read_text("body"); body && !body->empty() && method != "HEAD") {
    probe.set("body", toml_text(*body));
  }
  if (const auto file = http.read_text("body_file"))
    probe.set("body", fmt::format("{{ file = {} }}", toml_text(*file)));
  Source* const patterns = http.find("fail_if_body_not_matches_regexp");
  if (patterns == nullptr) return;
  bool first = true;
  for (Source& pattern : patterns->items()) {
    if (first && method != "HEAD" && set_body_matches(probe, pattern.text())) {
      pattern.read();
      first = false;
    } else {
      pattern.drop("body_matches takes one pattern; a second one needs a probe of its own");
    }
  }
}

/// Each header once, and none that may be missing.
void read_header_matches(Source& http, DraftProbe& probe) {
  Source* const matchers = http.find("fail_if_header_not_matches");
  if (matchers == nullptr) return;
  std::map<std::string, std::string> patterns;
  for (Source& matcher : matchers->items()) {
    const std::string header = matcher.read_text("header").value_or("");
    const std::string pattern = matcher.read_text("regexp").value_or("");
    if (matcher.read_flag("allow_missing").value_or(false)) {
      matcher.drop("allow_missing", "a header that is missing does not match: the whole condition was left out");
    } else if (!is_pattern(pattern)) {
      matcher.drop("regexp", "it is not a regular expression (RE2)");
    } else if (!patterns.emplace(header, pattern).second) {
      matcher.drop("regexp", "header_matches takes one pattern a header; a second one needs a probe of its own");
    }
  }
  std::vector<std::string> literals;
  for (const auto& [header, pattern] : patterns) {
    literals.push_back(fmt::format("{} = {}", toml_text(header), toml_text(pattern)));
  }
  if (!literals.empty()) probe.set("header_matches", fmt::format("{{ {} }}", fmt::join(literals, ", ")));
}

/// The value of the header Authorization, other than Basic.
std::optional<std::string> read_authorization(Source& http) {
  if (const auto token = http.read_text("bearer_token")) return "Bearer " + *token;
  Source* const authorization = http.find("authorization");
  if (authorization == nullptr || authorization->find("credentials") == nullptr) return std::nullopt;
  const std::string type = authorization->read_text("type").value_or("Bearer");
  return type + " " + authorization->read_text("credentials").value_or("");
}

void read_headers(Source& http, DraftProbe& probe) {
  std::map<std::string, std::string> headers;
  Source* const table = http.find("headers");
  if (table != nullptr && table->is_map()) {
    for (Source& header : table->items()) {
      if (const auto value = table->read_text(header.key())) headers.emplace(header.key(), *value);
    }
  }
  if (const auto authorization = read_authorization(http)) headers["Authorization"] = *authorization;
  set_headers(probe, headers, table);
}

void read_http(Source& http, const Target& target, DraftProbe& probe) {
  const std::string url = target.address.find("://") == std::string::npos ? "http://" + target.address : target.address;
  std::string user;
  std::string password;
  if (Source* const basic = http.find("basic_auth"); basic != nullptr) {
    user = basic->read_text("username").value_or("");
    password = basic->read_text("password").value_or("");
  }
  set_url(probe, url, user, password);
  std::string method = http.read_text("method").value_or("GET");
  std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (method != "GET") probe.set("method", toml_text(method));
  read_headers(http, probe);
  read_body(http, probe, method);
  read_status(http, probe);
  read_header_matches(http, probe);
  read_redirects(http, probe);
  if (const auto file = user.empty() ? http.read_text("bearer_token_file") : std::nullopt) {
    probe.set("bearer", fmt::format("{{ file = {} }}", toml_text(*file)));
  }
  if (http.read_flag("ip_protocol_fallback") == false) {
    probe.set("family", toml_text(http.read_text("preferred_ip_protocol").value_or("ip6") == "ip4" ? "ipv4" : "ipv6"));
  }
  if (http.read_texts("valid_http_versions") == std::vector<std::string>{"HTTP/2.0"}) {
    probe.set("http2", "true");
  } else {
    http.drop("valid_http_versions", "with http2 = true it is HTTP/2 and nothing else, without it HTTP/1.1");
  }
  if (const auto proxy = http.read_text("proxy_url")) probe.set("proxy", toml_text(*proxy));
  if (http.read_flag("fail_if_ssl").value_or(false))
    http.drop("fail_if_ssl", "whether TLS is spoken is said by the url");
  if (http.read_flag("fail_if_not_ssl").value_or(false) && !url.starts_with("https://")) {
    http.drop("fail_if_not_ssl", "whether TLS is spoken is said by the url");
  }
  http.drop("fail_if_body_matches_regexp", "a body that must not match has no counterpart");
  read_tls(http, probe);
}

/// One step of a dialogue; what cannot be said in Candor's words stays unread.
void read_step(Source& step, DraftProbe& probe, std::vector<std::string>& dialogue) {
  if (const auto expect = step.read_text("expect"); expect && !expect->empty()) {
    dialogue.push_back(fmt::format("{{ expect = {} }}", toml_text(*expect)));
    if (!is_pattern(*expect)) probe.unfit.emplace_back("an expect is not a regular expression (RE2)");
  }
  const auto send = step.read_text("send");
  if (!send || send->empty()) return;
  dialogue.push_back(fmt::format("{{ send = {} }}", toml_text(*send + "\n")));
  if (RE2::PartialMatch(*send, R"(\$\{?\w)")) {
    probe.unfit.emplace_back("the dialogue sends what it has read ($1)");
  }
}

void read_tcp(Source& tcp, const Target& target, DraftProbe& probe) {
  set_address(probe, target.address);
  std::vector<std::string> dialogue;
  Source* const steps = tcp.find("query_response");
  if (steps != nullptr) {
    for (Source& step : steps->items()) {
      if (!step.read_flag("starttls").value_or(false)) {
        read_step(step, probe, dialogue);
        continue;
      }
      dialogue.clear();
      if (const auto protocol = starttls_of(target.address)) {
        probe.set("starttls", toml_text(*protocol));
        probe.changed.push_back("the steps up to starttls are Candor's own");
      } else {
        probe.unfit.emplace_back("the protocol of starttls cannot be told from the port");
      }
    }
  }
  if (tcp.read_flag("tls").value_or(false)) probe.set("tls", "true");
  if (!dialogue.empty()) probe.set("dialogue", toml_list(dialogue));
  read_tls(tcp, probe);
}

void read_dns(Source& dns, const Target& target, DraftProbe& probe) {
  probe.set("name", toml_text(dns.read_text("query_name").value_or("")));
  const std::string type = dns.read_text("query_type").value_or("ANY");
  if (RE2::FullMatch(type, "A|AAAA|CNAME|MX|NS|SOA|TXT|SRV|CAA|PTR")) {
    probe.set("type", toml_text(type));
  } else {
    probe.changed.push_back(fmt::format("type {} cannot be asked for; this asks for A", type));
  }
  if (const auto resolver = resolver_of(target.address)) {
    probe.set("resolver", toml_text(*resolver));
  } else {
    probe.set("resolver", toml_text(target.address));
    probe.unfit.emplace_back("resolver must be an address");
  }
  if (const auto protocol = dns.read_text("transport_protocol")) {
    probe.set("protocol", toml_text(protocol->starts_with("tcp") ? "tcp" : "udp"));
  }
  if (dns.read_flag("recursion_desired") == false) probe.changed.emplace_back("Candor always asks recursively");
  if (dns.read_text("query_class").value_or("IN") != "IN") probe.unfit.emplace_back("the class is not IN");
  const std::vector<std::string> codes = dns.read_texts("valid_rcodes");
  if (codes.size() == 1 && RE2::FullMatch(codes.front(), "NOERROR|NXDOMAIN|REFUSED")) {
    probe.set("rcode", toml_text(codes.front()));
  } else if (!codes.empty()) {
    probe.changed.emplace_back("only NOERROR is ok: one code can be expected, of NOERROR, NXDOMAIN and REFUSED");
  }
  dns.drop("validate_answer_rrs", "its patterns are for lines of a zone file: write equals, contains or matches");
}

void read_icmp(Source& icmp, const Target& target, DraftProbe& probe) {
  probe.set("host", toml_text(target.address));
  probe.set("packets", "1");
  const bool fallback = icmp.read_flag("ip_protocol_fallback").value_or(true);
  const std::string protocol = icmp.read_text("preferred_ip_protocol").value_or("ip6");
  if (!fallback) probe.set("family", toml_text(protocol == "ip4" ? "ipv4" : "ipv6"));
}

void read_grpc(Source& grpc, const Target& target, DraftProbe& probe) {
  set_address(probe, target.address);
  if (const auto service = grpc.read_text("service")) probe.set("service", toml_text(*service));
  if (grpc.read_flag("tls").value_or(false)) probe.set("tls", "true");
  read_tls(grpc, probe);
}

void read_websocket(Source& websocket, const Target& target, DraftProbe& probe) {
  set_url(probe, target.address);
  read_headers(websocket, probe);
  read_tls(websocket, probe);
}

struct Prober {
  std::string_view name;
  void (*read)(Source& table, const Target& target, DraftProbe& probe);
};

constexpr std::array<Prober, 6> probers{{{"http", &read_http},
                                         {"tcp", &read_tcp},
                                         {"dns", &read_dns},
                                         {"icmp", &read_icmp},
                                         {"grpc", &read_grpc},
                                         {"websocket", &read_websocket}}};

std::string name_of(const Target& target) {
  const std::size_t scheme = target.address.find("://");
  return target.job + "-" + (scheme == std::string::npos ? target.address : target.address.substr(scheme + 3));
}

void add_probe(Source& module, const Target& target, std::vector<std::string> unfit, Draft& draft) {
  const std::string kind = module.read_text("prober").value_or("");
  const auto prober = std::ranges::find(probers, kind, &Prober::name);
  if (prober == probers.end()) {
    module.drop(fmt::format("there is no probe like the prober {}", kind));
    return;
  }
  DraftProbe probe{.name = name_of(target), .kind = kind, .unfit = std::move(unfit)};
  std::optional<Duration> timeout = target.timeout;
  if (const auto text = module.read_text("timeout"))
    timeout = std::min(*timeout, read_go_duration(*text).value_or(*timeout));
  probe.set_times(target.every, timeout);
  if (!target.job.empty()) probe.set_label("job", target.job);
  for (const auto& [name, value] : target.labels) probe.set_label(name, value);
  // A module may have no table for its prober.
  static const std::unique_ptr<Source> nothing = std::make_unique<Source>();
  Source* const table = module.find(kind);
  prober->read(table != nullptr ? *table : *nothing, target, probe);
  probe.not_imported = module.leftovers();
  draft.add(std::move(probe));
}

// Prometheus's jobs.

/// The three rules that hand a target to blackbox_exporter, which is not there any more.
bool is_usual_relabelling(Source& rule) {
  const std::vector<std::string> from = rule.read_texts("source_labels");
  const std::string to = rule.read_text("target_label").value_or("");
  const bool plain = rule.find("regex") == nullptr && rule.find("action") == nullptr;
  if (!plain) return false;
  if (to == "__address__" && from.empty()) return true;
  return from.size() == 1 && ((from[0] == "__address__" && to == "__param_target") ||
                              ((from[0] == "__param_target" || from[0] == "__address__") && to == "instance"));
}

void add_static(Source& config, const Target& common, std::vector<Target>& targets) {
  Target target = common;
  if (Source* const labels = config.find("labels"); labels != nullptr) {
    for (Source& label : labels->items()) {
      const std::string value = labels->read_text(label.key()).value_or("");
      if (label.key() == "module" || label.key() == "__param_module") target.module = value;
      if (!label.key().starts_with("__")) target.labels[label.key()] = value;
    }
  }
  for (const std::string& address : config.read_texts("targets")) {
    target.address = address;
    targets.push_back(target);
  }
}

void read_job(Source& job, Target common, std::vector<Target>& targets) {
  Source* const params = job.find("params");
  common.job = job.read_text("job_name").value_or("");
  if (job.read_text("metrics_path").value_or("/metrics") != "/probe" &&
      (params == nullptr || params->find("module") == nullptr)) {
    job.drop("this job scrapes metrics, which is Prometheus's own");
    return;
  }
  if (const auto every = job.read_text("scrape_interval")) common.every = read_go_duration(*every);
  if (const auto timeout = job.read_text("scrape_timeout")) {
    common.timeout = read_go_duration(*timeout).value_or(common.timeout);
  }
  std::vector<std::string> fixed;
  if (params != nullptr) {
    const std::vector<std::string> modules = params->read_texts("module");
    if (!modules.empty()) common.module = modules.front();
    fixed = params->read_texts("target");
  }
  job.read_text("scheme");
  if (Source* const rules = job.find("relabel_configs"); rules != nullptr) {
    for (Source& rule : rules->items()) {
      is_usual_relabelling(rule) ? rule.read() : rule.drop("labels are changed by Prometheus only");
    }
  }
  Source* const configs = job.find("static_configs");
  if (configs != nullptr && fixed.empty()) {
    for (Source& config : configs->items()) add_static(config, common, targets);
  } else if (configs != nullptr) {
    configs->read();
  }
  for (const std::string& address : fixed) {
    common.address = address;
    targets.push_back(common);
  }
}

std::vector<Target> read_targets(Source& prometheus) {
  Target common{.every = prometheus_interval};
  if (Source* const global = prometheus.find("global"); global != nullptr) {
    if (const auto every = global->read_text("scrape_interval")) common.every = read_go_duration(*every);
    if (const auto timeout = global->read_text("scrape_timeout")) {
      common.timeout = read_go_duration(*timeout).value_or(common.timeout);
    }
  }
  std::vector<Target> targets;
  Source* const jobs = prometheus.find("scrape_configs");
  if (jobs != nullptr) {
    for (Source& job : jobs->items()) read_job(job, common, targets);
  }
  for (Source& part : prometheus.items()) {
    if (part.key() != "global" && part.key() != "scrape_configs") part.drop("it is Prometheus's own");
  }
  return targets;
}

/// Each module once, for a reader to see.
void show_modules(Source& modules, Draft& draft) {
  static const std::map<std::string, std::string> examples{
      {"http", "https://TARGET.example/"},    {"dns", "192.0.2.53"},        {"icmp", "TARGET.example"},
      {"websocket", "wss://TARGET.example/"}, {"tcp", "TARGET.example:25"}, {"grpc", "TARGET.example:443"}};
  for (Source& module : modules.items()) {
    const auto example = examples.find(module.read_text("prober").value_or(""));
    Target target{.address = example == examples.end() ? "TARGET" : example->second, .module = module.key()};
    target.job = module.key();
    add_probe(module, target, {"which targets it is for is in Prometheus's configuration: --targets"}, draft);
  }
}

}  // namespace

Result<void> import_blackbox(Source& source, Source* beside, Draft& draft) {
  Source* const modules = source.find("modules");
  if (modules == nullptr || !modules->is_map()) return failure("it has no modules: it is not blackbox_exporter's");
  if (beside == nullptr) {
    show_modules(*modules, draft);
    return {};
  }
  for (const Target& target : read_targets(*beside)) {
    Source* const module = modules->find(target.module.empty() ? "http_2xx" : target.module);
    if (module != nullptr) {
      add_probe(*module, target, {}, draft);
    } else {
      DraftProbe unknown{.name = name_of(target), .kind = "http"};
      unknown.set("url", toml_text(target.address));
      unknown.unfit.push_back(fmt::format("there is no module {}", toml_text(target.module)));
      draft.add(std::move(unknown));
    }
  }
  for (Source& module : modules->items()) {
    if (!module.touched()) module.drop("no target asks for this module");
  }
  return {};
}

}  // namespace candor::ctl
