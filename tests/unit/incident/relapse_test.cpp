#include <gmock/gmock.h>

#include "daemon/incident/codec.h"
#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ComponentStatus operational = ComponentStatus::operational;
constexpr ComponentStatus major = ComponentStatus::major_outage;

std::string id(const World& world) { return world.incident().id; }

/// It is well, and fails again after `quiet`; answers how many pages that makes.
std::size_t pages_of_a_relapse(World& world, Duration quiet) {
  world.see(Health::ok);
  world.pass(quiet);
  const std::size_t before = world.pages().size();
  world.see(Health::failing);
  world.pass(30s);
  return world.pages().size() - before;
}

void say_it_is_mended(World& world) {
  ASSERT_TRUE(world.ask(AckPage{id(world), "link"}));
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id(world),
                                   .body = "The fix is in.",
                                   .status = Status::monitoring,
                                   .components = {{"checkout", operational}}}));
}

TEST(Relapse, of_what_is_monitored_pages_anew_and_is_said) {
  World world = broken();
  say_it_is_mended(world);
  EXPECT_EQ(pages_of_a_relapse(world, 2min), 1U);
  EXPECT_EQ(world.pages().back(), "contact:ana/1") << "from the first step";
  EXPECT_THAT(world.last_words(), HasSubstr("Checkout is having problems again"));
  EXPECT_EQ(world.incident().status, Status::investigating);
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), major);
  EXPECT_TRUE(world.incident().in_human_hands) << "its end is a human's still";
  world.pass(5min);
  EXPECT_EQ(world.pages().back(), "contact:bo/2") << "nobody has acked this outbreak";
  EXPECT_TRUE(world.ask(AckPage{id(world), "link"}));
}

TEST(Relapse, is_none_before_the_quiet_would_have_ended_it) {
  World world = broken();
  say_it_is_mended(world);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pages_of_a_relapse(world, 2min - 1ms), 0U);
  EXPECT_EQ(world.incident().status, Status::monitoring);
}

TEST(Relapse, counts_the_longest_quiet_also_where_it_begins_to_fail_in_vain) {
  World world = broken();
  say_it_is_mended(world);
  world.see(Health::ok);
  world.pass(2min);
  world.see(Health::failing);
  world.pass(10s);  // not for as long as the rule says
  EXPECT_EQ(pages_of_a_relapse(world, 10s), 1U);
}

TEST(Relapse, of_what_somebody_is_at_work_on_wakes_nobody_until_it_must_be_another) {
  World world = broken();
  ASSERT_TRUE(world.ask(AckPage{id(world), "link"}));
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id(world), .body = "A bad deploy.", .status = Status::identified}));
  EXPECT_EQ(pages_of_a_relapse(world, 29min), 0U);
  EXPECT_EQ(pages_of_a_relapse(world, 30min), 1U) << "as long as an incident that ended would not be continued";
}

TEST(Relapse, of_what_nobody_leads_pages_anew) {
  World world = broken();
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id(world), .body = "We are looking."}));
  world.pass(1h);
  ASSERT_TRUE(world.incident().escalation.exhausted);
  EXPECT_EQ(pages_of_a_relapse(world, 2min), 1U);
  EXPECT_FALSE(world.incident().escalation.exhausted);
}

TEST(Relapse, survives_a_restart_in_between) {
  World world = broken();
  say_it_is_mended(world);
  world.see(Health::ok);
  world.pass(2min);
  Engine restarted{shop_policy(), world.engine.state()};
  (void)restarted.begin(1, world.now, world.now);
  (void)restarted.observe({checkout(Health::failing)}, world.now);
  EXPECT_EQ(restarted.tick(world.now + 30s).deliveries.size(), 1U);
}

TEST(Relapse, is_seen_by_the_quiet_before_a_disk_was_full_however_often_that_is_told) {
  for (const int reloads : {0, 1, 3}) {
    World world = broken();
    say_it_is_mended(world);
    world.see(Health::ok);
    world.pass(10min);
    const Instant full = world.now;
    for (int i = 0; i <= reloads; ++i) {
      world.now += 10min;
      world.take(world.engine.heard_nothing(full, world.now));
      world.take(world.engine.reconfigure(shop_policy(), world.now));
    }
    EXPECT_EQ(pages_of_a_relapse(world, 30s), 1U) << reloads << " reloads";
  }
}

TEST(Relapse, withdraws_what_is_still_on_its_way_about_the_outbreak_before) {
  World world = broken();
  world.end_delivery(world.deliveries.front().id, DeliveryEnd::delivered);
  world.see(Health::ok);
  world.pass(2min);
  ASSERT_EQ(world.deliveries.back().kind, Delivery::Kind::resolved);
  const std::string resolved = world.deliveries.back().id;
  EXPECT_EQ(pages_of_a_relapse(world, 1min), 1U);
  EXPECT_FALSE(world.engine.state().pending.contains(resolved)) << "the page waits behind it no longer";
  EXPECT_TRUE(world.engine.state().pending.contains(world.deliveries.back().id));
}

TEST(Relapse, continues_no_incident_that_ended_in_a_future_that_a_wrong_clock_told) {
  World world = broken();
  world.see(Health::ok);
  world.pass(2min);
  ASSERT_FALSE(world.incident().open());
  const Duration ahead = 400 * 24h;
  world.now -= ahead;
  world.take(world.engine.clock_set(-ahead, world.now));
  (void)pages_of_a_relapse(world, 5min);
  EXPECT_EQ(world.engine.state().incidents.size(), 2U);
}

TEST(Relapse, of_what_a_human_reopened_while_its_rule_was_quiet_is_one) {
  World world = broken();
  world.see(Health::ok);
  world.pass(2min);
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id(world), .body = "It goes on.", .status = Status::investigating}));
  ASSERT_TRUE(world.ask(TakeLead{id(world), "ana"}));
  EXPECT_EQ(pages_of_a_relapse(world, 30min), 1U);
}

TEST(Relapse, makes_pages_of_another_outbreak_whatever_the_clock_says) {
  World world = broken();
  EXPECT_EQ(world.deliveries.back().outbreak, 1U);
  EXPECT_EQ(pages_of_a_relapse(world, 3min), 1U);
  EXPECT_EQ(world.deliveries.back().outbreak, 2U);
  world.now -= 1h;
  world.take(world.engine.clock_set(-1h, world.now));
  world.pass(5min);
  EXPECT_EQ(world.deliveries.back().destination, "contact:bo/2");
  EXPECT_EQ(world.deliveries.back().outbreak, outbreak_of(world.incident()));
}

// Those who were paged hear of the end.

/// Who was told of an end, in order.
std::vector<std::string> told(const World& world) {
  std::vector<std::string> to;
  for (const Delivery& delivery : world.deliveries) {
    if (delivery.kind == Delivery::Kind::resolved) to.push_back(delivery.destination);
  }
  return to;
}

void end_deliveries(World& world, std::string_view destination, DeliveryEnd end) {
  for (std::size_t i = 0; i < world.deliveries.size(); ++i) {
    if (world.deliveries[i].destination == destination) world.end_delivery(world.deliveries[i].id, end);
  }
}

TEST(Relapse, leaves_those_who_were_paged_before_it_an_end_to_hear_of) {
  World world = broken();
  world.pass(5min);
  ASSERT_EQ(world.pages().back(), "contact:bo/2");
  say_it_is_mended(world);
  EXPECT_EQ(pages_of_a_relapse(world, 2min), 1U);
  World restarted;
  restarted.now = world.now;
  restarted.engine = Engine{shop_policy(), *decode_state(encode(world.engine.state()))};
  (void)restarted.engine.begin(1, world.now);
  for (World* it : {&world, &restarted}) {
    ASSERT_TRUE(it->ask(ResolveIncident{id(world), ""}));
    EXPECT_THAT(told(*it), ElementsAre("contact:ana/1", "contact:bo/1", "contact:bo/2"));
  }
}

TEST(Relapse, right_after_the_end_owes_that_to_those_whom_no_word_of_it_has_reached) {
  World world = broken();
  world.pass(5min);
  world.see(Health::ok);
  world.pass(2min);
  ASSERT_THAT(told(world), ElementsAre("contact:ana/1", "contact:bo/1", "contact:bo/2"));
  end_deliveries(world, "contact:ana/1", DeliveryEnd::delivered);
  end_deliveries(world, "contact:bo/1", DeliveryEnd::dead);
  Policy others = shop_policy();
  others.oncall.contacts["boss"] = {.name = "boss", .methods = {"webhook"}};
  others.oncall.escalations.at("payments") = {.name = "payments", .steps = {{{"boss"}, 1h}}};
  world.take(world.engine.reconfigure(others, world.now));
  EXPECT_EQ(pages_of_a_relapse(world, 1min), 1U);
  world.see(Health::ok);
  world.pass(2min);
  EXPECT_THAT(told(world), ElementsAre("contact:ana/1", "contact:bo/1", "contact:bo/2", "contact:bo/1", "contact:bo/2",
                                       "contact:boss/1"));
  for (const char* to : {"contact:bo/2", "contact:boss/1"}) end_deliveries(world, to, DeliveryEnd::delivered);
  EXPECT_THAT(world.incident().owed_an_end, IsEmpty());
}

// What a human ended while nobody could see it.

TEST(Resolved, while_its_rule_cannot_be_seen_it_is_reopened_by_what_is_seen_then) {
  World world = broken();
  world.see(Health::unknown);
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  world.pass(10min);
  EXPECT_FALSE(world.incident().open());
  const std::size_t pages = world.pages().size();
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_TRUE(world.incident().open());
  EXPECT_EQ(world.pages().size(), pages + 1);
}

TEST(Resolved, while_its_rule_holds_it_stays_ended_also_where_that_cannot_be_seen_for_a_while) {
  World world = broken();
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  world.see(Health::unknown);
  world.pass(10min);
  world.see(Health::failing);
  world.pass(10min);
  EXPECT_FALSE(world.incident().open());
}

rules::Observation alert(Health health) {
  return {.id = {rules::SignalKind::alert, "push", {{"alertname", "Down"}}}, .health = health, .alert = {{}}};
}

Policy by_alert(bool twice) {
  Policy policy = shop_policy();
  rules::SignalLeaf leaf;
  leaf.kind = rules::SignalKind::alert;
  leaf.matchers = *rules::parse_matchers(R"(alertname="Down")");
  policy.rules.front().when = {leaf};
  if (!twice) return policy;
  policy.rules.push_back(policy.rules.front());
  policy.rules.back().name = "search-down";
  policy.responses["search-down"] = policy.responses.at("checkout-down");
  policy.responses.at("search-down").component = "search";
  return policy;
}

TEST(Resolved, alerts_of_which_nobody_tells_any_more_end_with_it) {
  World world{by_alert(false)};
  world.take(world.engine.observe({alert(Health::failing)}, world.now));
  world.take(world.engine.observe({alert(Health::unknown)}, world.now));
  ASSERT_TRUE(world.incident().open());
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  EXPECT_THAT(world.engine.state().signals, IsEmpty());
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::quiet);
  world.take(world.engine.observe({alert(Health::failing)}, world.now));
  EXPECT_TRUE(world.incident().open()) << "the next one is news";
}

rules::Observation alert_of_pod(std::string pod, Health health, std::string source = "push") {
  return {.id = {rules::SignalKind::alert, std::move(source), {{"alertname", "Down"}, {"pod", std::move(pod)}}},
          .health = health,
          .evidence = "no word of it",
          .alert = {{}}};
}

TEST(Resolved, while_its_alerts_fire_they_end_with_it_once_nobody_tells_of_them) {
  World world{by_alert(false)};
  world.take(world.engine.observe({alert_of_pod("a", Health::failing)}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  world.take(world.engine.observe({alert_of_pod("b", Health::failing)}, world.now));
  world.take(world.engine.observe({alert_of_pod("a", Health::unknown)}, world.now));
  EXPECT_FALSE(world.incident().open()) << "it holds still";
  EXPECT_THAT(world.engine.state().signals, testing::SizeIs(2));
  world.take(world.engine.observe({alert_of_pod("b", Health::unknown)}, world.now));
  EXPECT_THAT(world.engine.state().signals, IsEmpty());
  EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::quiet);
  world.take(world.engine.observe({alert_of_pod("c", Health::failing)}, world.now));
  EXPECT_TRUE(world.incident().open()) << "the next one is news";
}

TEST(Resolved, alerts_that_become_unknown_after_their_rule_did_end_with_it_too) {
  Policy policy = by_alert(false);
  policy.rules.front().when = {
      rules::Group{rules::Group::Kind::any, {policy.rules.front().when, shop_policy().rules.front().when}}};
  World world{std::move(policy)};
  world.see(Health::failing);
  world.pass(1min);
  world.take(world.engine.observe({alert_of_pod("a", Health::failing)}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  world.take(world.engine.observe({alert_of_pod("a", Health::unknown)}, world.now));
  world.see(Health::unknown);
  EXPECT_THAT(world.engine.state().signals, testing::SizeIs(1)) << "the probe is unknown";
  world.take(world.engine.observe({alert_of_pod("b", Health::failing)}, world.now));
  world.take(world.engine.observe({alert_of_pod("b", Health::unknown)}, world.now));
  EXPECT_THAT(world.engine.state().signals, testing::SizeIs(1));
}

TEST(Resolved, waits_for_what_a_source_says_that_is_asked) {
  World world{by_alert(false)};
  world.take(world.engine.observe({alert_of_pod("a", Health::failing, "prometheus:main")}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{id(world), ""}));
  world.take(world.engine.observe({alert_of_pod("a", Health::unknown, "prometheus:main")}, world.now));
  world.pass(10min);
  world.take(world.engine.observe({alert_of_pod("a", Health::failing, "prometheus:main")}, world.now));
  EXPECT_FALSE(world.incident().open()) << "it was restarted, and the alert that its human dismissed fires still";
  rules::Observation ran_out = alert_of_pod("a", Health::unknown, "prometheus:main");
  ran_out.alert->ends_at = world.now;
  world.take(world.engine.observe({std::move(ran_out)}, world.now));
  EXPECT_THAT(world.engine.state().signals, IsEmpty()) << "nobody may ever name it again";
}

TEST(Resolved, takes_the_end_from_no_other_that_rests_on_the_same_alert) {
  for (const bool before : {true, false}) {
    SCOPED_TRACE(before ? "ended while it fires" : "ended while it is unknown");
    World world{by_alert(true)};
    world.take(world.engine.observe({alert(Health::failing)}, world.now));
    const std::string ended = world.engine.state().latest_of("checkout-down")->id;
    const std::string other = world.engine.state().latest_of("search-down")->id;
    const auto end_it = [&] { return world.ask(ResolveIncident{ended, ""}).has_value(); };
    EXPECT_TRUE(!before || end_it());
    world.take(world.engine.observe({alert(Health::unknown)}, world.now));
    EXPECT_TRUE(before || end_it());
    world.pass(24h);
    EXPECT_EQ(world.engine.state().open, std::set{other});
    EXPECT_EQ(world.engine.state().verdicts.at("search-down").finding, rules::Finding::unknown);
    EXPECT_THAT(left_to_humans(world.engine.state(), world.engine.policy()), IsEmpty());
    world.take(world.engine.observe({alert(Health::ok)}, world.now));
    world.pass(2min);
    EXPECT_THAT(world.engine.state().open, IsEmpty()) << "its sender was heard again";
  }
}

TEST(Resolved, the_last_that_rests_on_an_alert_ends_it) {
  World world{by_alert(true)};
  world.take(world.engine.observe({alert(Health::failing)}, world.now));
  ASSERT_TRUE(world.ask(ResolveIncident{world.engine.state().latest_of("checkout-down")->id, ""}));
  world.take(world.engine.observe({alert(Health::unknown)}, world.now));
  EXPECT_THAT(world.engine.state().signals, testing::SizeIs(1));
  ASSERT_TRUE(world.ask(ResolveIncident{world.engine.state().latest_of("search-down")->id, ""}));
  EXPECT_THAT(world.engine.state().signals, IsEmpty());
  world.take(world.engine.observe({alert(Health::failing)}, world.now));
  EXPECT_EQ(world.engine.state().open.size(), 2U) << "the next one is news to both";
}

TEST(Resolved, an_alert_is_let_go_of_once_nothing_that_rests_on_it_is_open) {
  for (const bool taken_out : {true, false}) {
    SCOPED_TRACE(taken_out ? "by a reload" : "by its rule");
    Policy policy = by_alert(true);
    rules::Condition probe = shop_policy().rules.front().when;
    policy.rules.back().when = {rules::Group{rules::Group::Kind::all, {policy.rules.front().when, std::move(probe)}}};
    World world{policy};
    world.see(Health::failing);
    world.take(world.engine.observe({alert(Health::failing)}, world.now));
    world.pass(1min);
    ASSERT_EQ(world.engine.state().open.size(), 2U);
    ASSERT_TRUE(world.ask(ResolveIncident{world.engine.state().latest_of("checkout-down")->id, ""}));
    world.take(world.engine.observe({alert(Health::unknown)}, world.now));
    EXPECT_TRUE(world.engine.state().signals.contains(alert(Health::unknown).id));
    if (taken_out) {
      policy.rules.pop_back();
      policy.responses.erase("search-down");
      world.take(world.engine.reconfigure(policy, world.now));
    } else {
      world.see(Health::ok);
      world.pass(2min);
      EXPECT_THAT(world.engine.state().open, IsEmpty());
    }
    EXPECT_FALSE(world.engine.state().signals.contains(alert(Health::unknown).id));
    EXPECT_EQ(world.engine.state().verdicts.at("checkout-down").finding, rules::Finding::quiet);
    world.take(world.engine.observe({alert(Health::failing)}, world.now));
    EXPECT_TRUE(world.engine.state().latest_of("checkout-down")->open()) << "the next one is news";
  }
}

// What a rule explains whose incident was ended.

}  // namespace
}  // namespace candor::incident
