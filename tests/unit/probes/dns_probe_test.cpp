#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/name_server.h"
#include "tests/unit/probes/own_network.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using net::test::NameServer;
using rules::Health;
using testing::HasSubstr;

/// One A record for each address' last byte.
std::string reply(const std::string& question, unsigned flags, const std::string& last_bytes = {}) {
  std::vector<std::string> addresses;
  for (const char byte : last_bytes) addresses.push_back("192.0.2." + std::to_string(int{byte}));
  return net::test::reply(question, flags, addresses);
}

class DnsProbeTest : public Probing {
 protected:
  DnsProbeTest() {
    serve = [this] { server.serve(); };
  }

  std::unique_ptr<Probe> make(const std::string& dns, const std::string& timeout) {
    const std::string all = "name = \"pay.example\"\nresolver = \"" + server.address() + "\"\n" + dns;
    return Probing::make(read_kind("dns", all, "timeout = \"" + timeout + "\""));
  }
  using Probing::run;
  Outcome run(const std::string& dns = {}, const std::string& timeout = "20s") {
    const std::unique_ptr<Probe> probe = make(dns, timeout);
    return run(*probe);
  }
  void answers(unsigned flags, const std::string& last_bytes = {}) {
    server.answer = [=](const std::string& question, bool) { return std::vector{reply(question, flags, last_bytes)}; };
  }
  std::string where() const { return "ask " + server.address() + " for A of pay.example: "; }

  NameServer server;
};

TEST_F(DnsProbeTest, finds_a_good_answer_ok_again_and_again) {
  answers(0x8180, "\1\2");
  const std::unique_ptr<Probe> probe = make("equals = [\"192.0.2.1\", \"192.0.2.2\"]", "20s");
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = run(*probe);
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
    ASSERT_EQ(outcome.readings.size(), 2U);
    EXPECT_EQ(outcome.readings[1].value, 60);
    EXPECT_GT(outcome.phases.total, 0us);
  }
  ASSERT_EQ(server.questions.size(), 3U);
  EXPECT_NE(server.questions[0].substr(0, 2) + server.questions[1].substr(0, 2),
            server.questions[1].substr(0, 2) + server.questions[2].substr(0, 2))
      << "each question has an id of its own";
}

TEST_F(DnsProbeTest, judges_an_error_at_once) {
  for (const auto& [flags, name] : {std::pair{0x8182U, "SERVFAIL"}, {0x8183U, "NXDOMAIN"}, {0x8185U, "REFUSED"}}) {
    server.questions.clear();
    answers(flags);
    const Outcome outcome = run();
    EXPECT_EQ(outcome.health, Health::failing);
    EXPECT_THAT(outcome.evidence, HasSubstr(where() + name + " after "));
    EXPECT_EQ(server.questions.size(), 1U) << "nobody is asked again";
  }
}

TEST_F(DnsProbeTest, asks_for_dnssec_where_it_is_wanted) {
  answers(0x81A0, "\1");
  EXPECT_EQ(run("authentic = true").health, Health::ok);
  EXPECT_EQ(server.questions.back()[3], '\x20');
  answers(0x8180, "\1");
  EXPECT_THAT(run("authentic = true").evidence, HasSubstr("DNSSEC"));
  EXPECT_EQ(run().health, Health::ok);
  EXPECT_EQ(server.questions.back()[3], '\0');
}

TEST_F(DnsProbeTest, puts_a_lost_question_again) {
  server.answer = [&](const std::string& question, bool) -> std::vector<std::string> {
    if (server.questions.size() < 2) return {};
    return {reply(question, 0x8180, "\1")};
  };
  EXPECT_EQ(run("", "3s").health, Health::ok);
}

TEST_F(DnsProbeTest, tells_of_silence_after_its_own_time) {
  const Outcome outcome = run("", "80ms");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, where() + "no answer within 80 ms");
  EXPECT_EQ(outcome.symptom, "failing name lookups");
  EXPECT_GE(outcome.phases.total, 80ms);
}

TEST_F(DnsProbeTest, ignores_answers_to_other_questions) {
  server.answer = [](const std::string& question, bool) {
    std::string other_id = reply(question, 0x8180, "\x9");
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    std::string other_name = reply(question, 0x8180, "\x9");
    other_name[13] = 'd';
    return std::vector{other_id, other_name, "short"s, reply(question, 0x8180, "\1")};
  };
  EXPECT_EQ(run("equals = [\"192.0.2.1\"]").health, Health::ok);
}

TEST_F(DnsProbeTest, tells_of_an_answer_that_cannot_be_read) {
  server.answer = [](const std::string& question, bool) {
    const std::string whole = reply(question, 0x8180, "\1");
    return std::vector{whole.substr(0, whole.size() - 1)};
  };
  EXPECT_THAT(run().evidence, HasSubstr("cannot be read: it ends too early"));
}

TEST_F(DnsProbeTest, asks_over_tcp_what_was_cut_off) {
  server.listen_on_tcp();
  std::string over;
  server.answer = [&over](const std::string& question, bool tcp) {
    over += tcp ? "T" : "U";
    return std::vector{tcp ? reply(question, 0x8180, std::string(200, '\1') + "\2") : reply(question, 0x8380)};
  };
  EXPECT_EQ(run("equals = [\"192.0.2.1\", \"192.0.2.2\"]").health, Health::ok);
  EXPECT_EQ(over, "UT");
  over.clear();
  EXPECT_EQ(run("protocol = \"tcp\"").health, Health::ok);
  EXPECT_EQ(over, "T");
}

TEST_F(DnsProbeTest, says_when_tcp_fails_after_a_cut_off_answer) {
  answers(0x8380);
  const Outcome outcome = run();
  EXPECT_THAT(outcome.evidence,
              HasSubstr("over TCP, as its answer over UDP was cut off, for A of pay.example: not reached: the "
                        "connection was refused or broke off (after "));
  server.listen_on_tcp();
  EXPECT_THAT(run().evidence, HasSubstr("cannot be read: it was cut off, over TCP"));
}

TEST_F(DnsProbeTest, tells_of_what_came_and_was_no_answer) {
  server.answer = [](const std::string& question, bool) {
    std::string other_id = reply(question, 0x8180, "\1");
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    return std::vector{other_id};
  };
  const std::string words = "what came back is no whole answer to the question";
  EXPECT_EQ(run("", "80ms").evidence, where() + "no answer within 80 ms; " + words);
  server.answer = [](const std::string& question, bool) { return std::vector{question.substr(0, 2) + "garbage"}; };
  EXPECT_EQ(run("", "80ms").evidence, where() + "no answer within 80 ms; " + words);
  server.listen_on_tcp();
  EXPECT_THAT(run("protocol = \"tcp\"", "300ms").evidence, HasSubstr("; " + words));
}

TEST_F(DnsProbeTest, tells_that_nobody_listens) {
  const std::string address = NameServer{}.address();
  Problems problems;
  const auto document = Document::parse(
      "[[probe]]\nname = \"a\"\n[probe.dns]\nname = \"pay.example\"\nresolver = \"" + address + "\"\n", "a", problems);
  const ProbeConfig config = read_probe(document->root().tables("probe").front());
  EXPECT_THAT(run(*config.make({loop, transfers, names})).evidence, HasSubstr("not reached: nothing listens there"));
}

TEST_F(DnsProbeTest, does_not_blame_the_resolver_for_what_this_machine_lacks) {
  answers(0x8180, "\1\2");
  const std::unique_ptr<Probe> probe = make("", "5s");
  for (const unsigned left : {0U, 1U}) {
    const Outcome outcome = run_without_descriptors(*probe, left);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("this machine could not: Too many open files: candord has no file"));
  }
}

TEST_F(DnsProbeTest, does_not_blame_the_resolver_for_what_the_kernel_does_not_let_it_send) {
  OwnNetwork network;
  ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
  network.forbid("192.0.2.53");
  const auto ask = [this](const std::string& resolver, const std::string& protocol) {
    const Read read =
        read_kind("dns", "name = \"pay.example\"\nresolver = \"" + resolver + "\"\nprotocol = \"" + protocol + "\"");
    return run(*Probing::make(read));
  };
  for (const char* protocol : {"udp", "tcp"}) {
    const Outcome outcome = ask("192.0.2.53", protocol);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("look at this machine's own firewall"));
  }
  network.use_up_ports();
  for (const char* protocol : {"udp", "tcp"}) {
    const Outcome outcome = ask("127.0.0.1", protocol);
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("no address of that kind, or no port left"));
  }
}

TEST_F(DnsProbeTest, may_be_destroyed_during_a_run_and_in_its_end) {
  server.answer = nullptr;
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
  answers(0x8180, "\1");
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

}  // namespace
}  // namespace candor::probes
