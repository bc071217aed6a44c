#include <gmock/gmock.h>

#include "tests/unit/incident/world.h"

// What an absence, a restart or a reload makes of rules that name other rules: of their `for`, and of what they
// explain.

namespace candor::incident {
namespace {

using rules::Condition;
using rules::Finding;
using rules::Health;
using rules::RuleLeaf;

Condition probes(const std::string& matchers, std::uint32_t at_least = 1) {
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(matchers);
  leaf.at_least.count = at_least;
  return {leaf};
}

Condition negated(Condition condition) {
  return {rules::Group{.kind = rules::Group::Kind::negation, .parts = {std::move(condition)}}};
}

rules::Observation probe(const std::string& component, Health health, const std::string& name = "http") {
  return {.id = {rules::SignalKind::probe, "probe", {{"probe", name}, {"component", component}}}, .health = health};
}

/// `parent` is about the database, `child` about the checkout; both page.
Policy family(Condition parent, Condition child, std::optional<Condition> unless = {}) {
  Policy policy = shop_policy();
  const Response response = policy.responses.at("checkout-down");
  policy.rules = {{.name = "child", .when = std::move(child), .unless = std::move(unless)},
                  {.name = "parent", .when = std::move(parent)}};
  policy.responses = {{"child", response}, {"parent", response}};
  policy.responses["parent"].component = "search";
  return policy;
}

/// The child is silent while the database is down.
Policy explained(Duration hold = Duration{0}) {
  return family(probes(R"(component="db")"), probes(R"(component="checkout")"), Condition{RuleLeaf{"parent", hold}});
}

void look(World& world, Health database, Health checkout) {
  world.take(world.engine.observe({probe("db", database), probe("checkout", checkout)}, world.now));
}

Finding finding(const World& world, const std::string& rule) {
  const auto known = world.engine.state().verdicts.find(rule);
  return known != world.engine.state().verdicts.end() ? known->second.finding : Finding::quiet;
}

void stand_still(World& world, Duration time) {
  world.now += time;
  world.take(world.engine.stood_still(time, world.now));
}

void restart(World& world, const Policy& policy, Duration off) {
  const Instant since = world.now;
  world.now += off;
  world.engine = Engine{policy, world.engine.state()};
  world.take(world.engine.begin(43, world.now, since));
}

enum class Interruption : std::uint8_t { none, reload, restart, standstill };

/// Two seconds pass, with that in them, and everything is looked at.
void interrupt(World& world, const Policy& policy, Interruption what, Health database, Health checkout) {
  if (what == Interruption::reload) world.take(world.engine.reconfigure(policy, world.now));
  if (what == Interruption::restart) restart(world, policy, 1s);
  if (what == Interruption::standstill) {
    stand_still(world, 16s);
  } else {
    world.pass(1s);
  }
  look(world, database, checkout);
  world.pass(1s);
}

class NamedRules : public testing::TestWithParam<Interruption> {};

TEST_P(NamedRules, the_ten_minutes_after_a_humans_end_run_out) {
  for (const Duration left : {Duration{500ms}, Duration{1500ms}, Duration{10s}}) {
    World world{explained()};
    look(world, Health::failing, Health::failing);
    ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "A false alarm."}));
    world.pass(10min - left);
    ASSERT_EQ(finding(world, "child"), Finding::explained);
    interrupt(world, explained(), GetParam(), Health::failing, Health::failing);
    world.pass(2min);
    EXPECT_EQ(finding(world, "child"), Finding::holds);
    EXPECT_EQ(world.engine.state().open.size(), 1U);
  }
}

TEST_P(NamedRules, a_for_that_runs_is_not_over_for_a_rule_that_held_by_something_else) {
  const Condition either{rules::Group{.kind = rules::Group::Kind::any,
                                      .parts = {probes(R"(component="checkout")"), Condition{RuleLeaf{"parent", 1h}}}}};
  const Policy policy = family(probes(R"(component="db")"), either);
  World world{policy};
  look(world, Health::failing, Health::failing);
  world.pass(1min);
  interrupt(world, policy, GetParam(), Health::failing, Health::ok);
  EXPECT_EQ(finding(world, "child"), Finding::pending) << "the checkout was seen well, the hour is not over";
  world.pass(57min);
  EXPECT_EQ(finding(world, "child"), Finding::pending);
  world.pass(2min);
  EXPECT_EQ(finding(world, "child"), Finding::holds);
}

TEST_P(NamedRules, a_for_that_ran_out_is_over_with_the_first_look_that_finds_the_same) {
  const Policy policy = family(probes(R"(component="db")"), Condition{RuleLeaf{"parent", 30s}});
  World world{policy};
  look(world, Health::failing, Health::ok);
  world.pass(29s);
  interrupt(world, policy, GetParam(), Health::failing, Health::ok);
  EXPECT_EQ(finding(world, "child"), Finding::holds);
}

TEST_P(NamedRules, who_was_explained_for_long_enough_has_time_to_be_seen_well) {
  const Policy policy = explained(30s);
  World world{policy};
  look(world, Health::failing, Health::ok);
  world.pass(5min);
  look(world, Health::failing, Health::failing);
  world.pass(5min);
  look(world, Health::ok, Health::failing);
  interrupt(world, policy, GetParam(), Health::ok, Health::failing);
  look(world, Health::ok, Health::ok);
  world.pass(1h);
  EXPECT_EQ(world.engine.state().latest_of("child"), nullptr);
}

TEST_P(NamedRules, a_for_goes_on_while_the_other_rule_cannot_be_seen) {
  Condition well = probes(R"(component="db")");
  std::get<rules::SignalLeaf>(well.node).health = Health::ok;
  const Policy policy = family(negated(well), Condition{RuleLeaf{"parent", 10min}});
  World world{policy};
  look(world, Health::ok, Health::ok);
  world.pass(1min);
  look(world, Health::failing, Health::ok);
  world.pass(8min);
  world.take(world.engine.observe({probe("db", Health::unknown)}, world.now));
  world.pass(10s);
  interrupt(world, policy, GetParam(), Health::failing, Health::ok);
  world.pass(2min);
  EXPECT_EQ(finding(world, "child"), Finding::holds) << "silence does not begin it anew";
}

INSTANTIATE_TEST_SUITE_P(Over, NamedRules,
                         testing::Values(Interruption::none, Interruption::reload, Interruption::restart,
                                         Interruption::standstill));

TEST(NamedRule, that_began_to_hold_between_two_absences_explains_after_both) {
  const Condition not_the_parent{
      rules::Group{.kind = rules::Group::Kind::all,
                   .parts = {probes(R"(component="checkout")"), negated(Condition{RuleLeaf{"parent"}})}}};
  for (const Policy& policy :
       {explained(), family(probes(R"(component="db")"), not_the_parent),
        family(probes(R"(component="db")"), probes(R"(component="checkout")"), probes(R"(component="db")"))}) {
    for (const bool reloaded : {false, true}) {
      World world{policy};
      look(world, Health::ok, Health::ok);
      world.pass(1h);
      restart(world, policy, 20s);
      look(world, Health::ok, Health::ok);
      world.pass(20s);
      look(world, Health::failing, Health::ok);
      world.pass(5s);
      reloaded ? stand_still(world, 10min) : restart(world, policy, 10min);
      if (reloaded) world.take(world.engine.reconfigure(policy, world.now));
      world.pass(1s);
      ASSERT_EQ(finding(world, "parent"), Finding::holds);
      world.take(world.engine.observe({probe("checkout", Health::failing)}, world.now));
      world.pass(1s);
      look(world, Health::failing, Health::failing);
      world.pass(5s);
      EXPECT_EQ(world.engine.state().latest_of("child"), nullptr);
    }
  }
}

TEST(NamedRule, that_waits_for_a_look_once_nothing_explains_it_goes_on_to_hold_for_those_who_name_it) {
  Condition well = probes(R"(component="checkout")");
  std::get<rules::SignalLeaf>(well.node).health = Health::ok;
  for (const Condition& fails : {probes(R"(component="checkout")"), negated(well)}) {
    for (const bool reloaded : {false, true}) {
      const Policy policy = [&] {
        Policy made = family(fails, Condition{RuleLeaf{"parent", 10min}});
        made.rules.back().unless = probes(R"(component="db")");
        return made;
      }();
      World world{policy};
      look(world, Health::failing, Health::failing);
      const Instant began = world.now;
      world.pass(570s);
      stand_still(world, 20s);
      world.take(world.engine.observe({probe("db", Health::ok)}, world.now));
      ASSERT_EQ(finding(world, "parent"), Finding::pending) << "nobody has looked at the checkout since";
      if (reloaded) world.take(world.engine.reconfigure(policy, world.now));
      world.pass(1s);
      world.take(world.engine.observe({probe("checkout", Health::failing)}, world.now));
      world.pass(began + 601s - world.now);
      EXPECT_EQ(finding(world, "child"), Finding::holds);
    }
  }
}

TEST(NamedRule, a_for_does_not_run_out_over_an_absence_because_no_alert_is_known) {
  rules::SignalLeaf watchdog;
  watchdog.kind = rules::SignalKind::alert;
  watchdog.matchers = *rules::parse_matchers("alertname=Watchdog");
  const Policy policy = family(negated({watchdog}), Condition{RuleLeaf{"parent", 5min}});
  World world{policy};
  world.take(world.engine.source_changed("prometheus:main", true, "", world.now));
  world.pass(1min);
  restart(world, policy, 10min);
  EXPECT_EQ(finding(world, "child"), Finding::pending) << "no source has answered since";
}

TEST(NamedRule, a_for_runs_out_with_the_first_look_at_what_was_not_known) {
  const Policy policy = family(negated(probes(R"(component="db")")), Condition{RuleLeaf{"parent", 1min}});
  World world{policy};
  look(world, Health::ok, Health::ok);
  world.take(world.engine.forget(std::vector{probe("db", Health::ok).id}, world.now));
  world.pass(55s);
  stand_still(world, 16s);
  EXPECT_EQ(finding(world, "child"), Finding::pending);
  look(world, Health::ok, Health::ok);
  EXPECT_EQ(finding(world, "child"), Finding::holds);
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(finding(world, "child"), Finding::holds);
}

TEST(NamedRule, that_was_explained_is_so_after_a_restart_in_which_it_cannot_be_seen) {
  const Policy policy = explained();
  World world{policy};
  look(world, Health::failing, Health::failing);
  world.pass(1min);
  world.take(world.engine.observe({probe("checkout", Health::unknown)}, world.now));
  restart(world, policy, 1s);
  look(world, Health::failing, Health::failing);
  EXPECT_EQ(finding(world, "child"), Finding::explained);
  EXPECT_EQ(world.engine.state().latest_of("child"), nullptr);
}

TEST(NamedRule, that_would_hold_by_memory_alone_explains_nothing) {
  const Policy policy =
      family(probes(R"(component="db")", 2), probes(R"(component="checkout")"), Condition{RuleLeaf{"parent"}});
  World world{policy};
  world.take(world.engine.observe(
      {probe("db", Health::failing, "one"), probe("db", Health::ok, "two"), probe("checkout", Health::ok)}, world.now));
  world.pass(1min);
  stand_still(world, 20s);
  world.take(
      world.engine.observe({probe("db", Health::failing, "two"), probe("checkout", Health::failing)}, world.now));
  EXPECT_EQ(finding(world, "parent"), Finding::pending) << "nobody has looked at the first one since";
  EXPECT_EQ(finding(world, "child"), Finding::holds);
  EXPECT_EQ(world.pages().size(), 1U);
  world.take(world.engine.observe({probe("db", Health::ok, "one")}, world.now));
  EXPECT_EQ(finding(world, "child"), Finding::holds) << "what never held does not linger";
}

TEST(NamedRule, that_was_explained_goes_on_to_be_by_memory) {
  const Policy policy = explained();
  World world{policy};
  look(world, Health::failing, Health::failing);
  stand_still(world, 20s);
  EXPECT_EQ(finding(world, "child"), Finding::explained) << "as before";
  EXPECT_EQ(finding(world, "parent"), Finding::holds);
}

}  // namespace
}  // namespace candor::incident
