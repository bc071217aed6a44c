#include "daemon/incident/left.h"
#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;

constexpr ComponentStatus operational = ComponentStatus::operational;
constexpr ComponentStatus partial = ComponentStatus::partial_outage;
constexpr ComponentStatus major = ComponentStatus::major_outage;

/// The shop, after "checkout" got another id.
Policy renamed() {
  Policy policy = shop_policy();
  policy.components.front().id = "till";
  policy.responses.at("checkout-down").component = "till";
  return policy;
}

void reload(World& world, const Policy& policy) { world.take(world.engine.reconfigure(policy, world.now)); }

std::vector<std::string> lost(const World& world) {
  std::vector<std::string> names;
  for (const Lost& one : lost_components(world.engine.state(), world.engine.policy())) names.push_back(one.name);
  return names;
}

TEST(Follow, an_open_incident_follows_its_rule_to_a_component_of_another_id) {
  World world = broken();
  const auto updates = world.incident().updates;
  reload(world, renamed());
  EXPECT_EQ(world.incident().components, (ComponentStatuses{{"checkout", operational}, {"till", major}}));
  EXPECT_EQ(component_status(world.engine.state(), "till"), major);
  EXPECT_EQ(world.incident().updates, updates) << "nothing that customers read is written anew";
  EXPECT_FALSE(world.incident().in_human_hands);
  EXPECT_TRUE(lost(world).empty());
  const std::size_t events = world.events.size();
  reload(world, renamed());
  EXPECT_EQ(world.events.size(), events) << "once";
  world.see(Health::ok);
  world.pass(3min);
  EXPECT_TRUE(world.last_words().starts_with("Checkout no longer has this problem")) << world.last_words();
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_TRUE(world.last_words().starts_with("Checkout is having problems again")) << world.last_words();
  EXPECT_EQ(world.deliveries.back().message.components, std::vector<std::string>{"Checkout"});
}

TEST(Follow, a_start_that_brings_another_component_does_the_same) {
  const World world = broken();
  Engine restarted{renamed(), world.engine.state()};
  (void)restarted.begin(1, world.now);
  EXPECT_EQ(component_status(restarted.state(), "till"), major);
}

TEST(Follow, a_rule_that_is_moved_takes_its_open_incident_along) {
  Policy moved = shop_policy();
  moved.responses.at("checkout-down").component = "search";
  World world = broken();
  reload(world, moved);
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), operational);
  EXPECT_EQ(component_status(world.engine.state(), "search"), major);
  EXPECT_EQ(world.incident().title, "Search is having problems");
  world.see(Health::ok);
  world.pass(3min);
  EXPECT_TRUE(world.last_words().starts_with("Search no longer has this problem")) << world.last_words();
}

TEST(Follow, a_title_that_a_human_gave_stays_where_its_rule_is_moved) {
  Policy moved = shop_policy();
  moved.responses.at("checkout-down").component = "search";
  World world = broken();
  ASSERT_TRUE(world.ask(PostUpdate{.incident = world.incident().id, .body = "b", .title = "No cards"}));
  reload(world, moved);
  EXPECT_EQ(world.incident().title, "No cards");
}

TEST(Follow, a_title_that_says_when_it_began_is_not_written_anew_by_a_reload_the_day_after) {
  Policy policy = shop_policy();
  policy.holdings.at("default").title = "{{component}} is down since {{since}}";
  World world = broken(policy);
  world.pass(24h);
  reload(world, policy);
  EXPECT_TRUE(world.changes<TitleChanged>().empty());
}

TEST(Follow, first_words_that_wait_name_the_component_to_which_the_rule_was_moved) {
  Policy policy = shop_policy();
  policy.holdings.at("default").after = 5min;
  World world = broken(policy);
  policy.responses.at("checkout-down").component = "search";
  reload(world, policy);
  world.pass(5min);
  EXPECT_EQ(world.incident().title, "Search is having problems");
  EXPECT_NE(world.last_words().find("on Search"), std::string::npos) << world.last_words();
}

TEST(Follow, status_and_impact_follow_until_a_human_speaks) {
  Policy milder = shop_policy();
  milder.responses.at("checkout-down").status = partial;
  milder.responses.at("checkout-down").impact = Impact::minor;
  World world = broken(milder);
  reload(world, shop_policy());
  EXPECT_EQ(world.incident().impact, Impact::critical);
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), major);
  EXPECT_TRUE(world.last_words().starts_with("We now rate the impact of this problem as critical. Next update by"))
      << "the promise of a minor one was later than a critical one may wait: " << world.last_words();
  EXPECT_LE(*world.incident().next_update, world.now + 15min);
  const std::size_t words = world.incident().updates.size();
  reload(world, milder);
  EXPECT_EQ(world.incident().impact, Impact::minor);
  reload(world, shop_policy());
  EXPECT_EQ(world.incident().updates.size(), words) << "the promise that stands is soon enough";
  ASSERT_TRUE(world.ask(PostUpdate{.incident = world.incident().id, .body = "b"}));
  reload(world, milder);
  EXPECT_EQ(world.incident().impact, Impact::critical);
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), major);
}

TEST(Follow, what_a_human_said_of_a_component_stays_said_under_its_other_id) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(
      world.ask(PostUpdate{.incident = id,
                           .body = "b",
                           .components = {{"checkout", partial}, {"search", ComponentStatus::degraded_performance}}}));
  reload(world, renamed());
  EXPECT_EQ(component_status(world.engine.state(), "till"), partial);
  EXPECT_EQ(component_status(world.engine.state(), "search"), ComponentStatus::degraded_performance);
  EXPECT_TRUE(lost(world).empty());
}

TEST(Follow, a_component_that_is_gone_is_told_to_operators_and_its_id_never_to_customers) {
  World world = broken();
  ASSERT_TRUE(world.ask(PostUpdate{.incident = world.incident().id, .body = "b"}));
  Policy without = shop_policy();
  without.components.erase(without.components.begin());
  without.responses.at("checkout-down").component.clear();
  reload(world, without);
  EXPECT_EQ(lost(world), std::vector<std::string>{"checkout"});
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, ""}));
  EXPECT_TRUE(lost(world).empty());
  world.see(Health::ok);
  world.pass(1min);
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_TRUE(world.last_words().starts_with("Our service is having problems again")) << world.last_words();
  EXPECT_TRUE(world.deliveries.back().message.components.empty());
}

}  // namespace
}  // namespace candor::incident
