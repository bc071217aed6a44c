#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

const std::string sample = R"sample(alerting:
  slack:
    webhook-url: "https://hooks.slack.com/services/${SLACK}"
storage: { type: sqlite, path: /data/data.db }
default: &defaults
  interval: 30s
endpoints:
  - name: storefront
    group: core
    <<: *defaults
    url: "https://www.acme.example/health"
    headers:
      Authorization: ${FRONT_TOKEN}
      X-Half: "Bearer ${FRONT_TOKEN}"
    client:
      timeout: 4s
      insecure: true
      ignore-redirect: true
      dns-resolver: "tcp://8.8.8.8:53"
    conditions:
      - "[STATUS] >= 200"
      - "[STATUS] < 300"
      - "[RESPONSE_TIME] < 1500"
      - "[BODY] == pat(*<h1>Hello*world</h1>*)"
      - "len([BODY].users) > 3"
      - "[DOMAIN_EXPIRATION] > 720h"
    alerts:
      - type: slack
        failure-threshold: 5
        success-threshold: 3
        send-on-resolved: true
    ui: { hide-url: true }
  - name: any status
    url: http://10.0.0.7:8080/
    method: POST
    body: '{"q": 1}'
    conditions: ["[STATUS] == any(200, 429, 503)"]
  - name: no conditions on status
    url: http://10.0.0.7:8080/
    enabled: false
    conditions: ["[RESPONSE_TIME] < 99999"]
  - name: shop-name
    url: "8.8.8.8"
    interval: 5m
    dns: { query-name: "pay.acme.example", query-type: "A" }
    conditions:
      - "[BODY] == 192.0.2.34"
      - "[DNS_RCODE] == NOERROR"
  - name: mx
    url: "udp://8.8.8.8:53"
    dns: { query-name: "acme.example", query-type: "MX" }
    conditions: ["[BODY] == pat(mx*.acme.example)"]
  - name: gateway
    url: "icmp://10.0.0.7"
    conditions: ["[CONNECTED] == true"]
  - name: redis
    url: "tcp://10.0.0.7:6379"
    body: PING
    conditions: ["[CONNECTED] == true"]
  - name: smtp
    url: starttls://smtp.acme.example:587
    conditions: ["[CERTIFICATE_EXPIRATION] > 48h"]
  - name: shell
    url: ssh://10.0.0.7:22
    ssh: { username: ana, password: x }
    conditions: ["[CONNECTED] == true"]
external-endpoints:
  - name: nightly
    group: jobs
    token: "secret"
    heartbeat: { interval: 26h }
)sample";

class Gatus : public test::Importing {
 protected:
  void endpoint(const std::string& url, const std::string& conditions, const std::string& more = {}) {
    import("gatus", "endpoints:\n- name: a\n  url: " + url + "\n  conditions: " + conditions + "\n" + more);
  }
  std::string status_of(const std::string& conditions) {
    endpoint("http://a.example/", conditions);
    const std::size_t begin = written.find("status = ");
    if (begin == std::string::npos) return "none";
    return written.substr(begin, written.find('\n', begin) - begin);
  }
};

TEST_F(Gatus, becomes_a_configuration_that_is_taken) {
  ::setenv("FRONT_TOKEN", "x", 1);
  ::setenv("CORE_STOREFRONT_X_HALF", "Bearer x", 1);
  import("gatus", sample);
  EXPECT_THAT(problems(), IsEmpty()) << written;
  EXPECT_EQ(probes, 9U);
  ::unsetenv("CORE_STOREFRONT_X_HALF");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("environment variable CORE_STOREFRONT_X_HALF is not set")));
  EXPECT_THAT(written,
              HasSubstr("variables of the environment, also to be checked: CORE_STOREFRONT_X_HALF, FRONT_TOKEN."));
  ::unsetenv("FRONT_TOKEN");
}

TEST_F(Gatus, makes_a_component_a_probe_and_a_rule_of_an_endpoint) {
  import("gatus", sample);
  EXPECT_EQ(probe("core-storefront"), R"([[probe]]
name = "core-storefront"
component = "core-storefront"
every = "30s"
timeout = "4s"
fall = 5
rise = 3
[probe.http]
url = "https://www.acme.example/health"
headers = { "Authorization" = { env = "FRONT_TOKEN" }, "X-Half" = { env = "CORE_STOREFRONT_X_HALF" } }
tls_verify = false
redirects = 0
degraded_above = "1s500ms"
body_matches = "(?s)<h1>Hello.*world</h1>"
status = ["200-299"]
body_limit_bytes = 67108864
)");
  EXPECT_THAT(written, HasSubstr("[[component]]\nid = \"core-storefront\"\nname = \"storefront\"\ngroup = \"core\"\n"));
  EXPECT_THAT(written, HasSubstr("[[rule]]\nname = \"core-storefront-down\"\ncomponent = \"core-storefront\"\n"));
  EXPECT_THAT(probe("shop-name"), HasSubstr("contains = [\"192.0.2.34\"]\nrcode = \"NOERROR\"\n"));
  EXPECT_THAT(probe("mx"), HasSubstr(R"(matches = "(?s) mx.*\\.acme\\.example$")"))
      << "Candor shows the preference first";
  EXPECT_THAT(probe("redis"), HasSubstr("dialogue = [{ send = \"PING\" }]"));
  EXPECT_THAT(probe("gateway"), HasSubstr("[probe.icmp]\nhost = \"10.0.0.7\"\npackets = 1\n"));
  EXPECT_THAT(probe("smtp"), HasSubstr("starttls = \"smtp\"\ncert_failing_below = \"2d\"\n"));
  EXPECT_THAT(probe("shell"), HasSubstr("[probe.ssh]\naddress = \"10.0.0.7:22\"\n"));
  EXPECT_THAT(probe("jobs-nightly"), HasSubstr("[probe.heartbeat]\nlate_after = \"1d2h\"\n"));
}

TEST_F(Gatus, tells_every_part_that_has_no_counterpart) {
  import("gatus", sample);
  for (const char* line :
       {"source:1: alerting: who is paged stands in [[contact]] and [[escalation]]",
        "source:4: storage: the journal is in [store]",
        "source:65: endpoints[8].ssh: an ssh probe reads the greeting and logs in as nobody",
        "source:19: endpoints[0].client.dns-resolver",
        "source:25: endpoints[0].conditions[4]: len([BODY].users) > 3: it has no counterpart",
        "source:26: endpoints[0].conditions[5]: [DOMAIN_EXPIRATION] > 720h: it has no counterpart",
        "source:32: endpoints[0].ui", "no-conditions-on-status: as a comment only: it was not enabled"}) {
    EXPECT_THAT(remarks, Contains("not imported: " + std::string{line}));
  }
  EXPECT_THAT(remarks,
              Contains("changed: core-storefront: set the variable CORE_STOREFRONT_X_HALF to the whole of X-Half: "
                       "it is put together of variables"));
  EXPECT_THAT(remarks, Contains("changed: core-storefront: a slow answer was a failure; here it is degraded"));
  EXPECT_THAT(written, Not(HasSubstr("hooks.slack.com"))) << "comments repeat no values";
}

TEST_F(Gatus, joins_conditions_on_the_status) {
  EXPECT_EQ(status_of("['[STATUS] == 200']"), R"(status = ["200"])");
  EXPECT_EQ(status_of("['[STATUS] == any(200, 429)']"), R"(status = ["200", "429"])");
  EXPECT_EQ(status_of("['[STATUS] < 300', '[STATUS] != 204']"), R"(status = ["100-203", "205-299"])");
  EXPECT_EQ(status_of("['[STATUS]>=400']"), R"(status = ["400-599"])");
  EXPECT_EQ(status_of("[]"), R"(status = ["100-599"])") << "as Gatus takes it";
  (void)status_of("['[STATUS] > 500', '[STATUS] < 300']");
  EXPECT_THAT(remarks, ElementsAre("not imported: a: as a comment only: no status fits all conditions"));
}

TEST_F(Gatus, makes_patterns_of_what_the_body_is_compared_with) {
  const auto pattern = [this](const std::string& text) {
    endpoint("http://a.example/", "['[BODY] == " + text + "']");
    const std::size_t begin = written.find("body_matches = ");
    return begin == std::string::npos ? "none" : written.substr(begin + 15, written.find('\n', begin) - begin - 15);
  };
  EXPECT_EQ(pattern("ok"), R"("^\\s*ok\\s*$")") << "without the white space around it";
  EXPECT_EQ(pattern("a+b"), R"("^\\s*a\\+b\\s*$")");
  EXPECT_EQ(pattern("pat(*ok*)"), R"("(?s)ok")");
  EXPECT_EQ(pattern("pat(ok*)"), R"("(?s)^\\s*ok")");
  EXPECT_EQ(pattern("pat(*ok)"), R"("(?s)ok\\s*$")");
  EXPECT_EQ(pattern("pat(a*b)"), R"("(?s)^\\s*a.*b\\s*$")");
  EXPECT_EQ(pattern("pat(v?.[0-9][^a])"), R"("(?s)^\\s*v.\\.[0-9][^a]\\s*$")") << "as Go's filepath.Match";
  EXPECT_EQ(pattern("any(a, b)"), "none");
}

TEST_F(Gatus, begins_with_the_first_line_of_what_is_said_in_a_dialogue) {
  endpoint("tcp://a.example:25", "['[BODY] == pat(220*)']");
  EXPECT_THAT(probe("a"), HasSubstr(R"(dialogue = [{ expect = "(?s)\\A\\s*220" }])"));
  endpoint("tcp://a.example:6379", "['[BODY] == +PONG']", "  body: PING\n");
  EXPECT_THAT(probe("a"), HasSubstr(R"({ expect = "\\A\\s*\\+PONG\\s*\\z" }])"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Gatus, takes_no_placeholder_for_a_text) {
  for (const std::string right : {"[BODY].s", "[body].s", "[STATUS]", "[HEADER].X-Id", "len([BODY].l)"}) {
    for (const std::string left : {"[BODY]", "[BODY].s", "[STATUS]", "[CONNECTED]"}) {
      endpoint("http://a.example/", "['[STATUS] == 200', '" + left + " == " + right + "']");
      EXPECT_THAT(remarks, ElementsAre(HasSubstr("conditions[1]: " + left + " == " + right +
                                                 ": what it is compared with is a")));
      EXPECT_EQ(probes, 1U);
    }
  }
  endpoint("http://a.example/", "['[BODY].s == a [BODY]', '[BODY] == [1,2]']");
  EXPECT_THAT(remarks, IsEmpty()) << "texts";
}

TEST_F(Gatus, takes_no_list_and_no_map_for_a_text) {
  endpoint("http://a.example/",
           "['[BODY].l == [1 2]', '[BODY].m == map[a:1]', '[BODY].l == pat(\\[1*)', '[BODY].s == pat([ab]*)']");
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("conditions[0]: [BODY].l == [1 2]: it is a list or a map"),
                                   HasSubstr("conditions[1]: [BODY].m == map[a:1]: it is a list or a map"),
                                   HasSubstr("conditions[2]: [BODY].l == pat(\\[1*): it is a list or a map")));
  EXPECT_THAT(probe("a"), HasSubstr(R"(json = [{ path = "$.s", matches = "(?s)^[ab]" }])"));
}

TEST_F(Gatus, reads_two_dollar_signs_as_one_in_conditions_too) {
  endpoint("http://a.example/", "['[BODY] == pat(*costs $$5*)', '[BODY].price == $$PRICE', '[BODY].name == $NAME']");
  EXPECT_THAT(probe("a"), AllOf(HasSubstr(R"(body_matches = "(?s)costs \\$5")"),
                                HasSubstr(R"(json = [{ path = "$.price", equals = "$PRICE" }])")));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("conditions[2]: [BODY].name == $NAME: it holds a variable")));
}

TEST_F(Gatus, compares_members_of_the_body) {
  endpoint(
      "http://a.example/",
      "['[BODY].status == UP', '[BODY].items[0].id == 7', '[BODY].x == pat(a*)', '[BODY].n >= 1.5', '[BODY].n <= 3', "
      "'has([BODY].error) == false', '[BODY].n != 2', '[BODY].a-b == c', 'len([BODY].items) == 2', '[BODY].y == any(a, "
      "b)']");
  EXPECT_THAT(written,
              HasSubstr(R"(json = [{ path = "$.status", equals = "UP" }, { path = "$.items[0].id", matches = "^7$" }, )"
                        R"({ path = "$.x", matches = "(?s)^a" }, { path = "$.n", at_least = 1.5 }, )"
                        R"({ path = "$.n", at_most = 3 }, { path = "$.error", exists = false }])"));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("conditions[6]: [BODY].n != 2: of a value of JSON"),
                                   HasSubstr("conditions[7]: [BODY].a-b == c: the path is none"),
                                   HasSubstr("conditions[8]: len([BODY].items) == 2: it has no counterpart"),
                                   HasSubstr("conditions[9]: [BODY].y == any(a, b): of a value of JSON")));
}

TEST_F(Gatus, reads_as_much_of_a_body_as_candor_can_where_it_looks_into_it) {
  for (const char* condition : {"[BODY] == ok", "[BODY].status == UP"}) {
    endpoint("http://a.example/", std::string{"['"} + condition + "']");
    EXPECT_THAT(probe("a"), HasSubstr("body_limit_bytes = 67108864\n")) << condition;
    EXPECT_THAT(problems(), IsEmpty());
  }
  endpoint("http://a.example/", "['[STATUS] == 200']");
  EXPECT_THAT(written, Not(HasSubstr("body_limit_bytes")));
}

TEST_F(Gatus, tells_the_kind_from_the_scheme) {
  endpoint("wss://a.example/chat", "[]", "  body: hello\n");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.websocket]\nurl = \"wss://a.example/chat\"\nsend = \"hello\"\n"));
  endpoint("grpcs://a.example:443", "[]");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.grpc]\naddress = \"a.example:443\"\ntls = true\n"));
  endpoint("tls://a.example:443", "[]");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.tls]\naddress = \"a.example:443\"\n"));
  endpoint("udp://a.example:53", "[]");
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("endpoints[0]: there is no probe for udp")));
}

TEST_F(Gatus, waits_for_a_message_of_a_websocket) {
  endpoint("wss://a.example/chat", "['[CONNECTED] == true']", "  body: hello\n");
  EXPECT_THAT(probe("a"), HasSubstr("send = \"hello\"\nexpect = \"\"\n")) << "any will do";
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, IsEmpty());
  endpoint("wss://a.example/chat", "['[BODY] == hello']");
  EXPECT_THAT(probe("a"), HasSubstr(R"(expect = "^\\s*hello\\s*$")"));
  EXPECT_THAT(remarks, ElementsAre("changed: a: an empty message was said first; here none is"));
}

TEST_F(Gatus, takes_a_family_for_pings_only_as_gatus_does) {
  endpoint("icmp://a.example", "[]", "  client: {network: ip6}\n");
  EXPECT_THAT(probe("a"), HasSubstr("family = \"ipv6\"\n"));
  for (const char* url : {"https://a.example/", "tcp://a.example:25"}) {
    endpoint(url, "[]", "  client: {network: ip6}\n");
    EXPECT_THAT(written, Not(HasSubstr("family =")));
    EXPECT_THAT(remarks,
                ElementsAre("not imported: source:5: endpoints[0].client.network: Gatus heeds it with icmp only"));
  }
  endpoint("icmp://a.example", "[]", "  client: {network: ip5}\n");
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("client.network: it is none of ip, ip4 and ip6")));
}

TEST_F(Gatus, says_where_it_is_told_that_nothing_can_be_seen) {
  endpoint("icmp://a.example", "[]", "connectivity: {checker: {target: '1.1.1.1:53', interval: 60s}}\n");
  EXPECT_THAT(
      remarks,
      ElementsAre("not imported: source:5: connectivity: write a probe of what it asks, and name it in [self_check]"));
}

TEST_F(Gatus, tells_of_limits_for_certificates_that_gatus_did_not_have) {
  const std::string degraded = "changed: a: a certificate that is valid for less than 21d is degraded";
  for (const char* url : {"tls://a.example:443", "starttls://a.example:587"}) {
    endpoint(url, "[]");
    EXPECT_THAT(remarks, ElementsAre(degraded + ", for less than 3d failing"));
    endpoint(url, "['[CERTIFICATE_EXPIRATION] > 48h']");
    EXPECT_THAT(remarks, ElementsAre(degraded));
    endpoint(url, "['[CERTIFICATE_EXPIRATION] > 504h']");
    EXPECT_THAT(remarks, IsEmpty()) << "it is failing before";
  }
  endpoint("https://a.example/", "[]");
  EXPECT_THAT(remarks, IsEmpty());
}

TEST_F(Gatus, tells_what_it_takes_in_place_of_a_number_or_a_time) {
  endpoint("tcp://a.example:25", "[]",
           "  interval: 0\n  client: {timeout: soon}\n  alerts: [{failure-threshold: 500, success-threshold: 0}]\n");
  EXPECT_THAT(probe("a"), HasSubstr("every = \"1m\"\ntimeout = \"10s\"\nfall = 100\nrise = 2\n"));
  EXPECT_THAT(remarks, IsSupersetOf({"changed: a: interval was \"0\"; it is 1m, the other tool's default",
                                     "changed: a: client.timeout was \"soon\"; it is 10s, the other tool's default",
                                     "changed: a: fall was 500; Candor's bound is 100",
                                     "changed: a: success-threshold was \"0\"; it is 2, the other tool's default"}));
  import("gatus", "external-endpoints: [{name: a, heartbeat: {interval: 0}}, {name: b, enabled: false}]\n");
  EXPECT_THAT(probe("a"), HasSubstr("late_after = \"1d\""));
  EXPECT_THAT(remarks, Contains(HasSubstr("heartbeat.interval was \"0\": Gatus knew no longest time")));
  EXPECT_EQ(probes, 1U);
}

TEST_F(Gatus, takes_thresholds_from_the_default_of_the_alert) {
  import("gatus",
         "alerting: {slack: {webhook-url: x, default-alert: {failure-threshold: 7}}}\n"
         "endpoints: [{name: a, url: 'tcp://a.example:25', alerts: [{type: slack}]}]\n");
  EXPECT_THAT(probe("a"), HasSubstr("fall = 7\nrise = 2\n"));
}

TEST_F(Gatus, leaves_no_variable_as_it_is_written) {
  endpoint("https://a.example/", "[]", "  headers: {Authorization: 'Bearer ${TOKEN}', X-Cost: '$$5'}\n");
  EXPECT_THAT(probe("a"), HasSubstr("bearer = { env = \"TOKEN\" }\nheaders = { \"X-Cost\" = \"$5\" }\n"));
  endpoint("https://a.example/${PATH}", "[]", "  client: {proxy-url: 'http://u:$PW@p.example:80'}\n");
  EXPECT_THAT(probe("a"), HasSubstr("url = { env = \"A_URL\" }\nproxy = { env = \"A_PROXY\" }\n"));
  endpoint("${SHOP_URL}", "[]");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.http]\nurl = { env = \"SHOP_URL\" }\n"));
  endpoint("tcp://${HOST}:25", "[]");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, Contains(HasSubstr("address holds a variable, which is not put in")));
  endpoint("icmp://$HOST", "[]");
  EXPECT_EQ(probes, 0U);
}

TEST_F(Gatus, takes_no_label_for_a_variable_and_puts_no_secret_in_one) {
  import("gatus", R"(endpoints:
- name: api.example.com/x?token=hush
  group: b.example?hush
  url: https://a.example/
  extra-labels: {env: prod}
- name: c
  url: https://c.example/
  extra-labels: {"https://u:hush@t": x, "https://u:hush@m": {a: b}, docs: "https://u:hush@c.example/x?token=hush"}
)");
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  EXPECT_THAT(written, Not(HasSubstr("It needs variables")));
  EXPECT_THAT(probe("b.example-api.example.com-x"), HasSubstr("labels = { env = \"prod\" }\n"));
  EXPECT_THAT(probe("c"), HasSubstr("labels = { docs = \"https://c.example/x\" }\n"));
  EXPECT_THAT(remarks, Each(Not(HasSubstr("hush"))));
  EXPECT_THAT(remarks, Contains("changed: c: of its label docs, what may be a secret was left out"));
  EXPECT_THAT(remarks, Contains("changed: c: the label \"https://t\" was left out: its name cannot be used"));
  EXPECT_THAT(remarks, Contains("not imported: source:8: endpoints[1].extra-labels.https://m"));
}

TEST_F(Gatus, names_nothing_after_a_secret) {
  import("gatus", R"(endpoints:
- name: https://ana:hush@a.example/x?token=hush
  group: https:/ana:hush@b.example
  url: https://a.example/
  headers: {X-Key: "a ${KEY}"}
- {name: c, url: "ana:hush@https://c.example"}
)");
  EXPECT_THAT(written, HasSubstr("[[component]]\nid = \"https-b.example-https-a.example-x\"\n"
                                 "name = \"https://a.example/x\"\ngroup = \"https:/b.example\"\n"));
  EXPECT_THAT(written, HasSubstr("HTTPS_B_EXAMPLE_HTTPS_A_EXAMPLE_X_X_KEY"));
  EXPECT_THAT(remarks,
              Contains("changed: https-b.example-https-a.example-x: of its name, what may be a secret was left "
                       "out"));
  EXPECT_THAT(remarks, Contains("not imported: source:6: endpoints[1]: there is no probe for such a url"));
  EXPECT_THAT(remarks, Each(Not(HasSubstr("hush"))));
  EXPECT_THAT(written, Not(testing::ContainsRegex("hush|HUSH")));
}

TEST_F(Gatus, comments_out_what_would_fail_at_once) {
  for (const char* client : {"oauth2: {client-id: a}", "tunnel: jump", "identity-aware-proxy: {audience: a}"}) {
    endpoint("https://a.example/", "[]", "  client: {" + std::string{client} + "}\n");
    EXPECT_EQ(probes, 0U) << client;
  }
  endpoint("tls://a.example:443", "[]", "  client: {insecure: true}\n");
  EXPECT_EQ(probes, 0U);
  endpoint("wss://a.example/", "[]", "  client: {insecure: true}\n");
  EXPECT_THAT(probe("a"), HasSubstr("tls_verify = false"));
  endpoint("https://a.example/", "[]", "  client: {tls: {certificate-file: a.pem, private-key-file: a.key}}\n");
  EXPECT_THAT(probe("a"), HasSubstr("client_certificate = { file = \"a.pem\" }\nclient_key = { file = \"a.key\" }\n"));
}

TEST_F(Gatus, comments_out_what_would_watch_for_the_opposite) {
  for (const char* condition : {"[CONNECTED] == false", "[CONNECTED] != true"}) {
    endpoint("tcp://a.example:99", std::string{"[\""} + condition + "\"]");
    EXPECT_EQ(probes, 0U) << condition;
    EXPECT_THAT(written, HasSubstr("ok while its target cannot be reached")) << condition;
  }
  endpoint("tcp://a.example:99", R"(["[CONNECTED] == true"])");
  EXPECT_EQ(probes, 1U);
  endpoint("192.0.2.1", R"(["[DNS_RCODE] == SERVFAIL"])", "  dns: {query-name: a.example, query-type: A}\n");
  EXPECT_EQ(probes, 0U);
}

TEST_F(Gatus, tells_which_answers_of_a_resolver_were_ok_and_are_not) {
  const auto dns = [this](const std::string& condition) {
    endpoint("192.0.2.1", "['" + condition + "']", "  dns: {query-name: a.example, query-type: A}\n");
  };
  const std::string empty = "changed: a: an answer without a record was ok; here it is failing";
  dns("[CONNECTED] == true");
  EXPECT_THAT(remarks, ElementsAre("changed: a: an answer of any code was ok; here it has NOERROR", empty));
  dns("[DNS_RCODE] == NOERROR");
  EXPECT_THAT(remarks, ElementsAre(empty));
  for (const char* same : {"[DNS_RCODE] == NXDOMAIN", "[BODY] == 192.0.2.34"}) {
    dns(same);
    EXPECT_THAT(remarks, IsEmpty()) << same;
  }
}

TEST_F(Gatus, writes_only_what_toml_and_the_kind_take) {
  endpoint("http://a.example/",
           "['[BODY].n >= 007', '[BODY].n <= 99999999999999999999', '[CERTIFICATE_EXPIRATION] > 48h']");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, Contains(HasSubstr("conditions[0]: [BODY].n >= 007: of a value of JSON")));
  EXPECT_THAT(remarks, Contains(HasSubstr("conditions[2]: [CERTIFICATE_EXPIRATION] > 48h: there are certificates")));
  endpoint("https://a.example/", "['[RESPONSE_TIME] < 400000']", "  client: {timeout: 10m}\n");
  EXPECT_THAT(problems(), IsEmpty()) << "a limit beyond the longest timeout";
  endpoint("https://a.example/", "['[RESPONSE_TIME] < 0']");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, Contains(HasSubstr("a limit of 0 for the time of an answer was left out: no answer is that")));
  endpoint("wss://a.example/", "[]", "  body: ''\n  headers: {X-Empty: ''}\n");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, Contains(HasSubstr("a: as a comment only")).Times(0));
}

TEST_F(Gatus, comments_out_what_candor_would_refuse_and_says_why) {
  endpoint("https://a.example:0/", "[]");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("not imported: a: as a comment only: Candor would refuse it: url ")));
  EXPECT_THAT(problems(), IsEmpty());
  for (const char* scheme : {"https", "wss", "tcp", "icmp"}) {
    endpoint(std::string{scheme} + "://bücher.example:25/", "[]");
    EXPECT_EQ(probes, 0U) << scheme;
    EXPECT_THAT(remarks, Contains(HasSubstr("has a host that is not in ASCII; write its ASCII form (xn--…)")));
  }
}

TEST_F(Gatus, says_where_no_condition_is_left) {
  endpoint("https://a.example/", R"(["nonsense", "[IP] == 10.0.0.7"])");
  EXPECT_THAT(remarks,
              Contains("changed: a: none of its conditions was imported: any answer is ok, whatever its status"));
  endpoint("https://a.example/", R"(["nonsense", "[STATUS] == 200"])");
  EXPECT_THAT(remarks, Contains(HasSubstr("none of its conditions")).Times(0));
  endpoint("https://a.example/", "[]");
  EXPECT_THAT(remarks, Contains(HasSubstr("none of its conditions")).Times(0));
}

TEST_F(Gatus, writes_a_name_on_one_line) {
  import("gatus", "endpoints:\n- name: \"shop\\nand till\"\n  url: https://a.example/\n");
  EXPECT_THAT(written, HasSubstr("name = \"shop and till\"\n"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Gatus, is_told_from_other_files) {
  Result<Source> other = load_yaml(folder.write("a.yml", "modules: {}\n"));
  Draft draft{"x"};
  EXPECT_FALSE(import_gatus(*other, nullptr, draft));
}

TEST_F(Gatus, has_one_place_for_conditions_that_are_there_twice) {
  endpoint("https://a.example/",
           "['[RESPONSE_TIME] < 300', '[RESPONSE_TIME] < 500', '[CERTIFICATE_EXPIRATION] > 48h', "
           "'[CERTIFICATE_EXPIRATION] > 72h']");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(probe("a"), AllOf(HasSubstr("degraded_above = \"300ms\""), HasSubstr("cert_failing_below = \"2d\"")));
  EXPECT_THAT(remarks, Contains(HasSubstr("conditions[1]: [RESPONSE_TIME] < 500: there is one such condition")));
  EXPECT_THAT(remarks, Contains(HasSubstr("conditions[3]: [CERTIFICATE_EXPIRATION] > 72h: there is one such")));
}

}  // namespace
}  // namespace candor::ctl
