#include <array>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/ntp_packet.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using rules::Health;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string wire(NtpTime time) {
  std::string bytes;
  for (unsigned shift = 64; shift > 0; shift -= 8) bytes += static_cast<char>(time >> (shift - 8) & 0xFFU);
  return bytes;
}

/// A server's answer, whose clock is so far ahead of ours.
std::string reply(const std::string& question, Nanoseconds offset = 0s) {
  const NtpTime now = ntp_time(exact_wall_now() + offset);
  return "\x24\2"s + std::string(22, '\0') + question.substr(40, 8) + wire(now) + wire(now);
}

/// A time server on 127.0.0.1 that is asked to look after its socket; answers what `answer` makes of a question.
class TimeServer {
 public:
  TimeServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~TimeServer() { close(socket_); }
  TimeServer(const TimeServer&) = delete;
  TimeServer& operator=(const TimeServer&) = delete;

  void serve() {
    std::array<char, 512> buffer{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return;
    questions.emplace_back(buffer.data(), static_cast<std::size_t>(got));
    for (const std::string& packet : answer(questions.back())) {
      sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  std::uint16_t port = 0;
  std::vector<std::string> questions;
  std::function<std::vector<std::string>(const std::string& question)> answer = [](const std::string& question) {
    return std::vector{reply(question)};
  };

 private:
  int socket_;
};

Read read(const std::string& ntp) { return read_kind("ntp", ntp, "timeout = \"20s\""); }

class NtpProbeTest : public Probing {
 protected:
  NtpProbeTest() {
    serve = [this] { server.serve(); };
  }

  std::unique_ptr<Probe> make(const std::string& ntp, const std::string& timeout) {
    const std::string all = "address = \"127.0.0.1:" + std::to_string(server.port) + "\"\n" + ntp;
    return Probing::make(read_kind("ntp", all, "timeout = \"" + timeout + "\""));
  }
  using Probing::run;
  Outcome run(const std::string& ntp = {}, const std::string& timeout = "20s") {
    const std::unique_ptr<Probe> probe = make(ntp, timeout);
    return run(*probe);
  }
  std::string where() const { return "ask 127.0.0.1:" + std::to_string(server.port) + " for the time: "; }

  TimeServer server;
};

TEST_F(NtpProbeTest, finds_a_server_that_has_the_time_ok_again_and_again) {
  const std::unique_ptr<Probe> probe = make("offset_failing_above = \"20s\"", "20s");
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
    ASSERT_EQ(outcome.readings.size(), 5U);
    EXPECT_EQ(outcome.readings[0].value, 2);
    EXPECT_LE(outcome.readings[2].value, 20) << "the delay";
    EXPECT_GT(outcome.phases.first_byte, 0us);
  }
  ASSERT_EQ(server.questions.size(), 3U);
  EXPECT_NE(server.questions[0], server.questions[1]) << "each has a mark of its own";
  EXPECT_EQ(server.questions[0].size(), 48U);
}

TEST_F(NtpProbeTest, holds_the_clocks_to_their_limits) {
  server.answer = [](const std::string& question) { return std::vector{reply(question, 1h)}; };
  const std::string limits = "offset_degraded_above = \"30s\"\noffset_failing_above = \"30m\"";
  Outcome outcome = run(limits);
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_THAT(outcome.evidence,
              AllOf(HasSubstr(where() + "its clock is "), HasSubstr(" ahead of this machine's, more than 1800 s")));
  EXPECT_NEAR(outcome.readings[1].value, 3600, 20);
  server.answer = [](const std::string& question) { return std::vector{reply(question, -10min)}; };
  outcome = run(limits);
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_THAT(outcome.evidence, HasSubstr(" behind this machine's, more than 30 s"));
}

TEST_F(NtpProbeTest, hears_no_packet_that_is_no_answer_to_its_question) {
  const auto strays = [](const std::string& question) {
    std::string forged = reply(question, 1h);
    forged[24] = static_cast<char>(forged[24] ^ 1);
    return std::vector{forged, question, "short"s, ""s, reply(question, 1h).substr(0, 47), std::string(1000, '\xFF')};
  };
  server.answer = [&](const std::string& question) {
    std::vector<std::string> all = strays(question);
    all.push_back(reply(question));
    return all;
  };
  EXPECT_EQ(run("offset_failing_above = \"20s\"").health, Health::ok);
  server.answer = strays;
  EXPECT_THAT(run("", "80ms").evidence, HasSubstr("; packets that came and were no answer to it: "));
}

TEST_F(NtpProbeTest, asks_again_where_a_packet_was_lost_and_takes_a_late_answer) {
  std::string first;
  server.answer = [&](const std::string& question) -> std::vector<std::string> {
    if (server.questions.size() == 1) first = question;
    if (server.questions.size() < 3) return {};
    return {reply(first)};
  };
  EXPECT_EQ(run("", "2s").health, Health::ok) << "the first question's answer, after the third one was put";
  EXPECT_EQ(server.questions.size(), 3U);
}

TEST_F(NtpProbeTest, tells_of_silence_after_its_own_time) {
  server.answer = [](const std::string&) { return std::vector<std::string>{}; };
  const Outcome outcome = run("", "80ms");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence.find(where() + "no answer within 80 ms"), 0U) << outcome.evidence;
  EXPECT_GE(outcome.phases.total, 80ms);
}

TEST_F(NtpProbeTest, tells_at_once_that_nobody_listens) {
  const std::uint16_t nobody = TimeServer{}.port;
  const Outcome outcome = run(*Probing::make(read("address = \"127.0.0.1:" + std::to_string(nobody) + "\"")));
  EXPECT_THAT(outcome.evidence, HasSubstr(": Connection refused (after "));
  EXPECT_LT(outcome.phases.total, 20s) << "its timeout";
}

TEST_F(NtpProbeTest, tells_of_a_name_that_leads_nowhere) {
  const Outcome unknown = run(*Probing::make(read("address = \"a..b\"")));
  EXPECT_THAT(unknown.evidence, HasSubstr("look up a..b: "));
  EXPECT_EQ(unknown.phases.name_lookup, 0us);
}

TEST_F(NtpProbeTest, may_be_destroyed_during_a_run_and_in_its_end) {
  server.answer = [](const std::string&) { return std::vector<std::string>{}; };
  bool called = false;
  std::unique_ptr<Probe> probe = make("", "20s");
  probe->run([&](Outcome) { called = true; });
  while (server.questions.empty()) {
    loop.poll();
    server.serve();
  }
  probe.reset();
  loop.poll();
  EXPECT_FALSE(called);
  server.answer = [](const std::string& question) { return std::vector{reply(question)}; };
  probe = make("", "20s");
  probe->run([&](Outcome) {
    probe.reset();
    called = true;
  });
  while (!called) {
    loop.poll();
    server.serve();
  }
}

TEST(ReadNtp, refuses_limits_that_make_no_sense) {
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("address is missing")));
  EXPECT_EQ(read("address = \"time.example:0\"").problems.size(), 1U);
  EXPECT_THAT(read("address = \"time.example\"\nstratum_at_most = 16").problems,
              ElementsAre(HasSubstr("out of range (1 to 15)")));
  EXPECT_THAT(
      read("address = \"time.example\"\noffset_degraded_above = \"1s\"\noffset_failing_above = \"1s\"").problems,
      ElementsAre(HasSubstr("offset_degraded_above = \"1s\" is never reached")));
  EXPECT_THAT(read("address = \"time.example\"\noffset_degraded_above = \"0s\"").problems,
              ElementsAre(HasSubstr("too short")));
}

TEST(ReadNtp, has_a_fingerprint_of_every_setting) {
  std::vector<std::string> all;
  for (const char* ntp : {"", "stratum_at_most = 3", "family = \"ipv4\"", "family = \"ipv6\"",
                          "offset_degraded_above = \"1s\"", "offset_failing_above = \"1s\""}) {
    all.push_back(read("address = \"time.example\"\n" + std::string{ntp}).probe.fingerprint);
  }
  all.push_back(read("address = \"time.example:124\"").probe.fingerprint);
  all.push_back(read("address = \"clock.example\"").probe.fingerprint);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_EQ(read("address = \"time.example\"").probe.fingerprint,
            read("address = \"time.example:123\"").probe.fingerprint);
}

}  // namespace
}  // namespace candor::probes
