#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/incident/world.h"

// What candord remembers when it comes back, and what it does not say of it before it has looked.

namespace candor::incident {
namespace {

using rules::Health;

class Absent : public testing::TestWithParam<Way> {};

/// A checkout that failed for ten of its thirty seconds.
World half_way() {
  World world;
  world.see(Health::failing);
  world.pass(10s);
  return world;
}

TEST_P(Absent, a_for_is_not_over_before_somebody_looked) {
  World world = half_way();
  be_away(world, shop_policy(), GetParam(), 1h);
  world.pass(29s);
  EXPECT_TRUE(world.engine.state().incidents.empty());
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.engine.state().incidents.empty()) << "it was over when candord came back";
}

TEST_P(Absent, a_for_is_over_with_the_first_look_that_finds_the_same) {
  World world = half_way();
  const Instant failed = world.now - 10s;
  be_away(world, shop_policy(), GetParam(), 1h);
  world.pass(1s);
  world.see(Health::failing);
  if (GetParam() != Way::off_and_set_back) {
    EXPECT_EQ(world.incident().failing_since, failed);
  }
  EXPECT_THAT(world.pages(), testing::Not(testing::IsEmpty()));
}

TEST_P(Absent, a_for_is_over_once_everything_could_be_seen) {
  World world = half_way();
  be_away(world, shop_policy(), GetParam(), 1h);
  world.pass(30s);
  EXPECT_TRUE(world.incident().open()) << "who is asked for it tells only what is new";
}

TEST_P(Absent, a_for_waits_over_a_reload_and_a_clock_that_is_set) {
  World world = half_way();
  be_away(world, shop_policy(), GetParam(), 1h);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  world.now -= 30min;
  world.take(world.engine.clock_set(-30min, world.now));
  world.pass(29s);
  EXPECT_TRUE(world.engine.state().incidents.empty());
  world.pass(1s);
  EXPECT_TRUE(world.incident().open());
}

TEST_P(Absent, nothing_ends_before_everything_could_be_seen) {
  World world = broken();
  world.see(Health::ok);
  world.pass(1min);
  be_away(world, shop_policy(), GetParam(), 10min);
  world.take(world.engine.tick(world.now));
  EXPECT_TRUE(world.incident().open());
  world.see(Health::failing);
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
  EXPECT_TRUE(world.changes<IncidentReopened>().empty());
}

TEST_P(Absent, first_words_wait_for_a_look) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 1min;
  World world = broken(policy);
  be_away(world, policy, GetParam(), 1h);
  world.pass(29s);
  EXPECT_FALSE(world.incident().published_at);
  world.see(Health::ok);
  world.pass(1min);
  EXPECT_FALSE(world.incident().published_at);
}

rules::Observation probe(const std::string& name, Health health) {
  rules::Observation seen = checkout(health);
  seen.id.labels.set("probe", name);
  return seen;
}

/// `at_least` probes of the checkout, for so long.
Policy some_probes(std::uint32_t at_least, Duration hold) {
  Policy policy = shop_policy();
  auto& leaf = std::get<rules::SignalLeaf>(policy.rules.front().when.node);
  leaf.at_least.count = at_least;
  leaf.hold = hold;
  return policy;
}

TEST_P(Absent, a_look_at_one_probe_says_nothing_of_another) {
  const Policy policy = some_probes(2, 30s);
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::failing)}, world.now));
  world.pass(5s);
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  world.pass(1s);
  EXPECT_TRUE(world.pages().empty()) << "a may be well";
  world.take(world.engine.observe({probe("a", Health::failing)}, world.now));
  world.pass(1ms);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST_P(Absent, a_moment_of_one_probe_is_not_the_for_of_another) {
  const Policy policy = some_probes(1, 30s);
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::ok)}, world.now));
  world.pass(5s);
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  world.take(world.engine.observe({probe("b", Health::ok), probe("a", Health::ok)}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST_P(Absent, what_is_remembered_adds_to_nothing_without_a_for_either) {
  const Policy policy = some_probes(2, 0s);
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::ok)}, world.now));
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  EXPECT_TRUE(world.pages().empty());
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::pending);
  world.take(world.engine.observe({probe("a", Health::ok)}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST_P(Absent, two_eyes_have_both_looked) {
  Policy policy = shop_policy();
  rules::SignalLeaf errors;
  errors.kind = rules::SignalKind::alert;
  errors.matchers = *rules::parse_matchers(R"(alertname="Errors")");
  policy.rules.front().when = {rules::Group{.parts = {policy.rules.front().when, {errors}}}};
  World world{policy};
  world.see(Health::failing);
  world.pass(5min);
  be_away(world, policy, GetParam(), 8h);
  const rules::SignalId alert{rules::SignalKind::alert, "push", {{"alertname", "Errors"}}};
  world.take(world.engine.observe({{.id = alert, .health = Health::failing}}, world.now));
  world.pass(29s);
  EXPECT_TRUE(world.pages().empty()) << "nobody has looked at the probe";
  world.see(Health::failing);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST_P(Absent, what_held_goes_on_to_by_memory) {
  const Policy policy = some_probes(2, 0s);
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::failing)}, world.now));
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::holds);
  world.take(world.engine.observe({probe("a", Health::ok)}, world.now));
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::quiet);
}

TEST_P(Absent, words_come_with_the_look_that_finds_the_same) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 20s;
  World world = broken(policy);
  be_away(world, policy, GetParam(), 1h);
  EXPECT_FALSE(world.engine.words_due(world.incident())) << "nobody knows yet";
  world.pass(2s);
  world.see(Health::failing);
  world.pass(1ms);
  EXPECT_TRUE(world.incident().published_at);
}

/// One probe of the checkout fails, and none is well.
Policy none_is_well() {
  Policy policy = some_probes(1, 0s);
  rules::SignalLeaf well = std::get<rules::SignalLeaf>(policy.rules.front().when.node);
  well.health = Health::ok;
  const rules::Condition none{rules::Group{.kind = rules::Group::Kind::negation, .parts = {{well}}}};
  policy.rules.front().when = {rules::Group{.parts = {none, policy.rules.front().when}}};
  return policy;
}

TEST_P(Absent, what_was_well_is_memory_too) {
  const Policy policy = none_is_well();
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::ok)}, world.now));
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  EXPECT_TRUE(world.pages().empty()) << "a may be well by now";
  world.take(world.engine.observe({probe("a", Health::ok)}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST_P(Absent, none_of_them_is_well_once_somebody_looked_at_each) {
  const Policy policy = none_is_well();
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::ok)}, world.now));
  be_away(world, policy, GetParam(), 1h);
  world.take(world.engine.observe({probe("b", Health::failing), probe("a", Health::failing)}, world.now));
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST_P(Absent, a_short_time_lets_a_for_wait_for_as_long) {
  World world = half_way();
  be_away(world, shop_policy(), GetParam(), 12s);
  world.pass(9s);
  ASSERT_TRUE(world.pages().empty());
  be_away(world, shop_policy(), GetParam(), 5s);
  world.pass(4s);
  EXPECT_TRUE(world.pages().empty()) << "it may be well";
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST_P(Absent, a_short_time_lets_first_words_wait_for_as_long) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 8s;
  World world = broken(policy);
  be_away(world, policy, GetParam(), 10s);
  world.take(world.engine.tick(world.now));
  EXPECT_FALSE(world.incident().published_at);
  world.see(Health::ok);
  world.pass(1min);
  EXPECT_FALSE(world.incident().published_at);
}

INSTANTIATE_TEST_SUITE_P(By, Absent,
                         testing::Values(Way::off, Way::stood_still, Way::disk_full, Way::off_and_set_back));

/// Ways in which rules are judged anew before everything was seen again after an absence.
enum class Anew : std::uint8_t { reload, restart, clock_set, standstill };

class SeenSince : public testing::TestWithParam<Anew> {
 protected:
  void judge_anew(World& world, const Policy& policy) const {
    switch (GetParam()) {
      case Anew::reload:
        world.take(world.engine.reconfigure(policy, world.now));
        break;
      case Anew::restart:
        be_away(world, policy, Way::off, 100ms);
        break;
      case Anew::clock_set:
        world.now += 3s;
        world.take(world.engine.clock_set(3s, world.now));
        break;
      case Anew::standstill:
        be_away(world, policy, Way::stood_still, 1s);
        break;
    }
  }
};

/// Something else failed before an absence that is over.
World back_again(const Policy& policy) {
  World world{policy};
  rules::Observation elsewhere = probe("search", Health::failing);
  elsewhere.id.labels.set("component", "search");
  world.take(world.engine.observe({elsewhere}, world.now));
  be_away(world, policy, Way::off, 1h);
  world.pass(4s);
  return world;
}

TEST_P(SeenSince, what_held_and_was_ended_as_a_false_alarm_stays_ended) {
  const Policy policy = some_probes(2, 0s);
  World world = back_again(policy);
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::failing)}, world.now));
  const std::size_t pages = world.pages().size();
  ASSERT_EQ(pages, 1U);
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "A false alarm."}));
  world.pass(2s);
  judge_anew(world, policy);
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::holds);
  world.pass(1h);
  EXPECT_FALSE(world.incident().open());
  EXPECT_EQ(world.pages().size(), pages);
}

TEST_P(SeenSince, what_failed_before_and_was_seen_to_goes_on) {
  World world = half_way();
  be_away(world, shop_policy(), Way::off, 1h);
  world.see(Health::failing);
  ASSERT_TRUE(world.incident().open());
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "A false alarm."}));
  judge_anew(world, shop_policy());
  world.pass(1h);
  EXPECT_FALSE(world.incident().open()) << "its `for` is not over anew";
}

TEST_P(SeenSince, a_for_that_began_since_is_over_in_time) {
  World world = back_again(shop_policy());
  world.see(Health::failing);
  world.pass(1s);
  judge_anew(world, shop_policy());
  world.pass(29s);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST_P(SeenSince, first_words_of_what_opened_since_come_in_time) {
  Policy policy = some_probes(2, 0s);
  policy.holdings["default"].after = 10s;
  World world = back_again(policy);
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::failing)}, world.now));
  world.pass(1s);
  judge_anew(world, policy);
  world.pass(10s);
  EXPECT_TRUE(world.incident().published_at);
}

TEST_P(SeenSince, what_was_looked_at_and_was_as_before_stays_seen_but_over_a_restart) {
  World world = half_way();
  be_away(world, shop_policy(), Way::off, 16s);
  world.see(Health::failing);
  world.pass(1s);
  judge_anew(world, shop_policy());
  world.pass(4s);
  EXPECT_EQ(world.pages().size(), GetParam() == Anew::restart ? 0U : 1U);
  world.pass(30s);
  EXPECT_EQ(world.pages().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(By, SeenSince,
                         testing::Values(Anew::reload, Anew::restart, Anew::clock_set, Anew::standstill));

TEST(Absence, words_that_wait_for_a_look_again_wake_nobody_meanwhile) {
  Policy policy = some_probes(1, 0s);
  policy.holdings["default"].after = 1min;
  World world{policy};
  world.take(world.engine.observe({probe("a", Health::failing), probe("b", Health::ok)}, world.now));
  world.pass(45s);
  be_away(world, policy, Way::stood_still, 20s);
  world.take(world.engine.observe({probe("b", Health::failing)}, world.now));
  world.take(world.engine.observe({probe("b", Health::ok)}, world.now));
  world.take(world.engine.tick(world.now));
  EXPECT_FALSE(world.incident().published_at);
  EXPECT_GT(world.engine.due(), world.now);
}

TEST(Absence, a_for_that_began_since_another_one_is_not_over_before_somebody_looked) {
  for (const Way way : {Way::off, Way::stood_still}) {
    World world = back_again(shop_policy());
    world.see(Health::failing);
    world.pass(20s);
    be_away(world, shop_policy(), way, 12s);
    world.pass(5s);
    EXPECT_THAT(world.pages(), testing::IsEmpty()) << "nobody has looked since the 20th of its 30 seconds";
    world.see(Health::failing);
    EXPECT_THAT(world.pages(), testing::SizeIs(1));
  }
}

TEST(Absence, a_loop_that_stands_still_again_and_again_silences_nobody) {
  for (const bool looked_at : {false, true}) {
    World world;
    if (!looked_at) world.see(Health::failing);
    be_away(world, shop_policy(), Way::stood_still, 20s);
    if (looked_at) world.see(Health::failing);
    const Instant failed = world.now;
    while (world.pages().empty() && world.now < failed + 10min) {
      world.pass(8s);
      be_away(world, shop_policy(), Way::stood_still, 2s);
      const auto since_then = (world.now - failed) % 30s;
      if (looked_at && since_then < 10s) world.see(Health::failing);
    }
    EXPECT_LE(world.now - failed, 70s) << looked_at;
  }
}

TEST(Absence, a_for_that_waits_over_a_restart_and_a_full_disk_goes_on_with_the_first_look) {
  World world = back_again(shop_policy());
  world.pass(35s);
  world.see(Health::failing);
  be_away(world, shop_policy(), Way::off, 7s);
  be_away(world, shop_policy(), Way::disk_full, 2s);
  for (int i = 0; i < 5; ++i) {
    world.pass(5s);
    world.see(Health::failing);
  }
  EXPECT_THAT(world.pages(), testing::SizeIs(1));
}

TEST(Absence, a_for_goes_on_over_a_restart) {
  World world = half_way();
  be_away(world, shop_policy(), Way::off, 5s);
  world.pass(14s);
  EXPECT_TRUE(world.engine.state().incidents.empty());
  world.pass(1s);
  EXPECT_TRUE(world.incident().open());
}

TEST(Absence, a_for_that_was_over_before_it_is_over) {
  World world{shop_policy()};
  world.see(Health::failing);
  world.pass(30s);
  be_away(world, shop_policy(), Way::off, 1h);
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::holds);
}

TEST(Absence, a_for_waits_also_where_a_crash_follows) {
  World world = half_way();
  be_away(world, shop_policy(), Way::off, 1h);
  world.pass(5s);
  be_away(world, shop_policy(), Way::off, 1s);
  world.pass(20s);
  EXPECT_TRUE(world.engine.state().incidents.empty());
}

TEST(Absence, the_oldest_of_many_is_not_forgotten) {
  State state;
  for (int i = 0; i < 12; ++i) apply(state, {noon + i * 1h + 2min, {}, "", Returned{noon + i * 1h}});
  EXPECT_EQ(state.absences.size(), 8U);
  EXPECT_EQ(state.absences.front().from, noon);
}

TEST(Absence, many_short_ones_do_not_make_a_long_one) {
  State state;
  apply(state, {noon + 2min, {}, "", Returned{noon}});
  for (int i = 1; i < 100; ++i) {
    apply(state, {noon + i * 1h + 5s, {}, "", Returned{noon + i * 1h}});
    if (i == 50) apply(state, {noon + i * 1h + 20min, {}, "", Returned{noon + i * 1h + 10min}});
  }
  std::vector<Absence> longer;
  std::ranges::copy_if(state.absences, std::back_inserter(longer), [](const Absence& one) { return !one.is_short(); });
  ASSERT_EQ(longer.size(), 2U);
  EXPECT_EQ(longer[0].from, noon);
  EXPECT_EQ(longer[0].back, noon + 2min);
  EXPECT_EQ(longer[0].until, noon + 50h + 5s) << "short ones since count as part of it";
  EXPECT_EQ(longer[1].from, noon + 50h + 10min);
  EXPECT_EQ(longer[1].back, noon + 50h + 20min);
  EXPECT_EQ(state.absences.size(), 8U);
  EXPECT_EQ(state.absences.back().from, noon + 99h);
}

TEST(Reload, a_plain_one_holds_no_end_up) {
  World world = broken();
  world.see(Health::ok);
  for (int i = 0; i < 12; ++i) {
    world.pass(10s);
    world.take(world.engine.reconfigure(shop_policy(), world.now));
  }
  world.pass(1ms);
  EXPECT_FALSE(world.incident().open());
}

TEST(Reload, the_end_that_nobody_saw_is_no_relapse_when_its_successor_speaks) {
  Policy policy = shop_policy();
  policy.rules.front().when = rules::Condition{
      rules::SignalLeaf{.kind = rules::SignalKind::alert, .matchers = *rules::parse_matchers(R"(alertname="Down")")}};
  policy.responses.at("checkout-down").resolve_after = 0s;
  const auto alert = [](const std::string& source) {
    return rules::Observation{.id = {rules::SignalKind::alert, source, {{"alertname", "Down"}}},
                              .health = Health::failing};
  };
  World world{policy};
  world.take(world.engine.observe({alert("prometheus:old")}, world.now));
  const std::size_t pages = world.pages().size();
  world.take(world.engine.forget(std::vector{alert("prometheus:old").id}, world.now));
  world.pass(5s);
  world.take(world.engine.observe({alert("prometheus:new")}, world.now));
  EXPECT_TRUE(world.changes<IncidentReopened>().empty());
  EXPECT_EQ(world.pages().size(), pages);
}

TEST(Absence, is_no_quiet_time) {
  World world = broken();
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "link"}));
  world.see(Health::ok);
  world.pass(1s);
  be_away(world, shop_policy(), Way::off, 1h);
  EXPECT_EQ(quiet_for(world.incident(), world.now), 1s);
  world.see(Health::failing);
  world.pass(1min);
  EXPECT_EQ(world.pages().size(), 1U) << "ana leads";
  EXPECT_EQ(world.incident().lead, "ana");
}

TEST(Absence, nor_is_a_standstill) {
  World world = broken();
  world.see(Health::ok);
  world.pass(1s);
  be_away(world, shop_policy(), Way::stood_still, 1h);
  EXPECT_EQ(quiet_for(world.incident(), world.now), 1s);
}

TEST(Absence, is_not_over_before_a_whole_look_was_had) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 5min;
  for (const int way : {0, 1, 2}) {
    World world = broken(policy);
    be_away(world, policy, Way::off, 1h);
    world.pass(20s);
    if (way == 0) be_away(world, policy, Way::off, 1s);
    if (way == 1) world.take(world.engine.reconfigure(policy, world.now));
    if (way == 2) world.take(world.engine.stood_still(8s, world.now));
    world.pass(29s);
    EXPECT_FALSE(world.incident().published_at) << "it may be well by now: " << way;
    world.see(Health::ok);
    world.pass(1h);
    EXPECT_FALSE(world.incident().published_at) << way;
  }
}

TEST(StoodStill, it_ends_nothing_by_what_it_saw_before) {
  World world = broken();
  world.see(Health::ok);
  world.pass(1min);
  be_away(world, shop_policy(), Way::stood_still, 2min);
  world.take(world.engine.tick(world.now));
  EXPECT_TRUE(world.incident().open());
  world.pass(shop_policy().restart_grace);
  EXPECT_FALSE(world.incident().open()) << "once everything could be seen again";
}

}  // namespace
}  // namespace candor::incident
