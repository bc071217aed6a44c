#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string modules = R"sample(modules:
  http_shop:
    prober: http
    timeout: 5s
    http:
      valid_http_versions: ["HTTP/1.1", "HTTP/2.0"]
      valid_status_codes: []  # Defaults to 2xx
      method: GET
      headers:
        Host: shop.acme.example
        Accept-Language: en-US
      follow_redirects: true
      fail_if_ssl: false
      fail_if_not_ssl: true
      fail_if_body_matches_regexp:
        - "database is down"
      fail_if_body_not_matches_regexp:
        - "Welcome to the shop"
        - "second"
      fail_if_header_matches:
        - header: Set-Cookie
          allow_missing: true
          regexp: '.*'
      tls_config:
        insecure_skip_verify: false
      preferred_ip_protocol: "ip4"
  http_post: &post
    prober: http
    timeout: 1.5s
    http:
      method: POST
      no_follow_redirects: true
      valid_status_codes: [200, 201]
      headers: { Content-Type: application/json, Connection: close }
      body: '{"a": "\n"}'
      basic_auth: { username: ana, password: "s3cret/?" }
      bearer_token_file: /run/token
      tls_config: { insecure_skip_verify: true, ca_file: /certs/ca.crt }
  http_copy:
    <<: *post
    timeout: 3s
  dns_a:
    prober: dns
    timeout: 2s
    dns:
      query_name: pay.acme.example
      query_type: A
      transport_protocol: tcp
      valid_rcodes: [NOERROR]
      validate_answer_rrs:
        fail_if_not_matches_regexp: [".*192.0.2.1"]
  smtp_submission:
    prober: tcp
    timeout: 5s
    tcp:
      query_response:
        - expect: "^220 .* ESMTP"
        - send: "EHLO watcher\r"
        - expect: "^250-STARTTLS"
        - send: "STARTTLS\r"
        - expect: "^220"
        - starttls: true
        - send: "EHLO watcher\r"
        - expect: "^250-AUTH"
        - send: "QUIT\r"
  icmp4:
    prober: icmp
    icmp:
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      payload_size: 64
  sock: { prober: unix }
)sample";

const std::string prometheus = R"sample(global:
  scrape_interval: 15s
  external_labels: { region: eu }
rule_files: ["rules/*.yml"]
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:9093"]
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["10.0.0.1:9100"]
  - job_name: web
    metrics_path: /probe
    params:
      module: [http_shop]
    scrape_timeout: 8s
    static_configs:
      - targets: ["https://shop.acme.example/health", "pay.acme.example"]
        labels: { team: payments, "bad-label": x }
      - targets: ["https://api.acme.example/login"]
        labels: { __param_module: http_post }
    file_sd_configs:
      - files: ["targets/*.json"]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: 127.0.0.1:9115
      - source_labels: [team]
        regex: pay.*
        target_label: squad
  - job_name: resolvers
    metrics_path: /probe
    params: { module: [dns_a] }
    static_configs:
      - targets: ["10.0.0.53", "10.0.0.54:5353", "dns.acme.example"]
  - job_name: mail
    metrics_path: /probe
    params: { module: [smtp_submission] }
    static_configs:
      - targets: ["mail.acme.example:25"]
  - job_name: ping
    metrics_path: /probe
    params: { module: [icmp4] }
    static_configs:
      - targets: ["10.0.0.7"]
  - job_name: lost
    metrics_path: /probe
    params: { module: [nowhere] }
    static_configs:
      - targets: ["https://lost.acme.example/"]
)sample";

class Blackbox : public test::Importing {
 protected:
  /// One module and one target of it.
  void probe_of(const std::string& module, const std::string& target) {
    import("blackbox", "modules:\n  m:\n" + module,
           "scrape_configs:\n- job_name: j\n  metrics_path: /probe\n  params: {module: [m]}\n"
           "  static_configs: [{targets: ['" +
               target + "']}]\n");
  }
};

TEST_F(Blackbox, becomes_a_configuration_that_is_taken) {
  import("blackbox", modules, prometheus);
  EXPECT_THAT(problems(), IsEmpty()) << written;
  EXPECT_EQ(probes, 7U);
}

TEST_F(Blackbox, makes_a_probe_of_each_target_with_its_module) {
  import("blackbox", modules, prometheus);
  EXPECT_EQ(probe("web-shop.acme.example-health"), R"([[probe]]
name = "web-shop.acme.example-health"
every = "15s"
timeout = "5s"
labels = { job = "web", team = "payments" }
[probe.http]
url = "https://shop.acme.example/health"
headers = { "Accept-Language" = "en-US", "Host" = "shop.acme.example" }
body_matches = "Welcome to the shop"
body_limit_bytes = 67108864
)");
  EXPECT_EQ(probe("web-api.acme.example-login"), R"([[probe]]
name = "web-api.acme.example-login"
every = "15s"
timeout = "1s500ms"
labels = { job = "web" }
[probe.http]
url = "https://api.acme.example/login"
method = "POST"
user = "ana"
password = "s3cret/?"
headers = { "Content-Type" = "application/json" }
body = "{\"a\": \"\\n\"}"
status = ["200", "201"]
redirects = 0
tls_verify = false
)");
  EXPECT_THAT(probe("resolvers-10.0.0.54-5353"),
              HasSubstr("name = \"pay.acme.example\"\ntype = \"A\"\nresolver = \"10.0.0.54:5353\"\n"
                        "protocol = \"tcp\"\nrcode = \"NOERROR\"\n"));
  EXPECT_THAT(probe("ping-10.0.0.7"), HasSubstr("host = \"10.0.0.7\"\npackets = 1\nfamily = \"ipv4\"\n"));
  EXPECT_THAT(
      probe("mail-mail.acme.example-25"),
      HasSubstr("starttls = \"smtp\"\ndialogue = [{ send = \"EHLO watcher\\r\\n\" }, { expect = \"^250-AUTH\" }"));
}

TEST_F(Blackbox, tells_every_part_that_has_no_counterpart) {
  import("blackbox", modules, prometheus);
  for (const char* line :
       {"source:6: modules.http_shop.http.valid_http_versions: with http2 = true it is HTTP/2 and nothing else, "
        "without it HTTP/1.1",
        "source:15: modules.http_shop.http.fail_if_body_matches_regexp: a body that must not match has no "
        "counterpart",
        "source:20: modules.http_shop.http.fail_if_header_matches",
        "source:34: modules.http_post.http.headers.Connection: it is the probe's own to write",
        "source:37: modules.http_post.http.bearer_token_file",
        "source:39: modules.http_copy: no target asks for this module", "source:71: modules.icmp4.icmp.payload_size",
        "beside:3: global.external_labels",
        "beside:10: scrape_configs[0]: this job scrapes metrics, which is Prometheus's own",
        "beside:23: scrape_configs[1].file_sd_configs",
        "beside:32: scrape_configs[1].relabel_configs[3]: labels are changed by Prometheus only",
        "lost-lost.acme.example: as a comment only: there is no module \"nowhere\"",
        "resolvers-dns.acme.example: as a comment only: resolver must be an address"}) {
    EXPECT_THAT(remarks, Contains("not imported: " + std::string{line}));
    if (std::string{line}.find("as a comment") == std::string::npos) {
      EXPECT_THAT(written, HasSubstr(std::string{line}.substr(std::string{line}.find(": "))))
          << "it stands at its place";
    }
  }
}

TEST_F(Blackbox, shows_its_modules_where_no_targets_are_given) {
  import("blackbox", modules);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(written, HasSubstr("# [[probe]]\n# name = \"http_post-TARGET.example\"\n"));
}

TEST_F(Blackbox, says_what_a_probe_cannot_do_of_a_module) {
  probe_of("    prober: tcp\n    tcp: {query_response: [{expect: 'PING (.*)', send: 'PONG ${1}'}]}\n",
           "irc.example:6667");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, Contains(HasSubstr("as a comment only: the dialogue sends what it has read")));
  probe_of("    prober: tcp\n    tcp: {query_response: [{starttls: true}]}\n", "a.example:9999");
  EXPECT_EQ(probes, 0U);
  probe_of("    prober: http\n    http: {fail_if_ssl: true, fail_if_not_ssl: false}\n", "a.example");
  EXPECT_THAT(remarks, Contains(HasSubstr("modules.m.http.fail_if_ssl")));
  EXPECT_THAT(probe("j-a.example"), HasSubstr("url = \"http://a.example\""));
  probe_of("    prober: dns\n    dns: {query_name: a.example, valid_rcodes: [NOERROR, NXDOMAIN]}\n", "10.0.0.53");
  EXPECT_THAT(remarks, Contains("changed: j-10.0.0.53: type ANY cannot be asked for; this asks for A"));
  EXPECT_THAT(remarks, Contains(HasSubstr("only NOERROR is ok")));
}

TEST_F(Blackbox, finds_what_is_expected_in_a_row_on_lines_of_their_own) {
  probe_of("    prober: tcp\n    tcp: {query_response: [{expect: '^a|b$'}, {expect: c}, {send: d}, {expect: e}]}\n",
           "a.example:99");
  EXPECT_THAT(probe("j-a.example-99"),
              HasSubstr(R"re(dialogue = [{ expect = "(?:^a|b$)[^\\n]*\\n" }, { expect = "c" }, { send = "d\n" }, )re"
                        R"re({ expect = "e" }])re"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Blackbox, tells_where_an_answer_without_records_was_ok) {
  const std::string told = "changed: j-10.0.0.53: an answer without a record was ok; here it is failing";
  const std::string dns = "    prober: dns\n    dns: {query_name: a.example, query_type: A";
  for (const char* more : {"", ", valid_rcodes: [NOERROR]", ", validate_answer_rrs: {fail_if_matches_regexp: [x]}"}) {
    probe_of(dns + more + "}\n", "10.0.0.53");
    EXPECT_THAT(remarks, Contains(told)) << more;
  }
  for (const char* more : {", valid_rcodes: [NXDOMAIN]", ", validate_answer_rrs: {fail_if_none_matches_regexp: [x]}"}) {
    probe_of(dns + more + "}\n", "10.0.0.53");
    EXPECT_THAT(remarks, Not(Contains(told))) << more;
  }
}

TEST_F(Blackbox, takes_any_status_where_it_is_told_to) {
  probe_of("    prober: http\n    http: {accept_any_response: true}\n", "a.example");
  EXPECT_THAT(probe("j-a.example"), HasSubstr("status = [\"100-599\"]"));
}

TEST_F(Blackbox, carries_over_what_clients_and_headers_must_be) {
  probe_of(
      "    prober: http\n    http:\n      valid_http_versions: [HTTP/2.0]\n      bearer_token_file: /run/token\n"
      "      preferred_ip_protocol: ip4\n      ip_protocol_fallback: false\n"
      "      fail_if_header_not_matches:\n      - {header: Content-Type, regexp: json}\n"
      "      - {header: X-A, regexp: a, allow_missing: true}\n      - {header: Content-Type, regexp: utf}\n",
      "https://a.example");
  EXPECT_THAT(probe("j-a.example"),
              HasSubstr("bearer = { file = \"/run/token\" }\nheader_matches = { \"Content-Type\" = \"json\" }\n"
                        "family = \"ipv4\"\nhttp2 = true\n"));
  EXPECT_THAT(remarks, Contains(HasSubstr("fail_if_header_not_matches[1].allow_missing: a header that is missing")));
  EXPECT_THAT(remarks, Contains(HasSubstr("fail_if_header_not_matches[2].regexp: header_matches takes one pattern")));
  probe_of("    prober: http\n    http: {tls_config: {cert_file: a.pem, key_file: a.key}}\n", "https://a.example");
  EXPECT_THAT(probe("j-a.example"),
              HasSubstr("client_certificate = { file = \"a.pem\" }\nclient_key = { file = \"a.key\" }\n"));
}

TEST_F(Blackbox, tells_no_secret_in_the_name_of_a_module_or_in_a_label) {
  const std::string own = "modules:\n  https://u:hush@m: {prober: unix}\n  a?token=hush: {prober: icmp, x: 1}\n";
  import("blackbox", own);
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  import("blackbox", own, R"(scrape_configs:
- metrics_path: /probe
  params: {module: ["https://u:hush@m"]}
  static_configs: [{targets: [a.example], labels: {env: prod, docs: "https://u:hush@a.example/"}}]
- metrics_path: /probe
  params: {module: ["https://u:hush@absent"]}
  static_configs: [{targets: [b.example]}]
)");
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  EXPECT_THAT(written, HasSubstr("# labels = { docs = \"https://a.example/\", env = \"prod\" }\n"));
  EXPECT_THAT(remarks, Each(Not(HasSubstr("hush"))));
  EXPECT_THAT(remarks, Contains(HasSubstr("the module \"https://m\" has the prober \"unix\"")));
  EXPECT_THAT(remarks, Contains(HasSubstr("there is no module \"https://absent\"")));
}

TEST_F(Blackbox, takes_no_label_for_a_variable) {
  import("blackbox", "modules:\n  m: {prober: icmp}\n", R"(scrape_configs:
- metrics_path: /probe
  params: {module: [m]}
  static_configs: [{targets: [a.example], labels: {env: prod}}]
)");
  EXPECT_THAT(written, HasSubstr("labels = { env = \"prod\" }\n"));
  EXPECT_THAT(written, Not(HasSubstr("It needs variables")));
}

TEST_F(Blackbox, names_no_probe_after_a_secret) {
  for (const char* url :
       {"https://ana:hush@a.example/login?token=hush#hush", "ana:hush@a.example/login",
        "https://ana:hu/hush@a.example/login", "https://ana:hu?hush@a.example/login", "https:/ana:hush@a.example/login",
        "https:ana:hush@a.example/login", "//ana:hush@a.example/login", "https:////ana:hush@a.example/login"}) {
    probe_of("    prober: http\n", url);
    ASSERT_THAT(written, HasSubstr("name = \"j-"));
    const std::size_t begin = written.find("name = \"j-");
    EXPECT_THAT(written.substr(begin, written.find('\n', begin) - begin), Not(HasSubstr("hu"))) << url;
  }
  probe_of("    prober: http\n", "https://a.example/x?token=1', 'https://a.example/x?token=2");
  EXPECT_THAT(written, HasSubstr("name = \"j-a.example-x\"\n"));
  EXPECT_THAT(written, HasSubstr("name = \"j-a.example-x-2\"\n")) << "each has a name of its own";
}

TEST_F(Blackbox, loses_no_target_whatever_its_module_is) {
  const std::string jobs = R"(scrape_configs:
- {job_name: none, metrics_path: /probe, static_configs: [{targets: [none.example]}]}
- {job_name: list, metrics_path: /probe, params: {module: []}, static_configs: [{targets: [list.example]}]}
- {job_name: nil, metrics_path: /probe, params: {module: [nothing]}, static_configs: [{targets: [nil.example]}]}
- {job_name: unix, metrics_path: /probe, params: {module: [socket]}, static_configs: [{targets: [unix.example]}]}
- {job_name: two, metrics_path: /probe, params: {module: [ping, socket]}, static_configs: [{targets: [two.example]}]}
- {job_name: empty, metrics_path: /probe, params: {module: [ping]}, static_configs: []}
- {job_name: found, metrics_path: /probe, params: {module: [ping]}, dns_sd_configs: [{names: [a.example]}]}
- {job_name: one, metrics_path: /probe, params: {module: [ping], target: [one.example, two.example]}}
)";
  import("blackbox", "modules:\n  nothing:\n  socket: {prober: unix}\n  ping: {prober: icmp}\n", jobs);
  const std::string none = "no targets stand in its static_configs: list them there for the import";
  for (const std::string line : {"none-none.example: as a comment only: there is no module \"http_2xx\"",
                                 "list-list.example: as a comment only: there is no module \"http_2xx\"",
                                 "nil-nil.example: as a comment only: the module \"nothing\" has the prober \"\"",
                                 "unix-unix.example: as a comment only: the module \"socket\" has the prober \"unix\"",
                                 "source:3: modules.socket: there is no probe like the prober \"unix\"",
                                 "beside:6: scrape_configs[4].params.module: of several, only the first one counts",
                                 "beside:9: scrape_configs[7].params.target: of several, only the first one counts"}) {
    EXPECT_THAT(remarks, Contains("not imported: " + line));
  }
  EXPECT_THAT(remarks, Contains("not imported: beside:7: scrape_configs[5]: " + none));
  EXPECT_THAT(remarks, Contains("not imported: beside:8: scrape_configs[6]: " + none));
  EXPECT_THAT(probe("two-two.example"), HasSubstr("[probe.icmp]"));
  EXPECT_THAT(probe("one-one.example"), HasSubstr("[probe.icmp]"));
}

TEST_F(Blackbox, takes_the_module_from_a_label_where_it_is_made_a_parameter) {
  const std::string job =
      "scrape_configs:\n- job_name: j\n  metrics_path: /probe\n"
      "  static_configs: [{targets: [a.example], labels: {module: ping}}]\n";
  import("blackbox", "modules: {ping: {prober: icmp}}\n",
         job + "  relabel_configs: [{source_labels: [module], target_label: __param_module}]\n");
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, IsEmpty());
  import("blackbox", "modules: {ping: {prober: icmp}}\n", job);
  EXPECT_EQ(probes, 0U) << "a label alone chooses nothing";
}

TEST_F(Blackbox, tells_of_rules_that_make_another_target) {
  const std::string job =
      "scrape_configs:\n- job_name: j\n  metrics_path: /probe\n  params: {module: [ping]}\n"
      "  static_configs: [{targets: [a.example]}]\n  relabel_configs:\n"
      "  - {source_labels: [__address__], target_label: __param_target";
  for (const char* same : {"", ", replacement: $1", ", replacement: '${1}'"}) {
    import("blackbox", "modules: {ping: {prober: icmp}}\n",
           job + same + "}\n  - {target_label: __address__, replacement: '127.0.0.1:9115'}\n");
    EXPECT_THAT(remarks, IsEmpty()) << same;
  }
  import("blackbox", "modules: {ping: {prober: icmp}}\n", job + ", replacement: 'www.$1'}\n");
  const std::string rule = "not imported: beside:7: scrape_configs[0].relabel_configs[0]: ";
  EXPECT_THAT(remarks, Contains(rule + "it makes other targets, which are for you to write"));
  EXPECT_EQ(probes, 0U) << "as a comment only";
  import("blackbox", "modules: {ping: {prober: icmp}}\n",
         job + "}\n  - {source_labels: [__address__], regex: 'a.*', action: drop}\n");
  EXPECT_EQ(probes, 0U) << "as a comment only";
  import("blackbox", "modules: {ping: {prober: icmp}}\n", job + "}\n  - {target_label: site, replacement: here}\n");
  EXPECT_EQ(probes, 1U);
}

TEST_F(Blackbox, tells_what_it_takes_in_place_of_a_time) {
  import("blackbox", "modules: {ping: {prober: icmp, timeout: 0s}}\n",
         "global: {scrape_interval: 5s}\nscrape_configs:\n- job_name: j\n  metrics_path: /probe\n"
         "  scrape_interval: 0s\n  scrape_timeout: soon\n  params: {module: [ping]}\n"
         "  static_configs: [{targets: [a.example]}]\n");
  EXPECT_THAT(probe("j-a.example"), HasSubstr("every = \"5s\"\ntimeout = \"5s\"\n"));
  for (const std::string line :
       {"not imported: beside:5: scrape_configs[0].scrape_interval: it was \"0s\"; it is 5s here",
        "not imported: beside:6: scrape_configs[0].scrape_timeout: it was \"soon\"; it is 5s here",
        "changed: j-a.example: timeout was \"0s\"; it is 5s, the other tool's default"}) {
    EXPECT_THAT(remarks, Contains(line));
  }
}

TEST_F(Blackbox, tells_of_statuses_patterns_and_bodies_that_it_leaves_out) {
  probe_of("    prober: http\n    http: {valid_status_codes: [200, 99, 2xx]}\n", "a.example");
  EXPECT_THAT(probe("j-a.example"), HasSubstr("status = [\"200\"]"));
  EXPECT_THAT(remarks, Contains(HasSubstr("valid_status_codes: statuses are 100 to 599; left out: \"99\", \"2xx\"")));
  probe_of("    prober: http\n    http: {fail_if_body_not_matches_regexp: ['(', ok]}\n", "a.example");
  EXPECT_THAT(probe("j-a.example"), HasSubstr("body_matches = \"ok\""));
  EXPECT_THAT(remarks, Contains(HasSubstr("regexp[0]: it is not a regular expression (RE2)")));
  probe_of("    prober: http\n    http: {method: head, body: x, fail_if_body_not_matches_regexp: [ok]}\n", "a.example");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, Contains(HasSubstr("the body was left out: a HEAD request has none")));
  EXPECT_THAT(remarks, Contains(HasSubstr("regexp[0]: the answer to HEAD has no body to match")));
}

TEST_F(Blackbox, asks_with_the_credentials_of_the_module_or_not_at_all) {
  const auto http = [this](const std::string& members) {
    probe_of("    prober: http\n    http: {" + members + "}\n", "https://a.example");
    return written.substr(written.find("[probe.http]"));
  };
  EXPECT_THAT(http("basic_auth: {username: ana, password_file: pw}"),
              HasSubstr("user = \"ana\"\npassword = { file = \"pw\" }\n"));
  EXPECT_THAT(http("authorization: {credentials_file: token}"), HasSubstr("bearer = { file = \"token\" }\n"));
  EXPECT_THAT(http("authorization: {type: Token, credentials: x}"), HasSubstr(R"("Authorization" = "Token x")"));
  EXPECT_THAT(http("tls_config: {cert: C, key_file: k.pem}"),
              HasSubstr("client_certificate = \"C\"\nclient_key = { file = \"k.pem\" }\n"));
  (void)http("headers: {Authorization: Basic eA==}, bearer_token: x");
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, Contains(HasSubstr("the header Authorization goes before other credentials")));
  for (const char* none :
       {"oauth2: {client_id: a}", "headers: {Authorization: \"a\\nb\"}", "basic_auth: {username_file: a}",
        "authorization: {type: Token, credentials_file: x}", "http_headers: {X-A: {files: [a]}}"}) {
    (void)http(none);
    EXPECT_EQ(probes, 0U) << none << ": a request without them would fail at once";
  }
}

TEST_F(Blackbox, comments_out_a_websocket_that_would_say_who_asks) {
  probe_of("    prober: websocket\n", "ws://a.example/");
  EXPECT_EQ(probes, 1U);
  probe_of("    prober: websocket\n    websocket: {http_config: {basic_auth: {username: u, password: secret}}}\n",
           "ws://a.example/");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(written, HasSubstr("write that as headers of the probe"));
}

TEST_F(Blackbox, has_no_use_for_tls_where_none_is_spoken) {
  probe_of("    prober: tcp\n    tcp: {tls_config: {ca_file: a.pem}}\n", "a.example:25");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, Contains(HasSubstr("modules.m.tcp.tls_config: it has no use without TLS")));
  probe_of("    prober: grpc\n    grpc: {tls_config: {insecure_skip_verify: true}}\n", "a.example:443");
  EXPECT_EQ(probes, 1U);
  probe_of("    prober: grpc\n    grpc: {tls: true, tls_config: {cert_file: a, key_file: b}}\n", "a.example:443");
  EXPECT_THAT(remarks, Contains(HasSubstr("client certificates are shown by http probes only")));
}

TEST_F(Blackbox, names_the_targets_that_a_part_of_a_module_was_left_out_for) {
  probe_of("    prober: http\n    http: {bearer_token: x, fail_if_not_ssl: true, no_such: 1}\n",
           "https://ana:hush@a.example/', 'https://b.example/', 'http://c.example/");
  EXPECT_THAT(probe("j-b.example"), HasSubstr("bearer = \"x\""));
  const std::string behind = "whether TLS is spoken behind redirects is not looked at; redirects = 0 follows none";
  EXPECT_THAT(remarks, testing::UnorderedElementsAre(
                           "not imported: source:4: modules.m.http.bearer_token: for a.example/",
                           "not imported: source:4: modules.m.http.no_such",
                           "not imported: source:4: modules.m.http.fail_if_not_ssl: for a.example/: " + behind,
                           "not imported: source:4: modules.m.http.fail_if_not_ssl: for b.example/: " + behind,
                           "not imported: source:4: modules.m.http.fail_if_not_ssl: for c.example/: whether TLS is "
                           "spoken is said by the url"));
}

TEST_F(Blackbox, holds_the_certificate_to_the_header_host) {
  const std::string module = "    prober: http\n    http: {headers: {host: shop.example}}\n";
  probe_of(module, "https://10.0.0.7:8443/10.0.0.7");
  EXPECT_THAT(written, HasSubstr("url = \"https://shop.example:8443/10.0.0.7\"\nresolve = \"10.0.0.7\"\n"
                                 "headers = { \"host\" = \"shop.example\" }\n"));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("its url has the header's host; redirects to that host go to the same")));
  probe_of(module, "https://u:p@[2001:db8::7]/");
  EXPECT_THAT(written, HasSubstr("url = \"https://u:p@shop.example/\"\nresolve = \"2001:db8::7\"\n"));
  EXPECT_THAT(problems(), IsEmpty());
  probe_of(module, "https://node-1.example/");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, Contains(HasSubstr("the header Host: the certificate is to be of the url's host")));
  for (const char* same : {"https://Shop.example/", "http://10.0.0.7/"}) {
    probe_of(module, same);
    EXPECT_EQ(probes, 1U);
    EXPECT_THAT(remarks, IsEmpty()) << same;
  }
}

TEST_F(Blackbox, looks_at_tls_of_the_url_where_no_redirect_is_followed) {
  for (const auto& [key, url] :
       {std::pair{"fail_if_ssl", "http://a.example"}, {"fail_if_not_ssl", "https://a.example"}}) {
    const std::string module = "    prober: http\n    http: {" + std::string{key} + ": true";
    probe_of(module + ", follow_redirects: false}\n", url);
    EXPECT_THAT(remarks, IsEmpty()) << key;
    probe_of(module + "}\n", url);
    EXPECT_THAT(remarks, ElementsAre(HasSubstr(std::string{key} + ": whether TLS is spoken behind redirects is not")));
  }
}

TEST_F(Blackbox, tells_that_its_own_address_is_not_asked_any_more) {
  import("blackbox", "modules: {ping: {prober: icmp}}\n",
         "scrape_configs:\n- {job_name: j, scheme: https, metrics_path: /probe, params: {module: [ping]}, "
         "static_configs: [{targets: [a.example]}]}\n");
  EXPECT_THAT(remarks, ElementsAre("not imported: beside:2: scrape_configs[0].scheme: it says how Prometheus reaches "
                                   "blackbox_exporter, which is not asked any more"));
}

TEST_F(Blackbox, comments_out_a_host_that_is_not_in_ascii) {
  for (const char* prober : {"http", "icmp"}) {
    probe_of("    prober: " + std::string{prober} + "\n", "bücher.example");
    EXPECT_EQ(probes, 0U) << prober;
    EXPECT_THAT(remarks, Contains(HasSubstr("has a host that is not in ASCII; write its ASCII form (xn--…)")));
    EXPECT_THAT(written, HasSubstr("name = \"j-b-cher.example\"")) << "and not only by its job";
  }
}

TEST_F(Blackbox, is_told_from_other_files) {
  Result<Source> other = load_yaml(folder.write("a.yml", "groups: []\n"));
  Draft draft{"x"};
  EXPECT_FALSE(import_blackbox(*other, nullptr, draft));
}

}  // namespace
}  // namespace candor::ctl
