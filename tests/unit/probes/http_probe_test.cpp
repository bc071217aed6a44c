#include <cstdlib>
#include <map>

#include <gmock/gmock.h>

#include "tests/unit/net/flood.h"
#include "tests/unit/net/name_server.h"
#include "tests/unit/probes/http_probing.h"
#include "tests/unit/probes/own_network.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using namespace test;

TEST_F(HttpProbeTest, finds_a_good_answer_ok) {
  const Outcome outcome = run(url() + "body_matches = \"ok\"");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(outcome.evidence, "");
  EXPECT_TRUE(last().head.starts_with("GET /healthz HTTP/1.1\r\n"));
}

TEST_F(HttpProbeTest, measures_each_phase_by_itself) {
  const std::unique_ptr<Probe> probe = make(url());
  for (int i = 0; i < 3; ++i) {
    const Phases phases = run(*probe).phases;
    EXPECT_GT(phases.total, 0us);
    EXPECT_EQ(phases.name_lookup, 0us) << "an address needs none";
    EXPECT_EQ(phases.connect > 0us, i == 0) << "later runs ask on the connection of the first";
    EXPECT_EQ(phases.tls, 0us);
    EXPECT_GT(phases.first_byte, 0us);
    EXPECT_LE(phases.name_lookup + phases.connect + phases.tls + phases.first_byte, phases.total);
  }
}

TEST_F(HttpProbeTest, looks_a_name_up_only_to_connect) {
  const std::string name = server.authority().replace(0, std::string{"127.0.0.1"}.size(), "localhost");
  const std::unique_ptr<Probe> probe = make("url = \"http://" + name + "/\"");
  EXPECT_GT(run(*probe).phases.name_lookup, 0us);
  EXPECT_EQ(run(*probe).phases.name_lookup, 0us);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpProbeTest, looks_a_name_up_anew_for_each_connection) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  const std::unique_ptr<Probe> probe = make("url = \"http://shop.example:1/\"\nkeep_alive = false");
  for (const std::string address : {"127.0.0.8", "127.0.0.9"}) {
    ASSERT_TRUE(network.set_file("/etc/hosts", address + " shop.example\n"));
    EXPECT_EQ(timeless(run(*probe).evidence),
              "connect to " + address + ":1 (shop.example): Connection refused (after …)");
  }
}

TEST_F(HttpProbeTest, tells_of_a_status_that_is_not_expected) {
  next = http_answer("503 Service Unavailable", "");
  const Outcome outcome = run(url("/healthz?token=secret"));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_TRUE(outcome.evidence.starts_with("GET " + server.url("/healthz") + ": HTTP 503 from " + server.authority() +
                                           " after "))
      << outcome.evidence;
  EXPECT_TRUE(outcome.evidence.ends_with(", expected 2xx")) << outcome.evidence;
  EXPECT_EQ(outcome.evidence.find("secret"), std::string::npos);
  EXPECT_EQ(outcome.symptom, "errors (HTTP 503)");
}

TEST_F(HttpProbeTest, shows_no_path_of_a_url_that_is_secret) {
  ::setenv("HTTP_PROBE_URL", server.url("/services/XXslackSECRET?k=swordfish").c_str(), 1);
  next = http_answer("503 Service Unavailable", R"({"state":"no XXslackSECRET"})");
  const std::string secret_url = "url = { env = \"HTTP_PROBE_URL\" }\n";
  EXPECT_EQ(timeless(run(secret_url).evidence),
            "GET http://" + server.authority() + ": HTTP 503 from " + server.authority() + " after …, expected 2xx");
  EXPECT_EQ(last().head.substr(0, last().head.find(" HTTP")), "GET /services/XXslackSECRET?k=swordfish");
  const std::string repeated =
      run(secret_url + "status = \"503\"\njson = [{ path = \"$.state\", equals = \"ok\" }]").evidence;
  EXPECT_NE(repeated.find("no ***"), std::string::npos) << repeated;
  EXPECT_EQ(repeated.find("SECRET"), std::string::npos) << repeated;
  ::unsetenv("HTTP_PROBE_URL");
}

TEST_F(HttpProbeTest, shows_no_secret_that_the_target_repeats) {
  ::setenv("HTTP_PROBE_KEY", "Key key-from-the-environment", 1);
  const std::string wants = "\njson = [{ path = \"$.echo\", equals = \"ok\" }]\n";
  const auto shown = [&](const std::string& said, const std::string& more, const std::string& path = "/") {
    next = http_answer("200 OK", "{\"echo\": \"got " + said + "\"}");
    return run(url(path) + more + wants).evidence;
  };
  const std::string hidden = "$.echo is \"got ***\", expected \"ok\"";
  EXPECT_THAT(shown("a-bearer-token", "bearer = \"a-bearer-token\""), testing::HasSubstr(hidden));
  EXPECT_THAT(shown("swordfish", "user = \"ana\"\npassword = \"swordfish\""), testing::HasSubstr(hidden));
  EXPECT_THAT(shown("YW5hOnN3b3JkZmlzaA==", "user = \"ana\"\npassword = \"swordfish\""), testing::HasSubstr(hidden));
  EXPECT_THAT(shown("key-from-the-environment", "headers = { X-Key = { env = \"HTTP_PROBE_KEY\" } }"),
              testing::HasSubstr(hidden));
  ::setenv("HTTP_PROBE_BODY", R"({"user":"bob","password":"sekrit99pw"})", 1);
  EXPECT_THAT(shown("sekrit99pw", "method = \"POST\"\nbody = { env = \"HTTP_PROBE_BODY\" }"),
              testing::HasSubstr(hidden));
  EXPECT_THAT(shown("sekritkey99", R"(headers = { Authorization = "Sig key=\"sekritkey99\"" })"),
              testing::HasSubstr(hidden));
  EXPECT_THAT(shown("session-12", "headers = { Cookie = \"session-12\" }"), testing::HasSubstr(hidden));
  EXPECT_THAT(shown("of-the-query", "", "/?key=of-the-query&a=1"), testing::HasSubstr(hidden));
  EXPECT_THAT(shown("application/json", "headers = { Accept = \"application/json\" }"),
              testing::HasSubstr("\"got application/json\""));
}

TEST_F(HttpProbeTest, takes_the_statuses_that_it_is_told_to_expect) {
  next = http_answer("401 Unauthorized", "");
  EXPECT_EQ(run(url() + "status = [\"401\"]").health, Health::ok);
  next = http_answer("200 OK", "");
  EXPECT_EQ(run(url() + "status = [\"401\"]").health, Health::failing);
}

TEST_F(HttpProbeTest, tells_of_a_body_that_does_not_match) {
  const Outcome outcome = run(url() + "body_matches = \"^ok$\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_NE(outcome.evidence.find("body does not match \"^ok$\" (HTTP 200 from " + server.authority()),
            std::string::npos)
      << outcome.evidence;
  EXPECT_NE(outcome.evidence.find("11 bytes read"), std::string::npos) << outcome.evidence;
}

TEST_F(HttpProbeTest, reads_no_more_of_a_body_than_its_limit) {
  next = http_answer("200 OK", std::string(3'000'000, 'x') + "ok");
  const std::unique_ptr<Probe> probe = make(url() + "body_matches = \"ok\"");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_NE(outcome.evidence.find("only the first 1048576 bytes read"), std::string::npos) << outcome.evidence;
  }
  EXPECT_EQ(run(url() + "body_matches = \"^x+$\"\nbody_limit_bytes = 50000").health, Health::ok);
  EXPECT_EQ(run(url() + "body_limit_bytes = 50000").health, Health::ok) << "nothing to match";
  next = http_answer("200 OK", std::string(49'998, 'x') + "ok");
  EXPECT_EQ(run(url() + "body_matches = \"ok\"\nbody_limit_bytes = 50000").health, Health::ok);
}

TEST_F(HttpProbeTest, forgets_the_body_of_the_run_before) {
  const std::unique_ptr<Probe> probe = make(url() + "body_matches = \"ok\"");
  EXPECT_EQ(run(*probe).health, Health::ok);
  next = http_answer("200 OK", "down");
  EXPECT_EQ(run(*probe).health, Health::failing);
  next = http_answer("200 OK", "ok");
  EXPECT_EQ(run(*probe).health, Health::ok);
}

TEST_F(HttpProbeTest, tells_of_a_refused_connection) {
  const std::string peer = "127.0.0.1:" + std::to_string(net::test::closed_port());
  const Outcome outcome = run("url = \"http://" + peer + "/\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "connect to " + peer + ": Connection refused (after …)");
  EXPECT_EQ(outcome.symptom, "failing connections");
  EXPECT_GT(outcome.phases.total, 0us);
  EXPECT_EQ(outcome.phases.connect, 0us) << "it never was";
  EXPECT_EQ(outcome.phases.first_byte, 0us);
}

TEST_F(HttpProbeTest, tells_address_and_name_of_a_refused_connection) {
  const std::string port = std::to_string(net::test::closed_port());
  const Outcome outcome = run("url = \"http://localhost:" + port + "/\"");
  const std::string evidence = timeless(outcome.evidence);
  const std::string ipv4 = "127.0.0.1:" + port;
  const std::string ipv6 = "[::1]:" + port;
  const std::string refused = " (localhost): Connection refused";
  EXPECT_TRUE(evidence == "connect to " + ipv4 + refused + " (after …)" ||
              evidence == "connect to " + ipv4 + refused + "; " + ipv6 + " did not connect either (after …)" ||
              evidence == "connect to " + ipv6 + refused + "; " + ipv4 + " did not connect either (after …)")
      << evidence;
}

/// libcurl asks the system, which reaches nobody here; it is our own lookup that can tell more.
class HttpProbeOfNames : public HttpProbeTest {
 protected:
  void SetUp() override { ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip"; }
  Outcome run_asking(const std::string& resolver, const std::string& kind, const std::string& lines) {
    net::Names asked{loop, resolver};
    const Read read = read_kind(kind, lines, "timeout = \"1m\"");
    const std::unique_ptr<Probe> probe = read.probe.make({loop, transfers, asked});
    return run(*probe);
  }

  OwnNetwork network;
};

TEST_F(HttpProbeOfNames, does_not_blame_the_target_where_no_resolver_is_reached) {
  const std::string nobody = "127.0.0.1:" + std::to_string(net::test::closed_port());
  for (const auto& [kind, lines] :
       {std::pair{"http", "url = \"http://nowhere.invalid/\""}, {"grpc", "address = \"nowhere.invalid:50051\""}}) {
    const Outcome outcome = run_asking(nobody, kind, lines);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_EQ(outcome.evidence,
              "cannot look up nowhere.invalid: no resolver of this machine can be reached (Connection refused): look "
              "at /etc/resolv.conf and at this machine's network");
    EXPECT_EQ(outcome.symptom, "");
  }
}

TEST_F(HttpProbeOfNames, tells_of_a_name_that_does_not_resolve) {
  net::test::NameServer resolver;
  resolver.answer = [](const std::string& question, bool) { return std::vector{net::test::reply(question, 0x8183)}; };
  serve = [&] { resolver.serve(); };
  const Outcome outcome = run_asking(resolver.address(), "http", "url = \"http://nowhere.invalid/\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "look up nowhere.invalid: Domain name not found (after …)");
  EXPECT_GT(outcome.phases.total, 0us);
  EXPECT_EQ(outcome.phases.name_lookup, 0us);
  EXPECT_EQ(outcome.symptom, "failing connections");
}

TEST_F(HttpProbeTest, tells_of_an_answer_that_does_not_come) {
  next.reset();
  const Outcome outcome = run(url(), "timeout = \"60ms\"");
  EXPECT_EQ(outcome.evidence,
            "GET " + server.url("/healthz") + ": no answer from " + server.authority() + " within 60 ms");
  EXPECT_EQ(outcome.symptom, "requests without an answer");
}

TEST_F(HttpProbeTest, tells_of_an_answer_that_does_not_end) {
  next = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  const Outcome late = run(url(), "timeout = \"60ms\"");
  EXPECT_EQ(late.evidence,
            "GET " + server.url("/healthz") + ": the answer of " + server.authority() + " did not end within 60 ms");
  next = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf";
  const Outcome cut = run(url());
  EXPECT_EQ(timeless(cut.evidence), "GET " + server.url("/healthz") + ": the answer of " + server.authority() +
                                        " cannot be read: it was cut short (after …)");
}

TEST_F(HttpProbeTest, tells_of_an_answer_whose_length_cannot_be_known) {
  const auto answer_of = [&](const std::string& length) {
    next = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + length + "\r\n\r\nfour";
    return run(url());
  };
  const std::string unreadable =
      "GET " + server.url("/healthz") + ": the answer of " + server.authority() + " cannot be read: ";
  for (const std::string length : {"99999999999999999999999", "4, 11", "11, 4", "+4", "4x", "4,"}) {
    const Outcome outcome = answer_of(length);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(timeless(outcome.evidence), unreadable + "its Content-Length is \"" + length + "\" (after …)");
    EXPECT_EQ(outcome.symptom, "incomplete answers");
  }
  EXPECT_EQ(timeless(answer_of("11\r\nContent-Length: 4").evidence),
            unreadable + "its Content-Length is \"11, 4\" (after …)");
  for (const std::string length : {"-4", "four", ""}) {
    EXPECT_EQ(timeless(answer_of(length).evidence), unreadable + "its Content-Length is not a length (after …)")
        << length;
  }
  for (const std::string length : {"4", "04", "4, 4", "4\r\nContent-Length: 4"}) {
    EXPECT_EQ(answer_of(length).health, Health::ok) << length;
  }
}

TEST_F(HttpProbeTest, tells_of_a_head_that_is_too_long) {
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "X-Line: " + std::string(50, 'x') + "\r\n";
  const std::string much(200'000, 'x');
  for (const std::string& head : {"HTTP/1.1 200 OK\r\nX-Line: " + much + "\r\n\r\n",
                                  "HTTP/1.1 200 " + much + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + many + "\r\n"}) {
    next = head;
    const Outcome outcome = run(url());
    EXPECT_EQ(timeless(outcome.evidence), "GET " + server.url("/healthz") + ": the answer of " + server.authority() +
                                              " cannot be read: its head is too long (after …)");
    EXPECT_EQ(outcome.symptom, "incomplete answers");
  }
}

TEST_F(HttpProbeTest, shows_no_credentials_of_an_answers_headers) {
  const auto shown = [&](const std::string& header, const std::string& name) {
    next = http_answer("200 OK", "", header);
    return run(url() + "header_matches = { " + name + " = \"^never$\" }").evidence;
  };
  EXPECT_THAT(shown("Set-Cookie: sid=5e551on1d; Path=/shop; HttpOnly\r\nSet-Cookie: tok=\"an0ther\"\r\n", "set-cookie"),
              testing::HasSubstr("set-cookie is \"sid=***; Path=/shop; HttpOnly, tok=\"***\"\", which"));
  EXPECT_THAT(shown("Cookie: 5e551on1d\r\n", "Cookie"), testing::HasSubstr("Cookie is \"***\""));
  EXPECT_THAT(shown("X-Auth-Token: Key 5e551on1d\r\n", "X-Auth-Token"),
              testing::HasSubstr("X-Auth-Token is \"Key ***\""));
  EXPECT_THAT(shown("WWW-Authenticate: Basic realm=shopkeepers\r\n", "WWW-Authenticate"),
              testing::HasSubstr("WWW-Authenticate is \"Basic realm=shopkeepers\""));
  EXPECT_THAT(shown("Set-Cookie: sid=" + std::string(50'000, 'x') + "\r\n", "Set-Cookie"),
              testing::HasSubstr("is \"sid=***\""));
}

TEST_F(HttpProbeTest, shows_no_secret_that_stands_for_a_length) {
  next = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12345678+\r\n\r\n";
  EXPECT_THAT(run(url() + "bearer = \"12345678\"").evidence, testing::HasSubstr("its Content-Length is \"***+\""));
}

TEST_F(HttpProbeTest, tells_of_no_first_byte_where_a_large_body_was_not_answered) {
  next.reset();
  const Outcome outcome = run(url() + "body = \"" + std::string(500'000, 'x') + "\"", "timeout = \"200ms\"");
  EXPECT_THAT(outcome.evidence, testing::HasSubstr("no answer from " + server.authority() + " within 200 ms"));
  EXPECT_EQ(outcome.phases.first_byte, 0us);
}

TEST_F(HttpProbeTest, counts_the_wait_for_the_answer_to_a_large_body) {
  delay = 5ms;
  const Outcome outcome = run(url() + "body = \"" + std::string(500'000, 'x') + "\"");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_GE(outcome.phases.first_byte, 5ms);
}

TEST_F(HttpProbeTest, tells_of_a_connection_closed_without_an_answer) {
  next = "";
  EXPECT_EQ(timeless(run(url()).evidence), "GET " + server.url("/healthz") + ": no answer from " + server.authority() +
                                               ": the connection was closed (after …)");
}

TEST_F(HttpProbeTest, tells_of_a_head_that_breaks_off) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.1 200 OK\r\nX-Half: Connection: close"}) {
    next = head;
    EXPECT_EQ(timeless(run(url()).evidence), "GET " + server.url("/healthz") + ": the answer of " + server.authority() +
                                                 " cannot be read: its head breaks off (after …)")
        << head;
  }
}

TEST_F(HttpProbeTest, takes_no_interim_answer_for_the_final_one) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n";
  for (const std::string half : {"", "Link: </x>\r\n"}) {
    next = early + half;
    EXPECT_THAT(run(url() + "status = [\"1xx\", \"2xx\"]").evidence,
                testing::HasSubstr(" cannot be read: its head breaks off"))
        << half;
  }
}

TEST_F(HttpProbeTest, does_not_blame_the_target_for_what_this_machine_lacks) {
  const std::unique_ptr<Probe> probe = make("url = \"http://127.0.0.1:1/\"");
  const Outcome outcome = run_without_descriptors(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "cannot connect to 127.0.0.1:1: Too many open files: candord has no file descriptor left: raise "
            "LimitNOFILE of its unit");
  EXPECT_EQ(outcome.symptom, "");
}

TEST_F(HttpProbeTest, excuses_no_target_for_one_address_that_this_machine_has_no_way_to) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  network.turn_off_ipv6();
  const Outcome outcome = run("url = \"http://localhost:1/\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence),
            "connect to [::1]:1 (localhost): Cannot assign requested address; 127.0.0.1:1 did not connect either "
            "(after …)");
  EXPECT_EQ(run("url = \"http://[::1]:1/\"").health, Health::unknown);
}

TEST_F(HttpProbeTest, tells_of_an_answer_that_is_not_http) {
  next = "220 mail.acme.example ESMTP\r\n";
  const Outcome outcome = run(url());
  EXPECT_NE(outcome.evidence.find("cannot be read: it is not HTTP"), std::string::npos) << outcome.evidence;
}

TEST_F(HttpProbeTest, asks_again_on_the_same_connection) {
  const std::unique_ptr<Probe> probe = make(url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_EQ(server.connections(), 1);
  server.drop_connections();
  loop.poll();
  EXPECT_EQ(run(*probe).health, Health::ok) << "a connection closed in between is no failure";
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpProbeTest, asks_again_however_often_a_server_closes_as_it_is_asked) {
  std::map<int, int> asked;
  FakeServer hasty{loop, [&](const FakeRequest& request) {
                     return ++asked[request.connection] == 1 ? http_answer("200 OK", "") : std::string{};
                   }};
  const std::unique_ptr<Probe> probe = make("url = \"" + hasty.url() + "\"");
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  }
}

TEST_F(HttpProbeTest, takes_nothing_that_came_before_it_asked) {
  const std::unique_ptr<Probe> probe = make(url());
  EXPECT_EQ(run(*probe).health, Health::ok);
  server.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  loop.poll();
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpProbeTest, names_where_a_redirect_was_not_answered) {
  FakeServer mute{loop, [](const FakeRequest&) { return std::nullopt; }};
  location = "Location: " + mute.url() + "\r\n";
  EXPECT_EQ(run(url("/redirect"), "timeout = \"60ms\"").evidence,
            "GET " + server.url("/redirect") + ", redirected to http://" + mute.authority() + ": no answer from " +
                mute.authority() + " within 60 ms");
}

TEST_F(HttpProbeTest, says_that_a_server_does_not_speak_tls) {
  net::test::Flood plain{"", "HTTP/1.1 400 Bad Request\r\n\r\n"};
  EXPECT_EQ(timeless(run("url = \"https://" + plain.authority() + "/\"").evidence),
            "TLS handshake with " + plain.authority() + ": it does not speak TLS (after …)");
}

TEST_F(HttpProbeTest, connects_anew_each_time_where_that_is_asked_for) {
  const std::unique_ptr<Probe> probe = make(url() + "keep_alive = false");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpProbeTest, sends_method_headers_and_body) {
  run(url() + "method = \"POST\"\nbody = \"{}\"\nheaders = { X-Key = \"k\", Host = \"shop.example\" }");
  EXPECT_TRUE(last().head.starts_with("POST /healthz "));
  EXPECT_EQ(last().body, "{}");
  EXPECT_NE(last().head.find("X-Key: k\r\n"), std::string::npos);
  EXPECT_NE(last().head.find("Host: shop.example\r\n"), std::string::npos);
  EXPECT_NE(last().head.find("User-Agent: candor/"), std::string::npos);
  EXPECT_EQ(last().head.find("form-urlencoded"), std::string::npos);
  run(url() + "method = \"OPTIONS\"");
  EXPECT_TRUE(last().head.starts_with("OPTIONS /healthz "));
  next = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(run(url() + "method = \"HEAD\"").health, Health::ok);
  EXPECT_TRUE(last().head.starts_with("HEAD /healthz "));
}

TEST_F(HttpProbeTest, sends_the_urls_user_and_never_shows_it) {
  next = http_answer("403 Forbidden", "");
  const Outcome outcome = run("url = \"http://ana:secret@" + server.authority() + "/\"");
  EXPECT_NE(last().head.find("Authorization: Basic YW5hOnNlY3JldA=="), std::string::npos);
  EXPECT_EQ(outcome.evidence.find("secret"), std::string::npos) << outcome.evidence;
  EXPECT_EQ(outcome.evidence.find("ana"), std::string::npos) << outcome.evidence;
}

TEST_F(HttpProbeTest, uses_no_proxy_of_the_environment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  EXPECT_EQ(run(url()).health, Health::ok);
  ::unsetenv("http_proxy");
}

TEST_F(HttpProbeTest, follows_redirects) {
  location = "Location: /elsewhere\r\n";
  EXPECT_EQ(run(url("/redirect")).health, Health::ok);
  EXPECT_TRUE(last().head.starts_with("GET /elsewhere "));
  next = http_answer("500 Oops", "");
  const Outcome outcome = run(url("/redirect"));
  EXPECT_NE(outcome.evidence.find("redirected to http://" + server.authority() + "/…, expected 2xx"), std::string::npos)
      << outcome.evidence;
}

TEST_F(HttpProbeTest, keeps_phases_within_the_total_over_redirects) {
  location = "Location: http://localhost:" + std::to_string(server.port()) + "/x\r\n";
  const Phases phases = run(url("/redirect")).phases;
  EXPECT_GT(phases.first_byte, 0us);
  EXPECT_LE(phases.name_lookup + phases.connect + phases.tls + phases.first_byte, phases.total);
}

TEST_F(HttpProbeTest, follows_no_more_redirects_than_it_may) {
  location = "Location: /redirect\r\n";
  const Outcome endless = run(url("/redirect") + "redirects = 3");
  EXPECT_EQ(endless.health, Health::failing);
  EXPECT_TRUE(endless.evidence.starts_with("GET " + server.url("/redirect") + ": too many redirects (HTTP 302 from "))
      << endless.evidence;
  EXPECT_NE(endless.evidence.find("up to 3 are followed"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 4U);
  const Outcome none = run(url("/redirect") + "redirects = 0");
  EXPECT_NE(none.evidence.find("HTTP 302 from"), std::string::npos) << none.evidence;
  EXPECT_EQ(run(url("/redirect") + "redirects = 0\nstatus = \"302\"").health, Health::ok);
}

TEST_F(HttpProbeTest, tells_of_a_body_whose_chunks_are_none) {
  next = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n";
  const Outcome outcome = run(url());
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "GET " + server.url("/healthz") + ": the answer of " + server.authority() +
                                            " cannot be read: its chunked encoding is malformed (after …)");
}

TEST_F(HttpProbeTest, tells_of_a_redirect_to_nowhere) {
  location = "Location: http://[bad/\r\n";
  EXPECT_EQ(timeless(run(url("/redirect")).evidence), "GET " + server.url("/redirect") +
                                                          ": a redirect to what is no address (HTTP 302 from " +
                                                          server.authority() + " after …, up to 10 are followed)");
}

TEST_F(HttpProbeTest, does_not_follow_to_files_or_other_protocols) {
  for (const char* target : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    location = "Location: " + std::string{target} + "\r\n";
    const Outcome outcome = run(url("/redirect"));
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_NE(outcome.evidence.find("a redirect to an address that is not http or https"), std::string::npos)
        << outcome.evidence;
  }
}

TEST_F(HttpProbeTest, names_where_a_redirect_could_not_connect) {
  const std::string peer = "127.0.0.1:" + std::to_string(net::test::closed_port());
  location = "Location: http://" + peer + "/\r\n";
  const Outcome outcome = run(url("/redirect"));
  EXPECT_EQ(timeless(outcome.evidence), "GET " + server.url("/redirect") + ", redirected to http://" + peer +
                                            ": connect to " + peer + ": Connection refused (after …)");
  EXPECT_GT(outcome.phases.connect, 0us) << "to the first";
  EXPECT_LE(outcome.phases.connect + outcome.phases.first_byte, outcome.phases.total);
}

TEST_F(HttpProbeTest, finds_slow_answers_degraded) {
  delay = 2ms;
  const Outcome outcome = run(url() + "degraded_above = \"1ms\"\nbody_matches = \"ok\"");
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_NE(outcome.evidence.find(", slower than 1 ms"), std::string::npos) << outcome.evidence;
  EXPECT_EQ(outcome.symptom, "slow answers");
  EXPECT_EQ(run(url() + "degraded_above = \"4s\"").health, Health::ok);
}

TEST_F(HttpProbeTest, ends_in_silence_when_destroyed) {
  next.reset();
  std::unique_ptr<Probe> probe = make(url());
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  loop.poll();
  probe.reset();
  loop.poll();
  EXPECT_EQ(transfers.running(), 0U);
}

TEST_F(HttpProbeTest, may_run_again_or_be_destroyed_when_it_calls_back) {
  std::unique_ptr<Probe> probe = make(url());
  int runs = 0;
  probe->run([&](const Outcome&) {
    ++runs;
    probe->run([&](const Outcome&) {
      ++runs;
      probe.reset();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(runs, 2);
}

TEST_F(HttpProbeTest, shares_one_configuration_between_probes) {
  const std::unique_ptr<Probe> a = make(url("/a"));
  const std::unique_ptr<Probe> b = make(url("/b"));
  int ended = 0;
  for (Probe* probe : {a.get(), b.get()}) {
    probe->run([&](const Outcome& outcome) {
      EXPECT_EQ(outcome.health, Health::ok);
      if (++ended == 2) loop.stop();
    });
  }
  loop.run();
  EXPECT_EQ(server.requests().size(), 2U);
}

}  // namespace
}  // namespace candor::probes
