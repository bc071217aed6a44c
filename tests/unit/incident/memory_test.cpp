#include <gtest/gtest.h>

#include "tests/unit/incident/world.h"

// What is only memory after an absence makes no rule hold, however absences, reloads and human words fall together.

namespace candor::incident {
namespace {

using rules::Health;

rules::SignalLeaf probes(const std::string& matchers, std::uint32_t at_least = 1, Duration hold = 0s) {
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(matchers);
  leaf.at_least = {at_least, false};
  leaf.hold = hold;
  return leaf;
}

/// Rules that all follow the shop's response.
Policy shop_with(std::vector<rules::Rule> rules) {
  Policy policy = shop_policy();
  const Response response = policy.responses.at("checkout-down");
  policy.responses.clear();
  for (const rules::Rule& rule : rules) policy.responses[rule.name] = response;
  policy.rules = std::move(rules);
  return policy;
}

void see(World& world, const std::string& name, Health health) {
  world.take(world.engine.observe({{.id = {rules::SignalKind::probe, "probe", {{"probe", name}}},
                                    .health = health,
                                    .evidence = health == Health::ok ? "" : "bad"}},
                                  world.now));
}

rules::Finding finding(const World& world, const std::string& rule) {
  const auto found = world.engine.state().verdicts.find(rule);
  return found == world.engine.state().verdicts.end() ? rules::Finding::quiet : found->second.finding;
}

TEST(Memory, lets_no_for_run_out_in_a_further_absence) {
  for (const bool by_signal : {true, false}) {
    Policy policy =
        shop_with({{.name = "parent", .when = {probes("probe=a", 1, by_signal ? 10s : 0s)}},
                   {.name = "child", .when = {rules::RuleLeaf{.rule = "parent", .hold = by_signal ? 0s : 10s}}}});
    policy.responses["parent"] = {.holding = "default"};
    World world{policy};
    see(world, "a", Health::ok);
    world.pass(1min);
    be_away(world, policy, Way::stood_still, 5min);
    world.pass(2s);
    see(world, "a", Health::failing);
    world.pass(2s);
    be_away(world, policy, Way::stood_still, 14s);
    world.pass(1s);
    EXPECT_EQ(finding(world, "child"), rules::Finding::pending) << by_signal;
    see(world, "a", Health::ok);
    world.pass(10min);
    EXPECT_TRUE(world.pages().empty()) << by_signal;
  }
}

TEST(Memory, does_not_begin_again_what_a_human_ended_unseen) {
  for (const Way way : {Way::off, Way::stood_still, Way::disk_full}) {
    const Policy policy = shop_with({{.name = "down", .when = {probes("probe=~\"a|b|c\"", 2)}}});
    World world{policy};
    see(world, "c", Health::ok);
    see(world, "a", Health::failing);
    see(world, "b", Health::failing);
    ASSERT_EQ(finding(world, "down"), rules::Finding::holds);
    see(world, "b", Health::unknown);
    ASSERT_EQ(finding(world, "down"), rules::Finding::unknown);
    ASSERT_TRUE(world.ask(ResolveIncident{world.engine.state().latest_of("down")->id, "A false alarm."}));
    world.pass(31min);
    const std::size_t before = world.pages().size();
    be_away(world, policy, way, 20min);
    see(world, "b", Health::failing);
    EXPECT_EQ(finding(world, "down"), rules::Finding::pending) << static_cast<int>(way);
    see(world, "a", Health::ok);
    see(world, "b", Health::ok);
    world.pass(10min);
    EXPECT_EQ(world.pages().size(), before) << static_cast<int>(way);
  }
}

TEST(Memory, stays_memory_over_a_reload) {
  for (const bool reload : {false, true}) {
    const Policy policy = shop_with({{.name = "down", .when = {probes("probe=a", 1, 18s)}}});
    World world{policy};
    see(world, "a", Health::ok);
    world.pass(1min);
    be_away(world, policy, Way::disk_full, 14s);
    world.pass(28s);  // that look is over
    see(world, "a", Health::failing);
    be_away(world, policy, Way::stood_still, 14s);
    world.pass(5s);
    be_away(world, policy, Way::disk_full, 1s);
    ASSERT_EQ(finding(world, "down"), rules::Finding::pending);
    if (reload) world.take(world.engine.reconfigure(policy, world.now));
    EXPECT_EQ(finding(world, "down"), rules::Finding::pending) << reload;
    see(world, "a", Health::ok);
    world.pass(10min);
    EXPECT_TRUE(world.pages().empty()) << reload;
  }
}

TEST(Memory, is_not_what_was_seen_before_a_reload_brought_its_rule) {
  const Policy before = shop_with({{.name = "other", .when = {probes("probe=b")}}});
  Policy after =
      shop_with({{.name = "other", .when = {probes("probe=b")}}, {.name = "down", .when = {probes("probe=a")}}});
  after.responses["other"].component = "search";
  for (const bool looked : {true, false}) {
    World world{before};
    see(world, "a", Health::failing);
    world.pass(1min);
    be_away(world, before, Way::off, 20s);
    world.pass(5s);
    if (looked) see(world, "a", Health::failing);
    world.take(world.engine.reconfigure(after, world.now));
    EXPECT_EQ(finding(world, "down"), looked ? rules::Finding::holds : rules::Finding::pending);
    EXPECT_EQ(world.engine.unseen(15s).components.contains("checkout"), !looked);
  }
}

TEST(Unseen, two_short_standstills_are_no_long_absence) {
  const Policy policy = shop_policy();
  World world{policy};
  world.see(Health::ok);
  world.pass(1min);
  for (int i = 0; i < 3; ++i) {
    be_away(world, policy, Way::stood_still, 6s);
    EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout")) << i;
    world.pass(6min);  // its probe runs seldom
  }
}

TEST(Unseen, what_nobody_looked_at_is_also_while_its_for_ran) {
  for (const bool failing : {false, true}) {
    const Policy policy = shop_with({{.name = "down", .when = {probes("probe=~\"a|b\"", 2, 30s)}}});
    World world{policy};
    see(world, "a", Health::failing);
    see(world, "b", Health::ok);
    world.pass(5min);
    if (failing) see(world, "b", Health::failing);
    world.pass(10s);
    be_away(world, policy, Way::stood_still, 8h);
    EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout"));
    see(world, "a", Health::failing);
    EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout")) << failing;
    see(world, "b", Health::ok);
    EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout")) << failing;
  }
}

TEST(Unseen, what_hangs_on_a_silent_source_is_also_beside_others) {
  rules::SignalLeaf alert = probes("alertname=CheckoutErrors");
  alert.kind = rules::SignalKind::alert;
  const rules::Rule seen{.name = "seen", .when = {probes("probe=a", 1, 2h)}};
  const rules::Condition any{rules::Group{rules::Group::Kind::any, {{probes("probe=a")}, {probes("probe=b")}}}};
  for (const rules::Condition& eyes :
       {rules::Condition{probes("probe=a")}, any, rules::Condition{rules::RuleLeaf{"seen"}}}) {
    Policy policy =
        shop_with({seen, {.name = "down", .when = {rules::Group{rules::Group::Kind::all, {eyes, {alert}}}}}});
    policy.responses["seen"].component = "search";
    World world{policy};
    world.take(world.engine.source_changed("prometheus:main", true, "", world.now));
    see(world, "a", Health::ok);
    see(world, "b", Health::ok);
    world.pass(1h);
    world.take(world.engine.source_changed("prometheus:main", false, "connection refused", world.now));
    EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout")) << "the probe decides";
    see(world, "a", Health::failing);
    world.pass(1h);
    EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout"));
    EXPECT_FALSE(world.engine.unseen(5min).components.contains("search"));
  }
}

TEST(Unseen, a_probe_that_nobody_looked_at_is_also_beside_an_alert_that_fires) {
  rules::SignalLeaf alert = probes("alertname=CheckoutErrors");
  alert.kind = rules::SignalKind::alert;
  const Policy policy =
      shop_with({{.name = "down", .when = {rules::Group{rules::Group::Kind::all, {{probes("probe=a")}, {alert}}}}}});
  World world{policy};
  const auto fires = [&world] {
    world.take(world.engine.source_changed("prometheus:main", true, "", world.now));
    world.take(
        world.engine.observe({{.id = {rules::SignalKind::alert, "prometheus:main", {{"alertname", "CheckoutErrors"}}},
                               .health = Health::failing}},
                             world.now));
  };
  see(world, "a", Health::ok);
  fires();
  world.pass(1h);
  be_away(world, policy, Way::off, 5h);
  fires();
  EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout"));
  see(world, "a", Health::ok);
  EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout"));
}

TEST(Unseen, what_hangs_on_a_silent_source_is_also_beside_what_is_not_known_to_be_otherwise) {
  rules::SignalLeaf alert = probes("alertname=CheckoutErrors");
  alert.kind = rules::SignalKind::alert;
  const rules::Condition otherwise{rules::Group{rules::Group::Kind::negation, {{probes("probe=a")}}}};
  const Policy policy =
      shop_with({{.name = "down", .when = {rules::Group{rules::Group::Kind::all, {otherwise, {alert}}}}}});
  World world{policy};
  world.take(world.engine.source_changed("prometheus:main", false, "connection refused", world.now));
  for (const auto& [health, unseen] :
       {std::pair{Health::unknown, true}, {Health::ok, true}, {Health::failing, false}}) {
    see(world, "a", health);
    world.pass(1h);
    EXPECT_EQ(world.engine.unseen(5min).components.contains("checkout"), unseen) << to_string(health);
  }
}

TEST(Memory, holds_up_only_what_ran_out_meanwhile) {
  enum class Then : std::uint8_t { nothing, reload, clock_set };
  for (const Then then : {Then::nothing, Then::reload, Then::clock_set}) {
    Policy policy =
        shop_with({{.name = "down", .when = {probes("probe=q")}, .unless = rules::Condition{probes("probe=p")}},
                   {.name = "both", .when = {probes("probe=~\"p|r\"", 2)}},
                   {.name = "slow", .when = {probes("probe=p", 1, 10s)}}});
    policy.responses["slow"] = policy.responses["both"] = {.holding = "default"};
    World world{policy};
    for (const char* name : {"p", "q", "r"}) see(world, name, Health::ok);
    world.pass(1min);
    be_away(world, policy, Way::stood_still, 20s);
    see(world, "q", Health::ok);
    see(world, "r", Health::ok);
    world.pass(1s);
    see(world, "p", Health::failing);
    world.pass(2s);
    be_away(world, policy, Way::stood_still, 14s);
    world.pass(1s);
    if (then == Then::reload) world.take(world.engine.reconfigure(policy, world.now));
    if (then == Then::clock_set) world.take(world.engine.clock_set(5min, world.now += 5min));
    see(world, "q", Health::failing);
    see(world, "r", Health::failing);
    EXPECT_EQ(finding(world, "down"), rules::Finding::explained) << static_cast<int>(then);
    EXPECT_EQ(finding(world, "both"), rules::Finding::holds) << static_cast<int>(then);
    EXPECT_EQ(finding(world, "slow"), rules::Finding::pending) << static_cast<int>(then);
    EXPECT_TRUE(world.pages().empty()) << static_cast<int>(then);
  }
}

TEST(Memory, is_no_hold_of_before_a_rule_began_to_hold_anew) {
  for (const bool reload : {false, true}) {
    const rules::Condition twice{
        rules::Group{rules::Group::Kind::all, {{rules::RuleLeaf{"parent"}}, {rules::RuleLeaf{"parent", 10s}}}}};
    const Policy policy = shop_with(
        {{.name = "parent", .when = {probes("probe=~\"a|b\"", 1, 5s)}, .unless = rules::Condition{probes("probe=u")}},
         {.name = "child", .when = twice}});
    World world{policy};
    see(world, "u", Health::failing);
    see(world, "a", Health::failing);
    see(world, "b", Health::ok);
    world.pass(1min);
    ASSERT_EQ(finding(world, "parent"), rules::Finding::explained);
    be_away(world, policy, Way::stood_still, 20s);
    see(world, "u", Health::ok);
    world.pass(2s);
    see(world, "b", Health::failing);
    see(world, "a", Health::ok);
    world.pass(5s);
    ASSERT_EQ(finding(world, "parent"), rules::Finding::holds);
    world.pass(1s);
    if (reload) world.take(world.engine.reconfigure(policy, world.now));
    EXPECT_EQ(finding(world, "child"), rules::Finding::pending) << reload;
    world.pass(9s);
    EXPECT_EQ(finding(world, "child"), rules::Finding::holds) << reload;
  }
}

TEST(Unseen, a_loop_of_standstills_is_a_long_absence_whatever_was_before_it) {
  for (const Duration first : {0s, 11s, 40s, 240s}) {
    for (const Duration gap : {2s, 59s, 61s, 600s}) {
      const Policy policy = shop_policy();
      World world{policy};
      world.see(Health::ok);
      world.pass(10min);
      if (first > 0s) be_away(world, policy, Way::stood_still, first);
      world.pass(gap);
      for (int i = 0; i < 300; ++i) {
        be_away(world, policy, Way::stood_still, 10s);
        world.pass(2s);
      }
      EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout")) << first.count() << ", " << gap.count();
      world.see(Health::ok);
      EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout"));
    }
  }
}

TEST(Unseen, a_probe_that_no_rule_named_is_from_the_latest_absence_on) {
  const std::vector<rules::Rule> rules{{.name = "other", .when = {probes("probe=b")}},
                                       {.name = "down", .when = {probes("probe=a")}}};
  Policy after = shop_with(rules);
  after.responses["other"].component = "search";
  const Policy before = shop_with({rules.front()});
  for (const Health health : {Health::ok, Health::failing}) {
    World world{before};
    see(world, "a", health);
    world.pass(1min);
    be_away(world, before, Way::stood_still, 8h);
    world.pass(5s);
    see(world, "a", Health::ok);
    world.pass(1h);
    be_away(world, before, Way::stood_still, 10min);
    world.take(world.engine.reconfigure(after, world.now));
    const Unseen unseen = world.engine.unseen(5min);
    ASSERT_TRUE(unseen.components.contains("checkout")) << to_string(health);
    EXPECT_EQ(unseen.components.at("checkout"), world.now - 10min);
    see(world, "a", Health::ok);
    EXPECT_FALSE(world.engine.unseen(5min).components.contains("checkout"));
  }
}

TEST(Unseen, a_rule_that_holds_for_less_than_is_asked_does_not_decide) {
  using rules::Condition;
  using rules::Group;
  rules::SignalLeaf of_an_alert = probes("alertname=X");
  of_an_alert.kind = rules::SignalKind::alert;
  const Condition alert{of_an_alert};
  for (const Condition& longer : {Condition{rules::RuleLeaf{"seen", 3h}}, Condition{probes("probe=a", 1, 3h)}}) {
    const Condition not_longer{Group{Group::Kind::negation, {longer}}};
    for (const Group& group : {Group{Group::Kind::any, {longer, alert}}, Group{Group::Kind::all, {longer, alert}},
                               Group{Group::Kind::all, {not_longer, alert}}}) {
      Policy policy = shop_with({{.name = "seen", .when = {probes("probe=a")}}, {.name = "down", .when = {group}}});
      policy.responses["seen"].component = "search";
      World world{policy};
      world.take(world.engine.source_changed("prometheus:main", true, "", world.now));
      see(world, "a", Health::ok);
      world.pass(1h);
      world.take(world.engine.source_changed("prometheus:main", false, "connection refused", world.now));
      see(world, "a", Health::failing);
      world.pass(1h);
      EXPECT_TRUE(world.engine.unseen(5min).components.contains("checkout"));
    }
  }
}

}  // namespace
}  // namespace candor::incident
