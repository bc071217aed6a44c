#include <gmock/gmock.h>

#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;

TEST(Incident, opens_when_its_rule_holds_and_says_so_at_once) {
  World world;
  world.see(Health::failing);
  world.pass(29s);
  EXPECT_TRUE(world.engine.state().incidents.empty()) << "`for` has not run out";
  world.pass(1s);

  const Incident& it = world.incident();
  EXPECT_EQ(it.rule, "checkout-down");
  EXPECT_EQ(it.title, "Checkout is having problems");
  EXPECT_EQ(it.status, Status::investigating);
  EXPECT_EQ(it.impact, Impact::critical);
  EXPECT_EQ(it.components.at("checkout"), ComponentStatus::major_outage);
  EXPECT_EQ(it.opened_at, noon + 30s);
  EXPECT_EQ(it.failing_since, noon) << "customers hear when it began, not when the rule was sure";
  EXPECT_EQ(it.published_at, noon + 30s);
  EXPECT_EQ(it.lead, "") << "unowned until somebody acks";
  EXPECT_EQ(
      world.last_words(),
      "We are seeing errors (HTTP 503) on Checkout since 12:00 UTC. We are looking into it and do not know the cause "
      "yet. Next update by 12:15 UTC.");
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), ComponentStatus::major_outage);
  EXPECT_EQ(component_status(world.engine.state(), "search"), ComponentStatus::operational);
}

TEST(Incident, does_not_open_for_a_failure_shorter_than_for) {
  World world;
  world.see(Health::failing);
  world.pass(20s);
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.engine.state().incidents.empty());
  EXPECT_TRUE(world.deliveries.empty());
}

TEST(Incident, tells_responders_what_it_does_not_tell_customers) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_NE(world.incident().evidence.find("pay.internal"), std::string::npos);
  for (const Update& update : world.incident().updates) EXPECT_EQ(update.body.find("internal"), std::string::npos);
}

TEST(Incident, resolves_once_its_rule_has_been_quiet_long_enough) {
  World world;
  world.see(Health::failing);
  world.pass(1min);
  world.see(Health::ok);
  world.pass(2min - 1ms);
  EXPECT_TRUE(world.incident().open());
  world.pass(1ms);
  EXPECT_EQ(world.incident().status, Status::resolved);
  EXPECT_EQ(world.last_words(),
            "Checkout no longer has this problem: our checks have not seen it since 12:01 UTC. It began at 12:00 UTC.");
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), ComponentStatus::operational);
  EXPECT_EQ(world.incident().updates.back().actor.name, "rule:checkout-down");
}

TEST(Incident, a_flap_within_resolve_after_keeps_it_open) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  for (int i = 0; i < 10; ++i) {
    world.see(Health::ok);
    world.pass(90s);
    world.see(Health::failing);
    world.pass(31s);
  }
  EXPECT_TRUE(world.incident().open());
  EXPECT_EQ(world.changes<IncidentOpened>().size(), 1U);
}

TEST(Incident, a_relapse_within_reopen_within_continues_it_and_pages_again) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(2min);
  ASSERT_FALSE(world.incident().open());
  const std::size_t pages = world.pages().size();

  world.see(Health::failing);
  world.pass(30s);
  EXPECT_TRUE(world.incident().open());
  EXPECT_EQ(world.incident().status, Status::investigating);
  EXPECT_NE(world.last_words().find("problems again"), std::string::npos) << world.last_words();
  EXPECT_EQ(world.pages().size(), pages + 1);
}

TEST(Incident, a_relapse_after_reopen_within_is_a_new_one) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(2min + 31min);
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.engine.state().incidents.size(), 2U);
}

TEST(Incident, a_silent_probe_neither_opens_nor_resolves) {
  World world;
  world.see(Health::unknown);
  world.pass(1h);
  EXPECT_TRUE(world.engine.state().incidents.empty());

  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::unknown);
  world.pass(24h);
  EXPECT_TRUE(world.incident().open()) << "silence is not recovery";

  world.see(Health::failing);
  EXPECT_TRUE(world.incident().open());
  EXPECT_EQ(world.changes<IncidentOpened>().size(), 1U);
}

TEST(Incident, keeps_each_promise_of_a_next_update) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.pass(15min);
  EXPECT_EQ(world.last_words(), "We have nothing new to report since our last update. Next update by 12:30 UTC.");
  world.pass(45min);
  EXPECT_EQ(world.incident().updates.size(), 5U);
}

TEST(Incident, does_not_end_while_something_fails_that_is_not_yet_over_its_for) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(110s);
  world.see(Health::failing);
  world.pass(20s);
  EXPECT_TRUE(world.incident().open()) << "quiet for two minutes, but for the last 20 seconds";
  world.see(Health::ok);
  world.pass(119s);
  EXPECT_TRUE(world.incident().open()) << "two minutes without a problem begin when the last one was over";
  world.pass(1s);
  EXPECT_FALSE(world.incident().open());
  EXPECT_THAT(world.changes<IncidentOpened>(), testing::SizeIs(1));
}

TEST(Incident, a_relapse_after_a_human_reopened_it_wakes_someone) {
  World world;
  world.see(Health::failing);
  world.pass(31s);
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "Fixed."}));
  ASSERT_TRUE(
      world.ask(PostUpdate{.incident = world.incident().id, .body = "Not yet.", .status = Status::investigating}));
  const std::size_t paged = world.pages().size();
  world.see(Health::ok);
  world.pass(1min);
  EXPECT_EQ(world.pages().size(), paged) << "a human has it in hand";
  world.see(Health::failing);
  world.pass(31s);
  EXPECT_EQ(world.pages().size(), paged + 1);
}

TEST(Incident, an_escalation_that_a_reload_brings_back_goes_on) {
  World world;
  world.see(Health::failing);
  world.pass(31s);
  Policy without = shop_policy();
  without.oncall.escalations.clear();
  without.responses["checkout-down"].escalation.clear();
  world.take(world.engine.reconfigure(without, world.now));
  world.pass(6min);
  EXPECT_TRUE(world.incident().escalation.exhausted);
  EXPECT_EQ(world.pages().size(), 1U);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_EQ(world.pages().back(), "contact:bo/2");
  EXPECT_TRUE(world.incident().escalation.due);
}

TEST(Incident, keeps_a_promise_by_the_minute_that_was_told) {
  World world;
  world.see(Health::failing);
  world.pass(59s);
  EXPECT_THAT(world.last_words(), testing::HasSubstr("Next update by 12:15 UTC"));
  EXPECT_EQ(world.incident().next_update, noon + 15min);
  world.pass(15min);
  EXPECT_THAT(world.last_words(), testing::HasSubstr("We have nothing new to report"));
  EXPECT_EQ(world.incident().updates.back().at, noon + 15min);
}

TEST(Incident, resolves_nothing_after_a_restart_before_probes_and_sources_could_speak) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(1min);
  const State saved = world.engine.state();

  Policy policy = shop_policy();
  policy.restart_grace = 5min;
  Engine restarted{policy, saved};
  const Instant back = world.now + 1h;
  const Decision decision = restarted.begin(1, back, world.now);
  ASSERT_EQ(decision.events.size(), 1U) << "nothing changed while it was down";
  EXPECT_TRUE(std::holds_alternative<Returned>(decision.events.front().change));
  (void)restarted.tick(back + 5min - 1ms);
  EXPECT_FALSE(restarted.state().open.empty());
  (void)restarted.tick(back + 5min);
  EXPECT_TRUE(restarted.state().open.empty());
}

TEST(Incident, has_a_name_of_its_own_where_the_journal_has_forgotten_another) {
  World world;
  const State before = world.engine.state();
  world.see(Health::failing);
  world.pass(30s);
  Engine restored{shop_policy(), before};
  EXPECT_TRUE(restored.begin(0xABCD, world.now).empty()) << "it begins nothing anew before it names something";
  Decision opened = restored.observe({checkout(Health::failing)}, world.now);
  opened = restored.tick(world.now + 30s);
  ASSERT_FALSE(opened.deliveries.empty());
  EXPECT_FALSE(restored.state().incidents.contains(world.incident().id));
  for (const Delivery& delivery : opened.deliveries) EXPECT_FALSE(world.engine.state().pending.contains(delivery.id));
  EXPECT_EQ(restored.state().begun_at, before.begun_at);
  const Decision none = restored.reconfigure(shop_policy(), world.now + 1min);
  EXPECT_TRUE(none.empty()) << "a reload goes on with its names";
}

TEST(Incident, goes_on_with_a_running_for_after_a_restart) {
  World world;
  world.see(Health::failing);
  world.pass(20s);
  Engine restarted{shop_policy(), world.engine.state()};
  EXPECT_TRUE(restarted.begin(1, world.now + 5s, world.now).empty());
  EXPECT_EQ(restarted.due(), noon + 30s);
}

TEST(Incident, stays_open_for_a_human_when_its_rule_is_taken_out_of_the_configuration) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  Policy without = shop_policy();
  without.rules.clear();
  without.responses.clear();
  world.take(world.engine.reconfigure(without, world.now));
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, ""}));
  EXPECT_FALSE(world.incident().open());
}

Policy without_rule() {
  Policy policy = shop_policy();
  policy.rules.clear();
  policy.responses.clear();
  return policy;
}

Policy of_another_component() {
  Policy policy = shop_policy();
  std::get<rules::SignalLeaf>(policy.rules.front().when.node).matchers =
      *rules::parse_matchers(R"(component="chekout")");
  return policy;
}

void reload(World& world, const Policy& policy) { world.take(world.engine.reconfigure(policy, world.now)); }

void start_with(World& world, const Policy& policy) {
  world.engine = Engine{policy, world.engine.state()};
  world.take(world.engine.begin(43, world.now, world.now));
}

TEST(Incident, of_a_rule_that_was_out_and_is_back_quiet_is_left_to_humans) {
  for (const auto configure : {reload, start_with}) {
    for (const bool seen_well : {false, true}) {
      World world = broken();
      configure(world, without_rule());
      if (seen_well) world.see(Health::ok);
      world.pass(1h);
      configure(world, seen_well ? shop_policy() : of_another_component());
      world.pass(1h);
      EXPECT_TRUE(world.incident().open()) << "the rule saw no end";
      EXPECT_EQ(left_to_humans(world.engine.state(), world.engine.policy()),
                std::vector<std::string>{world.incident().id});
    }
  }
}

TEST(Incident, that_nobody_saw_end_is_not_ended_by_way_of_its_rule_being_out) {
  World world = broken();
  reload(world, of_another_component());
  world.pass(1min);
  reload(world, without_rule());
  world.pass(1min);
  reload(world, of_another_component());
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
}

TEST(Incident, of_a_rule_that_was_out_and_is_back_unknown_is_not_ended_by_what_is_well_then) {
  World world = broken();
  reload(world, without_rule());
  world.see(Health::unknown);
  reload(world, shop_policy());
  world.see(Health::ok);
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
}

TEST(Incident, of_a_rule_that_was_out_ends_when_that_holds_again_and_then_ends) {
  for (const bool at_once : {false, true}) {
    World world = broken();
    reload(world, without_rule());
    if (!at_once) world.see(Health::ok);
    world.pass(1min);
    reload(world, shop_policy());
    world.pass(1min);
    world.see(Health::failing);
    world.pass(1min);
    EXPECT_TRUE(world.incident().open());
    world.see(Health::ok);
    world.pass(2min);
    EXPECT_FALSE(world.incident().open());
  }
}

TEST(Incident, a_probe_renamed_in_a_reload_ends_nothing_before_its_successor_has_spoken) {
  World world;
  world.see(Health::failing);
  world.pass(1min);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  const std::vector gone{checkout(Health::ok).id};
  world.take(world.engine.forget(gone, world.now));
  world.pass(shop_policy().restart_grace - 1ms);
  EXPECT_TRUE(world.incident().open());
}

TEST(Incident, what_a_reload_takes_out_ends_nothing_that_nobody_saw_end) {
  World world;
  world.see(Health::failing);
  world.pass(1min);
  world.take(world.engine.forget(std::vector{checkout(Health::ok).id}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.incident().open()) << "its probe is gone, and was failing";
  EXPECT_THAT(world.changes<VerdictChanged>().back().verdict.evidence,
              testing::HasSubstr("resolve the incident by hand"));
  world.see(Health::failing);
  world.pass(1min);
  world.see(Health::ok);
  world.pass(2min);
  EXPECT_FALSE(world.incident().open()) << "its successor was seen to be well";
}

TEST(Incident, what_was_taken_out_ends_nothing_when_it_comes_back_well) {
  for (const Health meanwhile : {Health::unknown, Health::failing}) {
    World world;
    world.see(Health::failing);
    world.pass(1min);
    world.take(world.engine.forget(std::vector{checkout(Health::ok).id}, world.now));
    world.see(meanwhile);
    world.pass(10s);  // too short to hold
    world.see(Health::ok);
    world.pass(1h);
    EXPECT_TRUE(world.incident().open());
  }
}

TEST(Incident, what_a_reload_leaves_unknown_ends_nothing) {
  World world;
  rules::Observation other = checkout(Health::unknown);
  other.id.labels.set("probe", "checkout-tcp");
  world.see(Health::failing);
  world.take(world.engine.observe({other}, world.now));
  world.pass(1min);
  world.take(world.engine.forget(std::vector{checkout(Health::ok).id}, world.now));
  other.health = Health::ok;
  world.take(world.engine.observe({other}, world.now));
  world.pass(1h);
  EXPECT_TRUE(world.incident().open()) << "what was failing is gone, and the other one was not";
}

TEST(Incident, a_condition_changed_while_candor_was_off_ends_nothing_that_nobody_saw_end) {
  World world;
  world.see(Health::failing);
  world.pass(1min);
  start_with(world, of_another_component());
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
}

TEST(Incident, a_condition_changed_by_a_reload_ends_nothing_that_nobody_saw_end) {
  World world;
  world.see(Health::failing);
  world.pass(1min);
  reload(world, of_another_component());
  world.pass(1h);
  EXPECT_TRUE(world.incident().open());
  reload(world, shop_policy());
  world.pass(1min);
  world.see(Health::ok);
  world.pass(2min);
  EXPECT_FALSE(world.incident().open());
}

TEST(Incident, a_reload_of_the_same_policy_changes_nothing) {
  World world;
  world.see(Health::failing);
  world.pass(40s);
  const State before = world.engine.state();
  EXPECT_TRUE(world.engine.reconfigure(shop_policy(), world.now).empty());
  EXPECT_EQ(world.engine.state(), before);
}

TEST(Incident, a_start_judges_no_rule_without_the_probes_that_have_not_run) {
  Policy policy = shop_policy();
  rules::SignalLeaf well;
  well.matchers = *rules::parse_matchers(R"(component="checkout")");
  well.health = Health::ok;
  rules::Group none_is_well{.kind = rules::Group::Kind::negation};
  none_is_well.parts.push_back({well});
  policy.rules.front().when = {none_is_well};
  Engine engine{policy, {}};
  rules::Observation fresh = checkout(Health::unknown);
  (void)engine.begin(42, noon, {}, {fresh});
  EXPECT_TRUE(engine.state().incidents.empty());
  EXPECT_EQ(engine.state().verdicts.at("checkout-down").finding, rules::Finding::unknown);
  (void)engine.observe({checkout(Health::failing)}, noon + 1s);
  EXPECT_EQ(engine.state().incidents.size(), 1U);
}

TEST(Incident, an_unknown_signal_is_journalled_once_more_when_it_says_why) {
  World world;
  rules::Observation seen = checkout(Health::unknown);
  const std::string why = std::exchange(seen.evidence, "");
  world.take(world.engine.observe({seen}, world.now));
  world.pass(1s);
  seen.evidence = why;
  world.take(world.engine.observe({seen}, world.now));
  EXPECT_EQ(world.engine.state().signals.at(seen.id).evidence, why);
  EXPECT_EQ(world.engine.state().signals.at(seen.id).since, noon);
  seen.evidence = "another";
  EXPECT_TRUE(world.engine.observe({seen}, world.now).empty());
}

TEST(Incident, what_a_target_said_becomes_text_before_it_is_journalled) {
  World world;
  rules::Observation seen = checkout(Health::failing);
  seen.evidence = "said \xFF";
  world.take(world.engine.observe({seen}, world.now));
  EXPECT_EQ(world.changes<SignalChanged>().back().seen.evidence, "said \xEF\xBF\xBD");
}

TEST(Source, is_remembered_until_it_is_no_longer_configured) {
  World world;
  world.take(world.engine.source_changed("prometheus:main", false, "no answer", world.now));
  EXPECT_FALSE(world.engine.state().sources.at("prometheus:main").answering);
  EXPECT_TRUE(world.engine.source_changed("prometheus:main", false, "still none", world.now).empty());
  world.take(world.engine.source_forgotten("prometheus:main", world.now));
  EXPECT_TRUE(world.engine.state().sources.empty());
}

TEST(Heartbeat, is_remembered_until_its_probe_is_no_longer_configured) {
  World world;
  world.take(world.engine.heartbeat("backup", 2, "disk full", world.now));
  EXPECT_EQ(world.engine.state().heartbeats.at("backup").message, "disk full");
  EXPECT_TRUE(world.engine.heartbeat_forgotten("report", world.now).empty());
  world.take(world.engine.heartbeat_forgotten("backup", world.now));
  EXPECT_TRUE(world.engine.state().heartbeats.empty());
}

TEST(Heartbeat, knows_when_calls_were_not_heard) {
  World world;
  const auto start_again = [&world](Duration later) {
    world.now += later;
    world.take(Engine{shop_policy(), world.engine.state()}.begin(42, world.now));
  };
  start_again(1h);
  EXPECT_TRUE(world.changes<Returned>().empty()) << "no job calls";
  world.take(world.engine.heartbeat("backup", 0, "", world.now));
  start_again(15s);
  EXPECT_TRUE(world.changes<Returned>().empty()) << "a restart is no absence";
  EXPECT_TRUE(Engine(shop_policy(), world.engine.state()).reconfigure(shop_policy(), world.now + 1h).empty())
      << "nor is a reload";
  start_again(1s);
  ASSERT_EQ(world.changes<Returned>().size(), 1U);
  State state = world.engine.state();
  apply(state, world.events.back());
  EXPECT_EQ(state.absences, (std::vector<Absence>{{world.now - 16s, world.now, world.now}}));
  world.now += 1h;
  world.take(Engine{shop_policy(), world.engine.state()}.begin(42, world.now, world.now - 15s));
  EXPECT_EQ(world.changes<Returned>().size(), 1U) << "it was there, though nothing happened";
  world.take(Engine{shop_policy(), world.engine.state()}.begin(42, world.now, world.now - 20s));
  ASSERT_EQ(world.changes<Returned>().size(), 2U);
  EXPECT_EQ(world.changes<Returned>().back().off_since, world.now - 20s);
  world.take(world.engine.heard_nothing(world.now - 5s, world.now));
  EXPECT_EQ(world.changes<Returned>().back().off_since, world.now - 5s) << "the disk took nothing in";
  EXPECT_TRUE(World{}.engine.heard_nothing(noon, noon + 5s).empty()) << "no job calls";
  Event returned = world.events.back();
  apply(state, returned);
  const std::size_t known = state.absences.size();
  apply(state, returned);
  EXPECT_EQ(state.absences.size(), known) << "two in a row are one";
  for (int i = 0; i < 9; ++i) {
    returned.at += 1h;
    std::get<Returned>(returned.change).off_since += 1h;
    apply(state, returned);
  }
  EXPECT_EQ(state.absences.size(), 8U);
}

TEST(Incident, every_event_names_its_actor) {
  World world;
  world.see(Health::failing);
  world.pass(20min);
  world.see(Health::ok);
  world.pass(1h);
  for (const Event& event : world.events) EXPECT_FALSE(event.actor.name.empty()) << token(event.change);
}

}  // namespace
}  // namespace candor::incident
