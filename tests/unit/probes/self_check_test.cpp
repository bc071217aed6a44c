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
  EXPECT_FALSE(check.took(1, bad, 1s));
  EXPECT_FALSE(check.blind()) << "the other one has not looked";
  EXPECT_TRUE(check.took(2, bad, 2s));
  EXPECT_TRUE(check.blind());
  EXPECT_FALSE(check.took(2, bad, 3s)) << "no change";
  EXPECT_TRUE(check.took(1, good, 4s));
  EXPECT_FALSE(check.blind());
  EXPECT_FALSE(check.took(1, {.health = Health::unknown}, 5s)) << "what cannot look proves nothing";
  EXPECT_FALSE(check.blind());
}

TEST_F(SelfCheckTest, is_not_blind_without_any) {
  check.forget(1);
  check.forget(2);
  EXPECT_FALSE(check.any());
  EXPECT_FALSE(check.blind());
}

TEST_F(SelfCheckTest, speaks_of_a_run_only_if_each_has_looked_since) {
  check.took(1, good, 10s);
  check.took(2, good, 12s);
  EXPECT_TRUE(check.knows_of(10s));
  EXPECT_TRUE(check.knows_of(11s)) << "a second before still counts";
  EXPECT_FALSE(check.knows_of(11s + 1us));
  EXPECT_TRUE(check.is_fresh(2, 13s));
  EXPECT_FALSE(check.is_fresh(3, 1s));
}

TEST_F(SelfCheckTest, says_why_a_run_says_nothing) {
  check.took(1, bad, 1s);
  check.took(2, bad, 1s);
  const Outcome unseen = check.unseen({.health = Health::failing, .evidence = "GET … HTTP 503", .symptom = "errors"});
  EXPECT_EQ(unseen.health, Health::unknown);
  EXPECT_EQ(unseen.symptom, "");
  EXPECT_THAT(unseen.evidence, HasSubstr("candord cannot see (self check dns fails: connect to 192.0.2.1:53"));
  EXPECT_THAT(unseen.evidence, HasSubstr("GET … HTTP 503"));
}

}  // namespace
}  // namespace candor::probes
