// Whatever stands in another tool's file: what an import writes of it is a configuration that the daemon takes. Files
// are put together by dice of values that Candor does not have, bounds, and texts that mean something in TOML.

#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/ctl/import_draft.h"
#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using Values = std::vector<std::string>;

const Values times{"0", "0s", "-1", "1ms", "20", "30s", "1m", "10m", "48h", "999999999", "1e9", "soon", "", "${TIME}"};
const Values numbers{"0", "1", "-1", "5", "99", "100", "101", "99999", "", "many"};
const Values flags{"true", "false"};
const Values hosts{"a.example",  "10.0.0.7",
                   "::1",        "[::1]",
                   "",           "a b",
                   "-a",         "u:p@a",
                   "$HOST",      "a.example/b",
                   "a..b",       "münchen.example",
                   "a.example.", std::string(300, 'a')};
const Values ports{"53", "443", "25", "5432", "0", "65536", "", "x"};
const Values addresses{"a.example:25",
                       "10.0.0.53:53",
                       "[::1]:443",
                       "a.example:0",
                       "a.example:99999",
                       "a.example",
                       "",
                       ":25",
                       "a b:25",
                       "${HOST}:25",
                       "10.0.0.53",
                       std::string(300, 'a') + ":25",
                       "u:hush@a.example:25"};
const Values urls{"https://a.example/",
                  "http://a.example/x?token=s",
                  "https://u:p@a.example/",
                  "https://",
                  "nonsense",
                  "",
                  "ftp://a.example/",
                  "https://a.example:0/",
                  "https://%61.example/",
                  "http://a b/",
                  "/relative",
                  "https://münchen.example/",
                  "wss://a.example/",
                  "https:/u:hush@a.example",
                  "u:hush@https://a.example",
                  "ws://u:p@a.example/",
                  "https://a.example/${PATH}",
                  "${URL}",
                  "http:///x",
                  "https://a\x01.example/"};
const Values texts{"x",
                   "",
                   "a\nb",
                   "\x01",
                   "\xff",
                   "(open",
                   "[a-",
                   "\"quoted\"",
                   "{ env = \"X\" }",
                   "'''",
                   "${A}",
                   "Bearer ${TOKEN}",
                   "Bearer $TOKEN",
                   "pa$$word",
                   "名前",
                   "a\\b",
                   std::string(300, 'n'),
                   "\u202e",
                   "https://u:hush@a.example/x?token=hush",
                   "u:hush@a.example",
                   "a.example/x?token=hush",
                   "# no comment"};
const Values patterns{"ok", "(open", "^a.*b$", "[[:word:]", "a{1001}", "\\", "", "(?i)x"};
const Values methods{"GET", "get", "HEAD", "POST", "PURGE", "", "CONNECT"};
const Values statuses{"200", "200-299", "299-200", "600", "99", "2xx", "", "100-599", "abc"};
const Values types{"A", "AAAA", "MX", "TXT", "PTR", "ANY", "a", "", "HTTPS"};
const Values files{"absent.pem", "", "a\nb"};
const Values names{
    "Accept",           "Host", "Connection", "X-A", "x-a", "Authorization", "a b", "", "Sec-WebSocket-Key", "é",
    "https://u:hush@t", "env"};

class Accepted : public test::Importing, public testing::WithParamInterface<unsigned> {
 protected:
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>{0, end - 1}(dice_); }
  /// Both YAML and JSON read a text as TOML writes it.
  std::string one(const Values& values) { return toml_text(values[below(values.size())]); }
  std::string list(const Values& values) {
    Values picked(below(3));
    for (std::string& it : picked) it = one(values);
    return toml_list(picked);
  }
  /// A map of some of these members, of which each is there more often than not, and of what is always there.
  std::string map(const std::vector<std::pair<std::string, std::string>>& members, Values picked = {}) {
    for (const auto& [key, literal] : members) {
      if (below(5) < 3) picked.push_back(fmt::format("{}: {}", toml_text(key), literal));
    }
    return fmt::format("{{{}}}", fmt::join(picked, ", "));
  }
  std::string headers() { return map({{"Accept", one(texts)}, {names[below(names.size())], one(texts)}}); }

  /// Secrets and authorities may be elsewhere, which is said plainly.
  void expect_accepted() {
    for (const std::string& problem : problems()) {
      const bool elsewhere =
          problem.find(" is not set") != std::string::npos || problem.find("cannot read ") != std::string::npos;
      EXPECT_TRUE(elsewhere) << problem << "\n" << written;
    }
    EXPECT_THAT(remarks, testing::Each(testing::Not(testing::ContainsRegex("hush|HUSH")))) << "no secret is told";
    EXPECT_THAT(written, testing::Not(testing::ContainsRegex("\n(# )?(id|name|group|labels) = [^\n]*hush"))) << written;
  }

  std::string blackbox_module() {
    const std::string tls = map({{"insecure_skip_verify", one(flags)},
                                 {"ca_file", one(files)},
                                 {"cert_file", one(files)},
                                 {"key_file", one(files)},
                                 {"key", one(texts)},
                                 {"server_name", one(hosts)}});
    const std::string family = one({"ip4", "ip6", "both"});
    const std::string matches = fmt::format("[{{header: {}, regexp: {}}}]", one(names), one(patterns));
    const std::string step = map({{"expect", one(patterns)}, {"send", one(texts)}, {"starttls", one(flags)}});
    const std::string http =
        map({{"method", one(methods)},
             {"headers", headers()},
             {"body", one(texts)},
             {"body_file", one(files)},
             {"valid_status_codes", list(statuses)},
             {"fail_if_body_not_matches_regexp", list(patterns)},
             {"fail_if_header_not_matches", matches},
             {"tls_config", tls},
             {"proxy_url", one(urls)},
             {"basic_auth", map({{"username", one(texts)}, {"password", one(texts)}, {"password_file", one(files)}})},
             {"bearer_token", one(texts)},
             {"bearer_token_file", one(files)},
             {"valid_http_versions", "[HTTP/2.0]"},
             {"authorization", map({{"type", one(texts)}, {"credentials", one(texts)}})},
             {"ip_protocol_fallback", one(flags)},
             {"preferred_ip_protocol", family}});
    const std::string tcp =
        map({{"query_response", fmt::format("[{}, {}]", step, step)}, {"tls", one(flags)}, {"tls_config", tls}});
    const std::string dns = map({{"query_name", one(hosts)},
                                 {"query_type", one(types)},
                                 {"valid_rcodes", list({"NOERROR", "SERVFAIL"})},
                                 {"transport_protocol", one({"tcp", "udp", "x"})}});
    const std::string other = map({{"tls", one(flags)},
                                   {"tls_config", tls},
                                   {"service", one(texts)},
                                   {"headers", headers()},
                                   {"ip_protocol_fallback", one(flags)},
                                   {"preferred_ip_protocol", family}});
    const std::string prober = one({"http", "tcp", "dns", "icmp", "grpc", "websocket", "unix", ""});
    return map({{"timeout", one(times)},
                {"http", http},
                {"tcp", tcp},
                {"dns", dns},
                {"icmp", other},
                {"grpc", other},
                {"websocket", other}},
               {"prober: " + prober});
  }

  std::string gatus_endpoint() {
    const Values conditions{"[STATUS] == 200",
                            "[STATUS] > 599",
                            "[STATUS] == any(200, 9999)",
                            "[BODY] == pat(*x*)",
                            "[BODY].n >= 007",
                            "[BODY].n <= 99999999999999999999",
                            "[BODY].n == 1",
                            "[BODY] == 10.0.0.1",
                            "[BODY].a[0].b == \"q\"",
                            "has([BODY].x) == false",
                            "[RESPONSE_TIME] < 0",
                            "[RESPONSE_TIME] < 999999999",
                            "[RESPONSE_TIME] < 300",
                            "[CERTIFICATE_EXPIRATION] > 48h",
                            "[DNS_RCODE] == NXDOMAIN",
                            "[DNS_RCODE] == SERVFAIL",
                            "",
                            "nonsense",
                            "[BODY] == "};
    Values all = urls;
    for (const char* scheme : {"tcp://", "tls://", "starttls://", "icmp://", "grpc://", "grpcs://", "wss://"}) {
      all.push_back(scheme + addresses[below(addresses.size())]);
    }
    const std::string client =
        map({{"timeout", one(times)},
             {"insecure", one(flags)},
             {"ignore-redirect", one(flags)},
             {"proxy-url", one(urls)},
             {"network", one({"ip", "ip4", "ip5"})},
             {"tls", map({{"certificate-file", one(files)}, {"private-key-file", one(files)}})}});
    const std::string dns = map({{"query-name", one(hosts)}, {"query-type", one(types)}});
    const std::string alert =
        map({{"type", "slack"}, {"failure-threshold", one(numbers)}, {"success-threshold", one(numbers)}});
    return map({{"name", one(texts)},
                {"group", one(texts)},
                {"interval", one(times)},
                {"method", one(methods)},
                {"body", one(texts)},
                {"headers", headers()},
                {"conditions", list(conditions)},
                {"client", client},
                {"alerts", fmt::format("[{}]", alert)},
                {"extra-labels", headers()}},
               below(4) == 0 ? Values{"url: " + one(all), "dns: " + dns} : Values{"url: " + one(all)});
  }

  std::string kuma_monitor() {
    const std::string json_headers = below(3) == 0 ? one(texts) : toml_text(headers());
    const std::string type = one({"http", "keyword", "json-query", "port", "ping", "dns", "push", "grpc-keyword",
                                  "docker", "group", "mqtt", "redis", "postgres", "mysql"});
    const Values tails{"", "/x", "?ssl=1", "/u?sslmode=require"};
    Values connections = urls;
    for (const char* scheme :
         {"redis://", "rediss://u:p@", "postgres://u@", "postgres://u:p@", "mysql://", "mysql://u@"}) {
      connections.push_back(scheme + addresses[below(addresses.size())] + tails[below(tails.size())]);
    }
    return map({{"name", one(texts)},
                {"url", one(urls)},
                {"hostname", one(hosts)},
                {"port", one(ports)},
                {"interval", one(times)},
                {"timeout", one(times)},
                {"maxretries", one(numbers)},
                {"retryInterval", one(times)},
                {"method", one(methods)},
                {"body", one(texts)},
                {"headers", json_headers},
                {"keyword", one(texts)},
                {"accepted_statuscodes", list(statuses)},
                {"maxredirects", one(numbers)},
                {"expiryNotification", one(flags)},
                {"ignoreTls", one(flags)},
                {"authMethod", one({"", "basic", "mtls", "ntlm"})},
                {"basic_auth_user", one(texts)},
                {"basic_auth_pass", one(texts)},
                {"tlsCert", one(texts)},
                {"tlsKey", one(texts)},
                {"proxyId", one({"1", "2", ""})},
                {"jsonPath", one({"a.b[0]", "$", "$.a", "a[99999999999999999999]"})},
                {"expectedValue", one(texts)},
                {"dns_resolve_server", one(addresses)},
                {"dns_resolve_type", one(types)},
                {"grpcUrl", one(addresses)},
                {"databaseConnectionString", one(connections)},
                {"databaseQuery", one(texts)},
                {"radiusPassword", one(texts)},
                {"mqttUsername", one(texts)},
                {"mqttPassword", one(texts)},
                {"mqttTopic", one(texts)},
                {"tags", fmt::format("[{{\"name\": {}, \"value\": {}}}]", one(names), one(texts))}},
               {"\"type\": " + type});
  }

  std::mt19937 dice_{GetParam()};
};

TEST_P(Accepted, is_a_configuration_made_of_any_blackbox_exporter) {
  for (int round = 0; round < 30; ++round) {
    std::string modules;
    std::string jobs;
    Values all = addresses;
    for (const Values& more : {urls, hosts}) all.insert(all.end(), more.begin(), more.end());
    for (int number = 0; number < 4; ++number) {
      modules += fmt::format("  m{}: {}\n", number, blackbox_module());
      const std::string places =
          fmt::format("static_configs: [{{targets: [{}, {}], labels: {}}}]", one(all), one(all), headers());
      const std::string job =
          map({{"job_name", one(texts)}, {"scrape_interval", one(times)}, {"scrape_timeout", one(times)}},
              {"metrics_path: /probe", fmt::format("params: {{module: [m{}]}}", number), places});
      jobs += fmt::format("- {}\n", job);
    }
    import("blackbox", "modules:\n" + modules, "scrape_configs:\n" + jobs);
    expect_accepted();
  }
}

TEST_P(Accepted, is_a_configuration_made_of_any_gatus) {
  for (int round = 0; round < 30; ++round) {
    std::string endpoints;
    for (int number = 0; number < 6; ++number) endpoints += fmt::format("- {}\n", gatus_endpoint());
    const std::string late = map({{"name", one(texts)}, {"heartbeat", map({{"interval", one(times)}})}});
    import("gatus", fmt::format("endpoints:\n{}external-endpoints: [{}]\n", endpoints, late));
    expect_accepted();
  }
}

TEST_P(Accepted, is_a_configuration_made_of_any_uptime_kuma) {
  for (int round = 0; round < 30; ++round) {
    Values monitors;
    for (int number = 0; number < 6; ++number) monitors.push_back(kuma_monitor());
    const std::string proxy =
        map({{"host", one(hosts)}, {"port", one(ports)}, {"protocol", one({"http", "socks", "x"})}}, {R"("id": "1")"});
    import("uptime-kuma", fmt::format(R"({{"monitorList": {}, "proxyList": [{}]}})", toml_list(monitors), proxy));
    expect_accepted();
  }
}

INSTANTIATE_TEST_SUITE_P(Dice, Accepted, testing::Range(1U, 5U));

}  // namespace
}  // namespace candor::ctl
