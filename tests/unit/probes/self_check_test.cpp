#include "probes/self_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;

const Outcome good{.health = Health::ok};
const Outcome bad{.health = Health::failing, .evidence = "connect to 192.0.2.1:53 timed out after 1 s", .symptom = "x"};

struct SelfCheckTest : testing::Test {
  SelfCheck check;
  SelfCheckTest() {
    check.watch(1, "dns");
    check.watch(2, "search");
  }
};

TEST_F(SelfCheckTest, is_blind_only_while_every_one_fails) {
  EXPECT_FALSE(check.blind()) << "nothing is known yet";
  check.took(1, bad, 0s, 1s);
  EXPECT_FALSE(check.blind()) << "the other one has not looked";
  check.took(2, bad, 1s, 2s);
  EXPECT_TRUE(check.blind());
  check.took(1, good, 3s, 4s);
  EXPECT_FALSE(check.blind());
  check.took(1, {.health = Health::unknown}, 4s, 5s);
  EXPECT_TRUE(check.blind()) << "what cannot look does not see";
  EXPECT_EQ(check.saw(4s, 4s), false);
}

TEST_F(SelfCheckTest, is_not_blind_without_any) {
  check.took(2, bad, 0s, 1s);
  check.forget(1);
  check.changed(2s);
  EXPECT_TRUE(check.blind()) << "the one that is left fails";
  EXPECT_EQ(check.saw(1s, 2s), false);
  check.forget(2);
  EXPECT_FALSE(check.any());
  EXPECT_FALSE(check.blind());
  EXPECT_EQ(check.saw(1s, 2s), true) << "nobody is asked";
}

TEST_F(SelfCheckTest, believes_only_a_look_that_began_after_something_wrong_was_found) {
  check.took(1, good, 10s, 10s + 1ms);
  EXPECT_EQ(check.saw(9s, 10s), true) << "one that sees is enough";
  EXPECT_EQ(check.saw(9s, 10s + 1us), std::nullopt) << "the network may be gone since that look began";
  check.took(2, bad, 11s, 12s);
  EXPECT_EQ(check.saw(9s, 11s), std::nullopt) << "the other one may see";
  check.took(1, good, 11s, 13s);
  EXPECT_EQ(check.saw(9s, 11s), true);
}

TEST_F(SelfCheckTest, could_not_see_where_it_was_blind_during_a_run) {
  check.took(1, bad, 10s, 11s);
  check.took(2, bad, 10s, 12s);
  EXPECT_EQ(check.saw(11s, 12s), false) << "no look after it is needed";
  EXPECT_EQ(check.saw(12s + 1us, 13s), std::nullopt) << "it may see again";
  check.took(1, good, 13s, 14s);
  EXPECT_EQ(check.saw(13s, 13s), false) << "until that look began, nobody knows";
  EXPECT_EQ(check.saw(13s + 1us, 14s), std::nullopt);
  check.took(1, good, 14s, 15s);
  EXPECT_EQ(check.saw(13s + 1us, 14s), true);
}

TEST_F(SelfCheckTest, looks_a_few_times_a_second_at_most_whoever_asks) {
  EXPECT_EQ(check.next_look(10s), 10s);
  check.asked(10s);
  EXPECT_EQ(check.next_look(10s), 10s + 200ms);
  EXPECT_EQ(check.next_look(10s + 199ms), 10s + 200ms);
  EXPECT_EQ(check.next_look(11s), 11s);
}

TEST_F(SelfCheckTest, says_why_a_run_says_nothing) {
  check.took(1, bad, 0s, 1s);
  check.took(2, bad, 0s, 1s);
  const Outcome found{.health = Health::failing, .evidence = "GET … HTTP 503", .symptom = "errors"};
  const Outcome unseen = check.unseen(found);
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_EQ(unseen.symptom, "");
  EXPECT_THAT(unseen.evidence, HasSubstr("candord cannot see (self check dns fails: connect to 192.0.2.1:53"));
  EXPECT_THAT(unseen.evidence, HasSubstr("GET … HTTP 503"));

  check.took(1, good, 2s, 3s);
  EXPECT_THAT(check.unseen(found).evidence, HasSubstr("candord could not see (self check dns fails: connect to"));
}

}  // namespace
}  // namespace candor::probes
