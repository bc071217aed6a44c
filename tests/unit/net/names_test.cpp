#include "base/net/names.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/net/ares.h"
#include "tests/unit/net/fake_server.h"
#include "tests/unit/net/name_server.h"

namespace candor::net {
namespace {

using testing::Contains;
using testing::ElementsAre;
using Family = Names::Family;
using Answer = Names::Answer;

struct NamesTest : testing::Test {
  Loop loop;
  std::optional<Names> names{std::in_place, loop};

  std::function<void()> serve = [] {};

  Answer look_up(const std::string& host, Family family = Family::any) {
    std::optional<Answer> answer;
    const Names::Lookup lookup = names->look_up(host, family, [&](Answer found) { answer = std::move(found); });
    EXPECT_FALSE(answer) << "from inside look_up()";
    while (!answer) {
      loop.poll();
      serve();
    }
    return *answer;
  }
};

TEST_F(NamesTest, answers_a_numeric_address_with_itself) {
  EXPECT_THAT(*look_up("127.0.0.1"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(*look_up("0:0:0:0:0:0:0:1"), ElementsAre("::1"));
  EXPECT_EQ(look_up("127.0.0.1", Family::ipv6).error().reason, "it has no IPv6 address");
  EXPECT_EQ(look_up("::1", Family::ipv4).error().reason, "it has no IPv4 address");
}

TEST_F(NamesTest, knows_the_hosts_of_this_machine) {
  EXPECT_THAT(*look_up("localhost", Family::ipv4), ElementsAre("127.0.0.1"));
}

TEST_F(NamesTest, tells_what_a_resolver_answered) {
  test::NameServer server;
  names.emplace(loop, server.address());
  serve = [&] { server.serve(); };
  unsigned flags = 0;
  server.answer = [&](const std::string& question, bool) { return std::vector{test::reply(question, flags)}; };
  for (const auto& [rcode, reason] : {std::pair{2U, "the resolver answered SERVFAIL"},
                                      {4U, "the resolver answered NOTIMP"},
                                      {5U, "the resolver answered REFUSED"},
                                      {3U, "Domain name not found"},
                                      {0U, "it has no address"}}) {
    flags = 0x8180 | rcode;
    const Answer answer = look_up("pay.acme.example");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, reason);
    EXPECT_FALSE(answer.error().ours);
  }
}

TEST_F(NamesTest, takes_it_for_this_machines_own_failure_that_no_resolver_is_reached) {
  names.emplace(loop, "127.0.0.1:" + std::to_string(test::closed_port()));
  for (int i = 0; i < 2; ++i) {
    const Answer answer = look_up("pay.acme.example");
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().ours);
    EXPECT_EQ(answer.error().reason,
              "no resolver of this machine can be reached (Connection refused): look at /etc/resolv.conf and at this "
              "machine's network");
  }
}

TEST_F(NamesTest, turns_to_the_next_resolver_where_one_is_not_reached) {
  test::NameServer server;
  names.emplace(loop, "127.0.0.1:" + std::to_string(test::closed_port()) + "," + server.address());
  serve = [&] { server.serve(); };
  unsigned rcode = 0;
  server.answer = [&](const std::string& question, bool) {
    return std::vector{rcode == 0 ? test::addresses_reply(question, {"192.0.2.1"})
                                  : test::reply(question, 0x8180 | rcode)};
  };
  EXPECT_THAT(*look_up("pay.acme.example"), ElementsAre("192.0.2.1"));
  rcode = 2;
  const Answer answer = look_up("pay.acme.example");
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().ours);
  EXPECT_EQ(answer.error().reason, "the resolver answered SERVFAIL");
}

TEST_F(NamesTest, calls_nothing_once_the_lookup_is_let_go_of) {
  bool called = false;
  (void)names->look_up("127.0.0.1", Family::any, [&](const Answer&) { called = true; });
  Names::Lookup kept = names->look_up("localhost", Family::any, [&](const Answer&) { called = true; });
  kept.reset();
  while (loop.poll() > 0) {
  }
  EXPECT_FALSE(called);
}

TEST_F(NamesTest, may_be_destroyed_while_a_question_is_under_way) {
  const Names::Lookup lookup = names->look_up("localhost", Family::any, [](const Answer&) {});
  const Names::Lookup another = names->look_up("shop.invalid", Family::any, [](const Answer&) {});
  names.reset();
  loop.poll();
}

TEST_F(NamesTest, may_let_go_of_the_lookup_in_the_answer) {
  Names::Lookup lookup;
  bool called = false;
  lookup = names->look_up("localhost", Family::ipv4, [&](const Answer&) {
    lookup.reset();
    called = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(called);
}

TEST(AresTest, refuses_servers_that_are_none) {
  Loop loop;
  EXPECT_THROW(Ares(loop, {.servers = "not an address"}), std::runtime_error);
  EXPECT_NO_THROW(Ares(loop, {.servers = "127.0.0.1:5353,[::1]:53"}));
}

}  // namespace
}  // namespace candor::net
