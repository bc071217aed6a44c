#include <gmock/gmock.h>

#include "tests/unit/incident/world.h"

// A failure that another rule explains, and what becomes of it once that rule does so no more.

namespace candor::incident {
namespace {

using rules::Health;

rules::Observation database(Health health) {
  return {.id = {rules::SignalKind::probe, "probe", {{"probe", "database"}}}, .health = health};
}

Policy explained_by_the_database() {
  Policy policy = shop_policy();
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(R"(probe="database")");
  policy.rules.push_back({.name = "database-down", .when = {leaf}});
  policy.responses["database-down"] = {.component = "search", .holding = "default"};
  policy.rules.front().unless = rules::Condition{rules::RuleLeaf{.rule = "database-down"}};
  return policy;
}

World with_the_database_ended_by_hand() {
  World world{explained_by_the_database()};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  EXPECT_TRUE(world.ask(ResolveIncident{world.incident().id, "A false alarm."}));
  return world;
}

TEST(Explained, by_a_rule_whose_incident_was_ended_it_opens_after_a_while) {
  World world = with_the_database_ended_by_hand();
  world.see(Health::failing);
  world.pass(10min - 1ms);
  EXPECT_EQ(world.pages().size(), 0U) << "its signals may end a little after it";
  world.pass(1ms);
  EXPECT_EQ(world.pages().size(), 1U);
  EXPECT_EQ(world.engine.state().open.size(), 1U);
}

TEST(Explained, by_a_rule_whose_incident_was_ended_long_ago_it_opens_at_once) {
  World world = with_the_database_ended_by_hand();
  world.pass(1h);
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, it_is_the_same_after_a_restart) {
  World world = with_the_database_ended_by_hand();
  world.pass(5min);
  Engine restarted{explained_by_the_database(), world.engine.state()};
  (void)restarted.begin(1, world.now);
  (void)restarted.observe({checkout(Health::failing)}, world.now);
  EXPECT_TRUE(restarted.tick(world.now + 30s).deliveries.empty());
  EXPECT_TRUE(restarted.due());
  EXPECT_EQ(restarted.tick(world.now + 5min).deliveries.size(), 1U);
}

TEST(Explained, by_the_next_outbreak_of_that_rule_it_stays_silent) {
  World world = with_the_database_ended_by_hand();
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(1h);
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.see(Health::failing);
  world.pass(1h);
  EXPECT_EQ(world.pages().size(), 0U);
}

std::string the_databases(const World& world) { return world.engine.state().latest_of("database-down")->id; }

TEST(Explained, by_a_rule_that_has_just_ended_it_has_time_to_be_seen_well) {
  for (const bool restarted : {false, true}) {
    World world{explained_by_the_database()};
    world.take(world.engine.observe({database(Health::failing)}, world.now));
    world.see(Health::failing);
    world.pass(10min);
    world.take(world.engine.observe({database(Health::ok)}, world.now));
    if (restarted) {
      world.engine = Engine{explained_by_the_database(), world.engine.state()};
      world.take(world.engine.begin(1, world.now));
    }
    world.pass(9s);
    world.see(Health::ok);
    world.pass(10min);
    EXPECT_EQ(world.pages().size(), 0U);
  }
}

TEST(Explained, by_a_rule_that_nobody_saw_end_at_a_restart_it_has_time_all_the_same) {
  World world{explained_by_the_database()};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.take(world.engine.observe({database(Health::unknown)}, world.now));
  world.engine = Engine{explained_by_the_database(), world.engine.state()};
  world.take(world.engine.begin(1, world.now));
  world.see(Health::failing);
  world.pass(25s);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(9s);
  world.see(Health::ok);
  world.pass(10min);
  EXPECT_EQ(world.pages().size(), 0U);
}

TEST(Explained, by_a_rule_that_is_about_to_hold_again_it_has_time_when_the_clock_is_set) {
  Policy policy = explained_by_the_database();
  std::get<rules::SignalLeaf>(policy.rules.back().when.node).hold = 1min;
  World world{policy};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.pass(1min);
  world.see(Health::failing);
  world.pass(1min);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.now += 1h;
  world.take(world.engine.clock_set(1h, world.now));
  world.pass(9s);
  world.see(Health::ok);
  world.pass(10s);
  EXPECT_EQ(world.engine.state().open.size(), 1U);
}

TEST(Explained, by_a_rule_that_has_ended_it_opens_where_it_is_not_well) {
  World world{explained_by_the_database()};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.see(Health::failing);
  world.pass(10min);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(shop_policy().restart_grace - 1ms);
  EXPECT_EQ(world.pages().size(), 0U);
  world.pass(1ms);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, by_a_rule_that_nobody_sees_at_a_restart_it_opens_all_the_same) {
  World world = with_the_database_ended_by_hand();
  world.take(world.engine.observe({database(Health::unknown)}, world.now));
  world.engine = Engine{explained_by_the_database(), world.engine.state()};
  world.take(world.engine.begin(1, world.now));
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.see(Health::failing);
  world.pass(10min);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, by_a_rule_whose_incident_is_reopened_it_stays_silent) {
  World world = with_the_database_ended_by_hand();
  world.see(Health::failing);
  world.pass(1min);
  PostUpdate again{.incident = the_databases(world), .body = "It goes on.", .status = Status::identified};
  ASSERT_TRUE(world.ask(again));
  world.pass(1h);
  EXPECT_EQ(world.pages().size(), 0U);
  EXPECT_EQ(world.engine.state().open.size(), 1U);
}

TEST(Explained, by_a_rule_that_itself_reopens_its_incident_it_stays_silent) {
  Policy policy = explained_by_the_database();
  policy.responses["database-down"].reopen_within = 30min;
  policy.rules.back().unless = rules::Condition{rules::SignalLeaf{.matchers = *rules::parse_matchers("probe=\"net\"")}};
  World world{policy};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{the_databases(world), ""}));
  world.see(Health::failing);
  rules::Observation network = database(Health::failing);
  network.id.labels.set("probe", "net");
  world.take(world.engine.observe({network}, world.now));
  network.health = Health::ok;
  world.take(world.engine.observe({network}, world.now));
  ASSERT_TRUE(world.engine.state().open.contains(the_databases(world)));
  world.pass(1h);
  EXPECT_EQ(world.engine.state().open.size(), 1U);
}

/// The database has failed for long, and the checkout with it.
World with_the_database_down(const Policy& policy) {
  World world{policy};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.pass(2min);
  world.see(Health::failing);
  world.pass(2min);
  EXPECT_TRUE(world.pages().empty());
  return world;
}

void be_off(World& world, const Policy& policy, Duration time) {
  const Instant since = world.now;
  world.now += time;
  world.engine = Engine{policy, world.engine.state()};
  world.take(world.engine.begin(43, world.now, since));
}

TEST(Explained, by_a_rule_that_ended_before_an_absence_it_waits_for_a_look) {
  const Policy policy = explained_by_the_database();
  World world = with_the_database_down(policy);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(2s);
  be_off(world, policy, 10min);
  world.pass(29s);
  EXPECT_TRUE(world.pages().empty());
  world.see(Health::failing);
  world.pass(1ms);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, by_a_rule_that_explained_for_no_longer_than_an_absence_it_waits_for_a_look) {
  const Policy policy = explained_by_the_database();
  World world = with_the_database_down(policy);
  ASSERT_TRUE(world.ask(ResolveIncident{the_databases(world), ""}));
  be_off(world, policy, 1h);
  world.pass(29s);
  EXPECT_TRUE(world.pages().empty());
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST(Explained, by_a_rule_whose_incident_is_over_it_has_time_over_starts_and_reloads) {
  for (const bool restarted : {false, true}) {
    const Policy policy = explained_by_the_database();
    World world = with_the_database_down(policy);
    ASSERT_TRUE(world.ask(ResolveIncident{the_databases(world), ""}));
    world.pass(1min);
    world.take(world.engine.observe({database(Health::ok)}, world.now));
    world.pass(1s);
    if (restarted) be_off(world, policy, 2s);
    if (!restarted) world.take(world.engine.reconfigure(policy, world.now));
    world.pass(5s);
    world.see(Health::ok);
    world.pass(1h);
    EXPECT_TRUE(world.pages().empty()) << restarted;
  }
}

TEST(Explained, by_a_rule_that_never_held_it_is_not_after_a_reload) {
  Policy policy = explained_by_the_database();
  std::get<rules::SignalLeaf>(policy.rules.back().when.node).hold = 1h;
  World world{policy};
  world.see(Health::failing);
  world.pass(29s);
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.take(world.engine.reconfigure(policy, world.now));
  world.pass(1s);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, by_a_rule_that_was_only_about_to_hold_it_is_not_after_a_reload) {
  for (const bool restarts : {false, true}) {
    Policy policy = explained_by_the_database();
    std::get<rules::SignalLeaf>(policy.rules.front().when.node).hold = 0s;
    std::get<rules::SignalLeaf>(policy.rules.back().when.node).hold = 1min;
    World world{policy};
    world.take(world.engine.observe({database(Health::failing)}, world.now));
    world.pass(1min);
    world.take(world.engine.observe({database(Health::ok)}, world.now));
    world.pass(10min);
    ASSERT_FALSE(world.incident().open());
    world.take(world.engine.observe({database(Health::failing)}, world.now));
    world.pass(2s);
    world.take(world.engine.observe({database(Health::ok)}, world.now));
    world.pass(1s);
    if (restarts) be_off(world, policy, 100ms);
    if (!restarts) world.take(world.engine.reconfigure(policy, world.now));
    const std::size_t before = world.pages().size();
    world.see(Health::failing);
    world.pass(1s);
    EXPECT_EQ(world.pages().size(), before + 1) << restarts;
  }
}

TEST(Explained, by_a_rule_that_holds_again_while_it_lingers_it_stays_silent) {
  Policy policy = explained_by_the_database();
  std::get<rules::RuleLeaf>(policy.rules.front().unless->node).hold = 1min;
  World world = with_the_database_down(policy);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(5s);
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.pass(5s);
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

/// The checkout speaks only while the database is down.
Policy heard_with_the_database() {
  Policy policy = explained_by_the_database();
  policy.rules.front().unless =
      rules::Condition{rules::Group{.kind = rules::Group::Kind::negation, .parts = {*policy.rules.front().unless}}};
  return policy;
}

TEST(Explained, while_another_rule_is_quiet_it_is_so_at_once) {
  World world{heard_with_the_database()};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  world.pass(5min);
  world.see(Health::failing);
  world.pass(25s);
  world.take(world.engine.observe({database(Health::ok)}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.pages().empty());
}

TEST(Explained, while_another_rule_is_quiet_it_speaks_though_a_human_ended_what_that_holds) {
  World world{heard_with_the_database()};
  world.take(world.engine.observe({database(Health::failing)}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{the_databases(world), ""}));
  world.pass(1h);
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Explained, for_as_long_as_without_the_clock_being_set) {
  for (const Duration by : {Duration{-1h}, Duration{1h}}) {
    World world = with_the_database_ended_by_hand();
    world.see(Health::failing);
    world.pass(1min);
    world.now += by;
    world.take(world.engine.clock_set(by, world.now));
    world.pass(9min - 1ms);
    EXPECT_EQ(world.pages().size(), 0U);
    world.pass(1ms);
    EXPECT_EQ(world.pages().size(), 1U);
  }
}

TEST(Explained, at_first_a_relapse_is_one_behind_that_rule_too) {
  for (const bool led : {true, false}) {
    World world{explained_by_the_database()};
    world.see(Health::failing);
    world.pass(30s);
    const std::string id = world.incident().id;
    ASSERT_TRUE(!led || world.ask(AckPage{id, "link"}));
    ASSERT_TRUE(world.ask(PostUpdate{.incident = id,
                                     .body = "The fix is in.",
                                     .status = Status::monitoring,
                                     .components = {{"checkout", ComponentStatus::operational}}}));
    world.see(Health::ok);
    world.pass(8h);
    const std::size_t before = world.pages().size();
    world.take(world.engine.observe({database(Health::failing)}, world.now));
    world.see(Health::failing);
    world.pass(10min);
    EXPECT_EQ(world.pages().size(), before) << "the database's rule speaks for it";
    world.take(world.engine.observe({database(Health::ok)}, world.now));
    world.pass(shop_policy().restart_grace);
    EXPECT_GT(world.pages().size(), before);
    EXPECT_EQ(component_status(world.engine.state(), "checkout"), ComponentStatus::major_outage);
  }
}

}  // namespace
}  // namespace candor::incident
