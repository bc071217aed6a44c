#include <gmock/gmock.h>

#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr ComponentStatus operational = ComponentStatus::operational;
constexpr ComponentStatus degraded = ComponentStatus::degraded_performance;
constexpr ComponentStatus partial = ComponentStatus::partial_outage;
constexpr ComponentStatus major = ComponentStatus::major_outage;

/// The shop, whose rule says little.
Policy mild() {
  Policy policy = shop_policy();
  policy.responses.at("checkout-down").impact = Impact::minor;
  policy.responses.at("checkout-down").status = degraded;
  return policy;
}

void say(World& world, PostUpdate update) {
  update.incident = world.incident().id;
  update.body = std::string{"Some words."};
  ASSERT_TRUE(world.ask(update));
}

void say_that_all_is_down(World& world) {
  say(world, {.impact = Impact::critical,
              .title = "Everything is down",
              .components = {{"checkout", major}, {"search", major}}});
}

void end_by_hand(World& world) { ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "All over."})); }

void relapse(World& world) {
  world.see(Health::ok);
  world.pass(10min);
  world.see(Health::failing);
  world.pass(30s);
  ASSERT_TRUE(world.incident().open());
}

ComponentStatus status_of(const World& world, std::string_view component) {
  return component_status(world.engine.state(), component);
}

// By its rule.

TEST(Reopened, by_its_rule_it_says_what_that_says_and_not_what_a_human_said_before_the_end) {
  World world = broken(mild());
  say_that_all_is_down(world);
  end_by_hand(world);
  relapse(world);
  EXPECT_EQ(status_of(world, "search"), operational);
  EXPECT_EQ(status_of(world, "checkout"), degraded);
  EXPECT_EQ(world.incident().impact, Impact::minor);
  EXPECT_EQ(world.incident().title, "Checkout is having problems");
  EXPECT_EQ(world.incident().status, Status::investigating);
  EXPECT_THAT(world.last_words(), StartsWith("Checkout is having problems again"));
  EXPECT_EQ(world.deliveries.back().message.components, std::vector<std::string>{"Checkout"});
  EXPECT_EQ(world.incident().updates.at(1).components.at("search"), major) << "what was said stays said";
}

TEST(Reopened, by_a_rule_without_a_component_it_names_none_that_a_human_named) {
  Policy policy = shop_policy();
  policy.responses.at("checkout-down").component.clear();
  World world = broken(policy);
  say(world, {.components = {{"search", partial}}});
  end_by_hand(world);
  relapse(world);
  EXPECT_EQ(status_of(world, "search"), operational);
  EXPECT_EQ(world.incident().title, "Our service is having problems");
  EXPECT_THAT(world.last_words(), StartsWith("Our service is having problems again"));
}

TEST(Reopened, by_its_rule_while_it_is_open_it_leaves_what_a_human_says_of_others) {
  World world = broken(mild());
  say_that_all_is_down(world);
  say(world, {.status = Status::monitoring, .components = {{"checkout", operational}}});
  relapse(world);
  EXPECT_EQ(world.changes<IncidentReopened>().size(), 1U);
  EXPECT_EQ(status_of(world, "search"), major) << "nobody has said that this is over";
  EXPECT_EQ(status_of(world, "checkout"), degraded);
  EXPECT_EQ(world.incident().impact, Impact::critical);
  EXPECT_EQ(world.incident().title, "Everything is down");
  EXPECT_THAT(world.last_words(), StartsWith("Checkout is having problems again")) << "and Search is still";
}

// By hand.

World ended_by_its_rule() {
  World world = broken();
  world.see(Health::ok);
  world.pass(3h);
  EXPECT_FALSE(world.incident().open());
  return world;
}

TEST(Reopened, by_hand_to_be_watched_it_breaks_nothing_of_which_nobody_speaks) {
  for (const bool holds : {false, true}) {
    World world = holds ? broken() : ended_by_its_rule();
    if (holds) end_by_hand(world);
    say(world, {.status = Status::monitoring});
    EXPECT_TRUE(world.incident().open());
    EXPECT_EQ(status_of(world, "checkout"), operational);
  }
}

TEST(Reopened, by_hand_it_breaks_what_is_named) {
  World world = broken();
  say_that_all_is_down(world);
  end_by_hand(world);
  say(world, {.status = Status::monitoring, .components = {{"checkout", major}}});
  EXPECT_EQ(status_of(world, "checkout"), major);
  EXPECT_EQ(status_of(world, "search"), operational);
}

TEST(Reopened, by_hand_because_it_goes_on_it_says_what_it_said_before_the_end) {
  World world = broken();
  say_that_all_is_down(world);
  end_by_hand(world);
  say(world, {.status = Status::investigating});
  EXPECT_EQ(status_of(world, "checkout"), major);
  EXPECT_EQ(status_of(world, "search"), major);
}

TEST(Reopened, by_hand_while_its_rule_is_quiet_it_breaks_nothing_of_which_nobody_speaks) {
  World world = ended_by_its_rule();
  say(world, {.status = Status::identified});
  EXPECT_EQ(status_of(world, "checkout"), operational);
}

TEST(Reopened, by_hand_what_nobody_spoke_of_is_broken_once_its_rule_holds) {
  for (const Status status : {Status::monitoring, Status::identified}) {
    for (const bool led : {false, true}) {
      World world = ended_by_its_rule();
      say(world, {.status = status});
      ASSERT_TRUE(!led || world.ask(TakeLead{world.incident().id, "ana"}));
      const std::size_t pages = world.pages().size();
      world.see(Health::failing);
      world.pass(30s);
      EXPECT_EQ(status_of(world, "checkout"), major);
      EXPECT_EQ(world.pages().size(), led ? pages : pages + 1);
    }
  }
}

TEST(Reopened, by_hand_and_led_it_is_no_relapse_because_nobody_spoke_of_its_component) {
  World world = ended_by_its_rule();
  say(world, {.status = Status::identified});
  ASSERT_TRUE(world.ask(TakeLead{world.incident().id, "ana"}));
  world.pass(10min);
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.incident().lead, "ana") << "she is at work on it";
  EXPECT_EQ(status_of(world, "checkout"), major);
}

TEST(Reopened, by_hand_what_a_human_calls_well_stays_so_over_a_flap) {
  World world = ended_by_its_rule();
  say(world, {.status = Status::monitoring});
  say(world, {.components = {{"checkout", degraded}}});
  say(world, {.components = {{"checkout", operational}}});
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(status_of(world, "checkout"), operational);
}

TEST(Reopened, by_hand_an_end_that_was_not_delivered_is_told_no_more) {
  World world = broken();
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, ""}));
  const auto ends = [&world] {
    std::size_t pending = 0;
    for (const auto& [id, delivery] : world.engine.state().pending)
      pending += delivery.kind == Delivery::Kind::resolved;
    return pending;
  };
  ASSERT_GT(ends(), 0U);
  ASSERT_TRUE(
      world.ask(PostUpdate{.incident = world.incident().id, .body = "Not yet.", .status = Status::investigating}));
  EXPECT_EQ(ends(), 0U);
}

}  // namespace
}  // namespace candor::incident
