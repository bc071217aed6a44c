#include <csignal>
#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/net/authorities.h"
#include "tests/unit/folder.h"
#include "tests/unit/net/fake_server.h"
#include "tests/unit/probes/own_network.h"
#include "tests/unit/probes/probing.h"
#include "tests/unit/probes/script_server.h"
#include "tests/unit/probes/tls_server.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using rules::Health;
using test::TlsServer;

class HttpTls : public Probing {
 protected:
  // The server writes to clients that have hung up.
  HttpTls() { std::signal(SIGPIPE, SIG_IGN); }

  Outcome run(const std::string& http, const std::string& folder = {}, const std::string& common = {}) {
    const std::unique_ptr<Probe> probe = make(read_kind("http", http, common, folder + "candor.toml"));
    return Probing::run(*probe);
  }

  static std::string url(const TlsServer& server, const std::string& host = "127.0.0.1") {
    return "url = \"https://" + host + ":" + std::to_string(server.port()) + "/\"\n";
  }
};

TEST_F(HttpTls, refuses_a_certificate_that_nobody_vouches_for) {
  const TlsServer server{"127.0.0.1"};
  const Outcome outcome = run(url(server));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "certificate of 127.0.0.1:" + std::to_string(server.port()) +
                                            " was refused: self-signed certificate (after …)");
  EXPECT_EQ(outcome.symptom, "a certificate problem");
  EXPECT_GT(outcome.phases.connect, 0us);
  EXPECT_EQ(outcome.phases.tls, 0us) << "it was not completed";
}

TEST_F(HttpTls, takes_any_certificate_where_told_not_to_verify) {
  const TlsServer server{"127.0.0.1", -5};
  const Outcome outcome = run(url(server) + "tls_verify = false");
  EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  EXPECT_GT(outcome.phases.tls, 0us);
  EXPECT_LE(outcome.phases.name_lookup + outcome.phases.connect + outcome.phases.tls + outcome.phases.first_byte,
            outcome.phases.total);
}

TEST_F(HttpTls, trusts_the_authorities_of_its_own_file_for_the_right_host_and_time) {
  const Folder folder;
  const TlsServer sound{"127.0.0.1"};
  folder.write("sound.pem", sound.certificate());
  EXPECT_EQ(run(url(sound) + "ca_file = \"sound.pem\"", folder.path().string() + "/").health, Health::ok);

  const TlsServer other{"other.example"};
  folder.write("other.pem", other.certificate());
  const std::string wrong_host = run(url(other) + "ca_file = \"other.pem\"", folder.path().string() + "/").evidence;
  EXPECT_TRUE(wrong_host.starts_with("certificate of 127.0.0.1:")) << wrong_host;
  EXPECT_NE(wrong_host.find("no alternative certificate subject name matches"), std::string::npos) << wrong_host;

  const TlsServer over{"127.0.0.1", -5};
  folder.write("over.pem", over.certificate());
  const std::string expired = run(url(over) + "ca_file = \"over.pem\"", folder.path().string() + "/").evidence;
  EXPECT_TRUE(timeless(expired).ends_with(" was refused: certificate has expired (after …)")) << expired;
}

TEST_F(HttpTls, asks_later_steps_too_where_a_certificate_is_merely_about_to_expire) {
  const Folder folder;
  const TlsServer soon{"127.0.0.1"};
  folder.write("soon.pem", soon.certificate());
  std::string answer = net::test::http_answer("500 Broken", "");
  net::test::FakeServer later{loop, [&](const net::test::FakeRequest&) { return answer; }};
  const std::string steps =
      "ca_file = \"soon.pem\"\ncert_degraded_below = \"21d\"\n[[probe.http.steps]]\nname = \"one\"\n" + url(soon) +
      "[[probe.http.steps]]\nname = \"two\"\nurl = \"" + later.url() + "\"\n";
  const Outcome broken = run(steps, folder.path().string() + "/");
  EXPECT_EQ(broken.health, Health::failing);
  EXPECT_TRUE(broken.evidence.starts_with("step 2 of 2, two: ")) << broken.evidence;
  answer = net::test::http_answer("200 OK", "");
  const Outcome outcome = run(steps, folder.path().string() + "/");
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_TRUE(outcome.evidence.starts_with("step 1 of 2, one: certificate CN=127.0.0.1 of ")) << outcome.evidence;
  EXPECT_EQ(outcome.certificates.size(), 1U);
}

TEST_F(HttpTls, judges_the_certificate_that_ends_first_wherever_a_run_was_led) {
  const TlsServer later{"127.0.0.1", 9};
  TlsOddity odd;
  odd.redirects_to = "https://127.0.0.1:" + std::to_string(later.port()) + "/";
  const TlsServer soon{"127.0.0.1", 3, odd};
  const std::string limits = "tls_verify = false\ncert_degraded_below = \"21d\"\n";
  const auto begins = [](const TlsServer& server) {
    return "certificate CN=127.0.0.1 of 127.0.0.1:" + std::to_string(server.port()) + " expires in ";
  };
  const Outcome first = run(limits + url(soon));
  EXPECT_EQ(first.health, Health::degraded);
  EXPECT_TRUE(first.evidence.starts_with(begins(soon))) << first.evidence;
  ASSERT_EQ(first.certificates.size(), 1U);
  EXPECT_LT(first.certificates.front().expires, wall_now() + 4 * 24h);

  odd.redirects_to = "https://127.0.0.1:" + std::to_string(soon.port()) + "/";
  const TlsServer before{"127.0.0.1", 6, odd};
  const Outcome second = run(limits + url(before));
  EXPECT_NE(
      second.evidence.find(", redirected to https://127.0.0.1:" + std::to_string(soon.port()) + ": " + begins(soon)),
      std::string::npos)
      << second.evidence;
}

TEST_F(HttpTls, sees_the_certificate_of_a_connection_that_another_probe_made) {
  TlsOddity odd;
  odd.keeps_open = true;
  auto server = std::make_unique<TlsServer>("127.0.0.1", 3, odd);
  const std::string http = url(*server) + "tls_verify = false\n";
  const std::unique_ptr<Probe> one = make(read_kind("http", http));
  const std::unique_ptr<Probe> other = make(read_kind("http", http));
  const auto expect_expiry = [&](Duration after, Duration before) {
    for (int i = 0; i < 2; ++i) {
      for (Probe* const probe : {one.get(), other.get()}) {
        const Outcome outcome = Probing::run(*probe);
        ASSERT_EQ(outcome.certificates.size(), 1U) << outcome.evidence;
        EXPECT_GT(outcome.certificates.front().expires, wall_now() + after);
        EXPECT_LT(outcome.certificates.front().expires, wall_now() + before);
        EXPECT_EQ(outcome.phases.tls > 0us, i == 0 && probe == one.get()) << "all ask on the first one's connection";
      }
    }
  };
  expect_expiry(2 * 24h, 4 * 24h);
  odd.port = server->port();
  server.reset();
  server = std::make_unique<TlsServer>("127.0.0.1", 9, odd);
  expect_expiry(8 * 24h, 10 * 24h);
}

TEST_F(HttpTls, tells_in_a_flow_of_the_step_whose_certificate_ends_first) {
  const TlsServer one{"127.0.0.1", 9};
  const TlsServer two{"127.0.0.1", 3};
  const std::string steps = "tls_verify = false\ncert_degraded_below = \"21d\"\n";
  const auto step = [](const std::string& name, const TlsServer& server, const std::string& more = {}) {
    return "[[probe.http.steps]]\nname = \"" + name + "\"\n" + url(server) + more;
  };
  const auto begin = [&](const std::string& words) { return words.substr(0, words.find(": ")); };
  EXPECT_EQ(begin(run(steps + step("a", one) + step("b", two)).evidence), "step 2 of 2, b");
  EXPECT_EQ(begin(run(steps + step("a", two) + step("b", one)).evidence), "step 1 of 2, a");
  const Outcome broken = run(steps + step("a", two) + step("b", one, "status = \"418\"\n"));
  EXPECT_EQ(broken.health, Health::failing);
  ASSERT_EQ(broken.certificates.size(), 1U);
  EXPECT_LT(broken.certificates.front().expires, wall_now() + 4 * 24h) << "the one that ends first is shown";
}

TEST_F(HttpTls, shows_the_certificates_it_saw_before_a_step_that_reaches_nobody) {
  const TlsServer sound{"127.0.0.1"};
  const Outcome outcome = run("tls_verify = false\n[[probe.http.steps]]\nname = \"a\"\n" + url(sound) +
                              "[[probe.http.steps]]\nname = \"b\"\nurl = \"http://127.0.0.1:1/\"\n");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.certificates.size(), 1U);
}

TEST_F(HttpTls, trusts_the_authorities_of_the_system_as_they_are_now) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  const TlsServer one{"127.0.0.1"};
  const TlsServer other{"127.0.0.1"};
  const std::string system = net::system_authorities_file();
  ASSERT_FALSE(system.empty());
  ASSERT_TRUE(network.set_file(system, one.certificate()));
  EXPECT_EQ(run(url(one)).health, Health::ok);
  EXPECT_EQ(run(url(other)).health, Health::failing);
  ASSERT_TRUE(network.set_file(system, one.certificate() + other.certificate()));
  EXPECT_EQ(run(url(one)).health, Health::ok);
  EXPECT_EQ(run(url(other)).health, Health::ok);
  ASSERT_TRUE(network.set_file(system, "half a file"));
  EXPECT_EQ(run(url(other)).health, Health::ok) << "the last that could be read";
}

TEST_F(HttpTls, keeps_the_authorities_that_it_was_configured_with) {
  const Folder folder;
  const TlsServer server{"127.0.0.1"};
  folder.write("ca.pem", server.certificate());
  const std::unique_ptr<Probe> probe = make(
      read_kind("http", url(server) + "ca_file = \"ca.pem\"\nkeep_alive = false", {}, folder.path() / "candor.toml"));
  std::filesystem::remove(folder.path() / "ca.pem");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = Probing::run(*probe);
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
  }
}

TEST_F(HttpTls, does_not_blame_the_target_for_a_file_that_is_gone) {
  const Folder folder;
  const TlsServer server{"127.0.0.1"};
  folder.write("ca.pem", server.certificate() + std::string(70'000, '#') + "\n");  // so much is not kept
  const std::unique_ptr<Probe> probe =
      make(read_kind("http", url(server) + "ca_file = \"ca.pem\"", {}, folder.path() / "candor.toml"));
  const std::unique_ptr<Probe> same =
      make(read_kind("http", url(server) + "ca_file = \"./ca.pem\"", {}, folder.path() / "candor.toml"));
  EXPECT_EQ(Probing::run(*same).health, Health::ok);
  std::filesystem::remove(folder.path() / "ca.pem");
  const Outcome outcome = Probing::run(*probe);
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_NE(outcome.evidence.find(": error setting certificate file: "), std::string::npos) << outcome.evidence;
  EXPECT_EQ(outcome.symptom, "");
}

TEST_F(HttpTls, shares_no_connection_with_a_probe_that_trusts_others) {
  const Folder folder;
  const TlsServer server{"127.0.0.1"};
  const TlsServer other{"127.0.0.1"};
  folder.write("ca.pem", server.certificate());
  folder.write("other.pem", other.certificate());
  const std::string path = folder.path().string() + "/";
  EXPECT_EQ(run(url(server) + "ca_file = \"ca.pem\"", path).health, Health::ok);
  const Outcome refused = run(url(server) + "ca_file = \"other.pem\"", path);
  EXPECT_EQ(refused.health, Health::failing) << refused.evidence;
}

TEST_F(HttpTls, names_a_certificate_without_a_subject_by_the_first_host_that_it_is_for) {
  const TlsServer server{"127.0.0.1", 5, {.has_subject = false}};
  const Outcome outcome = run(url(server) + "tls_verify = false\ncert_degraded_below = \"6d\"");
  EXPECT_NE(outcome.evidence.find("certificate 127.0.0.1 of 127.0.0.1:"), std::string::npos) << outcome.evidence;
  ASSERT_EQ(outcome.certificates.size(), 1U);
  EXPECT_EQ(outcome.certificates.front().subject, "127.0.0.1");
  EXPECT_EQ(outcome.certificates.front().issuer, "without a name");
  const TlsServer nobody{"127.0.0.1", 5, {.has_subject = false, .has_other_names = false}};
  EXPECT_EQ(run(url(nobody) + "tls_verify = false").certificates.front().subject, "without a name");
}

TEST_F(HttpTls, tells_what_certificates_it_saw_and_how_long_they_are_valid) {
  const TlsServer server{"127.0.0.1", 5};
  const Outcome outcome = run(url(server) + "tls_verify = false");
  ASSERT_EQ(outcome.certificates.size(), 1U);
  EXPECT_EQ(outcome.certificates.front().subject, "CN=127.0.0.1");
  EXPECT_GT(outcome.certificates.front().expires, wall_now() + 4 * 24h);
  EXPECT_EQ(run(url(server) + "tls_verify = false\ncert_degraded_below = \"4d\"").health, Health::ok);
  const Outcome degraded = run(url(server) + "tls_verify = false\ncert_degraded_below = \"6d\"");
  EXPECT_EQ(degraded.health, Health::degraded);
  EXPECT_NE(degraded.evidence.find("certificate CN=127.0.0.1 of 127.0.0.1:"), std::string::npos) << degraded.evidence;
  EXPECT_NE(degraded.evidence.find(" expires in 4 days, on "), std::string::npos) << degraded.evidence;
  EXPECT_EQ(run(url(server) + "tls_verify = false\ncert_failing_below = \"6d\"").health, Health::failing);
}

TEST_F(HttpTls, shows_no_certificates_of_a_connection_before) {
  auto server = std::make_unique<TlsServer>("127.0.0.1");
  const std::unique_ptr<Probe> probe = make(read_kind("http", url(*server) + "tls_verify = false\nkeep_alive = false"));
  EXPECT_EQ(Probing::run(*probe).certificates.size(), 1U);
  server.reset();
  const Outcome outcome = Probing::run(*probe);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_TRUE(outcome.certificates.empty());
}

TEST_F(HttpTls, tells_of_a_certificate_that_is_none) {
  const ScriptServer server{[](int socket) {
    say(socket, tls_hello_with("garbage"));
    wait_for_end(socket);
  }};
  const Outcome outcome = run("url = \"https://" + server.address() + "/\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, testing::StartsWith("certificate of " + server.address() +
                                                    " was refused: it is malformed (OpenSSL says \"too long\")"));
  EXPECT_EQ(outcome.symptom, "a certificate problem");
}

TEST_F(HttpTls, tells_of_a_server_that_does_not_shake_hands) {
  net::test::FakeServer mute{loop, [](const auto&) { return std::nullopt; }};
  const Outcome outcome = run("url = \"https://" + mute.authority() + "/\"", "", "timeout = \"80ms\"");
  EXPECT_EQ(outcome.evidence, "TLS handshake with " + mute.authority() + " timed out after 80 ms");
  EXPECT_EQ(outcome.symptom, "failing connections");
  EXPECT_GT(outcome.phases.connect, 0us);
  EXPECT_LT(outcome.phases.connect, 60ms) << "its own time only";
  EXPECT_EQ(outcome.phases.tls, 0us) << "it was not completed";
}

TEST_F(HttpTls, shows_phases_of_all_connections_that_a_redirect_led_to) {
  net::test::FakeServer mute{loop, [](const auto&) { return std::nullopt; }};
  net::test::FakeServer first{loop, [&mute](const auto&) {
                                return net::test::http_answer("302 Found", "",
                                                              "Location: https://" + mute.authority() + "/\r\n");
                              }};
  const Outcome outcome = run("url = \"" + first.url() + "\"", "", "timeout = \"80ms\"");
  EXPECT_EQ(outcome.evidence, "GET " + first.url() + ", redirected to https://" + mute.authority() +
                                  ": TLS handshake with " + mute.authority() + " timed out after 80 ms");
  EXPECT_GT(outcome.phases.connect, 0us);
  EXPECT_LT(outcome.phases.connect, 60ms);
  EXPECT_GT(outcome.phases.first_byte, 0us);
  EXPECT_EQ(outcome.phases.tls, 0us);
}

TEST_F(HttpTls, tells_of_a_server_that_speaks_tls_where_http_is_asked) {
  const TlsServer server{"127.0.0.1"};
  const Outcome outcome = run("url = \"http://127.0.0.1:" + std::to_string(server.port()) + "/\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_TRUE(outcome.evidence.starts_with("GET http://127.0.0.1:")) << outcome.evidence;
}

}  // namespace
}  // namespace candor::probes
