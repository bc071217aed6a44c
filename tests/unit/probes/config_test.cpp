#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/kinds.h"
#include "probes/probe.h"
#include "tests/unit/folder.h"
#include "tests/unit/probes/probing.h"
#include "tests/unit/probes/tls_server.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  ProbeConfig probe;
  std::vector<std::string> problems;
};

Read read(const std::string& text, const std::string& file = "candor.toml") {
  Problems problems;
  Read result;
  const std::optional<Document> document = Document::parse(text, file, problems);
  if (document) {
    const std::vector<Table> tables = document->root().tables("probe");
    if (tables.size() == 1) result.probe = read_probe(tables.front());
    document->refuse_unknown();
  }
  for (const Problem& problem : problems.list()) result.problems.push_back(problem.text());
  return result;
}

/// A sound probe with more lines in its own table and in its kind's.
Read read_with(const std::string& common, const std::string& http) {
  return read("[[probe]]\nname = \"checkout-http\"\n" + common +
              "\n[probe.http]\nurl = \"https://pay.acme.example/healthz\"\n" + http + "\n");
}

TEST(ReadProbe, reads_every_key_of_the_design) {
  const Read result = read(R"(
[[probe]]
name = "checkout-http"
component = "checkout"
every = "10s"
retry_interval = "2s"
timeout = "3s"
fall = 2
rise = 3
labels = { team = "payments" }
[probe.http]
url = "https://ana:secret@pay.acme.example/healthz?token=secret"
method = "POST"
headers = { X-Key = "secret", Host = "pay.internal:8443" }
body = "{}"
status = ["2xx", "301-302"]
body_matches = "ok"
body_limit_bytes = 1000
degraded_above = "800ms"
redirects = 3
keep_alive = false
tls_verify = false
)");
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.probe.name, "checkout-http");
  EXPECT_EQ(result.probe.component, "checkout");
  EXPECT_EQ(result.probe.kind, "http");
  EXPECT_EQ(result.probe.every, 10s);
  EXPECT_EQ(result.probe.retry_interval, 2s) << "shorter than the timeout, too: runs do not overlap";
  EXPECT_EQ(result.probe.timeout, 3s);
  EXPECT_EQ(result.probe.fall, 2U);
  EXPECT_EQ(result.probe.rise, 3U);
  EXPECT_TRUE(result.probe.make);
  EXPECT_EQ(result.probe.signal_labels("fra1"), (Labels{{"probe", "checkout-http"},
                                                        {"component", "checkout"},
                                                        {"kind", "http"},
                                                        {"location", "fra1"},
                                                        {"team", "payments"}}));
}

TEST(ReadProbe, has_sound_defaults) {
  const Read result = read_with("", "");
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.probe.every, 30s);
  EXPECT_EQ(result.probe.retry_interval, std::nullopt);
  EXPECT_EQ(result.probe.timeout, 5s);
  EXPECT_EQ(result.probe.fall, 1U);
  EXPECT_EQ(result.probe.rise, 1U);
  EXPECT_EQ(result.probe.signal_labels("fra1").get("component"), "");
}

TEST(ReadProbe, takes_sub_second_intervals_and_a_timeout_longer_than_every) {
  const Read result = read_with("every = \"100ms\"\ntimeout = \"5m\"", "");
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.probe.every, 100ms);
}

TEST(ReadProbe, refuses_common_keys_that_are_out_of_range) {
  EXPECT_THAT(read_with("every = \"99ms\"", "").problems, ElementsAre(HasSubstr("every = \"99ms\" is too short")));
  EXPECT_THAT(read_with("every = \"25h\"", "").problems, ElementsAre(HasSubstr("too long")));
  EXPECT_THAT(read_with("retry_interval = \"99ms\"", "").problems, ElementsAre(HasSubstr("too short")));
  EXPECT_THAT(read_with("timeout = \"9ms\"", "").problems, ElementsAre(HasSubstr("too short")));
  EXPECT_THAT(read_with("timeout = \"6m\"", "").problems, ElementsAre(HasSubstr("too long")));
  EXPECT_THAT(read_with("fall = 0", "").problems, ElementsAre(HasSubstr("fall = 0 is out of range (1 to 100)")));
  EXPECT_THAT(read_with("rise = 101", "").problems, ElementsAre(HasSubstr("out of range")));
}

TEST(ReadProbe, refuses_to_look_again_later_than_it_would_anyway) {
  EXPECT_THAT(read_with("retry_interval = \"31s\"", "").problems,
              ElementsAre(HasSubstr("retry_interval is longer than every, 30s")));
  EXPECT_THAT(read_with("every = \"1m\"\nretry_interval = \"1m\"", "").problems, IsEmpty());
}

TEST(ReadProbe, refuses_names_that_cannot_stand_in_metrics_and_matchers) {
  const std::string kind = "\n[probe.http]\nurl = \"http://acme.example\"\n";
  EXPECT_THAT(read("[[probe]]\nname = \"a b\"" + kind).problems, ElementsAre(HasSubstr("other characters")));
  EXPECT_THAT(read("[[probe]]\nname = \"\"" + kind).problems, ElementsAre(HasSubstr("name is empty")));
  EXPECT_THAT(read("[[probe]]" + kind).problems, ElementsAre(HasSubstr("name is missing")));
  EXPECT_THAT(read("[[probe]]\nname = \"" + std::string(101, 'a') + "\"" + kind).problems,
              ElementsAre(HasSubstr("too long")));
  EXPECT_THAT(read("[[probe]]\nname = \"A.b_c:d-1\"" + kind).problems, IsEmpty());
}

TEST(ReadProbe, refuses_labels_that_are_its_own_or_no_names) {
  EXPECT_THAT(read_with("labels = { location = \"x\" }", "").problems,
              ElementsAre(HasSubstr("set by the probe itself")));
  EXPECT_THAT(read_with("labels = { \"1a\" = \"x\" }", "").problems, ElementsAre(HasSubstr("is not a label's name")));
  EXPECT_THAT(read_with("labels = { a = 1 }", "").problems, ElementsAre(HasSubstr("not a text")));
}

TEST(ReadProbe, wants_exactly_one_kind) {
  EXPECT_THAT(read("[[probe]]\nname = \"a\"\n").problems,
              ElementsAre(AllOf(HasSubstr("the probe has no kind (add a table such as [probe.http]; kinds: http, "),
                                HasSubstr(", mqtt)"))));
  const Read two = read("[[probe]]\nname = \"a\"\n[probe.http]\nurl = \"http://a.example\"\n[probe.exec]\n");
  EXPECT_THAT(two.problems, Contains(HasSubstr("the probe has 2 kinds: http, exec")));
  EXPECT_THAT(read("[[probe]]\nname = \"a\"\n[probe.htpp]\nurl = \"x\"\n").problems,
              Contains(HasSubstr("unknown key \"htpp\" (did you mean \"http\"?)")));
}

TEST(ReadHttp, refuses_unknown_keys_with_the_nearest_one) {
  EXPECT_THAT(read_with("", "body_match = \"ok\"").problems,
              ElementsAre(HasSubstr("unknown key \"body_match\" (did you mean \"body_matches\"?)")));
  EXPECT_THAT(read_with("evry = \"1s\"", "").problems, ElementsAre(HasSubstr("did you mean \"every\"?")));
}

TEST(ReadHttp, refuses_urls_that_it_cannot_ask_and_does_not_repeat_them) {
  for (const char* url : {"", "pay.acme.example", "ftp://acme.example/", "file:///etc/passwd", "http://", "http:///x",
                          "http://u:secret@/x", "http://acme.example:99999/?secret"}) {
    const Read result = read("[[probe]]\nname = \"a\"\n[probe.http]\nurl = \"" + std::string{url} + "\"\n");
    ASSERT_THAT(result.problems, ElementsAre(HasSubstr("candor.toml:4:7: url "))) << url;
    EXPECT_THAT(result.problems.front(), testing::Not(HasSubstr("secret")));
  }
  EXPECT_THAT(read("[[probe]]\nname = \"a\"\n[probe.http]\n").problems, ElementsAre(HasSubstr("url is missing")));
}

TEST(ReadHttp, refuses_headers_that_would_break_the_request) {
  EXPECT_THAT(read_with("", "headers = { \"X Y\" = \"a\" }").problems,
              ElementsAre(HasSubstr("is not a header's name")));
  EXPECT_THAT(read_with("", "headers = { X = \"a\\r\\nY: b\" }").problems, ElementsAre(HasSubstr("line break")));
  EXPECT_THAT(read_with("", "headers = { X = \"a\", x = \"b\" }").problems,
              ElementsAre(HasSubstr("stands here twice")));
  EXPECT_THAT(read_with("", "headers = { Content-Length = \"1\" }").problems,
              ElementsAre(HasSubstr("the probe's own to write")));
  EXPECT_THAT(read_with("", "headers = { Host = \"http://acme.example/\" }").problems,
              ElementsAre(HasSubstr("Host is not a host")));
  EXPECT_THAT(read_with("", "headers = { host = \"\" }").problems, ElementsAre(HasSubstr("host is empty")));
}

TEST(ReadHttp, takes_secrets_from_the_environment_and_names_only_their_source) {
  ::setenv("CANDOR_TEST_TOKEN", "Bearer abc", 1);
  EXPECT_THAT(read_with("", "headers = { Authorization = { env = \"CANDOR_TEST_TOKEN\" } }").problems, IsEmpty());
  ::unsetenv("CANDOR_TEST_TOKEN");
  EXPECT_THAT(read_with("", "headers = { Authorization = { env = \"CANDOR_TEST_TOKEN\" } }").problems,
              ElementsAre(HasSubstr("CANDOR_TEST_TOKEN is not set")));
}

TEST(ReadProbe, tells_of_a_url_that_is_not_there_and_of_nothing_that_would_follow) {
  const std::string url = "url = { env = \"CANDOR_TEST_NO_URL\" }\n";
  const auto only = ElementsAre(HasSubstr("url: environment variable CANDOR_TEST_NO_URL is not set"));
  EXPECT_THAT(read("[[probe]]\nname = \"a\"\n[probe.http]\ncert_failing_below = \"2d\"\n" + url).problems, only);
  EXPECT_THAT(read("[[probe]]\nname = \"a\"\n[probe.websocket]\ntls_verify = false\n" + url).problems, only);
}

TEST(ReadHttp, refuses_settings_that_contradict_each_other) {
  EXPECT_THAT(read_with("timeout = \"1s\"", "degraded_above = \"1s\"").problems,
              ElementsAre(HasSubstr("is never reached (the probe's timeout of 1s comes first)")));
  EXPECT_THAT(read_with("", "method = \"HEAD\"\nbody_matches = \"ok\"").problems, ElementsAre(HasSubstr("no body")));
  EXPECT_THAT(read_with("", "method = \"HEAD\"\nbody = \"x\"").problems, ElementsAre(HasSubstr("no body")));
}

TEST(ReadHttp, refuses_values_of_no_meaning) {
  EXPECT_THAT(read_with("", "method = \"FETCH\"").problems,
              ElementsAre(HasSubstr("\"FETCH\" is not a value of method")));
  EXPECT_THAT(read_with("", "method = \"get\"").problems, ElementsAre(HasSubstr("(one of GET,")));
  EXPECT_THAT(read_with("", "status = [\"2xx\", \"twohundred\"]").problems,
              ElementsAre(HasSubstr("\"twohundred\" is not a pattern of HTTP statuses (such as")));
  EXPECT_THAT(read_with("", "status = [200]").problems, Contains(HasSubstr("not a text")));
  EXPECT_THAT(read_with("", "status = []").problems, ElementsAre(HasSubstr("names no status")));
  EXPECT_THAT(read_with("", "body_matches = \"(\"").problems,
              ElementsAre(HasSubstr("body_matches is not a regular expression")));
  EXPECT_THAT(read_with("", "redirects = 21").problems, ElementsAre(HasSubstr("out of range (0 to 20)")));
  EXPECT_THAT(read_with("", "body_limit_bytes = 0").problems, ElementsAre(HasSubstr("out of range")));
  EXPECT_THAT(read_with("", "degraded_above = \"0s\"").problems, ElementsAre(HasSubstr("too short")));
  EXPECT_THAT(read_with("", "tls_verify = \"no\"").problems, ElementsAre(HasSubstr("not true or false")));
}

TEST(ReadProbe, wants_an_authorities_file_that_it_can_read) {
  const Folder folder;
  const std::string sound = test::TlsServer{"127.0.0.1"}.certificate();
  folder.write("ca.pem", sound);
  folder.write("empty.pem", "");
  folder.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n");
  folder.write("garbage.pem", sound + "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n");
  for (const std::string kind : {"http]\nurl = \"https://a.example\"\n",
                                 "promql]\nurl = \"https://a.example\"\nquery = \"up\"\nfailing_above = 1\n",
                                 "websocket]\nurl = \"wss://a.example\"\n", "tls]\naddress = \"a.example\"\n",
                                 "grpc]\naddress = \"a.example:443\"\ntls = true\n"}) {
    const auto with = [&](const std::string& line) {
      return read("[[probe]]\nname = \"a\"\n[probe." + kind + line, (folder.path() / "candor.toml").string()).problems;
    };
    EXPECT_THAT(with("ca_file = \"ca.pem\""), IsEmpty()) << "relative to the configuration: " << kind;
    EXPECT_THAT(with("ca_file = \"none.pem\""), ElementsAre(HasSubstr("cannot read"))) << kind;
    EXPECT_THAT(with("ca_file = \".\""), ElementsAre(HasSubstr("cannot read"))) << kind;
    EXPECT_THAT(with("ca_file = \"empty.pem\""), ElementsAre(HasSubstr("no certificate"))) << kind;
    EXPECT_THAT(with("ca_file = \"key.pem\""), ElementsAre(HasSubstr("certificate that cannot be read"))) << kind;
    EXPECT_THAT(with("ca_file = \"garbage.pem\""), ElementsAre(HasSubstr("certificate that cannot be read"))) << kind;
    if (kind.starts_with("tls")) continue;
    EXPECT_THAT(with("ca_file = \"ca.pem\"\ntls_verify = false"), ElementsAre(HasSubstr("has no use"))) << kind;
  }
}

TEST(ReadProbe, refuses_hosts_that_are_not_in_ascii_with_a_hint) {
  const std::string host =
      "b\xC3\xBC"
      "cher.example";
  const auto problems = [](const std::string& kind, const std::string& lines) {
    return test::read_kind(kind, lines, "timeout = \"5s\"").problems;
  };
  const auto refused = [](const std::string& key) {
    return ElementsAre(HasSubstr(key + " has a host that is not in ASCII; write its ASCII form (xn--…)"));
  };
  EXPECT_THAT(problems("http", "url = \"https://" + host + "/\""), refused("url"));
  EXPECT_THAT(problems("http", "url = \"https://a.example/\"\nproxy = \"http://" + host + ":3128\""), refused("proxy"));
  EXPECT_THAT(problems("websocket", "url = \"wss://" + host + "/\""), refused("url"));
  EXPECT_THAT(problems("promql", "url = \"http://" + host + "\"\nquery = \"up\"\nfailing_below = 1"), refused("url"));
  EXPECT_THAT(problems("icmp", "host = \"" + host + "\""), refused("host"));
  for (const char* kind : {"tcp", "tls", "smtp", "ssh", "redis", "grpc", "ntp"}) {
    EXPECT_THAT(problems(kind, "address = \"" + host + ":25\""), refused("address")) << kind;
  }
  for (const char* kind : {"tls", "grpc"}) {
    const std::string tls = kind == std::string{"grpc"} ? "\ntls = true" : "";
    EXPECT_THAT(problems(kind, "address = \"a.example:443\"\nserver_name = \"" + host + "\"" + tls),
                refused("server_name"))
        << kind;
  }
}

TEST(ReadProbe, refuses_an_address_of_another_family) {
  const auto problems = [](const std::string& kind, const std::string& lines) {
    return test::read_kind(kind, lines, "timeout = \"5s\"").problems;
  };
  const auto refused = ElementsAre(HasSubstr("is not an address of family = "));
  EXPECT_THAT(problems("http", "url = \"http://10.0.0.7/\"\nfamily = \"ipv6\""), refused);
  EXPECT_THAT(problems("http", "url = \"http://[2001:db8::7]:8080/\"\nfamily = \"ipv4\""), refused);
  EXPECT_THAT(problems("http", "url = \"http://a.example/\"\nresolve = \"10.0.0.7\"\nfamily = \"ipv6\""), refused);
  EXPECT_THAT(problems("http", "family = \"ipv6\"\n[[probe.http.steps]]\nname = \"b\"\nurl = \"http://10.0.0.7/\""),
              refused);
  EXPECT_THAT(problems("http", "url = \"http://a.example/\"\nproxy = \"http://10.0.0.9:3128\"\nfamily = \"ipv6\""),
              refused);
  EXPECT_THAT(
      problems("http", "url = \"http://a.example/\"\nproxy = \"socks5h://[2001:db8::9]:1080\"\nfamily = \"ipv4\""),
      refused);
  EXPECT_THAT(problems("http", "url = \"http://a.example/\"\nproxy = \"socks5://10.0.0.9:1080\"\nfamily = \"ipv6\""),
              refused);
  EXPECT_THAT(problems("icmp", "host = \"10.0.0.7\"\nfamily = \"ipv6\""), refused);
  EXPECT_THAT(problems("icmp", "host = \"2001:db8::7\"\nfamily = \"ipv4\""), refused);
  EXPECT_THAT(problems("ntp", "address = \"10.0.0.7\"\nfamily = \"ipv6\""), refused);
  EXPECT_THAT(problems("ntp", "address = \"[2001:db8::7]:123\"\nfamily = \"ipv4\""), refused);

  EXPECT_THAT(problems("http", "url = \"http://10.0.0.7/\"\nfamily = \"ipv4\""), IsEmpty());
  EXPECT_THAT(problems("http", "url = \"http://[2001:db8::7]/\"\nfamily = \"ipv6\""), IsEmpty());
  EXPECT_THAT(problems("http", "url = \"http://10.0.0.7/\"\nresolve = \"2001:db8::7\"\nfamily = \"ipv6\""), IsEmpty())
      << "it is not connected to";
  EXPECT_THAT(problems("http", "url = \"http://10.0.0.7/\"\nproxy = \"http://a.example:3128\"\nfamily = \"ipv6\""),
              IsEmpty())
      << "the proxy connects to it";
  EXPECT_THAT(problems("icmp", "host = \"a.example\"\nfamily = \"ipv4\""), IsEmpty());
  EXPECT_THAT(problems("ntp", "address = \"[2001:db8::7]\"\nfamily = \"ipv6\""), IsEmpty());
}

TEST(Fingerprint, is_equal_for_equal_configurations_only) {
  const std::string same = read_with("", "").probe.fingerprint;
  EXPECT_EQ(read_with("every = \"30s\"", "method = \"GET\"").probe.fingerprint, same) << "a default, written out";
  std::vector<std::string> all{same};
  for (const char* common :
       {"every = \"31s\"", "retry_interval = \"1s\"", "retry_interval = \"2s\"", "timeout = \"4s\"", "fall = 2",
        "rise = 2", "component = \"c\"", "labels = { a = \"b\" }"}) {
    all.push_back(read_with(common, "").probe.fingerprint);
  }
  for (const char* http : {"method = \"POST\"", "headers = { A = \"b\" }", "headers = { A = \"c\" }", "body = \"x\"",
                           "status = \"200\"", "body_matches = \"ok\"", "degraded_above = \"1s\"", "redirects = 0",
                           "keep_alive = false", "tls_verify = false", "body_limit_bytes = 1"}) {
    all.push_back(read_with("", http).probe.fingerprint);
  }
  for (const char* url : {"https://pay.acme.example/", "https://pay.acme.example/?a", "https://u@pay.acme.example/",
                          "https://u:p@pay.acme.example/", "https://up@pay.acme.example/"}) {
    all.push_back(read("[[probe]]\nname = \"checkout-http\"\n[probe.http]\nurl = \"" + std::string{url} + "\"\n")
                      .probe.fingerprint);
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(Fingerprint, holds_no_secret) {
  const std::string fingerprint = read_with("", "headers = { A = \"swordfish\" }").probe.fingerprint;
  EXPECT_EQ(fingerprint.size(), 43U) << "a SHA-256 in base64";
  EXPECT_EQ(fingerprint.find("swordfish"), std::string::npos);
}

}  // namespace
}  // namespace candor::probes
