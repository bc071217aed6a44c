#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "tests/unit/net/fake_server.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using net::test::FakeRequest;
using net::test::FakeServer;
using net::test::http_answer;
using rules::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Read read(const std::string& websocket, const std::string& common = "timeout = \"5s\"") {
  return read_kind("websocket", websocket, common);
}

/// The consent to an upgrade (RFC 6455, section 4.2.2) and a frame that follows it.
std::string upgrade_and_say(const FakeRequest& request, const std::string& frame, const std::string& lines = {}) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::string key = request.head.substr(request.head.find(name) + name.size(), 24);
  const std::string proof = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(proof.data()), proof.size(), digest.data());
  std::array<unsigned char, 29> accept{};
  EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(digest.size()));
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         std::string{reinterpret_cast<const char*>(accept.data())} + "\r\n" + lines + "\r\n" + frame;
}

/// Mostly against servers that do not upgrade; tests/integration has some that do.
class WebsocketProbeTest : public Probing {
 protected:
  std::unique_ptr<Probe> make(const std::string& websocket, const std::string& common = "timeout = \"5s\"") {
    return Probing::make(read(websocket, common));
  }

  std::string url(const std::string& path = "/socket?token=x") const {
    return "url = \"ws://" + server.authority() + path + "\"\n";
  }

  std::optional<std::string> next = http_answer("403 Forbidden", "no");
  FakeServer server{loop, [this](const FakeRequest&) { return next; }};
};

TEST_F(WebsocketProbeTest, asks_for_an_upgrade) {
  const std::unique_ptr<Probe> probe =
      make(url() + "headers = { Origin = \"https://acme.example\", Sec-WebSocket-Protocol = \"chat\" }");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_THAT(outcome.evidence,
                HasSubstr("ws://" + server.authority() + "/socket: HTTP 403 from " + server.authority() + " after "));
    EXPECT_THAT(outcome.evidence, testing::Not(HasSubstr("token")));
  }
  const std::string& head = server.requests().front().head;
  EXPECT_TRUE(head.starts_with("GET /socket?token=x HTTP/1.1\r\n")) << head;
  for (const std::string& line :
       {"Host: " + server.authority(), std::string{"Upgrade: websocket"}, std::string{"Sec-WebSocket-Version: 13"},
        std::string{"Origin: https://acme.example"}, std::string{"Sec-WebSocket-Protocol: chat"}}) {
    EXPECT_THAT(head, HasSubstr("\r\n" + line + "\r\n"));
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(WebsocketProbeTest, believes_no_upgrade_without_proof) {
  next =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
  EXPECT_EQ(run(*make(url())).health, Health::failing);
  next = "220 mail.acme.example ESMTP\r\n";
  EXPECT_THAT(run(*make(url())).evidence, HasSubstr("cannot be read: bad version"));
}

TEST_F(WebsocketProbeTest, takes_nothing_that_was_not_offered) {
  std::string lines;
  FakeServer agreeing{loop, [&](const FakeRequest& request) { return upgrade_and_say(request, "", lines); }};
  const auto asks = [&](const std::string& more) {
    return run(*make("url = \"ws://" + agreeing.authority() + "/\"\n" + more));
  };
  EXPECT_EQ(asks("").health, Health::ok);
  lines = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  EXPECT_THAT(asks("").evidence, HasSubstr("cannot be read: it names an extension, and none was offered"));
  lines = "Sec-WebSocket-Protocol: chat\r\n";
  EXPECT_THAT(asks("").evidence, HasSubstr("cannot be read: it names a protocol that was not offered"));
  EXPECT_EQ(asks("headers = { Sec-WebSocket-Protocol = \"talk\" }").health, Health::failing);
  EXPECT_EQ(asks("headers = { Sec-WebSocket-Protocol = \"talk, chat\" }").health, Health::ok);
}

TEST_F(WebsocketProbeTest, does_not_listen_without_end) {
  next = http_answer("404 Not Found", std::string(1'000'000, 'x'));
  const Outcome outcome = run(*make(url()));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence, HasSubstr("cannot be read: more than 256 kB"));
}

TEST_F(WebsocketProbeTest, does_not_wait_longer_than_its_timeout) {
  next.reset();
  const Outcome outcome = run(*make(url(), "timeout = \"60ms\""));
  EXPECT_THAT(outcome.evidence, HasSubstr("no upgrade by " + server.authority() + " within 60 ms"));
  next = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  EXPECT_THAT(run(*make(url(), "timeout = \"60ms\"")).evidence, HasSubstr("no upgrade by"));
}

TEST_F(WebsocketProbeTest, tells_of_a_refused_connection) {
  const std::string peer = "127.0.0.1:" + std::to_string(net::test::closed_port());
  const Outcome outcome = run(*make("url = \"ws://" + peer + "\""));
  EXPECT_EQ(timeless(outcome.evidence), "connect to " + peer + ": Connection refused (after …)");
  EXPECT_EQ(outcome.phases.connect.count(), 0) << "it never was";
}

TEST_F(WebsocketProbeTest, shows_nothing_of_its_query_that_the_target_repeats) {
  std::string frame;
  FakeServer echo{loop, [&frame](const FakeRequest& request) { return upgrade_and_say(request, frame); }};
  const auto shown = [&] {
    return run(*make("url = \"ws://" + echo.authority() + "/?tok=wsquery99\"\nexpect = \"^pong$\"")).evidence;
  };
  frame = "\x81\x0dgot wsquery99";
  EXPECT_THAT(shown(), HasSubstr("the message \"got ***\" of "));
  frame = "\x88\x0f\x03\xf0not wsquery99";
  EXPECT_THAT(shown(), HasSubstr("with code 1008 (\"not ***\")"));
}

TEST_F(WebsocketProbeTest, shows_what_it_said_where_that_is_written_into_the_file) {
  FakeServer echo{loop, [](const FakeRequest& request) { return upgrade_and_say(request, "\x81\x09to friend"); }};
  const auto shown = [&](const std::string& send) {
    return run(*make("url = \"ws://" + echo.authority() + "\"\nsend = " + send + "\nexpect = \"pong\"")).evidence;
  };
  EXPECT_THAT(shown("\"to friend\""), HasSubstr("the message \"to friend\" of "));
  ::setenv("CANDOR_TEST_SEND", "say to friend", 1);
  EXPECT_THAT(shown("{ env = \"CANDOR_TEST_SEND\" }"), HasSubstr("the message \"to ***\" of "));
  ::setenv("CANDOR_TEST_SEND", R"({"key":"friend"})", 1);
  EXPECT_THAT(shown("{ env = \"CANDOR_TEST_SEND\" }"), HasSubstr("the message \"to ***\" of ")) << "within JSON";
  ::unsetenv("CANDOR_TEST_SEND");
}

TEST_F(WebsocketProbeTest, shows_no_path_of_a_url_that_is_secret) {
  FakeServer echo{loop, [](const FakeRequest& request) { return upgrade_and_say(request, "\x81\x0dgot swordfish"); }};
  ::setenv("CANDOR_TEST_URL", ("ws://" + echo.authority() + "/swordfish?more").c_str(), 1);
  const std::unique_ptr<Probe> probe = make("url = { env = \"CANDOR_TEST_URL\" }\nexpect = \"^pong$\"");
  ::unsetenv("CANDOR_TEST_URL");
  EXPECT_EQ(timeless(run(*probe).evidence), "ws://" + echo.authority() + ": the message \"got ***\" of " +
                                                echo.authority() + " does not match \"^pong$\" (after …)");
}

TEST_F(WebsocketProbeTest, calls_nobody_back_after_its_end) {
  for (int turns = 0; turns < 12; ++turns) {
    std::unique_ptr<Probe> probe = make(url());
    bool over = false;
    probe->run([&over](const Outcome&) { over = true; });
    for (int i = 0; i < turns && !over; ++i) loop.poll();
    const bool before = over;
    probe.reset();
    while (loop.poll() > 0) continue;
    EXPECT_EQ(over, before);
  }
}

TEST_F(WebsocketProbeTest, may_be_destroyed_by_whom_it_calls) {
  std::unique_ptr<Probe> probe = make(url());
  probe->run([&](const Outcome&) {
    probe.reset();
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(probe);
}

TEST(ReadWebsocket, takes_all_its_keys) {
  EXPECT_THAT(read("url = \"wss://chat.acme.example\"\nsend = \"ping\"\nexpect = \"pong\"\ntls_verify = false\n"
                   "headers = { Origin = \"x\" }\ndegraded_above = \"1s\"")
                  .problems,
              IsEmpty());
  EXPECT_THAT(read("url = \"ws://[::1]:8080/x\"").problems, IsEmpty());
}

TEST(ReadWebsocket, wants_the_address_of_a_websocket_and_does_not_repeat_it) {
  for (const char* url : {"https://swordfish.example", "wss://", "ws:///x", "swordfish", "ws:// swordfish"}) {
    const Read result = read("url = \"" + std::string{url} + "\"");
    ASSERT_THAT(result.problems, ElementsAre(HasSubstr("candor.toml:5:7: url "))) << url;
    EXPECT_THAT(result.problems.front(), testing::Not(HasSubstr("swordfish")));
  }
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("url is missing")));
  EXPECT_THAT(read("url = \"ws://ana:swordfish@a.example\"").problems, ElementsAre(HasSubstr("holds no user")));
}

TEST(ReadWebsocket, refuses_settings_that_contradict_each_other) {
  const std::string base = "url = \"ws://a.example\"\n";
  EXPECT_THAT(read(base + "tls_verify = false").problems,
              ElementsAre(HasSubstr("has no use without TLS (write wss://)")));
  EXPECT_THAT(read(base + "expect = \"(\"").problems, ElementsAre(HasSubstr("not a regular expression")));
  EXPECT_THAT(read(base + "degraded_above = \"5s\"").problems, ElementsAre(HasSubstr("is never reached")));
  EXPECT_THAT(read(base + "headers = { Sec-WebSocket-Key = \"x\" }").problems,
              ElementsAre(HasSubstr("the probe's own to write")));
  EXPECT_THAT(read(base + "headers = { X = \"a\\nb\" }").problems, ElementsAre(HasSubstr("control character")));
}

TEST(ReadWebsocket, has_a_fingerprint_of_all_that_it_reads) {
  const std::string base = "url = \"wss://a.example/\"\n";
  std::vector<std::string> all{read(base).probe.fingerprint};
  EXPECT_EQ(read("url = \"wss://a.example\"\ntls_verify = true").probe.fingerprint, all.front());
  for (const char* more : {"send = \"x\"", "expect = \"x\"", "send = \"y\"", "tls_verify = false",
                           "degraded_above = \"1s\"", "headers = { A = \"x\" }", "headers = { A = \"y\" }"}) {
    all.push_back(read(base + more).probe.fingerprint);
  }
  for (const char* url : {"ws://a.example/", "wss://a.example/?x", "wss://a.example:444/", "wss://b.example/"}) {
    all.push_back(read("url = \"" + std::string{url} + "\"").probe.fingerprint);
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace candor::probes
