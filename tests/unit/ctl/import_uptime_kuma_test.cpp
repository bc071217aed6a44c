#include <fmt/format.h>

#include "tests/unit/ctl/importing.h"

namespace candor::ctl {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const std::string sample = R"sample({"version":"1.23.11","notificationList":[{"id":1,"name":"Ops","config":"{}"}],
"monitorList":[
{"id":1,"name":"Shop","description":null,"pathName":"Web / Shop","parent":9,"childrenIDs":[],"url":"https://shop.acme.example/healthz","method":"GET","hostname":null,"port":null,"maxretries":2,"weight":2000,"active":true,"forceInactive":false,"type":"http","timeout":48,"interval":60,"retryInterval":60,"resendInterval":0,"keyword":null,"invertKeyword":false,"expiryNotification":false,"ignoreTls":true,"upsideDown":false,"packetSize":56,"maxredirects":0,"accepted_statuscodes":["200-299","401"],"dns_resolve_type":"A","dns_resolve_server":"1.1.1.1","dns_last_result":null,"proxyId":null,"notificationIDList":{"1":true},"tags":[{"tag_id":1,"monitor_id":1,"value":"payments","name":"team","color":"#fff"}],"maintenance":false,"mqttTopic":"","mqttSuccessMessage":"","authMethod":null,"httpBodyEncoding":"json","headers":"{\"X-Key\": \"k\\u00e9y\"}","body":null,"basic_auth_user":"ana","basic_auth_pass":"p@ss","pushToken":null,"includeSensitiveData":true},
{"id":2,"name":"Keyword","parent":null,"url":"http://10.0.0.7/","method":"POST","type":"keyword","timeout":0,"interval":30,"retryInterval":20,"maxretries":3,"keyword":"all (systems) go","maxredirects":10,"accepted_statuscodes":["200-299"],"active":true,"headers":"","body":"{\"a\":1}","tags":[],"notificationIDList":{}},
{"id":3,"name":"Resolver","type":"dns","hostname":"pay.acme.example","port":53,"dns_resolve_server":"10.0.0.53","dns_resolve_type":"MX","interval":60,"active":true,"maxretries":0,"retryInterval":60,"accepted_statuscodes":["200-299"]},
{"id":4,"name":"Backup","type":"push","pushToken":"abc","interval":86400,"maxretries":1,"active":true},
{"id":5,"name":"Ping me","type":"ping","hostname":"10.0.0.7","interval":60,"packetSize":1000,"active":true},
{"id":6,"name":"Port","type":"port","hostname":"db.acme.example","port":5432,"interval":60,"active":false},
{"id":7,"name":"Upside","type":"http","url":"http://10.0.0.9/","upsideDown":true,"interval":60,"active":true},
{"id":8,"name":"Container","type":"docker","docker_container":"shop","docker_host":1,"interval":60,"active":true},
{"id":9,"name":"Web","type":"group","interval":60,"active":true}
],"proxyList":[]}
)sample";

class UptimeKuma : public test::Importing {
 protected:
  void monitor(const std::string& members) {
    import("uptime-kuma",
           R"({"monitorList": [{"id": 1, "name": "a", "active": true, "interval": 60, )" + members + "}]}");
  }
};

TEST_F(UptimeKuma, becomes_a_configuration_that_is_taken) {
  import("uptime-kuma", sample);
  EXPECT_THAT(problems(), IsEmpty()) << written;
  EXPECT_EQ(probes, 5U);
}

TEST_F(UptimeKuma, makes_a_component_a_probe_and_a_rule_of_a_monitor) {
  import("uptime-kuma", sample);
  EXPECT_EQ(probe("Shop"), R"([[probe]]
name = "Shop"
component = "Shop"
every = "1m"
timeout = "48s"
fall = 3
labels = { team = "payments" }
[probe.http]
url = "https://shop.acme.example/healthz"
user = "ana"
password = "p@ss"
headers = { "X-Key" = "kéy" }
status = ["200-299", "401"]
redirects = 0
tls_verify = false
)");
  EXPECT_THAT(written, HasSubstr("[[component]]\nid = \"Shop\"\nname = \"Shop\"\ngroup = \"Web\"\n"));
  EXPECT_THAT(probe("Keyword"), HasSubstr(R"(body_matches = "all \\(systems\\) go")"));
  EXPECT_THAT(probe("Keyword"), HasSubstr(R"(headers = { "Content-Type" = "application/json" })"));
  EXPECT_THAT(probe("Resolver"),
              HasSubstr("name = \"pay.acme.example\"\ntype = \"MX\"\nresolver = \"10.0.0.53:53\"\n"));
  EXPECT_THAT(probe("Backup"), HasSubstr("[probe.heartbeat]\nlate_after = \"1d\"\n"));
  EXPECT_THAT(probe("Ping-me"), HasSubstr("[probe.icmp]\nhost = \"10.0.0.7\"\npackets = 1\n"));
}

TEST_F(UptimeKuma, tells_every_part_that_has_no_counterpart_and_nothing_else) {
  import("uptime-kuma", sample);
  const std::string paging = "who is paged stands in [[contact]] and [[escalation]]";
  EXPECT_THAT(
      remarks,
      UnorderedElementsAre(
          "not imported: source:1: notificationList: " + paging,
          "not imported: source:3: monitorList[0].notificationIDList: " + paging,
          "changed: Keyword: retry_interval counts until it is well again, not only until it is failing",
          "not imported: source:6: monitorList[3].maxretries: late_after says how long a call may be late",
          "not imported: source:6: monitorList[3].pushToken: the API has tokens of its own, in [auth]",
          "changed: Backup: whoever calls has to call /api/v1/heartbeat/NAME now",
          "not imported: source:7: monitorList[4].packetSize", "not imported: Port: as a comment only: it was paused",
          HasSubstr("not imported: Upside: as a comment only: upside down"),
          "not imported: source:10: monitorList[7]: Container: there is no probe like a monitor of the type docker",
          HasSubstr("monitorList[8]: it became the group of its components")));
}

TEST_F(UptimeKuma, says_nothing_of_a_heartbeat_without_retries) {
  monitor(R"("type": "push", "maxretries": 0)");
  EXPECT_THAT(remarks, UnorderedElementsAre("changed: a: whoever calls has to call /api/v1/heartbeat/NAME now"));
}

TEST_F(UptimeKuma, looks_for_keywords_in_json_as_it_comes) {
  const auto keyword = [this](const std::string& text) {
    monitor(R"("type": "keyword", "url": "http://a.example/", "keyword": ")" + text + R"(")");
  };
  keyword(R"(\"status\":\"all ok\")");
  EXPECT_THAT(probe("a"), HasSubstr(R"(body_matches = "\"status\"\\s*:\\s*\"all ok\"")"));
  EXPECT_THAT(remarks, IsEmpty());
  for (const char* other : {R"(\"status\": \"ok\")", "a:b", "[1,2]", "grün"}) {
    keyword(other);
    EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("the keyword was looked for in JSON without white space and")));
  }
}

TEST_F(UptimeKuma, compares_a_member_of_json) {
  monitor(R"("type": "json-query", "url": "http://a.example/", "jsonPath": "status", "expectedValue": "ok")");
  EXPECT_THAT(probe("a"), HasSubstr(R"(json = [{ path = "$.status", equals = "ok" }])"));
  monitor(R"("type": "json-query", "url": "http://a.example/", "jsonPath": "n", "expectedValue": "3")");
  EXPECT_THAT(probe("a"), HasSubstr(R"(json = [{ path = "$.n", matches = "^3$" }])")) << "it may be a number";
  monitor(R"("type": "json-query", "url": "http://a.example/", "jsonPath": "$count", "expectedValue": "3")");
  EXPECT_EQ(probes, 0U);
}

TEST_F(UptimeKuma, tells_of_credentials_and_headers_that_it_cannot_take) {
  const std::string key_pair = R"("type": "http", "url": "https://a.example/", "authMethod": "mtls", "tlsKey": "K", )";
  monitor(
      R"("type": "http", "url": "http://a.example/", "authMethod": "ntlm", "authDomain": "x", "headers": "no json")");
  EXPECT_EQ(probes, 0U) << "a request without them would fail at once";
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("there is no authentication by ntlm"), HasSubstr("authDomain"),
                                            HasSubstr("its headers are not a JSON object")));
  monitor(key_pair + R"("tlsCert": "C")");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, Contains(HasSubstr("Candor would refuse it: client_certificate and client_key")));
  monitor(R"("type": "http", "url": "http://a.example/", "headers": "{\"Connection\": \"close\"}")");
  EXPECT_THAT(remarks, Contains(HasSubstr("monitorList[0].headers.Connection: it is the probe's own to write")));
  monitor(R"("type": "keyword", "url": "http://a.example/", "keyword": "x", "invertKeyword": true)");
  EXPECT_EQ(probes, 0U);
  monitor(R"("type": "http", "url": "nonsense")");
  EXPECT_EQ(probes, 0U);
}

TEST_F(UptimeKuma, looks_again_sooner_where_there_are_retries) {
  const std::string http = R"("type": "http", "url": "http://a.example/", )";
  monitor(http + R"("maxretries": 2, "retryInterval": 20)");
  EXPECT_THAT(probe("a"), HasSubstr("every = \"1m\"\ntimeout = \"48s\"\nfall = 3\nretry_interval = \"20s\"\n"));
  EXPECT_THAT(problems(), IsEmpty()) << written;
  for (const std::string none :
       {R"("maxretries": 0, "retryInterval": 20)", R"("maxretries": 2, "retryInterval": 60)"}) {
    monitor(http + none);
    EXPECT_THAT(written, Not(HasSubstr("retry_interval"))) << none;
    EXPECT_THAT(remarks, IsEmpty());
  }
  monitor(http + R"("maxretries": 2, "retryInterval": 90)");
  EXPECT_THAT(written, Not(HasSubstr("retry_interval =")));
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("runs after a failure were 1m30s apart")));
}

TEST_F(UptimeKuma, tells_what_it_takes_in_place_of_a_number_or_a_time) {
  import("uptime-kuma", R"({"monitorList": [{"name": "a", "type": "http", "url": "https://a.example/", "interval": 0,
    "timeout": "soon", "maxretries": 200, "retryInterval": 90000, "maxredirects": 30,
    "accepted_statuscodes": ["200", "299-200", "600"]}]})");
  EXPECT_THAT(probe("a"), HasSubstr("every = \"1m\"\ntimeout = \"48s\"\nfall = 100\n"));
  EXPECT_THAT(probe("a"), HasSubstr("status = [\"200\"]\nredirects = 20\n"));
  EXPECT_THAT(remarks,
              UnorderedElementsAre(
                  "changed: a: interval was \"0\"; it is 1m, the other tool's default",
                  "changed: a: timeout was \"soon\"; it is 48s, the other tool's default",
                  "changed: a: fall was 201; Candor's bound is 100",
                  "changed: a: runs after a failure were 1d1h apart; here they are never rarer than others, 1m",
                  "changed: a: redirects was 30; Candor's bound is 20",
                  "not imported: source:3: monitorList[0].accepted_statuscodes: statuses are 100 to 599; left out: "
                  "\"299-200\", \"600\""));
  monitor(R"("type": "http", "url": "https://a.example/", "interval": 90000, "maxretries": 1, "retryInterval": 88000)");
  EXPECT_THAT(problems(), IsEmpty()) << "the bound of every counts for retry_interval";
  monitor(R"("type": "ping", "hostname": "a.example", "interval": 0.001)");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, Contains("changed: a: every was 1ms; Candor's bound is 100ms"));
  monitor(R"("type": "push", "interval": 0)");
  EXPECT_THAT(probe("a"), HasSubstr("late_after = \"1m\""));
  EXPECT_THAT(remarks, Contains(HasSubstr("interval was \"0\"; it is 1m")));
}

TEST_F(UptimeKuma, signs_in_at_proxies) {
  import("uptime-kuma", R"({"monitorList": [
    {"name": "a", "type": "http", "url": "http://a.example/", "proxyId": 1},
    {"name": "b", "type": "http", "url": "http://b.example/", "proxyId": 2}],
    "proxyList": [{"id": 1, "protocol": "socks", "host": "p.example", "port": 1080, "auth": true, "username": "u",
                   "password": "p@w", "active": true},
                  {"id": 2, "protocol": "http", "host": "q.example", "port": 80, "active": false}]})");
  EXPECT_THAT(probe("a"), HasSubstr("proxy = \"socks5://u:p%40w@p.example:1080\"\n"));
  EXPECT_THAT(probe("b"), Not(HasSubstr("proxy")));
  EXPECT_THAT(remarks, Contains(HasSubstr("monitorList[1].proxyId: there is no such proxy, or it was not active")));
}

TEST_F(UptimeKuma, drops_nothing_in_silence_that_says_something) {
  monitor(R"("type": "ping", "hostname": "a.example", "description": "internal", "resendInterval": 3, "parent": 7,
             "forceInactive": true, "conditions": [{"type": "expression"}])");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("its group was paused"), HasSubstr("monitorList[0].conditions"),
                                            HasSubstr("monitorList[0].description: a component's description"),
                                            HasSubstr("monitorList[0].resendInterval"),
                                            HasSubstr("monitorList[0].parent: its group is not in the backup")));
  monitor(R"("type": "http", "url": "http://a.example/", "method": "HEAD", "body": "x", "expiryNotification": true)");
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("the body was left out: a HEAD request has none"),
                                            HasSubstr("expiryNotification: a certificate is there with https only")));
  for (const auto& [value, told] : {std::pair{"true", 1}, {"false", 0}}) {
    monitor(fmt::format(R"("type": "ping", "hostname": "a.example", "maintenance": {})", value));
    EXPECT_EQ(probes, 1U);
    EXPECT_THAT(remarks, testing::Contains(HasSubstr("maintenance: it was in maintenance when")).Times(told));
  }
  monitor(R"("type": "smtp", "hostname": "a.example")");
  EXPECT_THAT(remarks, Contains(HasSubstr("of the type smtp: write a [probe.smtp] by hand")));
  import("uptime-kuma", R"({"monitorList": [{"name": "", "type": "ping", "hostname": "a.example"}]})");
  EXPECT_THAT(written, HasSubstr("[[rule]]\nname = \"monitor-down\"")) << "it has a component and a rule as well";
}

TEST_F(UptimeKuma, pauses_what_stands_below_a_paused_group) {
  import("uptime-kuma", R"({"monitorList": [
    {"id": 1, "name": "Off", "type": "group", "active": false},
    {"id": 2, "name": "Inner", "type": "group", "active": true, "parent": 1},
    {"id": 3, "name": "child", "type": "ping", "hostname": "a.example", "active": true, "parent": 1},
    {"id": 4, "name": "grandchild", "type": "ping", "hostname": "a.example", "active": true, "parent": 2},
    {"id": 5, "name": "Ring", "type": "group", "active": true, "parent": 6},
    {"id": 6, "name": "Ring too", "type": "group", "active": true, "parent": 5},
    {"id": 7, "name": "in a ring", "type": "ping", "hostname": "a.example", "active": true, "parent": 5},
    {"id": 8, "name": "Paused ring", "type": "group", "active": 0, "parent": 9},
    {"id": 9, "name": "Paused ring too", "type": "group", "active": 1, "parent": 8},
    {"id": 10, "name": "in a paused ring", "type": "ping", "hostname": "a.example", "active": 1, "parent": 9},
    {"id": 11, "name": "itself", "type": "ping", "hostname": "a.example", "active": true, "parent": 11}]})");
  EXPECT_EQ(probes, 2U);
  for (const char* name : {"child", "grandchild", "in-a-paused-ring"}) {
    EXPECT_THAT(remarks, Contains(fmt::format("not imported: {}: as a comment only: its group was paused", name)));
  }
  EXPECT_THAT(probe("in-a-ring"), HasSubstr("[probe.icmp]"));
  EXPECT_THAT(probe("itself"), HasSubstr("[probe.icmp]"));
  EXPECT_THAT(remarks,
              Contains("not imported: source:3: monitorList[1]: it became the group of its components, without "
                       "the one that it stands in: groups hold no groups"));
}

TEST_F(UptimeKuma, reads_headers_as_it_reads_the_file) {
  monitor(R"("type": "http", "url": "http://a.example/",
    "headers": "{\"X-A\": 1, \"X-A\": \"two\", \"X-N\": 5, \"X-L\": [\"hush\"]}")");
  EXPECT_THAT(probe("a"), HasSubstr(R"(headers = { "X-A" = "two", "X-N" = "5" })"));
  EXPECT_THAT(remarks, UnorderedElementsAre("not imported: source:2: monitorList[0].headers.X-A: this key stands there "
                                            "twice; the last one counts",
                                            "not imported: source:2: monitorList[0].headers.X-L"));
}

TEST_F(UptimeKuma, names_nothing_after_a_secret) {
  import("uptime-kuma", R"({"monitorList": [
    {"id": 1, "name": "https://ana:hush@g.example/", "type": "group"},
    {"name": "https://ana:hush@a.example/", "type": "ping", "hostname": "a.example", "parent": 1},
    {"name": "https://ana:hush@b.example/", "type": "docker"}]})");
  EXPECT_THAT(written, HasSubstr("name = \"https://a.example/\"\ngroup = \"https://g.example/\"\n"));
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  EXPECT_THAT(remarks, Contains(HasSubstr("monitorList[2]: https://b.example/: there is no probe like")));
  EXPECT_THAT(remarks, Contains(HasSubstr("changed: https-a.example: of its name, what may be a secret was left out")));
}

TEST_F(UptimeKuma, names_nothing_after_a_query_and_labels_nothing_with_a_secret) {
  import("uptime-kuma", R"({"monitorList": [
    {"type": "ping", "hostname": "a.example", "name": "api.example.com/x?token=hush", "tags": [
      {"name": "https://u:hush@t", "value": "x"}, {"name": "docs", "value": "https://u:hush@a.example"}]}]})");
  EXPECT_THAT(written, HasSubstr("[[component]]\nid = \"api.example.com-x\"\nname = \"api.example.com/x\"\n"));
  EXPECT_THAT(probe("api.example.com-x"), HasSubstr("labels = { docs = \"https://a.example\" }\n"));
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("of its name, what may be a secret was left out"),
                                            HasSubstr("the label \"https://t\" was left out: its name cannot be used"),
                                            HasSubstr("of its label docs, what may be a secret was left out")));
}

TEST_F(UptimeKuma, takes_no_label_for_a_variable) {
  monitor(R"("type": "ping", "hostname": "a.example", "tags": [{"name": "env", "value": "prod"}])");
  EXPECT_THAT(probe("a"), HasSubstr("labels = { env = \"prod\" }\n"));
  EXPECT_THAT(written, Not(HasSubstr("It needs variables")));
}

TEST_F(UptimeKuma, tells_of_tags_without_a_value_or_a_name) {
  monitor(R"("type": "ping", "hostname": "a.example", "tags": [
    {"tag_id": 1, "monitor_id": 1, "name": "public", "value": "", "color": "#fff"}, {"name": "slow", "value": null},
    {"name": null, "value": "x"}, {"name": "list", "value": ["y"]}])");
  EXPECT_THAT(probe("a"), HasSubstr("labels = { public = \"true\", slow = \"true\", list = \"true\" }\n"));
  EXPECT_THAT(remarks, UnorderedElementsAre("changed: a: the tag public has no value; its label is \"true\"",
                                            "changed: a: the tag slow has no value; its label is \"true\"",
                                            "changed: a: the tag list has no value; its label is \"true\"",
                                            "not imported: source:3: monitorList[0].tags[2]: it has no name",
                                            "not imported: source:3: monitorList[0].tags[3].value"));
}

TEST_F(UptimeKuma, tells_what_a_group_says_beside_its_name) {
  import("uptime-kuma", R"({"monitorList": [
    {"id": 1, "name": "Plain", "type": "group", "active": true, "interval": 60, "maxretries": 0, "retryInterval": 60,
     "timeout": 48, "upsideDown": false, "description": "", "tags": [], "notificationIDList": {}, "weight": 2000,
     "accepted_statuscodes": ["200-299"], "resendInterval": 0},
    {"id": 2, "name": "Rich", "type": "group", "active": true, "interval": 20,
     "maxretries": 3, "retryInterval": 30, "upsideDown": true, "description": "d", "tags": [{"name": "t"}],
     "notificationIDList": {"1": true}, "resendInterval": 5},
    {"name": "a", "type": "ping", "hostname": "a.example", "parent": 1},
    {"name": "b", "type": "ping", "hostname": "b.example", "parent": 2}]})");
  const std::string rich = "monitorList[1].";
  const std::string unwatched = "a group is not watched: its components are";
  EXPECT_THAT(
      remarks,
      testing::ElementsAre(
          "not imported: source:2: monitorList[0]: it became the group of its components, and is no probe of its own",
          "not imported: source:5: monitorList[1]: it became the group of its components, and is no probe of its own",
          "not imported: source:5: " + rich + "interval: " + unwatched,
          "not imported: source:6: " + rich + "maxretries: " + unwatched,
          "not imported: source:6: " + rich + "retryInterval: " + unwatched,
          "not imported: source:6: " + rich + "upsideDown: " + unwatched,
          "not imported: source:6: " + rich + "description: a group has no description",
          "not imported: source:6: " + rich + "tags: labels are those of probes",
          "not imported: source:7: " + rich +
              "notificationIDList: who is paged stands in [[contact]] and [[escalation]]",
          "not imported: source:7: " + rich + "resendInterval: " + unwatched));
}

TEST_F(UptimeKuma, tells_of_groups_that_hold_no_component) {
  import("uptime-kuma", R"({"monitorList": [
    {"id": 1, "name": "Empty", "type": "group"}, {"id": 2, "name": "Outer", "type": "group"},
    {"id": 3, "name": "Containers", "type": "group", "parent": 2},
    {"id": 4, "name": "c", "type": "docker", "parent": 3}]})");
  for (int number = 0; number < 3; ++number) {
    EXPECT_THAT(remarks, Contains(HasSubstr(fmt::format("monitorList[{}]: no component stands in it", number))));
  }
}

TEST_F(UptimeKuma, tells_of_proxies_that_no_probe_goes_through) {
  import("uptime-kuma", R"({"monitorList": [
    {"name": "a", "type": "http", "url": "http://a.example/", "proxyId": 1},
    {"name": "b", "type": "ping", "hostname": "b.example", "proxyId": 2},
    {"name": "c", "type": "http", "url": "http://c.example/", "proxyId": 4}],
    "proxyList": [{"id": 1, "protocol": "http", "host": "p.example", "port": 80, "active": true, "default": false},
                  {"id": 2, "protocol": "http", "host": "q.example", "port": 80, "active": true},
                  {"id": 3, "protocol": "http", "host": "r.example", "port": 80, "active": true},
                  {"id": 4, "protocol": "http", "host": "s.example", "port": 80, "active": false}]})");
  EXPECT_THAT(remarks,
              UnorderedElementsAre("not imported: source:3: monitorList[1].proxyId",
                                   HasSubstr("monitorList[2].proxyId: there is no such proxy, or it was not active"),
                                   "not imported: source:6: proxyList[1]: no probe goes through it",
                                   "not imported: source:7: proxyList[2]: no probe goes through it",
                                   "not imported: source:8: proxyList[3]: no probe goes through it"));
}

TEST_F(UptimeKuma, tells_of_a_list_of_monitors_that_is_lost) {
  import("uptime-kuma",
         "{\"monitorList\": [{\"name\": \"a\", \"type\": \"ping\", \"hostname\": \"a.example\"}],\n"
         "\"monitorList\": [{\"name\": \"b\", \"type\": \"ping\", \"hostname\": \"b.example\"}, {}]}");
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks,
              UnorderedElementsAre("not imported: source:1: monitorList: this key stands there twice; the last "
                                   "one counts",
                                   "not imported: source:2: monitorList[1]: monitor: it has no type"));
}

TEST_F(UptimeKuma, comments_out_a_host_that_is_not_in_ascii) {
  for (const char* members : {R"("type": "http", "url": "https://bücher.example/")",
                              R"("type": "port", "hostname": "bücher.example", "port": 25)",
                              R"("type": "ping", "hostname": "bücher.example")"}) {
    monitor(members);
    EXPECT_EQ(probes, 0U) << members;
    EXPECT_THAT(remarks, Contains(HasSubstr("has a host that is not in ASCII; write its ASCII form (xn--…)")));
  }
}

TEST_F(UptimeKuma, is_told_from_other_files) {
  Result<Source> other = load_json(folder.write("a.json", "{\"heartbeatList\": []}"));
  Draft draft{"x"};
  EXPECT_FALSE(import_uptime_kuma(*other, nullptr, draft));
}

TEST_F(UptimeKuma, takes_a_connection_string_apart) {
  const auto redis = [this](const std::string& text, const std::string& more = {}) {
    monitor(R"("type": "redis", "databaseConnectionString": ")" + text + "\"" + more);
  };
  redis("redis://a.example");
  EXPECT_THAT(probe("a"), EndsWith("[probe.redis]\naddress = \"a.example\"\n"));
  EXPECT_THAT(remarks, IsEmpty());
  redis("rediss://ana:p%40ss@w:rd@[2001:db8::7]:6380/0", R"(, "ignoreTls": true)");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.redis]\naddress = \"[2001:db8::7]:6380\"\nuser = \"ana\"\n"
                                    "password = \"p@ss@w:rd\"\ntls = true\ntls_verify = false\n"));
  EXPECT_THAT(remarks, IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
  redis("redis://:hush@a.example/2?name=hush", R"(, "ignoreTls": true)");
  EXPECT_THAT(probe("a"), HasSubstr("address = \"a.example\"\npassword = \"hush\"\n"));
  EXPECT_THAT(remarks, UnorderedElementsAre("not imported: source:1: monitorList[0].ignoreTls",
                                            "changed: a: its database was left out: PING asks none",
                                            "changed: a: of its connection string, \"name\" was left out"));
  for (const char* text :
       {"", "a.example", "http://a.example", "redis://:hu/sh@a.example", "redis://:hu?sh@a.example"}) {
    redis(text);
    EXPECT_EQ(probes, 0U) << text;
    EXPECT_THAT(remarks, Contains(HasSubstr("its connection string cannot be taken apart"))) << text;
    EXPECT_THAT(written, Not(HasSubstr("sh@a"))) << text;
  }
}

TEST_F(UptimeKuma, begins_a_session_of_postgres_where_it_can) {
  const auto postgres = [this](const std::string& text) {
    monitor(R"("type": "postgres", "databaseQuery": "SELECT 2", "databaseConnectionString": "postgres://)" + text +
            "\"");
    EXPECT_THAT(problems(), IsEmpty()) << written;
    EXPECT_THAT(remarks,
                Contains("not imported: source:1: monitorList[0].databaseQuery: a postgres probe asks no query"));
  };
  const std::string no_password = "changed: a: its password was left out: the probe is ok once the server asks for it";
  const std::string no_database =
      "changed: a: its database was left out: a session begins with that of the user's name";
  postgres("ana:hush@a.example:5433/shop?sslmode=require&application_name=kuma");
  EXPECT_THAT(probe("a"), EndsWith("address = \"a.example:5433\"\nuser = \"ana\"\nstarttls = true\n"));
  EXPECT_THAT(remarks,
              IsSupersetOf({no_password, no_database,
                            std::string{"changed: a: of its connection string, \"application_name\" was left out"}}));
  EXPECT_THAT(written, Not(HasSubstr("hush")));
  postgres("ana@a.example/ana?sslmode=no-verify");
  EXPECT_THAT(probe("a"), EndsWith("user = \"ana\"\nstarttls = true\ntls_verify = false\n"));
  EXPECT_THAT(remarks, SizeIs(1));
  postgres("ana@a.example/shop?sslmode=disable");
  EXPECT_THAT(probe("a"), EndsWith("address = \"a.example\"\n"));
  EXPECT_THAT(remarks, Contains("changed: a: its user was left out, who may have no database of his name"));
  postgres("ana@a.example?sslmode=disable&sslrootcert=a.pem");
  EXPECT_THAT(remarks, Contains("changed: a: of its connection string, \"sslrootcert\" was left out"));
  postgres("ana:hush@a.example?ssl=true&sslcert=a.pem&sslkey=a.key");
  EXPECT_EQ(probes, 0U);
  postgres("ana@a.example?host=b.example");
  EXPECT_EQ(probes, 0U) << "which of the two is asked";
}

TEST_F(UptimeKuma, logs_in_at_mysql_without_a_password_only) {
  const auto mysql = [this](const std::string& text, const std::string& more = {}) {
    monitor(R"("type": "mysql", "databaseConnectionString": "mysql://)" + text + "\"" + more);
    EXPECT_THAT(written, Not(HasSubstr("hush")));
  };
  mysql("ana@a.example:3307/shop");
  EXPECT_THAT(probe("a"), HasSubstr("[probe.mysql]\naddress = \"a.example:3307\"\nuser = \"ana\"\n"));
  EXPECT_THAT(remarks, UnorderedElementsAre("changed: a: its database was left out: a login needs none"));
  EXPECT_THAT(problems(), IsEmpty());
  mysql("a.example");
  EXPECT_EQ(probes, 1U);
  EXPECT_THAT(remarks, UnorderedElementsAre("changed: a: without a user it ends after the server's greeting"));
  const std::string unfit = "not imported: a: as a comment only: a mysql probe ";
  mysql("ana:hush@a.example");
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr(unfit + "logs in without a password")));
  mysql("ana@a.example", R"(, "radiusPassword": "hush")");
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr(unfit + "logs in without a password")));
  mysql("ana@a.example?ssl=%7B%7D");
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr(unfit + "speaks no TLS")));
}

TEST_F(UptimeKuma, asks_a_broker_of_mqtt_whether_it_takes_a_client) {
  const auto mqtt = [this](const std::string& host, const std::string& more = {}) {
    monitor(R"("type": "mqtt", "port": 1883, "hostname": ")" + host + "\"" + more);
  };
  mqtt("a.example", R"(, "mqttTopic": "", "mqttCheckType": "keyword")");
  EXPECT_THAT(probe("a"), EndsWith("[probe.mqtt]\naddress = \"a.example:1883\"\n"));
  EXPECT_THAT(remarks, IsEmpty());
  mqtt("mqtts://a.example",
       R"(, "mqttUsername": "ana", "mqttPassword": "pw", "mqttTopic": "t", "mqttSuccessMessage": "ok")");
  EXPECT_THAT(probe("a"), HasSubstr("address = \"a.example:1883\"\ntls = true\nuser = \"ana\"\npassword = \"pw\"\n"));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(remarks, UnorderedElementsAre(HasSubstr("monitorList[0].mqttTopic: an mqtt probe waits for no message"),
                                            HasSubstr("monitorList[0].mqttSuccessMessage: an mqtt probe waits for")));
  mqtt("wss://a.example");
  EXPECT_EQ(probes, 0U);
}

TEST_F(UptimeKuma, comments_out_a_grpc_monitor_that_says_who_asks) {
  monitor(R"("type": "grpc-keyword", "grpcUrl": "a.example:50051")");
  EXPECT_EQ(probes, 1U);
  monitor(R"("type": "grpc-keyword", "grpcUrl": "a.example:50051", "grpcMetadata": "{\"authorization\": \"x\"}")");
  EXPECT_EQ(probes, 0U);
  EXPECT_THAT(written, HasSubstr("a grpc probe sends none"));
}

}  // namespace
}  // namespace candor::ctl
