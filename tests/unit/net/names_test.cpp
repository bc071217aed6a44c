#include "base/net/names.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/net/ares.h"

namespace candor::net {
namespace {

using testing::Contains;
using testing::ElementsAre;
using Family = Names::Family;
using Answer = Result<std::vector<std::string>>;

struct NamesTest : testing::Test {
  Loop loop;
  std::optional<Names> names{std::in_place, loop};

  Answer look_up(const std::string& host, Family family = Family::any) {
    std::optional<Answer> answer;
    const Names::Lookup lookup = names->look_up(host, family, [&](Answer found) {
      answer = std::move(found);
      loop.stop();
    });
    EXPECT_FALSE(answer) << "from inside look_up()";
    loop.run();
    return *answer;
  }
};

TEST_F(NamesTest, answers_a_numeric_address_with_itself) {
  EXPECT_THAT(*look_up("127.0.0.1"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(*look_up("0:0:0:0:0:0:0:1"), ElementsAre("::1"));
  EXPECT_EQ(look_up("127.0.0.1", Family::ipv6).error().message, "it has no IPv6 address");
  EXPECT_EQ(look_up("::1", Family::ipv4).error().message, "it has no IPv4 address");
}

TEST_F(NamesTest, knows_the_hosts_of_this_machine) {
  EXPECT_THAT(*look_up("localhost", Family::ipv4), ElementsAre("127.0.0.1"));
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
