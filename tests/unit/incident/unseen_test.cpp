#include "daemon/incident/unseen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/incident/world.h"

namespace candor::incident {
namespace {

using rules::Health;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

rules::Condition alert(std::string_view matchers) {
  rules::SignalLeaf leaf;
  leaf.kind = rules::SignalKind::alert;
  leaf.matchers = *rules::parse_matchers(matchers);
  return {leaf};
}

rules::Condition group(rules::Group::Kind kind, std::vector<rules::Condition> parts) {
  return {rules::Group{kind, std::move(parts)}};
}

/// Another rule over the shop.
void add_rule(Policy& policy, std::string name, rules::Condition when, std::string component) {
  policy.responses[name] = policy.responses.at("checkout-down");
  policy.responses[name].component = std::move(component);
  policy.rules.push_back({.name = std::move(name), .when = std::move(when)});
}

/// The shop, whose one rule hangs on alerts.
Policy alerted_shop(rules::Condition when) {
  Policy policy = shop_policy();
  policy.rules.front().when = std::move(when);
  return policy;
}

rules::Observation probe(const std::string& name, Health health) {
  rules::Observation seen = checkout(health);
  seen.id.labels.set("probe", name);
  return seen;
}

Unseen seen_by(const World& world) { return world.engine.unseen(5min); }

void answer(World& world, const std::string& source, bool answering) {
  world.take(world.engine.source_changed(source, answering, answering ? "" : "refused", world.now));
}

TEST(Unseen, is_nothing_where_every_rule_can_be_judged) {
  World world;
  world.see(Health::ok);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
  EXPECT_FALSE(seen_by(world).everything);
}

TEST(Unseen, is_what_hangs_on_signals_that_are_unknown_and_since_then) {
  World world;
  world.see(Health::ok);
  world.pass(1h);
  const Instant blind = world.now;
  world.see(Health::unknown);
  world.pass(1h);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", blind)));
  EXPECT_EQ(seen_by(world).everything, blind);

  world.see(Health::ok);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
  EXPECT_FALSE(seen_by(world).everything);
}

TEST(Unseen, is_nothing_that_another_of_its_rules_can_see) {
  Policy policy = shop_policy();
  add_rule(policy, "checkout-slow", alert(R"(alertname="Slow")"), "checkout");
  World world{policy};
  world.see(Health::unknown);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
  EXPECT_FALSE(seen_by(world).everything);

  world.pass(1h);
  const Instant silent = world.now;
  answer(world, "prometheus:main", false);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", silent))) << "the later of both";
  EXPECT_EQ(seen_by(world).everything, silent);
}

TEST(Unseen, leaves_other_components_alone) {
  Policy policy = shop_policy();
  add_rule(policy, "search-down", alert(R"(alertname="SearchDown")"), "search");
  World world{policy};
  world.see(Health::unknown);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", world.now)));
  EXPECT_FALSE(seen_by(world).everything);
}

TEST(Unseen, is_what_hangs_on_alerts_that_no_source_can_tell_of) {
  World world{alerted_shop(alert(R"(alertname="Down")"))};
  EXPECT_THAT(seen_by(world).components, IsEmpty()) << "a Prometheus that pushes has nothing to tell on good days";
  const Instant silent = world.now;
  answer(world, "prometheus:main", false);
  world.pass(1h);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", silent)));

  answer(world, "alertmanager:other", true);
  EXPECT_THAT(seen_by(world).components, IsEmpty()) << "it may tell of it as well";
  world.pass(1h);
  const Instant last = world.now;
  answer(world, "alertmanager:other", false);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", last)));
  answer(world, "prometheus:main", true);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
}

TEST(Unseen, is_what_hangs_on_alerts_of_a_source_that_has_not_answered_yet) {
  World world{alerted_shop(alert(R"(alertname="Down")"))};
  const Instant first = world.now;
  world.take(world.engine.source_awaited("prometheus:main", world.now));
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", first)));

  world.pass(15s);
  answer(world, "prometheus:main", false);
  EXPECT_EQ(world.engine.state().sources.at("prometheus:main").evidence, "refused") << "why is known by now";
  EXPECT_TRUE(world.engine.source_changed("prometheus:main", false, "no answer", world.now).empty()) << "and told once";
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", first)));
  answer(world, "prometheus:main", true);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
  EXPECT_TRUE(world.engine.source_awaited("prometheus:main", world.now).empty()) << "it is known";
}

TEST(Unseen, goes_on_where_a_silent_source_gets_another_name) {
  World world{alerted_shop(alert(R"(alertname="Down")"))};
  const Instant silent = world.now;
  answer(world, "prometheus:main", false);
  world.pass(1h);
  world.take(world.engine.source_awaited("prometheus:renamed", world.now));
  world.take(world.engine.source_forgotten("prometheus:main", world.now));
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", silent)));

  answer(world, "prometheus:renamed", true);
  world.pass(1h);
  world.take(world.engine.source_awaited("prometheus:again", world.now));
  world.take(world.engine.source_forgotten("prometheus:renamed", world.now));
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", world.now))) << "the one before was heard";
}

TEST(Unseen, begins_when_the_one_source_that_answers_is_taken_out) {
  World world{alerted_shop(alert(R"(alertname="Down")"))};
  answer(world, "alertmanager:old", false);
  answer(world, "alertmanager:older", false);
  answer(world, "alertmanager:new", true);
  world.pass(72h);
  world.take(world.engine.source_forgotten("alertmanager:older", world.now));
  EXPECT_THAT(seen_by(world).components, IsEmpty());
  world.pass(1h);
  const Instant seen_until = world.now;
  world.take(world.engine.source_forgotten("alertmanager:new", world.now));
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", seen_until)));
  world.pass(1h);
  answer(world, "alertmanager:old", false);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", seen_until)));
}

TEST(Unseen, needs_every_part_of_all_and_one_part_of_any) {
  rules::SignalLeaf probe;
  probe.matchers = *rules::parse_matchers(R"(component="checkout")");
  const rules::Condition down = alert(R"(alertname="Down")");
  const auto components_seen = [](rules::Condition when) {
    World world{alerted_shop(std::move(when))};
    world.see(Health::ok);
    answer(world, "prometheus:main", false);
    return seen_by(world).components.empty();
  };
  EXPECT_TRUE(components_seen(group(rules::Group::Kind::all, {down, {probe}})));
  EXPECT_FALSE(components_seen(group(rules::Group::Kind::all, {down, alert(R"(alertname="Slow")")})));
  EXPECT_FALSE(components_seen(group(rules::Group::Kind::any, {{probe}, down})));
  EXPECT_TRUE(components_seen(group(rules::Group::Kind::any, {{probe}, {probe}})));
}

TEST(Unseen, counts_no_part_of_all_that_may_hold_and_no_one_who_pushes) {
  rules::SignalLeaf probe;
  probe.matchers = *rules::parse_matchers(R"(component="checkout")");
  for (const std::string sender : {"push:somebody:9090", "push"}) {
    World world{alerted_shop(group(rules::Group::Kind::all, {{probe}, alert(R"(alertname="Down")")}))};
    world.see(Health::failing);
    answer(world, "prometheus:main", false);
    answer(world, sender, true);
    EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", world.now))) << sender;
    world.see(Health::ok);
    EXPECT_THAT(seen_by(world).components, IsEmpty()) << "without it the rule does not hold";
  }
}

TEST(Unseen, is_what_hangs_on_alerts_where_what_is_seen_beside_them_does_not_decide) {
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(R"(component="checkout")");
  const auto seen = [](const rules::SignalLeaf& of, Health a, Health b) {
    World world{alerted_shop(group(rules::Group::Kind::all, {{of}, alert(R"(alertname="Down")")}))};
    answer(world, "prometheus:main", false);
    world.take(world.engine.observe({probe("a", a), probe("b", b)}, world.now));
    return seen_by(world).components.empty();
  };
  EXPECT_TRUE(seen(leaf, Health::ok, Health::degraded)) << "degraded is seen not to be failing";
  EXPECT_FALSE(seen(leaf, Health::ok, Health::failing));
  EXPECT_FALSE(seen(leaf, Health::ok, Health::unknown)) << "it may be failing";
  leaf.health = Health::degraded;
  EXPECT_FALSE(seen(leaf, Health::ok, Health::degraded));
  leaf.health = Health::ok;
  EXPECT_FALSE(seen(leaf, Health::ok, Health::failing));
  EXPECT_TRUE(seen(leaf, Health::failing, Health::failing)) << "none is seen to be well";
  leaf.health = Health::failing;
  leaf.at_least.count = 2;
  EXPECT_TRUE(seen(leaf, Health::ok, Health::failing)) << "one alone breaks nothing";
  EXPECT_FALSE(seen(leaf, Health::unknown, Health::failing));
}

TEST(Unseen, is_nothing_where_a_prometheus_that_pushes_has_nothing_to_tell) {
  for (const std::string sender : {"push:prometheus:9090", "push"}) {
    World world{alerted_shop(alert(R"(alertname="Down")"))};
    answer(world, sender, false);
    EXPECT_THAT(seen_by(world).components, IsEmpty()) << sender;
  }
}

TEST(Unseen, follows_rules_that_others_name) {
  Policy policy = alerted_shop(alert(R"(alertname="Down")"));
  add_rule(policy, "search-too", {rules::RuleLeaf{"checkout-down", {}, {}}}, "search");
  World world{policy};
  answer(world, "prometheus:main", false);
  EXPECT_THAT(seen_by(world).components, ElementsAre(Pair("checkout", world.now), Pair("search", world.now)));
}

TEST(Unseen, is_nothing_that_is_seen_to_be_broken) {
  World world = broken();
  answer(world, "prometheus:main", false);
  EXPECT_THAT(seen_by(world).components, IsEmpty());
}

TEST(Unseen, is_nothing_where_no_rule_watches) {
  Policy policy = shop_policy();
  policy.rules.clear();
  policy.responses.clear();
  World world{policy};
  answer(world, "prometheus:main", false);
  EXPECT_FALSE(seen_by(world).everything);
}

class UnseenSince : public testing::TestWithParam<Way> {
 protected:
  static Unseen seen_after(const World& world, Duration least = 5min) { return world.engine.unseen(least); }
};

TEST_P(UnseenSince, an_absence_is_everything_until_somebody_has_looked) {
  World world;
  world.see(Health::ok);
  world.pass(1h);
  const Instant last = world.now;
  be_away(world, shop_policy(), GetParam(), 5h);
  EXPECT_THAT(seen_after(world).components, ElementsAre(Pair("checkout", last)));
  EXPECT_EQ(seen_after(world).everything, last);
  world.pass(20min);
  EXPECT_EQ(seen_after(world).everything, last) << "however long that takes";
  world.see(Health::ok);
  EXPECT_FALSE(seen_after(world).everything);
  EXPECT_THAT(seen_after(world).components, IsEmpty());
}

TEST_P(UnseenSince, a_short_absence_is_nothing) {
  World world;
  world.see(Health::ok);
  answer(world, "prometheus:main", true);
  be_away(world, shop_policy(), GetParam(), 4min);
  world.pass(20min);
  EXPECT_FALSE(seen_after(world).everything);
  EXPECT_TRUE(seen_after(world, 4min).everything);
}

TEST_P(UnseenSince, who_was_not_looked_at_is_unseen_again_once_nothing_else_decides) {
  World world;
  world.take(world.engine.observe({probe("a", Health::ok), probe("b", Health::ok)}, world.now));
  const Instant last = world.now;
  be_away(world, shop_policy(), GetParam(), 5h);
  world.take(world.engine.observe({probe("a", Health::failing)}, world.now));
  world.pass(31s);
  EXPECT_FALSE(seen_after(world).everything) << "it is seen to be broken";
  world.take(world.engine.observe({probe("a", Health::ok)}, world.now));
  EXPECT_EQ(seen_after(world).everything, last) << "nobody has looked at b";
  world.take(world.engine.observe({probe("b", Health::unknown)}, world.now));
  EXPECT_EQ(seen_after(world).everything, last) << "nobody has looked at b still";
  world.take(world.engine.observe({probe("b", Health::ok)}, world.now));
  EXPECT_FALSE(seen_after(world).everything);
}

TEST_P(UnseenSince, a_long_absence_is_so_after_a_short_one_and_a_reload) {
  World world;
  world.see(Health::ok);
  const Instant last = world.now;
  be_away(world, shop_policy(), GetParam(), 5h);
  world.pass(1min);
  be_away(world, shop_policy(), Way::stood_still, 8s);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_EQ(seen_after(world).everything, last);
  world.now += 1h;
  world.take(world.engine.clock_set(1h, world.now));
  EXPECT_EQ(seen_after(world).everything, last + 1h);
}

TEST(Unseen, many_short_absences_are_nothing_where_each_probe_was_looked_at_between_two_of_them) {
  World world;
  world.take(world.engine.observe({probe("a", Health::ok), probe("b", Health::ok)}, world.now));
  for (int i = 0; i < 30; ++i) {
    be_away(world, shop_policy(), Way::stood_still, 7s);
    world.pass(20s);
    world.take(world.engine.observe({probe(i % 2 == 0 ? "a" : "b", Health::ok)}, world.now));
  }
  EXPECT_FALSE(world.engine.unseen(5min).everything);
}

TEST_P(UnseenSince, an_absence_is_what_falls_silent_before_anybody_has_looked) {
  World world;
  world.see(Health::ok);
  const Instant last = world.now;
  be_away(world, shop_policy(), GetParam(), 4min);
  world.pass(1min);
  world.see(Health::unknown);
  EXPECT_EQ(seen_after(world).everything, last);
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").since, last);
  be_away(world, shop_policy(), Way::off, 1s);
  EXPECT_EQ(seen_after(world).everything, last);
}

TEST_P(UnseenSince, what_was_seen_since_falls_silent_only_then) {
  World world;
  world.see(Health::ok);
  be_away(world, shop_policy(), GetParam(), 5h);
  world.see(Health::ok);
  world.pass(10s);
  world.see(Health::unknown);
  EXPECT_EQ(seen_after(world).everything, world.now);
}

TEST_P(UnseenSince, an_absence_is_a_source_that_has_not_answered_after_it) {
  const Policy policy = alerted_shop(alert(R"(alertname="Down")"));
  World world{policy};
  answer(world, "prometheus:main", true);
  world.pass(1h);
  const Instant last = world.now;
  be_away(world, policy, GetParam(), 5h);
  EXPECT_EQ(seen_after(world).everything, last);
  EXPECT_FALSE(world.engine.state().sources.at("prometheus:main").answers());
  world.pass(1min);
  answer(world, "prometheus:main", false);
  EXPECT_EQ(seen_after(world).everything, last) << "it had not answered since";
  EXPECT_EQ(world.engine.state().sources.at("prometheus:main").since, last);
  answer(world, "prometheus:main", true);
  EXPECT_FALSE(seen_after(world).everything);
}

TEST_P(UnseenSince, an_absence_ends_with_the_first_answer_over_restarts_too) {
  const Policy policy = alerted_shop(alert(R"(alertname="Down")"));
  World world{policy};
  answer(world, "prometheus:main", true);
  const Instant last = world.now;
  be_away(world, policy, GetParam(), 5h);
  be_away(world, policy, Way::off, 1s);
  EXPECT_EQ(seen_after(world).everything, last);
  answer(world, "prometheus:main", true);
  EXPECT_TRUE(world.engine.source_changed("prometheus:main", true, "", world.now).empty()) << "it is known";
  be_away(world, policy, Way::off, 1s);
  EXPECT_FALSE(seen_after(world).everything);
}

TEST_P(UnseenSince, an_absence_asks_nothing_of_who_pushes) {
  const Policy policy = alerted_shop(alert(R"(alertname="Down")"));
  for (const std::string sender : {"push:prometheus:9090", "push"}) {
    World world{policy};
    answer(world, sender, true);
    for (int times = 0; times < 2; ++times) {
      be_away(world, policy, GetParam(), 5h);
      world.pass(1h);
      EXPECT_FALSE(seen_after(world).everything) << sender;
      EXPECT_TRUE(world.engine.state().sources.at(sender).answers()) << sender;
    }
  }
}

TEST_P(UnseenSince, one_look_of_those_that_decide_is_enough) {
  Policy policy = shop_policy();
  std::get<rules::SignalLeaf>(policy.rules.front().when.node).at_least.count = 2;
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::ok), probe("b", Health::ok)}, world.now));
  be_away(world, policy, GetParam(), 5h);
  EXPECT_TRUE(seen_after(world).everything);
  world.take(world.engine.observe({probe("a", Health::ok)}, world.now));
  EXPECT_FALSE(seen_after(world).everything) << "b alone breaks nothing";
}

TEST_P(UnseenSince, probes_and_alerts_are_looked_at_apart) {
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(R"(component="checkout")");
  const Policy policy = alerted_shop(group(rules::Group::Kind::all, {alert(R"(alertname="Down")"), {leaf}}));
  World world{policy};
  world.see(Health::ok);
  answer(world, "prometheus:main", true);
  const Instant last = world.now;
  be_away(world, policy, GetParam(), 5h);
  EXPECT_EQ(seen_after(world).everything, last);
  answer(world, "prometheus:main", true);
  EXPECT_FALSE(seen_after(world).everything) << "nothing fires there, whatever the probe says";
  be_away(world, policy, GetParam(), 5h);
  world.see(Health::ok);
  EXPECT_FALSE(seen_after(world).everything) << "the probe is well, whatever fires";
}

TEST_P(UnseenSince, a_reload_and_a_clock_that_is_set_change_nothing) {
  World world;
  world.see(Health::ok);
  const Instant last = world.now;
  be_away(world, shop_policy(), GetParam(), 5h);
  for (const Duration wait : {Duration{1s}, Duration{5min}}) {
    world.pass(wait);
    world.take(world.engine.reconfigure(shop_policy(), world.now));
    EXPECT_EQ(seen_after(world).everything, last);
    world.now += 3s;
    world.take(world.engine.clock_set(3s, world.now));
    world.take(world.engine.clock_set(-3s, world.now -= 3s));
    EXPECT_EQ(seen_after(world).everything, last);
  }
  world.see(Health::ok);
  EXPECT_FALSE(seen_after(world).everything);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_FALSE(seen_after(world).everything);
}

INSTANTIATE_TEST_SUITE_P(By, UnseenSince, testing::Values(Way::off, Way::stood_still, Way::disk_full));

TEST(Unseen, is_known_before_candord_has_begun) {
  const Policy policy = alerted_shop(group(rules::Group::Kind::any, {alert(R"(alertname="Down")")}));
  for (const Policy& shop : {shop_policy(), policy}) {
    World world{shop};
    world.see(Health::ok);
    answer(world, "prometheus:main", true);
    Engine woken{shop, world.engine.state()};
    woken.wake(world.now, world.now + 5h);
    EXPECT_EQ(woken.unseen(5min).everything, world.now);
    Engine restarted{shop, world.engine.state()};
    restarted.wake(world.now, world.now + 3s);
    EXPECT_FALSE(restarted.unseen(5min).everything);
  }
}

TEST(Unseen, is_not_what_was_seen_before_a_rule_over_it_came_with_a_reload) {
  Policy policy = shop_policy();
  const rules::Rule rule = policy.rules.front();
  policy.rules.clear();
  policy.responses.clear();
  World world{policy};
  world.see(Health::ok);
  be_away(world, policy, Way::off, 5h);
  world.see(Health::ok);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_FALSE(world.engine.unseen(5min).everything);
}

}  // namespace
}  // namespace candor::incident
