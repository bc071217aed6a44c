#include <zlib.h>

#include <gmock/gmock.h>

#include "tests/unit/net/flood.h"
#include "tests/unit/probes/http_probing.h"

namespace candor::probes {
namespace {

using rules::Health;
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// 10 MB of zeros in 10 kB.
std::string compressed_zeros() {
  const std::string zeros(10'000'000, '\0');
  uLongf size = compressBound(zeros.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(zeros.data()), zeros.size(),
            9);
  packed.resize(size);
  return packed;
}

/// Of a probe with these keys beside its `url`.
std::vector<std::string> problems_with(const std::string& keys) {
  return problems_of("url = \"http://pay.acme.example\"\n" + keys);
}

TEST_F(HttpProbeTest, sends_a_bearer_and_never_shows_it) {
  EXPECT_EQ(run(url() + "bearer = \"tell-nobody\"").health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("\r\nAuthorization: Bearer tell-nobody\r\n"));
  next = http_answer("401 Unauthorized", "");
  EXPECT_THAT(run(url() + "bearer = \"tell-nobody\"").evidence, Not(HasSubstr("tell-nobody")));
}

TEST_F(HttpProbeTest, sends_a_user_and_a_password) {
  EXPECT_EQ(run(url() + "user = \"ana\"\npassword = \"p:w\"").health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("\r\nAuthorization: Basic YW5hOnA6dw==\r\n"));
}

TEST_F(HttpProbeTest, gives_a_bearer_to_no_other_host) {
  FakeServer other{loop, [](const FakeRequest&) { return http_answer("200 OK", ""); }};
  location = "Location: http://localhost:" + std::to_string(other.port()) + "/\r\n";
  EXPECT_EQ(run(url("/redirect") + "bearer = \"tell-nobody\"").health, Health::ok);
  ASSERT_EQ(other.requests().size(), 1U);
  EXPECT_THAT(other.requests().front().head, Not(HasSubstr("tell-nobody")));
  EXPECT_EQ(run(url("/redirect") + "headers = { Authorization = \"tell-nobody\" }").health, Health::ok);
  EXPECT_THAT(other.requests().back().head, Not(HasSubstr("tell-nobody")));
}

TEST_F(HttpProbeTest, holds_headers_and_json_to_what_is_wanted) {
  next = http_answer("200 OK", R"({"status": "ok", "queue": 7})", "Content-Type: application/json\r\n");
  const std::string wanted =
      "header_matches = { content-type = \"json\" }\njson = [{ path = \"$.status\", equals = \"ok\" }, "
      "{ path = \"$.queue\", at_most = 10 }]";
  EXPECT_EQ(run(url() + wanted).health, Health::ok);
  next = http_answer("200 OK", R"({"status": "ok", "queue": 11})", "Content-Type: application/json\r\n");
  EXPECT_THAT(run(url() + wanted).evidence, HasSubstr("$.queue is 11, expected at most 10 (HTTP 200 from "));
  next = http_answer("200 OK", R"({"status": "ok", "queue": 1})");
  EXPECT_THAT(run(url() + wanted).evidence, HasSubstr("there is no header content-type (HTTP 200 from "));
}

TEST_F(HttpProbeTest, says_when_json_was_cut_off) {
  next = http_answer("200 OK", R"({"status": "ok"})");
  EXPECT_THAT(run(url() + "body_limit_bytes = 5\njson = [{ path = \"$.status\", equals = \"ok\" }]").evidence,
              testing::AllOf(HasSubstr("the body is no JSON ("), HasSubstr("only the first 5 bytes read")));
}

TEST_F(HttpProbeTest, connects_to_the_address_that_it_is_told) {
  const std::string port = std::to_string(server.port());
  const std::string named = "url = \"http://pay.acme.example:" + port + "/x\"\n";
  EXPECT_EQ(run(named + "resolve = \"127.0.0.1\"").health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("\r\nHost: pay.acme.example:" + port + "\r\n"));
  const Outcome lookup = run(named, "timeout = \"5s\"");
  EXPECT_THAT(lookup.evidence, StartsWith("look up pay.acme.example")) << "no other probe is given that address";
}

TEST_F(HttpProbeTest, asks_through_a_proxy_and_says_so) {
  const std::string proxied =
      "url = \"http://pay.acme.example/x\"\nproxy = \"http://ana:tell-nobody@" + server.authority() + "\"\n";
  EXPECT_EQ(run(proxied).health, Health::ok);
  EXPECT_THAT(last().head, StartsWith("GET http://pay.acme.example/x HTTP/1.1\r\n"));
  EXPECT_THAT(last().head, HasSubstr("\r\nProxy-Authorization: Basic "));
  next = http_answer("502 Bad Gateway", "");
  const std::string evidence = run(proxied).evidence;
  EXPECT_THAT(evidence,
              StartsWith("GET http://pay.acme.example/x: HTTP 502 from proxy " + server.authority() + " after "));
  EXPECT_THAT(evidence, Not(HasSubstr("tell-nobody")));
  const std::string gone = "127.0.0.1:" + std::to_string(net::test::closed_port());
  EXPECT_EQ(timeless(run("url = \"http://pay.acme.example/x\"\nproxy = \"http://" + gone + "\"").evidence),
            "connect to proxy " + gone + " for pay.acme.example: Connection refused (after …)");
}

TEST_F(HttpProbeTest, goes_through_its_proxy_whatever_the_environment_says) {
  ::setenv("no_proxy", "*", 1);
  const Outcome outcome = run("url = \"http://pay.acme.example/x\"\nproxy = \"" + server.url("") + "\"");
  ::unsetenv("no_proxy");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_THAT(last().head, StartsWith("GET http://pay.acme.example/x "));
}

TEST_F(HttpProbeTest, tells_what_a_proxy_says_that_does_not_connect) {
  next = http_answer("502 Bad Gateway", "");
  const Outcome outcome = run("url = \"https://pay.acme.example/x\"\nproxy = \"" + server.url("") + "\"");
  EXPECT_EQ(outcome.health, Health::failing) << "it could not reach the target";
  EXPECT_EQ(timeless(outcome.evidence), "connect to pay.acme.example:443 through proxy " + server.authority() +
                                            ": the proxy answered HTTP 502 to CONNECT (after …)");
}

TEST_F(HttpProbeTest, does_not_blame_a_proxy_for_the_target) {
  next = "HTTP/1.1 200 OK\r\n\r\nthis is not TLS";
  EXPECT_EQ(timeless(run("url = \"https://pay.acme.example/x\"\nproxy = \"" + server.url("") + "\"").evidence),
            "TLS handshake with pay.acme.example:443 through proxy " + server.authority() +
                ": it does not speak TLS (after …)");
  using namespace std::string_literals;
  const auto by_socks = [this](const std::string& answer) {
    net::test::Flood proxy{answer, "and more"};
    const Outcome outcome =
        run("url = \"http://pay.acme.example/x\"\nproxy = \"socks5h://ana:pw@" + proxy.authority() + "\"");
    return std::pair{outcome.health, outcome.evidence.substr(outcome.evidence.rfind(": "))};
  };
  EXPECT_THAT(by_socks("\5\0\5\5\0\1\0\0\0\0\0\0"s),
              testing::Pair(Health::failing, StartsWith(": the proxy answered \"connection refused\" (after ")));
  EXPECT_THAT(by_socks("\5\xff"s), testing::Pair(Health::unknown, ": the proxy wants another user or password"));
}

TEST_F(HttpProbeTest, blames_neither_proxy_nor_target_where_no_answer_to_connect_comes) {
  next.reset();
  EXPECT_EQ(
      run("url = \"https://pay.acme.example/x\"\nproxy = \"" + server.url("") + "\"", "timeout = \"60ms\"").evidence,
      "connect to pay.acme.example:443 through proxy " + server.authority() + " timed out after 60 ms");
}

TEST_F(HttpProbeTest, tells_what_a_proxy_says_after_a_redirect_too) {
  FakeServer proxy{loop, [](const FakeRequest& request) {
                     return request.head.starts_with("CONNECT ")
                                ? http_answer("503 No", "")
                                : http_answer("302 Found", "", "Location: https://shop.example/\r\n");
                   }};
  EXPECT_THAT(run("url = \"http://pay.acme.example/x\"\nproxy = \"" + proxy.url("") + "\"").evidence,
              HasSubstr("connect to shop.example:443 through proxy " + proxy.authority() +
                        ": the proxy answered HTTP 503 to CONNECT"));
}

TEST_F(HttpProbeTest, knows_nothing_of_the_target_where_the_proxy_wants_to_know_who_asks) {
  next = http_answer("407 Proxy Authentication Required", "");
  const std::string proxy = "\nproxy = \"" + server.url("") + "\"";
  const Outcome tunnelled = run("url = \"https://pay.acme.example/x\"" + proxy);
  EXPECT_EQ(tunnelled.health, Health::unknown);
  next = http_answer("401 Unauthorized", "");
  EXPECT_EQ(run("url = \"https://pay.acme.example/x\"" + proxy).health, Health::unknown);
  next = http_answer("407 Proxy Authentication Required", "");
  EXPECT_EQ(tunnelled.evidence, "cannot connect to pay.acme.example:443 through proxy " + server.authority() +
                                    ": the proxy answered HTTP 407 to CONNECT");
  const Outcome forwarded = run("url = \"http://pay.acme.example/x\"" + proxy);
  EXPECT_EQ(forwarded.health, Health::unknown);
  EXPECT_EQ(forwarded.symptom, "");
  EXPECT_THAT(forwarded.evidence, HasSubstr("HTTP 407 from proxy " + server.authority()));
  EXPECT_EQ(run("url = \"http://pay.acme.example/x\"\nstatus = \"407\"" + proxy).health, Health::ok);
  EXPECT_EQ(run(url()).health, Health::failing) << "no proxy is between";
}

TEST_F(HttpProbeTest, names_a_proxy_that_is_not_found) {
  const Outcome outcome =
      run("url = \"http://pay.acme.example/x\"\nproxy = \"http://ana:tell-nobody@nowhere.invalid:3128\"",
          "timeout = \"1m\"");
  EXPECT_THAT(outcome.evidence, HasSubstr("look up proxy nowhere.invalid: "));
}

TEST_F(HttpProbeTest, shows_no_password_of_its_proxy_that_is_repeated) {
  next = http_answer("200 OK", "", "X-Seen: Basic YW5hOnRlbGwtbm9ib2R5 of tell-nobody\r\n");
  const std::string proxied =
      "url = \"http://pay.acme.example/x\"\nproxy = \"http://ana:tell-nobody@" + server.authority() + "\"\n";
  EXPECT_THAT(run(proxied + "header_matches = { X-Seen = \"^ok$\" }").evidence,
              HasSubstr("header X-Seen is \"Basic *** of ***\""));
}

TEST_F(HttpProbeTest, asks_over_one_family_of_addresses) {
  const std::string port = std::to_string(server.port());
  const std::string named = "url = \"http://localhost:" + port + "/\"\n";
  EXPECT_EQ(run(named + "family = \"ipv4\"").health, Health::ok);
  const Outcome v6 = run(named + "family = \"ipv6\"");
  EXPECT_EQ(v6.health, Health::failing) << "the server listens on IPv4 only, and the connection to it is not taken";
  EXPECT_THAT(v6.evidence, Not(HasSubstr("127.0.0.1")));
}

TEST_F(HttpProbeTest, does_not_take_http1_for_http2) {
  const Outcome outcome = run(url() + "http2 = true");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("GET " + server.url("/healthz") + ": "));
  EXPECT_THAT(outcome.evidence, HasSubstr(" cannot be read: it is not HTTP/2 (after "));
}

TEST_F(HttpProbeTest, unpacks_no_more_of_a_compressed_body_than_its_limit) {
  next = http_answer("200 OK", compressed_zeros(), "Content-Encoding: deflate\r\n");
  const Outcome outcome = run(url() + "body_limit_bytes = 1000\nbody_matches = \"x\"");
  EXPECT_THAT(outcome.evidence, HasSubstr("only the first 1000 bytes read"));
}

TEST(ReadHttp, refuses_clients_that_make_no_sense) {
  EXPECT_THAT(problems_with("user = \"ana\"\npassword = \"x\"\nproxy = \"socks5h://10.0.0.9:1080\"\nfamily = \"ipv4\""),
              IsEmpty());
  EXPECT_THAT(problems_with("password = \"x\""), ElementsAre(HasSubstr("password has no user")));
  EXPECT_THAT(problems_with("user = \"a:b\""), ElementsAre(HasSubstr("user holds a colon")));
  EXPECT_THAT(problems_with("user = \"a\"\nbearer = \"x\""), ElementsAre(HasSubstr("another Authorization already")));
  EXPECT_THAT(problems_with("headers = { authorization = \"x\" }\nbearer = \"x\""),
              ElementsAre(HasSubstr("another Authorization already")));
  EXPECT_THAT(problems_with("resolve = \"pay.acme.example\""), ElementsAre(HasSubstr("resolve is not an address")));
  EXPECT_THAT(problems_with("resolve = \"::1\"\nproxy = \"http://10.0.0.9:3128\""),
              ElementsAre(HasSubstr("resolve has no use with a proxy")));
  EXPECT_THAT(problems_with("proxy = \"ftp://tell-nobody\""),
              ElementsAre(testing::AllOf(HasSubstr("proxy is not a link to a proxy"), Not(HasSubstr("tell-nobody")))));
  EXPECT_THAT(problems_with("proxy = \"nonsense\""), ElementsAre(HasSubstr("proxy is not a link to a proxy")));
  EXPECT_THAT(problems_with("cert_failing_below = \"3d\""),
              ElementsAre(HasSubstr("has no use without TLS (ask an https link)")));
  EXPECT_THAT(problems_with("client_key = \"x\""), ElementsAre(HasSubstr("stand together")));
  EXPECT_THAT(problems_with("client_certificate = \"x\"\nclient_key = \"tell-nobody\""),
              ElementsAre(testing::AllOf(HasSubstr("no certificate can be read"), Not(HasSubstr("tell-nobody")))));
  EXPECT_THAT(problems_with("header_matches = { \"a b\" = \"x\", C = \"[\" }"),
              ElementsAre(HasSubstr("this is not a header's name"), HasSubstr("C is not a regular expression")));
  EXPECT_THAT(problems_with("method = \"HEAD\"\njson = [{ path = \"$\", exists = true }]"),
              ElementsAre(HasSubstr("the answer to HEAD has no body to match")));
}

}  // namespace
}  // namespace candor::probes
