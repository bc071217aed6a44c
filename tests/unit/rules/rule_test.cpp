#include "rules/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/rules_from.h"

namespace candor::rules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

/// The problems of one rule whose `when` is `condition`.
std::string problems_of(const std::string& condition) {
  return read_rules("[[rule]]\nname = \"r\"\nwhen = " + condition + "\n").text();
}

template <class T>
const T& as(const Condition& condition) {
  return std::get<T>(condition.node);
}

TEST(Rule, reads_the_example_of_the_design) {
  const std::vector<Rule> rules = rules_from(R"(
[[rule]]
name = "database-down"
when = { probe = 'component="database"' }

[[rule]]
name = "checkout-down"
when = { any = [
  { probe = 'component="checkout"', health = "degraded", at_least = 2, for = "30s" },
  { alert = 'alertname="CheckoutErrors",severity=~"page|critical"', at_least = "50%", for = "1m" },
  { all = [ { not = { rule = "database-down", for = "2m" } } ] } ] }
unless = { rule = "database-down" }
)");
  ASSERT_THAT(rules, SizeIs(2));
  const Rule& rule = rules[1];
  EXPECT_EQ(rule.name, "checkout-down");
  EXPECT_EQ(rule.at.line, 7U);
  const auto& any = as<Group>(rule.when);
  EXPECT_EQ(any.kind, Group::Kind::any);
  ASSERT_THAT(any.parts, SizeIs(3));

  const auto& probe = as<SignalLeaf>(any.parts[0]);
  EXPECT_EQ(probe.kind, SignalKind::probe);
  EXPECT_EQ(probe.health, Health::degraded);
  EXPECT_EQ(probe.at_least.count, 2U);
  EXPECT_FALSE(probe.at_least.percent);
  EXPECT_EQ(probe.hold, 30s);
  EXPECT_TRUE(probe.matchers.matches({{"component", "checkout"}}));

  const auto& alert = as<SignalLeaf>(any.parts[1]);
  EXPECT_EQ(alert.kind, SignalKind::alert);
  EXPECT_EQ(alert.health, Health::failing);
  EXPECT_EQ(alert.at_least.count, 50U);
  EXPECT_TRUE(alert.at_least.percent);
  EXPECT_THAT(alert.matchers.all, SizeIs(2));

  const auto& negation = as<Group>(as<Group>(any.parts[2]).parts.front());
  EXPECT_EQ(negation.kind, Group::Kind::negation);
  EXPECT_EQ(as<RuleLeaf>(negation.parts.front()).rule, "database-down");
  EXPECT_EQ(as<RuleLeaf>(negation.parts.front()).hold, 2min);
  ASSERT_TRUE(rule.unless);
  EXPECT_EQ(as<RuleLeaf>(*rule.unless).hold, 0s);
}

TEST(Rule, counts_one_failing_signal_at_once_unless_told_otherwise) {
  const std::vector<Rule> rules = rules_from("[[rule]]\nname = \"r\"\nwhen = { probe = 'probe=\"p\"' }\n");
  const auto& leaf = as<SignalLeaf>(rules.at(0).when);
  EXPECT_EQ(leaf.health, Health::failing);
  EXPECT_EQ(leaf.at_least.count, 1U);
  EXPECT_FALSE(leaf.at_least.percent);
  EXPECT_EQ(leaf.hold, 0s);
  EXPECT_FALSE(rules[0].unless);
}

TEST(Rule, keeps_the_warnings_of_its_matchers) {
  const std::vector<Rule> rules = rules_from("[[rule]]\nname = \"r\"\nwhen = { probe = 'probe=~\"a\\d\"' }\n");
  EXPECT_THAT(as<SignalLeaf>(rules.at(0).when).matchers.warnings, SizeIs(1));
}

TEST(Rule, needs_a_name_and_a_when) {
  EXPECT_THAT(read_rules("[[rule]]\nwhen = { probe = 'probe=\"p\"' }\n").text(), HasSubstr("1:1: name is missing"));
  EXPECT_THAT(read_rules("[[rule]]\nname = \"\"\nwhen = { probe = 'probe=\"p\"' }\n").text(),
              HasSubstr("name is empty"));
  EXPECT_THAT(read_rules("[[rule]]\nname = \"r\"\n").text(), HasSubstr("rule \"r\" says nothing about when it holds"));
  EXPECT_THAT(read_rules("[[rule]]\nname = \"r\"\nwhen = 'probe'\n").text(), HasSubstr("when is a text, not a table"));
  EXPECT_THAT(read_rules("[[rule]]\nname = \"a\\nb\"\nwhen = { probe = 'probe=\"p\"' }\n").text(),
              HasSubstr("no control characters"));
  EXPECT_THAT(
      read_rules("[[rule]]\nname = \"" + std::string(201, 'x') + "\"\nwhen = { probe = 'probe=\"p\"' }\n").text(),
      HasSubstr("too long"));
}

TEST(Rule, wants_exactly_one_thing_in_a_condition) {
  EXPECT_THAT(problems_of("{}"), AllOf(HasSubstr("3:8: a condition says what it is about"),
                                       HasSubstr("one of probe, alert, rule, all, any, not")));
  EXPECT_THAT(problems_of(R"({ probe = 'a="b"', rule = "x" })"),
              AllOf(HasSubstr("not about probe and rule"), HasSubstr("join several with all or any")));
  EXPECT_THAT(problems_of(R"({ for = "1m", at_least = 2 })"),
              AllOf(HasSubstr("what it is about"), Not(HasSubstr("unknown"))));
}

TEST(Rule, says_how_to_write_a_bare_name) {
  EXPECT_THAT(problems_of(R"({ probe = "checkout-http" })"),
              AllOf(HasSubstr("3:18: probe: at character 14: expected an operator"),
                    HasSubstr(R"((write probe='probe="checkout-http"'))")));
  EXPECT_THAT(problems_of(R"({ alert = "CheckoutErrors" })"),
              HasSubstr(R"((write alert='alertname="CheckoutErrors"'))"));
  EXPECT_THAT(problems_of(R"({ alert = "" })"), HasSubstr(R"(alert names no signals (write alert='alertname=~".+"')"));
}

TEST(Rule, explains_matchers_that_cannot_be_read) {
  EXPECT_THAT(problems_of(R"({ probe = 'probe="a' })"),
              AllOf(HasSubstr("at character 7: this quotation mark"), HasSubstr("Alertmanager's matchers, such as")));
  EXPECT_THAT(problems_of(R"({ probe = 7 })"), HasSubstr("probe is a whole number, not a text"));
}

TEST(Rule, refuses_keys_that_do_not_fit_and_says_where_they_belong) {
  EXPECT_THAT(problems_of(R"({ alert = 'alertname="A"', health = "ok" })"),
              AllOf(HasSubstr("health does not go with alert"), HasSubstr("an alert is failing while it fires")));
  EXPECT_THAT(problems_of(R"({ all = [ { probe = 'a="b"' } ], for = "1m" })"),
              AllOf(HasSubstr("for does not go with all"), HasSubstr("put it in the conditions inside")));
  EXPECT_THAT(problems_of(R"({ not = { probe = 'a="b"' }, health = "ok" })"), HasSubstr("health does not go with not"));
  EXPECT_THAT(read_rules(R"([[rule]]
name = "x"
when = { probe = 'a="b"' }
[[rule]]
name = "y"
when = { rule = "x", at_least = 2, health = "ok" })")
                  .text(),
              AllOf(HasSubstr("at_least does not go with rule"), HasSubstr("health does not go with rule")));
}

TEST(Rule, leaves_unknown_keys_to_be_reported_with_the_nearest_known_one) {
  EXPECT_THAT(problems_of(R"({ probe = 'a="b"', atleast = 2 })"),
              AllOf(HasSubstr("unknown key \"atleast\""), HasSubstr("did you mean \"at_least\"?")));
}

TEST(Rule, refuses_a_quorum_that_makes_no_sense) {
  for (const std::string value : {"0", "-1", "1000001"}) {
    EXPECT_THAT(problems_of("{ probe = 'a=\"b\"', at_least = " + value + " }"),
                HasSubstr("is out of range (1 to 1000000)"))
        << value;
  }
  for (const std::string value : {"0%", "101%"}) {
    EXPECT_THAT(problems_of("{ probe = 'a=\"b\"', at_least = \"" + value + "\" }"), HasSubstr("(\"1%\" to \"100%\")"))
        << value;
  }
  for (const std::string value : {"", "%", "half", "50", "50 %", "-5%", "50%%", "5.5%", "99999999999%"}) {
    EXPECT_THAT(problems_of("{ probe = 'a=\"b\"', at_least = \"" + value + "\" }"),
                HasSubstr("is neither a count nor a share (a count such as 2, or a share such as \"50%\")"))
        << value;
  }
  EXPECT_THAT(problems_of("{ probe = 'a=\"b\"', at_least = 1.5 }"), HasSubstr("a number with a point"));
}

TEST(Rule, refuses_an_unknown_health_and_a_wrong_duration) {
  EXPECT_THAT(problems_of(R"({ probe = 'a="b"', health = "faling" })"), HasSubstr("did you mean \"failing\"?"));
  EXPECT_THAT(problems_of(R"({ probe = 'a="b"', for = "30" })"), HasSubstr("is not a duration"));
  EXPECT_THAT(problems_of(R"({ probe = 'a="b"', for = "5w" })"), HasSubstr("at most 31d"));
}

TEST(Rule, says_that_slo_conditions_are_not_there) {
  EXPECT_THAT(
      problems_of(R"({ slo = "checkout", for = "1m" })"),
      AllOf(HasSubstr("slo conditions are not supported by this version"), Not(HasSubstr("unknown key \"slo\""))));
}

TEST(Rule, refuses_empty_groups_and_groups_of_something_else) {
  EXPECT_THAT(problems_of("{ any = [] }"), HasSubstr("any needs at least one condition"));
  EXPECT_THAT(problems_of("{ all = { probe = 'a=\"b\"' } }"), HasSubstr("all is a table, not a list of tables"));
  EXPECT_THAT(problems_of("{ all = [ 'a=\"b\"' ] }"), HasSubstr("an item of all is a text, not a table"));
  EXPECT_THAT(problems_of("{ not = [ { probe = 'a=\"b\"' } ] }"), HasSubstr("not is a list, not a table"));
}

TEST(Rule, bounds_how_deep_conditions_nest) {
  const auto nested = [](int depth) {
    std::string condition = "{ probe = 'a=\"b\"' }";
    for (int i = 1; i < depth; ++i) condition = "{ not = " + condition + " }";
    return condition;
  };
  EXPECT_EQ(problems_of(nested(32)), "");
  EXPECT_THAT(problems_of(nested(33)), HasSubstr("conditions are nested too deeply (at most 32 levels)"));
}

TEST(Rule, reports_every_mistake_at_once) {
  const std::string problems = read_rules(R"([[rule]]
when = { any = [ { probe = "bare" }, { alert = 'alertname="A"', at_least = 0, for = "x" }, {} ] }
unless = { rule = "nowhere" }
)")
                                   .text();
  for (const std::string_view mistake : {"name is missing", "operator", "out of range", "not a duration",
                                         "what it is about", "names rule \"nowhere\", which does not exist"}) {
    EXPECT_THAT(problems, HasSubstr(mistake));
  }
}

constexpr std::string_view some_when = "when = { probe = 'a=\"b\"' }\n";

TEST(Rules, have_different_names) {
  const std::string rule = "[[rule]]\nname = \"twin\"\n" + std::string{some_when};
  EXPECT_EQ(read_rules(rule + rule).text(), "5:8: two rules are named \"twin\" (the other is at test.toml:2:8)\n");
}

TEST(Rules, name_only_rules_that_exist) {
  const std::string problems = read_rules("[[rule]]\nname = \"database-down\"\n" + std::string{some_when} +
                                          "[[rule]]\nname = \"r\"\nwhen = { rule = \"databse-down\" }\n")
                                   .text();
  EXPECT_EQ(problems,
            "6:17: rule \"r\" names rule \"databse-down\", which does not exist (did you mean \"database-down\"?)\n");
}

TEST(Rules, do_not_name_each_other_in_circles) {
  const ReadRules read = read_rules(R"([[rule]]
name = "a"
when = { rule = "b" }
[[rule]]
name = "b"
when = { all = [ { probe = 'x="y"' }, { not = { rule = "c" } } ] }
[[rule]]
name = "c"
when = { probe = 'x="y"' }
unless = { rule = "a" }
[[rule]]
name = "outside"
when = { rule = "a" }
)");
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_THAT(read.text(), HasSubstr("3:17: rules name each other in a circle: a → b → c → a"));
}

TEST(Rules, do_not_name_themselves) {
  EXPECT_THAT(read_rules("[[rule]]\nname = \"a\"\n" + std::string{some_when} + "unless = { rule = \"a\" }\n").text(),
              HasSubstr("in a circle: a → a"));
}

TEST(Rules, may_share_what_they_stand_on) {
  EXPECT_THAT(read_rules(R"([[rule]]
name = "top"
when = { any = [ { rule = "left" }, { rule = "right" } ] }
[[rule]]
name = "left"
when = { rule = "base" }
[[rule]]
name = "right"
when = { rule = "base" }
[[rule]]
name = "base"
when = { probe = 'x="y"' }
)")
                  .problems,
              IsEmpty());
}

TEST(Rules, may_form_a_long_chain) {
  std::vector<Rule> rules;
  for (int i = 0; i < 20'000; ++i) {
    Rule& rule = rules.emplace_back();
    rule.name = std::to_string(i);
    if (i > 0) rule.when = {RuleLeaf{.rule = std::to_string(i - 1), .hold = {}}};
  }
  Problems problems;
  check_rules(rules, problems);
  EXPECT_TRUE(problems.empty());
  rules.front().when = {RuleLeaf{.rule = "19999", .hold = {}}};
  check_rules(rules, problems);
  EXPECT_THAT(problems.list(), SizeIs(1));
}

}  // namespace
}  // namespace candor::rules
