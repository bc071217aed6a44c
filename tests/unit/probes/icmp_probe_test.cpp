#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/own_network.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using rules::Health;
using test::OwnNetwork;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

Read read(const std::string& icmp, const std::string& common = "timeout = \"10s\"") {
  return read_kind("icmp", icmp, common);
}

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
}

class IcmpProbeTest : public Probing {
 protected:
  void SetUp() override {
    ASSERT_TRUE(network.ready()) << "needs root, /dev/net/tun and ip";
    network.allow_pings("0 2147483647");
    serve = [this] { network.serve(host); };
  }

  std::unique_ptr<Probe> make(const std::string& icmp, const std::string& common = "timeout = \"10s\"") {
    return Probing::make(read(icmp, common));
  }

  using Probing::run;
  Outcome run(const std::string& icmp, const std::string& common = "timeout = \"10s\"") {
    const std::unique_ptr<Probe> probe = make(icmp, common);
    return run(*probe);
  }

  OwnNetwork network;
  std::function<std::string(std::string)> host = [](const std::string&) { return ""; };  ///< 10.9.9.7
};

TEST_F(IcmpProbeTest, pings_over_ipv4_and_ipv6) {
  for (const char* address : {"127.0.0.1", "::1", "[::1]"}) {
    const Outcome outcome = run(std::string{"interval = \"10ms\"\nhost = \""} + address + "\"");
    EXPECT_EQ(outcome.health, Health::ok) << outcome.evidence;
    ASSERT_EQ(outcome.readings.size(), 4U);
    EXPECT_EQ(outcome.readings[0].value, 0);
    EXPECT_GT(outcome.readings[1].value, 0);
    EXPECT_LE(outcome.readings[1].value, outcome.readings[3].value);
    EXPECT_GT(outcome.phases.total, 20ms) << "three packets, 10 ms apart";
    EXPECT_GT(outcome.phases.first_byte, 0us);
  }
}

TEST_F(IcmpProbeTest, pings_a_name_of_the_family_that_it_is_told) {
  EXPECT_EQ(run("host = \"localhost\"\npackets = 1\nfamily = \"ipv4\"").health, Health::ok);
}

TEST_F(IcmpProbeTest, says_how_to_allow_what_the_kernel_forbids) {
  network.allow_pings("1 0");
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Outcome outcome = run(std::string{"host = \""} + address + "\"");
    EXPECT_EQ(outcome.health, Health::unknown);
    EXPECT_THAT(outcome.evidence, HasSubstr("sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""));
    EXPECT_EQ(outcome.symptom, "");
  }
}

TEST_F(IcmpProbeTest, tells_of_a_host_that_no_route_leads_to) {
  const Outcome outcome = run("host = \"192.0.2.1\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(timeless(outcome.evidence), "ping 192.0.2.1: 3 of 3 packets lost after …: Network is unreachable");
}

TEST_F(IcmpProbeTest, does_not_blame_the_host_for_what_this_machine_does_not_let_out) {
  network.forbid("192.0.2.1");
  const Outcome outcome = run("host = \"192.0.2.1\"");
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "ping 192.0.2.1: Permission denied: the kernel does not let candord connect: look at this machine's own "
            "firewall and at candord's unit");
  EXPECT_EQ(outcome.symptom, "");
  EXPECT_THAT(outcome.readings, IsEmpty());
}

TEST_F(IcmpProbeTest, tells_of_a_host_that_keeps_silent) {
  const Outcome outcome = run("host = \"10.9.9.7\"\ninterval = \"10ms\"", "timeout = \"60ms\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "ping 10.9.9.7: 3 of 3 packets lost within 60 ms");
}

TEST_F(IcmpProbeTest, counts_the_packets_that_are_lost) {
  int packets = 0;
  host = [&](std::string packet) { return ++packets == 2 ? "" : test::echo_reply(std::move(packet)); };
  const Outcome outcome =
      run("host = \"10.9.9.7\"\npackets = 4\ninterval = \"10ms\"\ndegraded_at_loss = \"25%\"", "timeout = \"500ms\"");
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_EQ(outcome.evidence, "ping 10.9.9.7: 1 of 4 packets lost within 500 ms (25%, degraded at 25%)");
  EXPECT_EQ(packets, 4);
}

TEST_F(IcmpProbeTest, tells_what_a_router_says) {
  host = [](const std::string& packet) { return test::unreachable(packet, 1); };
  const Outcome outcome = run("host = \"10.9.9.7\"\ninterval = \"10ms\"", "timeout = \"200ms\"");
  EXPECT_EQ(outcome.health, Health::failing);
  EXPECT_EQ(outcome.evidence, "ping 10.9.9.7: 3 of 3 packets lost within 200 ms: No route to host");
}

TEST_F(IcmpProbeTest, believes_no_answer_but_the_hosts_own_to_its_own_packet) {
  int packets = 0;
  host = [&](std::string packet) {
    packet = test::echo_reply(std::move(packet));
    switch (packets++) {
      case 0:
        packet[15] = 8;  // from 10.9.9.8; the header's checksum makes up for it
        packet[11] = static_cast<char>(packet[11] - 1);
        return packet;
      case 1:
        packet[28] = static_cast<char>(packet[28] ^ 1);  // another mark
        return test::with_checksum(packet);
      case 2:
        packet[27] = 19;  // a packet that was not sent
        return test::with_checksum(packet);
      default:
        return packet.substr(0, 30);
    }
  };
  const Outcome outcome = run("host = \"10.9.9.7\"\npackets = 4\ninterval = \"10ms\"", "timeout = \"200ms\"");
  EXPECT_EQ(outcome.health, Health::failing) << outcome.evidence;
  EXPECT_EQ(packets, 4);
}

TEST_F(IcmpProbeTest, counts_an_answer_that_comes_twice_once) {
  std::string first;
  int packets = 0;
  host = [&](const std::string& packet) {
    if (first.empty()) first = test::echo_reply(packet);
    ++packets;
    return first;
  };
  const Outcome outcome = run("host = \"10.9.9.7\"\npackets = 3\ninterval = \"10ms\"", "timeout = \"200ms\"");
  EXPECT_EQ(packets, 3);
  EXPECT_EQ(outcome.health, Health::ok);
  EXPECT_NEAR(outcome.readings.at(0).value, 66.7, 0.1);
}

TEST_F(IcmpProbeTest, runs_again_and_leaves_nothing_open) {
  const std::unique_ptr<Probe> probe = make("host = \"127.0.0.1\"\npackets = 1");
  EXPECT_EQ(run(*probe).health, Health::ok);
  const auto before = open_files();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(*probe).health, Health::ok);
  EXPECT_EQ(open_files(), before);
}

TEST_F(IcmpProbeTest, shares_few_sockets_among_many_and_mistakes_nobodys_answer_for_anothers) {
  host = [](std::string packet) { return packet[19] == 8 ? "" : test::echo_reply(std::move(packet)); };
  const auto before = open_files();
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<Outcome> answering;
  std::vector<Outcome> silent;
  for (int i = 0; i < 100; ++i) {
    const bool answers = i % 2 == 0;
    probes.push_back(make(answers ? "host = \"10.9.9.7\"\npackets = 2\ninterval = \"10ms\""
                                  : "host = \"10.9.9.8\"\npackets = 2\ninterval = \"10ms\"",
                          "timeout = \"300ms\""));
    probes.back()->run([&, answers](Outcome outcome) { (answers ? answering : silent).push_back(std::move(outcome)); });
  }
  EXPECT_EQ(open_files(), before + 4) << "64 packets on each";
  for (const Stopwatch watch; answering.size() + silent.size() < 100 && watch.elapsed() < 20s;) {
    loop.poll();
    serve();
  }
  EXPECT_THAT(answering, SizeIs(50));
  EXPECT_THAT(answering, Each(Field(&Outcome::evidence, "")));
  EXPECT_THAT(silent, SizeIs(50));
  EXPECT_THAT(silent, Each(Field(&Outcome::evidence, "ping 10.9.9.8: 2 of 2 packets lost within 300 ms")));
  EXPECT_EQ(open_files(), before) << "none is kept on which an answer stayed out";
}

TEST_F(IcmpProbeTest, does_not_let_hosts_that_are_silent_fill_what_others_send_through) {
  ASSERT_TRUE(network.add_dead_ethernet());
  const std::unique_ptr<Probe> well = make("host = \"127.0.0.1\"\npackets = 1");
  std::size_t ended = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Probe>> dead;
    for (int i = 0; i < 40; ++i) {
      dead.push_back(make("host = \"10.8.0." + std::to_string(2 + i) + "\"\npackets = 1", "timeout = \"10ms\""));
      dead.back()->run([&](const Outcome& outcome) { ended += outcome.health == Health::failing ? 1 : 0; });
    }
    while (ended < dead.size() * static_cast<std::size_t>(round + 1)) {
      const Outcome outcome = run(*well);
      ASSERT_EQ(outcome.health, Health::ok) << "round " << round << ": " << outcome.evidence;
    }
  }
}

TEST_F(IcmpProbeTest, tells_what_a_router_says_of_a_host_to_nobody_elses_probe) {
  host = [](const std::string& packet) { return packet[19] == 8 ? "" : test::unreachable(packet, 1); };
  std::vector<std::string> evidence;
  const auto silent = make("host = \"10.9.9.8\"\npackets = 1", "timeout = \"200ms\"");
  const auto unreachable = make("host = \"10.9.9.7\"\npackets = 1", "timeout = \"200ms\"");
  for (const auto* probe : {&silent, &unreachable}) {
    (*probe)->run([&](const Outcome& outcome) { evidence.push_back(outcome.evidence); });
  }
  for (const Stopwatch watch; evidence.size() < 2 && watch.elapsed() < 20s;) {
    loop.poll();
    serve();
  }
  EXPECT_THAT(evidence, UnorderedElementsAre("ping 10.9.9.8: 1 of 1 packets lost within 200 ms",
                                             "ping 10.9.9.7: 1 of 1 packets lost within 200 ms: No route to host"));
}

TEST_F(IcmpProbeTest, ends_in_silence_when_destroyed) {
  host = [](std::string packet) { return test::echo_reply(std::move(packet)); };
  std::unique_ptr<Probe> probe = make("host = \"10.9.9.7\"");
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  probe.reset();
  loop.poll();
  probe = make("host = \"10.9.9.7\"");
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  bool sent = false;
  for (const Stopwatch watch; !sent && watch.elapsed() < 20s;) {
    loop.poll();
    network.serve([&](const std::string& packet) {
      sent = true;
      return test::echo_reply(packet);
    });
  }
  EXPECT_TRUE(sent);
  probe.reset();
  loop.poll();
}

TEST_F(IcmpProbeTest, may_run_again_or_be_destroyed_when_it_calls_back) {
  std::unique_ptr<Probe> probe = make("host = \"127.0.0.1\"\npackets = 1");
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

TEST(ReadIcmp, refuses_what_cannot_be_pinged) {
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("host is missing")));
  EXPECT_THAT(read("host = \"http://a.example/\"").problems, ElementsAre(HasSubstr("neither a name nor an address")));
  EXPECT_THAT(read("host = \"a.example\"\nfamily = \"ipx\"").problems, ElementsAre(HasSubstr("ipx")));
  for (const char* host : {"a:1", "10.0.0.7:22", "[fd00::7]:22"}) {
    EXPECT_THAT(read("host = \"" + std::string{host} + "\"").problems, testing::SizeIs(1)) << host;
  }
  EXPECT_THAT(read("host = \"a:1\"").problems, ElementsAre(HasSubstr("host has a port")));
  EXPECT_THAT(read("host = \"fe80::7%lo\"").problems, IsEmpty());
  EXPECT_THAT(read("host = \"fe80::7\"").problems,
              ElementsAre(HasSubstr("a link-local address without its interface (such as \"fe80::7%eth0\")")));
  for (const char* share : {"0%", "101%", "50", "half", "50 %", "-1%", "%"}) {
    EXPECT_THAT(read("host = \"a.example\"\nfailing_at_loss = \"" + std::string{share} + "\"").problems,
                ElementsAre(HasSubstr("is not a share of packets (from \"1%\" to \"100%\")")));
  }
}

TEST(ReadIcmp, refuses_limits_that_are_never_reached) {
  EXPECT_THAT(read("host = \"a.example\"\ndegraded_at_loss = \"100%\"").problems,
              ElementsAre(HasSubstr("degraded_at_loss = \"100%\" is never reached (a loss of 100% is failing)")));
  EXPECT_THAT(read("host = \"a.example\"\ndegraded_above = \"10s\"").problems, ElementsAre(HasSubstr("never reached")));
  EXPECT_THAT(
      read("host = \"a.example\"", "timeout = \"400ms\"").problems,
      ElementsAre(HasSubstr("the last of 3 packets would be sent after 400ms, and the probe's timeout is 400ms")));
  EXPECT_THAT(read("host = \"a.example\"\npackets = 1", "timeout = \"10ms\"").problems, IsEmpty());
}

TEST(ReadIcmp, notices_every_change) {
  const std::string base = "host = \"a.example\"\n";
  const std::string same = read(base).probe.fingerprint;
  EXPECT_EQ(read(base + "packets = 3\nfailing_at_loss = \"100%\"").probe.fingerprint, same);
  for (const char* other : {"packets = 4", "interval = \"201ms\"", "family = \"ipv4\"", "degraded_at_loss = \"1%\"",
                            "failing_at_loss = \"99%\"", "degraded_above = \"1s\""}) {
    EXPECT_NE(read(base + other).probe.fingerprint, same) << other;
  }
  EXPECT_NE(read("host = \"b.example\"").probe.fingerprint, same);
}

}  // namespace
}  // namespace candor::probes
