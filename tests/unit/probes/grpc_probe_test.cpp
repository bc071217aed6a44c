#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/fake_server.h"
#include "tests/unit/probes/probing.h"
#include "tests/unit/probes/script_server.h"

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
using namespace std::chrono_literals;

Read read(const std::string& grpc, const std::string& common = "timeout = \"5s\"") {
  return read_kind("grpc", grpc, common);
}

// Frames (RFC 9113): the server's settings, none; and, on the first stream, a header block ":status: 503", which ends
// it: a literal with the name's index 8 (RFC 7541).
const std::string settings{"\0\0\0\4\0\0\0\0\0", 9};
const std::string http_503{
    "\0\0\5\1\5\0\0\0\1\x08\x03"
    "503",
    14};

/// Alike, ":status: 200" (index 8 of the static table) and "grpc-status: 12", which is all of a refusal; and the wish
/// for no more of the request, an RST_STREAM with NO_ERROR (section 8.1).
const std::string unimplemented{
    "\0\0\x11\1\5\0\0\0\1\x88\0\x0b"
    "grpc-status\x02"
    "12",
    26};
const std::string no_more{"\0\0\4\3\0\0\0\0\1\0\0\0\0", 13};

/// Against servers that speak no or little HTTP/2; tests/integration has one that does.
class GrpcProbeTest : public Probing {
 protected:
  std::unique_ptr<Probe> make(const std::string& address, const std::string& common = "timeout = \"5s\"") {
    return Probing::make(read("address = \"" + address + "\"", common));
  }

  std::optional<std::string> next;
  std::chrono::milliseconds delay{0};
  /// For it, HTTP/2's preface is a request.
  FakeServer server{loop, [this](const FakeRequest& request) {
                      for (const Stopwatch stopwatch; stopwatch.elapsed() < delay;) continue;
                      return request.head.starts_with("PRI") ? next : std::nullopt;
                    }};
};

TEST_F(GrpcProbeTest, tells_of_a_refused_connection) {
  const std::string peer = "127.0.0.1:" + std::to_string(net::test::closed_port());
  const Outcome outcome = run(*make(peer));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "connect to " + peer + ": Connection refused (after …)");
}

TEST_F(GrpcProbeTest, tells_of_a_server_that_speaks_another_protocol) {
  next = http_answer("400 Bad Request", "");
  const std::unique_ptr<Probe> probe = make(server.authority());
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_EQ(timeless(outcome.evidence),
              "gRPC health check: the answer of " + server.authority() +
                  " cannot be read: it is not HTTP/2 (after …); is it gRPC, and without TLS?");
    EXPECT_EQ(outcome.symptom, "incomplete answers");
  }
  EXPECT_EQ(server.connections(), 2) << "anew each time";
}

TEST_F(GrpcProbeTest, does_not_wait_longer_than_its_timeout) {
  const Outcome outcome = run(*make(server.authority(), "timeout = \"60ms\""));
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "gRPC health check: no answer from " + server.authority() + " within 60 ms");
  EXPECT_GT(outcome.phases.connect, 0us);
  EXPECT_EQ(outcome.phases.first_byte, 0us) << "it never came";
}

/// The frames that open the connection, and of HTTP/2's nothing more.
TEST_F(GrpcProbeTest, shows_the_phases_that_were_completed) {
  const std::string lines = "address = \"" + server.authority() + "\"\ntls = true";
  const Outcome mute = run(*Probing::make(read(lines, "timeout = \"60ms\"")));
  EXPECT_EQ(mute.evidence, "TLS handshake with " + server.authority() + " timed out after 60 ms");
  EXPECT_GT(mute.phases.connect, 0us);
  EXPECT_EQ(mute.phases.tls, 0us);
  EXPECT_EQ(run(*make("127.0.0.1:" + std::to_string(net::test::closed_port()))).phases.connect, 0us);
}

TEST_F(GrpcProbeTest, takes_no_opening_of_a_connection_for_an_answer) {
  next = settings;
  const Outcome outcome = run(*make(server.authority(), "timeout = \"60ms\""));
  EXPECT_EQ(outcome.evidence, "gRPC health check: no answer from " + server.authority() + " within 60 ms");
  EXPECT_EQ(outcome.phases.first_byte, 0us);
}

TEST_F(GrpcProbeTest, counts_the_wait_for_the_answer) {
  next = settings + http_503;
  delay = 5ms;
  const Outcome outcome = run(*make(server.authority()));
  EXPECT_THAT(outcome.evidence, HasSubstr("HTTP 503"));
  EXPECT_GE(outcome.phases.first_byte, 5ms);
}

/// "127.01" is looked up, each of its forms anew, and after a lookup libcurl may read before all of a request is sent.
TEST_F(GrpcProbeTest, hears_an_answer_to_the_head_of_a_request_alone) {
  const ScriptServer eager{[](int socket) {
    hear(socket,
         "\x0f\r\x01"
         "5");  // the last of the head is the length of the body
    say(socket, settings + unimplemented + no_more);
    wait_for_end(socket);
  }};
  for (std::size_t zeros = 1; zeros <= 40; ++zeros) {
    const std::string host = "127." + std::string(zeros, '0') + "1";
    const Outcome outcome = run(*make(host + eager.address().substr(eager.address().find(':'))));
    ASSERT_EQ(outcome.health, Health::unknown) << outcome.evidence;
    ASSERT_THAT(outcome.evidence, HasSubstr("UNIMPLEMENTED"));
  }
}

TEST_F(GrpcProbeTest, calls_nobody_back_after_its_end) {
  std::unique_ptr<Probe> probe = make(server.authority());
  probe->run([](const Outcome&) { FAIL(); });
  probe.reset();
  while (loop.poll() > 0) continue;
}

TEST(ReadGrpc, takes_all_its_keys) {
  EXPECT_THAT(read("address = \"[::1]:50051\"\nservice = \"shop.Cart\"\ntls = true\nserver_name = \"cart.internal\"\n"
                   "tls_verify = false\ndegraded_above = \"1s\"")
                  .problems,
              IsEmpty());
  EXPECT_THAT(read("address = \"cart:50051\"\ntls = true\nserver_name = \"::1\"").problems, IsEmpty());
}

TEST(ReadGrpc, wants_a_host_and_a_port) {
  for (const char* address : {"cart", "cart:", "cart:0", "::1:50051", "http://cart:50051", "cart:50051/x", ""}) {
    EXPECT_THAT(read("address = \"" + std::string{address} + "\"").problems, ElementsAre(HasSubstr("address is ")))
        << address;
  }
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("address is missing")));
  EXPECT_THAT(read("address = \"cart\"\ntls = true\nserver_name = \"x\"").problems,
              ElementsAre(HasSubstr("address is not a host and a port")));
  EXPECT_THAT(read("address = \"cart:1\"\nservice = \"" + std::string(257, 'x') + "\"").problems,
              ElementsAre(HasSubstr("service is longer than 256 bytes")));
}

TEST(ReadGrpc, refuses_what_has_no_use_without_tls) {
  const std::string base = "address = \"cart:1\"\n";
  EXPECT_THAT(read(base + "server_name = \"x\"").problems,
              ElementsAre(HasSubstr("server_name has no use without TLS (set tls = true)")));
  EXPECT_THAT(read(base + "tls_verify = false").problems, ElementsAre(HasSubstr("has no use without TLS")));
  EXPECT_THAT(read(base + "tls = true\nserver_name = \"a b\"").problems,
              ElementsAre(HasSubstr("server_name is not a host")));
  EXPECT_THAT(read(base + "tls = true\nserver_name = \"a/b\"").problems,
              ElementsAre(HasSubstr("server_name is not a host")));
  EXPECT_THAT(read(base + "tls = true\nserver_name = \"ana@b\"").problems,
              ElementsAre(HasSubstr("server_name is not a host")));
  EXPECT_THAT(read(base + "degraded_above = \"5s\"").problems, ElementsAre(HasSubstr("is never reached")));
}

TEST(ReadGrpc, has_a_fingerprint_of_all_that_it_reads) {
  const std::string base = "address = \"cart:1\"\n";
  std::vector<std::string> all{read(base).probe.fingerprint};
  EXPECT_EQ(read(base + "service = \"\"\ntls = false\ntls_verify = true").probe.fingerprint, all.front());
  for (const char* more : {"service = \"x\"", "tls = true", "tls = true\ntls_verify = false", "degraded_above = \"1s\"",
                           "tls = true\nserver_name = \"x\""}) {
    all.push_back(read(base + more).probe.fingerprint);
  }
  all.push_back(read("address = \"cart:2\"").probe.fingerprint);
  all.push_back(read("address = \"carts:1\"").probe.fingerprint);
  all.push_back(read("address = \"carts:1\"\ntls = true\nserver_name = \"cart\"").probe.fingerprint);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace candor::probes
