// blackbox_exporter: https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md. A module says how,
// and Prometheus's jobs say what is probed with it.

#include "daemon/ctl/import_blackbox.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/url.h"
#include "daemon/ctl/import.h"
#include "daemon/ctl/import_secrets.h"
#include "daemon/ctl/import_words.h"

namespace candor::ctl {
namespace {

void read_client_certificate(Source& tls, DraftProbe& probe) {
  for (const auto& [key, from] : {std::pair{"client_certificate", "cert"}, {"client_key", "key"}}) {
    const auto text = tls.read_text(from);
    const auto file = tls.read_text(fmt::format("{}_file", from));
    if (!file.value_or("").empty()) {
      probe.set(key, toml_file(*file));
    } else if (!text.value_or("").empty()) {
      probe.set(key, toml_text(*text));
    }
  }
  if (probe.kind == "http" || !probe.has("client_certificate")) return;
  std::erase_if(probe.settings, [](const auto& setting) { return setting.first.starts_with("client_"); });
  probe.unfit.emplace_back("client certificates are shown by http probes only");
}

}  // namespace

void read_family(Source& table, DraftProbe& probe) {
  if (table.read_flag("ip_protocol_fallback") != false) return;
  const std::string protocol = table.read_text("preferred_ip_protocol").value_or("ip6");
  if (protocol != "ip4" && protocol != "ip6") return table.drop("preferred_ip_protocol", "it is neither ip4 nor ip6");
  probe.set("family", toml_text(protocol == "ip4" ? "ipv4" : "ipv6"));
}

void read_tls(Source& table, DraftProbe& probe, bool secured) {
  Source* const tls = table.find("tls_config");
  if (tls == nullptr) return;
  if (!secured) return table.drop("tls_config", "it has no use without TLS");
  if (tls->read_flag("insecure_skip_verify").value_or(false)) {
    probe.set("tls_verify", "false");
    tls->drop("ca_file", "it has no use where certificates are not verified");
  } else if (const auto file = tls->read_text("ca_file"); file && !file->empty()) {
    probe.set("ca_file", toml_text(*file));
  }
  read_client_certificate(*tls, probe);
  const auto name = tls->read_text("server_name");
  if (!name || name->empty()) return;
  if (probe.kind == "tcp" || probe.kind == "grpc") return probe.set("server_name", toml_text(*name));
  refuse_other_name(probe, "server_name");
}

void refuse_other_name(DraftProbe& probe, std::string_view key) {
  probe.unfit.push_back(
      fmt::format("{}: the certificate is to be of the url's host, which resolve can send elsewhere", key));
}

namespace {

// What the modules of each prober become.

/// A step of a dialogue: `expect` or `send`, and its text.
using Step = std::pair<std::string_view, std::string>;

/// What cannot be said in Candor's words stays unread.
void read_step(Source& step, DraftProbe& probe, std::vector<Step>& dialogue) {
  if (const auto expect = step.read_text("expect"); expect && !expect->empty()) {
    dialogue.emplace_back("expect", *expect);
  }
  const auto send = step.read_text("send");
  if (!send || send->empty()) return;
  dialogue.emplace_back("send", *send + "\n");
  if (RE2::PartialMatch(*send, R"(\$\{?\w)")) {
    probe.unfit.emplace_back("the dialogue sends what it has read ($1)");
  }
}

/// blackbox_exporter reads whole lines: of two expects in a row, the second begins with the line behind the first
/// one's.
void set_dialogue(const std::vector<Step>& dialogue, DraftProbe& probe) {
  std::vector<std::string> steps;
  for (auto step = dialogue.begin(); step != dialogue.end(); ++step) {
    const auto& [key, text] = *step;
    const bool in_a_row = key == "expect" && step + 1 != dialogue.end() && (step + 1)->first == key;
    steps.push_back(fmt::format("{{ {} = {} }}", key, toml_text(in_a_row ? "(?:" + text + R"()[^\n]*\n)" : text)));
  }
  if (!steps.empty()) probe.set("dialogue", toml_list(steps));
}

void read_tcp(Source& tcp, const Target& target, DraftProbe& probe) {
  probe.set("address", toml_text(target.address));
  std::vector<Step> dialogue;
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
  set_dialogue(dialogue, probe);
  read_tls(tcp, probe, probe.has("tls") || probe.has("starttls"));
}

void read_dns(Source& dns, const Target& target, DraftProbe& probe) {
  probe.set("name", toml_text(dns.read_text("query_name").value_or("")));
  const std::string type = dns.read_text("query_type").value_or("ANY");
  if (is_dns_type(type)) {
    probe.set("type", toml_text(type));
  } else {
    probe.changed.push_back(fmt::format("type {} cannot be asked for; this asks for A", type));
  }
  set_resolver(probe, target.address);
  if (const auto protocol = dns.read_text("transport_protocol")) {
    probe.set("protocol", toml_text(protocol->starts_with("tcp") ? "tcp" : "udp"));
  }
  if (dns.read_flag("dns_over_tls").value_or(false)) probe.unfit.emplace_back("dns_over_tls: Candor asks in clear");
  if (dns.read_flag("recursion_desired") == false) probe.changed.emplace_back("Candor always asks recursively");
  if (dns.read_text("query_class").value_or("IN") != "IN") probe.unfit.emplace_back("the class is not IN");
  const std::vector<std::string> codes = dns.read_texts("valid_rcodes");
  if (codes.size() == 1 && RE2::FullMatch(codes.front(), "NOERROR|NXDOMAIN|REFUSED")) {
    probe.set("rcode", toml_text(codes.front()));
  } else if (!codes.empty()) {
    probe.changed.emplace_back("only NOERROR is ok: one code can be expected, of NOERROR, NXDOMAIN and REFUSED");
  }
  Source* const records = dns.find("validate_answer_rrs");
  const bool wants_one = records != nullptr && !(records->read_texts("fail_if_not_matches_regexp").empty() &&
                                                 records->read_texts("fail_if_none_matches_regexp").empty());
  if (!wants_one) tell_of_empty_answers(probe);
  dns.drop("validate_answer_rrs", "its patterns are for lines of a zone file: write equals, contains or matches");
}

void read_icmp(Source& icmp, const Target& target, DraftProbe& probe) {
  set_ping(probe, target.address);
  read_family(icmp, probe);
}

void read_grpc(Source& grpc, const Target& target, DraftProbe& probe) {
  probe.set("address", toml_text(target.address));
  if (const auto service = grpc.read_text("service")) probe.set("service", toml_text(*service));
  if (grpc.read_flag("tls").value_or(false)) probe.set("tls", "true");
  read_tls(grpc, probe, probe.has("tls"));
}

void read_websocket(Source& websocket, const Target& target, DraftProbe& probe) {
  set_url(probe, target.address);
  read_header_table(websocket, probe, {});
  if (websocket.find("http_config") != nullptr) {
    probe.unfit.emplace_back("its http_config may say who asks: write that as headers of the probe");
  }
  read_tls(websocket, probe, target.address.starts_with("wss://"));
}

struct Prober {
  std::string_view name;
  void (*read)(Source& table, const Target& target, DraftProbe& probe);
};

constexpr std::array<Prober, 6> probers{{{"http", &read_blackbox_http},
                                         {"tcp", &read_tcp},
                                         {"dns", &read_dns},
                                         {"icmp", &read_icmp},
                                         {"grpc", &read_grpc},
                                         {"websocket", &read_websocket}}};

/// "pay.acme.example/healthz" of a URL: no user, password and query, which may be secrets.
std::string place_of(const std::string& address) {
  if (RE2::FullMatch(address, R"([\w.:\[\]-]*)")) return address;
  std::string place = without_secrets(address);
  RE2::Replace(&place, R"(^(?:[A-Za-z][A-Za-z0-9+.-]*:)?/+)", "");
  RE2::GlobalReplace(&place, "[^[:ascii:]]+", "-");
  const Result<net::Url> url = net::parse_url("http://" + place);
  return url ? url->shown().substr(std::string_view{"http://"}.size()) : "target";
}

DraftProbe probe_for(const Target& target, const std::string& kind) {
  DraftProbe probe{.kind = kind};
  const std::string job = shown(probe, "job", target.job);
  probe.name = job + "-" + place_of(target.address);
  if (!target.unfit.empty()) probe.unfit.push_back(target.unfit);
  if (!job.empty()) probe.set_label("job", job);
  for (const auto& [name, value] : target.labels) {
    if (name != "job") probe.set_label(name, value);
  }
  return probe;
}

/// The probe of a module for one target, and what that has no use for.
struct Made {
  std::string module;
  std::string place;
  DraftProbe probe;
};

/// What was left out of a module for all of its targets is told once; otherwise for each, with its place.
void name_targets(std::vector<Made>& all) {
  using Part = std::pair<std::string, std::string>;
  std::map<std::string, std::size_t> targets;
  std::map<Part, std::size_t> left_out;
  for (const Made& made : all) {
    ++targets[made.module];
    for (const Leftover& part : made.probe.not_imported) ++left_out[{part.path, part.why}];
  }
  std::set<Part> told;
  for (Made& made : all) {
    std::vector<Leftover> parts;
    for (Leftover& part : made.probe.not_imported) {
      const Part key{part.path, part.why};
      if (left_out[key] < targets[made.module]) {
        part.why = fmt::format("for {}{}{}", made.place, part.why.empty() ? "" : ": ", part.why);
      } else if (!told.insert(key).second) {
        continue;
      }
      parts.push_back(std::move(part));
    }
    made.probe.not_imported = std::move(parts);
  }
}

/// A target that is told, since nothing can be said of how it is probed.
void add_unknown(const Target& target, std::string why, std::vector<Made>& all) {
  DraftProbe unknown = probe_for(target, "http");
  unknown.set("url", toml_text(target.address));
  unknown.unfit.push_back(std::move(why));
  all.push_back({.place = place_of(target.address), .probe = std::move(unknown)});
}

std::string shown_name(const std::string& module) { return toml_text(without_secrets(module)); }

void add_probe(Source& module, const Target& target, const std::vector<std::string>& unfit, std::vector<Made>& all) {
  const std::string kind = module.read_text("prober").value_or("");
  const auto prober = std::ranges::find(probers, kind, &Prober::name);
  if (prober == probers.end()) {
    module.drop(fmt::format("there is no probe like the prober {}", toml_text(kind)));
    add_unknown(target, fmt::format("the module {} has the prober {}", shown_name(module.key()), toml_text(kind)), all);
    return;
  }
  DraftProbe probe = probe_for(target, kind);
  probe.unfit.insert(probe.unfit.end(), unfit.begin(), unfit.end());
  Source own = module;  // each target may have another use for its parts
  const auto text = own.read_text("timeout");
  probe.set_times(target.every,
                  std::min(target.timeout, duration_or(probe, "timeout", text, &read_go_duration, target.timeout)));
  // A module may have no table for its prober.
  static const std::unique_ptr<Source> nothing = std::make_unique<Source>();
  Source* const table = own.find(kind);
  prober->read(table != nullptr ? *table : *nothing, target, probe);
  probe.not_imported = own.leftovers();
  all.push_back({.module = module.key(), .place = place_of(target.address), .probe = std::move(probe)});
}

/// Each module once, for a reader to see.
void show_modules(Source& modules, std::vector<Made>& all) {
  static const std::map<std::string, std::string> examples{
      {"http", "https://TARGET.example/"},    {"dns", "192.0.2.53"},        {"icmp", "TARGET.example"},
      {"websocket", "wss://TARGET.example/"}, {"tcp", "TARGET.example:25"}, {"grpc", "TARGET.example:443"}};
  for (Source& module : modules.items()) {
    if (modules.find(module.key()) != &module) continue;
    const auto example = examples.find(module.read_text("prober").value_or(""));
    Target target{.job = module.key(), .every = std::chrono::minutes{1}, .timeout = std::chrono::seconds{10}};
    target.address = example == examples.end() ? "TARGET" : example->second;
    add_probe(module, target, {"which targets it is for is in Prometheus's configuration: --targets"}, all);
  }
}

void add_targets(Source& modules, const std::vector<Target>& targets, std::vector<Made>& all) {
  for (const Target& target : targets) {
    const std::string name = target.module.empty() ? "http_2xx" : target.module;
    Source* const module = modules.find(name);
    if (module != nullptr) {
      add_probe(*module, target, {}, all);
    } else {
      add_unknown(target, fmt::format("there is no module {}", shown_name(name)), all);
    }
  }
  for (Source& module : modules.items()) {
    if (!module.touched()) module.drop("no target asks for this module");
  }
}

/// What was left out of the modules is told with their probes.
void forget_told(Source& modules, const std::vector<Made>& all) {
  for (const Made& made : all) {
    Source* const module = modules.find(made.module);
    if (module == nullptr) continue;
    module->read();
    (void)module->leftovers();
  }
}

}  // namespace

Result<void> import_blackbox(Source& source, Source* beside, Draft& draft) {
  Source* const modules = source.find("modules");
  if (modules == nullptr || !modules->is_map()) return failure("it has no modules: it is not blackbox_exporter's");
  std::vector<Made> all;
  if (beside == nullptr) {
    show_modules(*modules, all);
  } else {
    add_targets(*modules, read_targets(*beside), all);
  }
  forget_told(*modules, all);
  name_targets(all);
  for (Made& made : all) draft.add(std::move(made.probe));
  return {};
}

}  // namespace candor::ctl
