#include <gmock/gmock.h>

#include "probes/kinds/redirects.h"
#include "tests/unit/probes/http_probing.h"
#include "tests/unit/probes/own_network.h"

namespace candor::probes {
namespace {

using rules::Health;
using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Why a redirect from one address does not lead to the other.
std::string inward(const std::string& sender, const std::string& target) {
  return refuse_inward({.status = 302, .url = "http://x/", .sender = sender, .target = target});
}

TEST(Redirects, lead_from_elsewhere_neither_to_this_machine_nor_to_its_link) {
  for (const char* target : {"127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "0.0.0.1", "::", "::ffff:127.0.0.1",
                             "169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.0.1"}) {
    EXPECT_NE(inward("10.0.0.7", target), "") << target;
    EXPECT_NE(inward("2001:db8::7", target), "") << target;
  }
  EXPECT_EQ(inward("10.0.0.7", "127.0.0.1"),
            "not followed, since 127.0.0.1 is this machine itself and 10.0.0.7, which sent there, is not");
  EXPECT_EQ(inward("127.0.0.1", "169.254.169.254"),
            "not followed, since 169.254.169.254 is an address of this machine's link only and 127.0.0.1, which sent "
            "there, is not");
  EXPECT_NE(inward("fe80::1", "::1"), "");
}

TEST(Redirects, lead_to_any_other_address_and_from_one_of_this_machine_to_another) {
  for (const char* target : {"10.0.0.7", "192.168.0.1", "169.253.0.1", "126.255.255.255", "128.0.0.1", "2001:db8::1",
                             "fd00::1", "fec0::1"}) {
    EXPECT_EQ(inward("127.0.0.1", target), "") << target;
    EXPECT_EQ(inward("8.8.8.8", target), "") << target;
  }
  EXPECT_EQ(inward("127.0.0.1", "::1"), "");
  EXPECT_EQ(inward("::ffff:127.0.0.2", "127.0.0.1"), "");
  EXPECT_EQ(inward("169.254.1.1", "fe80::1"), "");
}

TEST(Redirects, know_an_origin_by_scheme_host_and_port) {
  const auto same = [](const char* one, const char* other) {
    return same_origin(*net::parse_url(one), *net::parse_url(other));
  };
  EXPECT_TRUE(same("https://Pay.acme.example/a", "https://pay.acme.example:443/b?c"));
  EXPECT_FALSE(same("https://pay.acme.example/", "http://pay.acme.example/"));
  EXPECT_FALSE(same("https://pay.acme.example/", "https://pay.acme.example:8443/"));
  EXPECT_FALSE(same("https://pay.acme.example/", "https://acme.example/"));
}

/// Its server redirects as `status` to `location`, whatever it is asked.
class HttpRedirects : public HttpProbeTest {
 protected:
  std::string moved() const { return "url = \"" + sender.url("/moved") + "\"\n"; }

  std::string status = "302 Found";
  FakeServer sender{loop, [this](const FakeRequest& request) {
                      return request.head.starts_with("GET /home") || request.head.starts_with("POST /home")
                                 ? http_answer("200 OK", "")
                                 : http_answer(status, "", "Location: " + location + "\r\n");
                    }};
};

TEST_F(HttpRedirects, give_headers_to_no_other_origin) {
  location = server.url("/in");
  const std::string keys =
      "headers = { X-Api-Key = \"tell-nobody\", Cookie = \"a=tell-nobody\", Authorization = \"tell-nobody\", "
      "Accept = \"text/html\", User-Agent = { env = \"HTTP_REDIRECTS_AGENT\" } }";
  ::setenv("HTTP_REDIRECTS_AGENT", "tell-nobody", 1);
  const std::unique_ptr<Probe> probe = make(moved() + keys);
  for (int i = 0; i < 3; ++i) {  // on connections that are open by then
    EXPECT_EQ(run(*probe).health, Health::ok);
    EXPECT_THAT(sender.requests().back().head,
                AllOf(HasSubstr("\r\nX-Api-Key: tell-nobody\r\n"), HasSubstr("\r\nAccept: text/html\r\n"),
                      HasSubstr("\r\nUser-Agent: tell-nobody\r\n")));
    EXPECT_THAT(last().head, AllOf(Not(HasSubstr("tell-nobody")), HasSubstr("\r\nAccept: text/html\r\n")));
  }
  EXPECT_EQ(run(moved() + "user = \"ana\"\npassword = \"x\"").health, Health::ok);
  EXPECT_THAT(last().head, Not(HasSubstr("Authorization")));
}

TEST_F(HttpRedirects, give_headers_to_the_same_origin) {
  location = "/home";
  EXPECT_EQ(run(moved() + "headers = { X-Api-Key = \"k\" }").health, Health::ok);
  EXPECT_THAT(sender.requests().back().head, AllOf(HasSubstr("GET /home "), HasSubstr("\r\nX-Api-Key: k\r\n")));
  FakeServer between{loop, [this](const FakeRequest&) {
                       return http_answer("302 Found", "", "Location: " + sender.url("/home") + "\r\n");
                     }};
  location = between.url();
  EXPECT_EQ(run(moved() + "headers = { X-Api-Key = \"k\" }").health, Health::ok);
  EXPECT_THAT(between.requests().back().head, Not(HasSubstr("X-Api-Key")));
  EXPECT_THAT(sender.requests().back().head, HasSubstr("\r\nX-Api-Key: k\r\n")) << "back at home";
}

TEST_F(HttpRedirects, give_a_body_to_no_other_origin) {
  const std::string posted = moved() + "method = \"POST\"\nbody = \"tell-nobody\"";
  location = server.url("/in");
  for (const char* kept : {"307 Temporary Redirect", "308 Permanent Redirect"}) {
    status = kept;
    const Outcome outcome = run(posted);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(outcome.symptom, "unexpected answers");
    EXPECT_EQ(timeless(outcome.evidence), "POST " + sender.url("/moved") + ", redirected to http://" +
                                              server.authority() + "/…: not followed, since HTTP " +
                                              status.substr(0, 3) + " wants the body sent on, which goes to http://" +
                                              sender.authority() +
                                              " only; ask where it leads, or set redirects = 0 (after …)");
  }
  EXPECT_THAT(server.requests(), IsEmpty());
  status = "303 See Other";
  EXPECT_EQ(run(posted).health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("GET /in "));
  EXPECT_EQ(last().body, "") << "a GET has none";
  FakeServer further{loop, [this](const FakeRequest&) {
                       return http_answer("308 Permanent Redirect", "", "Location: " + server.url("/in") + "\r\n");
                     }};
  location = further.url();
  EXPECT_EQ(run(posted).health, Health::ok) << "nor has it one where a later redirect would keep it";
  status = "302 Found";
  EXPECT_EQ(run(moved() + "method = \"PUT\"\nbody = \"tell-nobody\"").health, Health::ok);
  EXPECT_EQ(further.requests().back().body, "");
  EXPECT_EQ(last().body, "");
  location = server.url("/in");
  status = "307 Temporary Redirect";
  EXPECT_EQ(run(moved() + "method = \"POST\"").health, Health::ok) << "nothing is sent on";
  location = "/home";
  EXPECT_EQ(run(posted).health, Health::ok);
  EXPECT_EQ(sender.requests().back().body, "tell-nobody");
}

TEST_F(HttpRedirects, do_not_lead_to_the_link_of_this_machine) {
  location = "http://169.254.169.254/latest/meta-data";
  const Outcome outcome = run(moved());
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "GET " + sender.url("/moved") +
                                            ", redirected to http://169.254.169.254/…: not followed, since "
                                            "169.254.169.254 is an address of this machine's link only and 127.0.0.1, "
                                            "which sent there, is not (after …)");
}

TEST_F(HttpRedirects, do_not_lead_from_elsewhere_to_this_machine) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  const auto answer = [this](const FakeRequest&) { return http_answer(status, "", "Location: " + location + "\r\n"); };
  FakeServer outside{loop, answer, "10.9.9.1"};
  FakeServer inside{loop, [](const FakeRequest&) { return http_answer("200 OK", ""); }};
  FakeServer near{loop, [&inside](const FakeRequest&) {
                    return http_answer("302 Found", "", "Location: " + inside.url() + "\r\n");
                  }};
  const std::string port = std::to_string(inside.port());
  for (const std::string host : {"127.0.0.1", "localhost", "0.0.0.0", "2130706433", "127.1", "[::ffff:127.0.0.1]"}) {
    location = "http://" + host + ":" + port + "/";
    const Outcome outcome = run("url = \"" + outside.url() + "\"");
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_THAT(outcome.evidence, AllOf(HasSubstr(": not followed, since "),
                                        HasSubstr(" is this machine itself and 10.9.9.1, which sent there, is not")))
        << host;
  }
  EXPECT_EQ(inside.connections(), 0);
  EXPECT_EQ(run("url = \"" + near.url() + "\"").health, Health::ok) << "from this machine to this machine";
}

TEST_F(HttpRedirects, lead_on_to_an_address_of_a_host_that_they_may) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  ASSERT_TRUE(network.set_file("/etc/hosts", "127.0.0.1 both.example\n10.9.9.1 both.example\n"));
  FakeServer outside{loop,
                     [this](const FakeRequest& request) {
                       return request.head.starts_with("GET /moved")
                                  ? http_answer("302 Found", "", "Location: " + location + "\r\n")
                                  : http_answer("200 OK", "");
                     },
                     "10.9.9.1"};
  location = "http://both.example:" + std::to_string(outside.port()) + "/";
  EXPECT_EQ(run("url = \"" + outside.url("/moved") + "\"").health, Health::ok);
}

TEST_F(HttpRedirects, are_the_proxys_to_connect) {
  FakeServer proxy{loop, [](const FakeRequest& request) {
                     return request.head.starts_with("GET http://169.254.169.254/")
                                ? http_answer("200 OK", "")
                                : http_answer("302 Found", "", "Location: http://169.254.169.254/\r\n");
                   }};
  EXPECT_EQ(run("url = \"http://pay.acme.example/\"\nproxy = \"" + proxy.url("") + "\"").health, Health::ok);
}

TEST_F(HttpRedirects, are_told_of_in_each_request_that_follows_them) {
  EXPECT_EQ(run(url()).health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("\r\nCandor-Probe: http\r\n"));
  location = server.url("/in");
  EXPECT_EQ(run(moved()).health, Health::ok);
  EXPECT_THAT(last().head, HasSubstr("\r\nCandor-Probe: http\r\n"));
  EXPECT_EQ(run(url() + "redirects = 0").health, Health::ok);
  EXPECT_THAT(last().head, Not(HasSubstr("Candor-Probe")));
  EXPECT_THAT(problems_of("url = \"http://pay.acme.example\"\nheaders = { candor-probe = \"no\" }"),
              ElementsAre(HasSubstr("header candor-probe is the probe's own to write")));
}

}  // namespace
}  // namespace candor::probes
