#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/evaluator.h"
#include "tests/unit/rules/world.h"

namespace candor::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view one_rule = "[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"' }\n";

TEST(Evidence, names_each_signal_once_where_several_leaves_count_it) {
  World world{R"([[rule]]
name = "r"
when = { all = [ { probe = 'component="shop"', health = "degraded" }, { probe = 'probe=~"a|b"' }, { not = { probe = 'probe="c"' } } ] }
)"};
  world.see("a", Health::degraded, 0s, "slow");
  world.see("a", Health::failing, 1s, "dead");
  world.see("c", Health::ok, 1s, "fine");
  EXPECT_THAT(world.settle(2s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").evidence, "a: dead");
  EXPECT_EQ(world.verdict("r").failing_since, world.start);
}

TEST(Evidence, shows_fresh_evidence_on_request) {
  World world{one_rule};
  world.see("a", Health::failing, 0s, "refused");
  world.settle(0s);
  world.see("a", Health::failing, 1s, "timed out", "slow");
  world.settle(1s);
  EXPECT_EQ(world.verdict("r").evidence, "a: timed out");
  EXPECT_EQ(world.verdict("r").symptom, "slow");
  EXPECT_EQ(world.verdict("r").since, world.start);
}

TEST(Evidence, tells_like_signals_apart_by_a_few_labels) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { alert = 'alertname=~\".+\"' }\n"};
  world.see(SignalId{SignalKind::alert,
                     "push",
                     {{"alertname", "Errors"},
                      {"component", "shop"},
                      {"a", "1"},
                      {"instance", "web-1"},
                      {"severity", "page"},
                      {"z", "2"}}},
            Health::failing, 0s, "5 % of requests fail");
  world.settle(0s);
  EXPECT_EQ(world.verdict("r").evidence, "Errors (instance=web-1, severity=page, a=1): 5 % of requests fail");
}

TEST(Evidence, names_signals_without_their_control_characters) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { alert = 'alertname!=\"\"' }\n"};
  world.see(
      SignalId{SignalKind::alert,
               "push",
               {{"alertname", "Err\x1b[2Jors\n"}, {"instance", "\u202e1-bew\u009b"}, {"a\u2066b", "\x7f\u0085ü"}}},
      Health::failing, 0s, "5 % of requests fail");
  world.settle(0s);
  EXPECT_EQ(world.verdict("r").evidence, "Err [2Jors  (instance= 1-bew , a b=  ü): 5 % of requests fail");
}

TEST(Evidence, bounds_its_evidence_without_splitting_characters) {
  World world{one_rule};
  std::string long_text;
  while (long_text.size() < 100'000) long_text += "ä";
  world.see("a", Health::failing, 0s, "x" + long_text);
  world.see("b", Health::failing, 1s, "");
  world.settle(1s);
  const std::string evidence = world.verdict("r").evidence;
  EXPECT_LT(evidence.size(), 1000U);
  EXPECT_THAT(evidence, HasSubstr("ä…; b: failing"));
}

TEST(Evidence, names_the_first_few_and_counts_the_rest) {
  World world{one_rule};
  for (int i = 0; i < 1000; ++i) world.see("p" + std::to_string(1000 + i), Health::failing, 1s * i, "e");
  world.settle(1000s);
  EXPECT_EQ(world.verdict("r").evidence, "p1000: e; p1001: e; p1002: e; and 997 more");
  world.see("last", Health::failing, 1000s);
  world.settle(1001s);
  EXPECT_EQ(world.verdict("r").evidence, "p1000: e; p1001: e; p1002: e; and over 997 more");
}

TEST(Evidence, is_that_of_the_rule_behind_the_rule) {
  World world{R"([[rule]]
name = "base"
when = { probe = 'component="shop"' }
[[rule]]
name = "top"
when = { all = [ { rule = "base" }, { probe = 'probe="b"' } ] }
)"};
  world.see("a", Health::failing, 0s, "first", "slow");
  world.see("b", Health::failing, 1s, "second");
  world.settle(1s);
  EXPECT_EQ(world.verdict("top").evidence, "a: first; b: second");
  EXPECT_EQ(world.verdict("top").symptom, "slow");
  EXPECT_EQ(world.verdict("top").failing_since, world.start);
}

TEST(Evidence, leaves_out_signals_that_only_did_not_contradict) {
  World world{R"([[rule]]
name = "r"
when = { all = [ { probe = 'probe="a"' }, { not = { any = [ { probe = 'probe="b"' }, { not = { probe = 'probe="c"' } } ] } } ] }
)"};
  world.see("a", Health::failing, 0s, "bad");
  world.see("b", Health::ok, 0s, "fine");
  world.see("c", Health::failing, 0s, "also bad");
  EXPECT_THAT(world.settle(0s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").evidence, "a: bad; c: also bad");
}

}  // namespace
}  // namespace candor::rules
