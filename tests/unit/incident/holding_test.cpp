#include <gmock/gmock.h>

#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;
using ::testing::HasSubstr;

Policy with_words_after(Duration after) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = after;
  return policy;
}

/// With an incident since half a minute past noon, whose first words wait for a minute of which a second is over.
World that_waits() {
  World world{with_words_after(1min)};
  world.see(Health::failing);
  world.pass(31s);
  return world;
}

TEST(Incident, waits_for_a_responder_when_its_holding_response_has_an_after) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 3min;
  World world{policy};
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_FALSE(world.incident().published_at) << "customers see nothing yet";
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), ComponentStatus::operational);
  EXPECT_EQ(world.pages(), std::vector<std::string>{"contact:ana/1"}) << "the page does not wait";

  ASSERT_TRUE(world.ask(EditHolding{world.incident().id, "Paying is slow", "Some card payments fail."}));
  world.pass(3min);
  EXPECT_EQ(world.incident().title, "Paying is slow");
  EXPECT_EQ(world.last_words(), "Some card payments fail.") << "a human's edit is posted as it is";
  EXPECT_EQ(world.incident().published_at, noon + 30s + 3min);
  EXPECT_EQ(world.incident().updates.back().actor.name, "contact:ana") << "they are ana's words";
  world.see(Health::ok);
  world.pass(24h);
  EXPECT_TRUE(world.incident().open()) << "and so the end is a human's";
}

TEST(Incident, first_words_are_not_said_of_what_is_over) {
  World world = that_waits();
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_FALSE(world.incident().open());
  EXPECT_FALSE(world.incident().published_at) << "it was over before anybody would have been told";
}

TEST(Incident, first_words_that_were_held_back_tell_of_now) {
  World world = that_waits();
  world.see(Health::ok);
  world.pass(100s);
  EXPECT_TRUE(world.incident().updates.empty());
  world.see(Health::failing);
  world.pass(30s - 1ms);
  EXPECT_TRUE(world.incident().updates.empty());
  world.pass(1ms);
  EXPECT_EQ(world.last_words(),
            "We are seeing errors (HTTP 503) on Checkout since 12:00 UTC. We are looking into it and do not know the "
            "cause yet. Next update by 12:17 UTC.");
}

TEST(Incident, first_words_are_said_while_nobody_can_see_whether_it_is_over) {
  World world = that_waits();
  world.see(Health::unknown);
  world.pass(1min);
  EXPECT_TRUE(world.incident().published_at);
}

TEST(Incident, first_words_are_said_also_when_another_rule_has_come_to_explain_it) {
  Policy policy = with_words_after(1min);
  rules::SignalLeaf network;
  network.matchers = *rules::parse_matchers(R"(probe="network")");
  policy.rules.front().unless = rules::Condition{network};
  World world{policy};
  world.see(Health::failing);
  world.pass(31s);
  const rules::SignalId id{rules::SignalKind::probe, "probe", {{"probe", "network"}}};
  world.take(world.engine.observe({{.id = id, .health = Health::failing, .evidence = "no route"}}, world.now));
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::explained);
  world.pass(1min);
  EXPECT_TRUE(world.incident().published_at) << "customers still see it";
}

TEST(Incident, first_words_wait_where_nobody_sees_it_since_a_reload) {
  World world = that_waits();
  Policy other = with_words_after(1min);
  std::get<rules::SignalLeaf>(other.rules.front().when.node).matchers = *rules::parse_matchers(R"(probe="another")");
  world.take(world.engine.reconfigure(other, world.now));
  world.pass(10min);
  EXPECT_FALSE(world.incident().published_at) << "nobody is seeing anything";
  EXPECT_TRUE(world.incident().open());
  other.rules.clear();
  other.responses.clear();
  world.take(world.engine.reconfigure(other, world.now));
  world.pass(10min);
  EXPECT_FALSE(world.incident().published_at) << "nor without the rule";
}

TEST(Incident, first_words_promise_by_the_cadence_of_a_reload) {
  World world = that_waits();
  Policy slower = with_words_after(1min);
  slower.cadence[Impact::critical] = 1h;
  world.take(world.engine.reconfigure(slower, world.now));
  world.pass(1min);
  EXPECT_TRUE(world.last_words().ends_with("Next update by 13:01 UTC.")) << world.last_words();
  EXPECT_EQ(world.incident().next_update, noon + 61min);
}

TEST(Incident, first_words_wait_after_an_absence_until_somebody_could_look) {
  Policy policy = with_words_after(1min);
  policy.restart_grace = 40s;
  for (const Duration away : {Duration{10s}, Duration{10min}}) {
    World before{policy};
    before.see(Health::failing);
    before.pass(31s);
    World world{policy, before.now + away};
    world.engine = Engine{policy, before.engine.state()};
    world.take(world.engine.begin(43, world.now));
    world.pass(39s);
    EXPECT_FALSE(world.incident().published_at);
    world.see(away > 1min ? Health::ok : Health::failing);
    world.pass(30s);
    EXPECT_EQ(world.incident().published_at.has_value(), away < 1min) << "it was over when candord came back";
  }
}

TEST(Incident, a_relapse_that_nobody_was_told_of_before_began_when_it_began) {
  World world = that_waits();
  world.see(Health::ok);
  world.pass(20min);
  EXPECT_FALSE(world.incident().open());
  world.see(Health::failing);
  world.pass(2min);
  EXPECT_EQ(world.incident().failing_since, noon + 20min + 31s);
  EXPECT_THAT(world.last_words(), testing::HasSubstr("on Checkout since 12:20 UTC"));
}

TEST(Incident, a_vetoed_holding_response_is_never_posted_and_its_reason_is_kept) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 3min;
  World world{policy};
  world.see(Health::failing);
  world.pass(30s);
  const std::string id = world.incident().id;
  EXPECT_FALSE(world.ask(VetoHolding{id, "  "})) << "a veto needs a reason";
  ASSERT_TRUE(world.ask(VetoHolding{id, "load test"}));
  world.pass(10min);
  EXPECT_TRUE(world.incident().updates.empty());
  EXPECT_EQ(world.incident().holding.reason, "load test");

  world.see(Health::ok);
  world.pass(2min);
  EXPECT_FALSE(world.incident().open());
  EXPECT_TRUE(world.incident().updates.empty()) << "it was never public, and ends as quietly";

  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.incident().holding.stage, Holding::Stage::waiting) << "the veto was about what was seen before it";
  world.pass(3min);
  EXPECT_TRUE(world.incident().published_at);
}

TEST(Incident, is_never_public_if_it_ends_before_its_holding_response_is_due) {
  Policy policy = shop_policy();
  policy.holdings["default"].after = 30min;
  World world{policy};
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_FALSE(world.incident().open());
  EXPECT_FALSE(world.incident().published_at);
}

TEST(Incident, first_words_that_come_a_little_late_promise_what_is_kept) {
  World world = that_waits();  // due at half past
  world.now += 89s;            // nobody had the time: it is a second to the next minute, and then one after it
  world.take(world.engine.tick(world.now));
  const Instant promised = *world.incident().next_update;
  EXPECT_EQ(promised, noon + 17min);
  EXPECT_THAT(world.last_words(), HasSubstr("Next update by 12:17 UTC"));
}

TEST(Incident, edited_words_that_come_a_little_late_keep_the_promise_that_they_name) {
  World world = that_waits();
  ASSERT_TRUE(world.ask(EditHolding{world.incident().id, "", "Some payments fail. Next update by 12:16 UTC."}));
  world.now += 89s;
  world.take(world.engine.tick(world.now));
  EXPECT_EQ(world.incident().next_update, noon + 16min);
}

}  // namespace
}  // namespace candor::incident
