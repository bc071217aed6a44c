#include <fmt/format.h>

#include "base/time.h"
#include "daemon/incident/left.h"
#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;
using Pages = std::vector<std::string>;

TEST(Paging, goes_through_the_steps_and_rounds_until_somebody_acks) {
  World world = broken();
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1"}));
  world.pass(5min);
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:bo/1", "contact:bo/2"}))
      << "every method of the next contact";
  world.pass(10min);
  EXPECT_EQ(world.pages().size(), 4U) << "the second round begins";
  EXPECT_EQ(world.incident().escalation.round, 2U);
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "api"}));
  world.pass(24h);
  EXPECT_EQ(world.pages().size(), 4U) << "no page after an ack";
  EXPECT_EQ(world.incident().lead, "ana");
}

TEST(Paging, says_so_when_nobody_acked) {
  World world = broken();
  world.pass(30min - 1ms);
  EXPECT_TRUE(world.changes<EscalationExhausted>().empty());
  world.pass(1ms);
  ASSERT_EQ(world.changes<EscalationExhausted>().size(), 1U);
  EXPECT_TRUE(world.incident().escalation.exhausted);
  EXPECT_EQ(world.pages().size(), 6U);
  world.pass(24h);
  EXPECT_EQ(world.changes<EscalationExhausted>().size(), 1U);
}

TEST(Paging, an_ack_withdraws_the_pages_still_on_their_way) {
  World world = broken();
  world.pass(5min);
  const std::string first = world.deliveries.front().id;
  world.end_delivery(first, DeliveryEnd::delivered);
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "link"}));
  const auto ended = world.changes<DeliveryEnded>();
  ASSERT_EQ(ended.size(), 3U);
  EXPECT_EQ(ended[1].end, DeliveryEnd::superseded);
  EXPECT_EQ(ended[2].end, DeliveryEnd::superseded);
  EXPECT_TRUE(world.engine.state().pending.empty());
}

TEST(Paging, a_page_that_cannot_arrive_takes_the_next_step_at_once) {
  World world = broken();
  world.end_delivery(world.deliveries.front().id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:bo/1", "contact:bo/2"}));
  world.end_delivery(world.deliveries[1].id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages().size(), 3U) << "bo has another method under way";
  world.end_delivery(world.deliveries[2].id, DeliveryEnd::delivered);
  EXPECT_EQ(world.pages().size(), 3U);
}

TEST(Paging, a_receiver_that_is_away_for_a_moment_does_not_use_up_every_round) {
  World world = broken();
  for (std::size_t i = 0; i < world.deliveries.size(); ++i)
    world.end_delivery(world.deliveries[i].id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages().size(), 3U) << "every step once, at once";
  EXPECT_TRUE(world.changes<EscalationExhausted>().empty());
  world.pass(10min);
  EXPECT_EQ(world.incident().escalation.round, 2U) << "the next round, in its time";
}

TEST(Paging, taking_the_lead_stops_it) {
  World world = broken();
  ASSERT_TRUE(world.ask(TakeLead{world.incident().id, "bo"}));
  EXPECT_EQ(world.incident().lead, "bo");
  world.pass(24h);
  EXPECT_EQ(world.pages().size(), 1U);
}

TEST(Paging, continues_the_same_countdown_after_a_restart) {
  World world = broken();
  world.pass(2min);
  Engine restarted{shop_policy(), world.engine.state()};
  EXPECT_TRUE(restarted.begin(1, world.now, world.now).empty());
  EXPECT_EQ(restarted.due(), noon + 30s + 5min);
}

TEST(Paging, takes_one_step_after_a_long_absence_and_not_all_that_were_missed) {
  World world = broken();
  Engine restarted{shop_policy(), world.engine.state()};
  const Instant back = world.now + 12h;
  (void)restarted.begin(1, back);
  const Decision decision = restarted.tick(back);
  std::size_t pages = 0;
  for (const Delivery& delivery : decision.deliveries) pages += delivery.kind == Delivery::Kind::page ? 1U : 0U;
  EXPECT_EQ(pages, 2U) << "bo, by both methods";
}

TEST(Paging, acking_twice_is_harmless_and_a_second_person_is_told_who_leads) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(world.ask(AckPage{id, "link"}));
  const std::size_t events = world.events.size();
  EXPECT_TRUE(world.ask(AckPage{id, "link"}));
  EXPECT_EQ(world.events.size(), events);
  const auto second = world.ask(AckPage{id, "api"}, {"contact:bo", true});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Rejection::Kind::conflict);
  EXPECT_NE(second.error().message.find("contact:ana"), std::string::npos);
}

TEST(Paging, an_ack_after_the_lead_changed_hands_is_told_who_leads_now) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(world.ask(AckPage{id, "api"}));
  ASSERT_TRUE(world.ask(TakeLead{id, "bo"}, {"contact:bo", true}));
  const std::size_t events = world.events.size();
  const auto former = world.ask(AckPage{id, "api"});
  ASSERT_FALSE(former);
  EXPECT_EQ(former.error().kind, Rejection::Kind::conflict);
  EXPECT_TRUE(former.error().message.starts_with("bo leads incident " + id + ", which contact:ana acked at "))
      << former.error().message;
  EXPECT_TRUE(world.ask(AckPage{id, "api"}, {"contact:bo", true})) << "who leads already";
  EXPECT_EQ(world.events.size(), events);
}

TEST(Paging, an_ack_repeated_after_the_end_is_told_that_it_is_over) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(world.ask(AckPage{id, "api"}));
  ASSERT_TRUE(world.ask(ResolveIncident{id, ""}));
  const auto late = world.ask(AckPage{id, "api"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Rejection::Kind::conflict);
  EXPECT_EQ(late.error().message, "incident " + id + " is resolved already; nothing to ack");
}

TEST(Paging, those_who_were_paged_hear_the_end) {
  World world = broken();
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "link"}));
  world.see(Health::ok);
  world.pass(2min);
  EXPECT_EQ(world.deliveries.back().kind, Delivery::Kind::resolved);
  EXPECT_EQ(world.deliveries.back().destination, "contact:ana/1");
}

TEST(Paging, a_page_says_what_a_woken_human_needs) {
  World world = broken();
  const Message& message = world.deliveries.front().message;
  EXPECT_EQ(message.title, "Checkout is having problems");
  EXPECT_EQ(message.components, std::vector<std::string>{"Checkout"});
  EXPECT_NE(message.evidence.find("HTTP 503"), std::string::npos);
  EXPECT_EQ(message.incident_path, "/incidents/" + world.incident().id);
}

TEST(Paging, goes_on_with_its_rules_escalation_where_its_own_was_renamed) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  EXPECT_EQ(world.pages(), (std::vector<std::string>{"contact:ana/1"}));
  Policy renamed = shop_policy();
  renamed.oncall.escalations = {{"money", renamed.oncall.escalations.at("payments")}};
  renamed.oncall.escalations.at("money").name = "money";
  renamed.responses.at("checkout-down").escalation = "money";
  world.take(world.engine.reconfigure(renamed, world.now));
  world.pass(5min);
  EXPECT_EQ(world.pages(), (std::vector<std::string>{"contact:ana/1", "contact:bo/1", "contact:bo/2"}));
  renamed.responses.at("checkout-down").escalation.clear();
  renamed.oncall.escalations.clear();
  world.take(world.engine.reconfigure(renamed, world.now));
  world.pass(10min);
  EXPECT_EQ(world.changes<EscalationExhausted>().back().why, "escalation money is no longer configured");
}

TEST(Paging, an_escalation_that_is_gone_is_told_until_somebody_leads) {
  World world = broken();
  Policy without = shop_policy();
  without.responses.at("checkout-down").escalation.clear();
  without.oncall.escalations.clear();
  const auto lost = [&world] { return lost_escalations(world.engine.state(), world.engine.policy()); };
  const std::vector<Lost> payments{{world.incident().id, "payments"}};
  EXPECT_TRUE(lost().empty());
  world.take(world.engine.reconfigure(without, world.now));
  EXPECT_EQ(lost(), payments) << "before its next step is due";
  world.pass(1h);
  EXPECT_TRUE(world.incident().escalation.exhausted);
  EXPECT_EQ(lost(), payments);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_TRUE(lost().empty());
  world.take(world.engine.reconfigure(without, world.now));
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "api"}));
  EXPECT_TRUE(lost().empty());
}

/// Of a rule that pages nobody.
Policy unpaged() {
  Policy policy = shop_policy();
  policy.responses.at("checkout-down").escalation.clear();
  return policy;
}

World broken_and_unpaged() {
  World world{unpaged()};
  world.see(Health::failing);
  world.pass(1min);
  EXPECT_TRUE(world.pages().empty());
  return world;
}

TEST(Paging, begins_at_once_where_a_reload_gives_the_rule_of_an_open_incident_an_escalation) {
  World world = broken_and_unpaged();
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1"}));
  EXPECT_EQ(world.incident().escalation.escalation, "payments");
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  Engine restarted{shop_policy(), world.engine.state()};
  EXPECT_TRUE(restarted.begin(1, world.now).deliveries.empty()) << "once";
  EXPECT_EQ(world.pages().size(), 1U) << "once";
  world.pass(5min);
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:bo/1", "contact:bo/2"}));
  world.take(world.engine.reconfigure(unpaged(), world.now));
  world.pass(25min);
  EXPECT_TRUE(world.incident().escalation.exhausted) << "it goes to its end without the rule's `page`";
}

TEST(Paging, begins_at_the_start_that_gives_the_rule_of_an_open_incident_an_escalation) {
  const World world = broken_and_unpaged();
  Engine restarted{shop_policy(), world.engine.state()};
  const Decision decision = restarted.begin(1, world.now);
  ASSERT_EQ(decision.deliveries.size(), 1U);
  EXPECT_EQ(decision.deliveries.front().destination, "contact:ana/1");
}

TEST(Paging, begins_for_nobody_who_leads_monitors_or_sees_the_end) {
  const auto pages_after = [](const auto& happens) {
    World world = broken_and_unpaged();
    happens(world);
    world.take(world.engine.reconfigure(shop_policy(), world.now));
    return world.pages().size();
  };
  const auto id = [](const World& world) { return world.incident().id; };
  EXPECT_EQ(pages_after([](World&) {}), 1U);
  EXPECT_EQ(pages_after([&id](World& world) { EXPECT_TRUE(world.ask(AckPage{id(world), "api"})); }), 0U);
  EXPECT_EQ(pages_after([&id](World& world) { EXPECT_TRUE(world.ask(TakeLead{id(world), "bo"})); }), 0U);
  EXPECT_EQ(pages_after([&id](World& world) {
              EXPECT_TRUE(world.ask(PostUpdate{.incident = id(world), .body = "b", .status = Status::monitoring}));
            }),
            0U);
  EXPECT_EQ(pages_after([](World& world) { world.see(Health::ok); }), 0U) << "quiet";
  EXPECT_EQ(pages_after([&id](World& world) { EXPECT_TRUE(world.ask(ResolveIncident{id(world), ""})); }), 0U);
}

TEST(Paging, begins_when_a_rule_with_a_new_escalation_holds_again) {
  for (const Duration quiet : {Duration{1min}, Duration{5min}}) {
    World world = broken_and_unpaged();
    world.see(Health::ok);
    world.take(world.engine.reconfigure(shop_policy(), world.now));
    world.pass(quiet);
    EXPECT_TRUE(world.pages().empty());
    world.see(Health::failing);
    world.pass(30s);
    EXPECT_EQ(world.pages(), (Pages{"contact:ana/1"}));
  }
}

TEST(Paging, takes_a_step_anew_where_whom_it_paged_was_renamed) {
  Policy policy = shop_policy();
  policy.oncall.escalations.at("payments") = {.name = "payments", .steps = {{{"ana"}, 1h}}, .repeat = 1};
  World world{policy};
  world.see(Health::failing);
  world.pass(30s);
  policy.oncall.contacts["anna"] = policy.oncall.contacts.extract("ana").mapped();
  policy.oncall.escalations.at("payments").steps.front().contacts = {"anna"};
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages(), (std::vector<std::string>{"contact:ana/1", "contact:anna/1"}));
  EXPECT_EQ(world.incident().escalation.step, 1U);
  for (const Delivery& page : std::vector{world.deliveries}) world.end_delivery(page.id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages().size(), 2U) << "the last step waits for its time";
}

TEST(Paging, withdraws_the_page_before_to_the_same_destination) {
  World world = broken();
  world.pass(15min);
  ASSERT_EQ(world.pages().size(), 4U);
  std::vector<std::string> waiting;
  for (const auto& [delivery, pending] : world.engine.state().pending) waiting.push_back(pending.destination);
  std::ranges::sort(waiting);
  EXPECT_EQ(waiting, (Pages{"contact:ana/1", "contact:bo/1", "contact:bo/2"})) << "a receiver that is back hears once";
  EXPECT_TRUE(world.engine.state().pending.contains(world.deliveries.back().id)) << "of the latest step";
}

TEST(Paging, takes_no_longer_for_an_incident_where_thousands_of_others_page_in_vain) {
  Policy policy = shop_policy();
  const Response response = policy.responses.at("checkout-down");
  policy.rules.clear();
  std::vector<rules::Observation> seen;
  for (int i = 0; i < 4000; ++i) {
    const std::string name = fmt::format("p{}", i);
    rules::SignalLeaf leaf;
    leaf.matchers = *rules::parse_matchers(fmt::format("probe=\"{}\"", name));
    policy.rules.push_back({.name = name, .when = {leaf}});
    policy.responses[name] = response;
    seen.push_back({.id = {rules::SignalKind::probe, "probe", {{"probe", name}}}, .health = Health::failing});
  }
  World world{policy};
  const Stopwatch opening;
  world.take(world.engine.observe(seen, world.now));
  const auto opened = opening.elapsed();
  world.now += 5min;
  const Stopwatch paging;
  world.take(world.engine.tick(world.now));
  EXPECT_LT(paging.elapsed(), 4 * opened);
  EXPECT_EQ(world.pages().size(), 12'000U);
}

/// The shop, whose rule pages bo and then the boss.
Policy paging_others(const std::string& name) {
  Policy policy = shop_policy();
  policy.oncall.contacts["boss"] = {.name = "boss", .methods = {"webhook"}};
  policy.oncall.escalations[name] = {.name = name, .steps = {{{"bo"}, 5min}, {{"boss"}, 5min}}, .repeat = 1};
  policy.responses.at("checkout-down").escalation = name;
  return policy;
}

TEST(Paging, goes_over_to_another_escalation_from_its_first_step) {
  World world = broken();
  const Policy others = paging_others("others");
  world.take(world.engine.reconfigure(others, world.now));
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:bo/1", "contact:bo/2"})) << "at the reload";
  EXPECT_EQ(world.engine.state().pending.size(), 2U) << "ana's is withdrawn";
  world.take(world.engine.reconfigure(others, world.now));
  EXPECT_EQ(world.pages().size(), 3U) << "once";
  world.pass(5min);
  EXPECT_EQ(world.pages().back(), "contact:boss/1");
  world.pass(1h);
  EXPECT_EQ(world.pages().size(), 4U);
}

TEST(Paging, begins_another_escalation_where_the_one_that_it_had_is_gone) {
  World world = broken();
  Policy others = paging_others("others");
  others.oncall.escalations.erase("payments");
  world.take(world.engine.reconfigure(others, world.now));
  EXPECT_EQ(world.pages().back(), "contact:bo/2");
  EXPECT_EQ(world.incident().escalation.step, 1U);
}

TEST(Paging, of_a_relapse_goes_to_whom_the_rule_names_now) {
  World world = broken();
  world.see(Health::ok);
  world.pass(2min);
  world.take(world.engine.reconfigure(paging_others("others"), world.now));
  const std::size_t before = world.pages().size();
  world.see(Health::failing);
  world.pass(30s);
  ASSERT_EQ(world.pages().size(), before + 2);
  EXPECT_EQ(world.pages().back(), "contact:bo/2");
}

TEST(Paging, is_tried_again_at_a_reload_where_no_page_could_arrive) {
  Policy policy = shop_policy();
  policy.oncall.escalations.at("payments") = {.name = "payments", .steps = {{{"ana"}, 5min}}, .repeat = 1};
  World world{policy};
  world.see(Health::failing);
  world.pass(30s);
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages().size(), 1U) << "it is on its way";
  world.end_delivery(world.deliveries.back().id, DeliveryEnd::dead);
  world.pass(1h);
  ASSERT_TRUE(world.incident().escalation.exhausted);
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages().size(), 2U) << "its address may be mended";
  EXPECT_FALSE(world.incident().escalation.exhausted);
  world.end_delivery(world.deliveries.back().id, DeliveryEnd::delivered);
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages().size(), 2U) << "it has arrived";
}

/// The shop with one step, to these and to nobody after them.
Policy one_step(std::vector<std::string> contacts) {
  Policy policy = shop_policy();
  policy.oncall.escalations.at("payments") = {.name = "payments", .steps = {{std::move(contacts), 5min}}, .repeat = 1};
  return policy;
}

TEST(Paging, is_tried_again_at_a_reload_for_whom_no_page_waits_while_others_do) {
  const Policy policy = one_step({"ana", "bo"});
  World world = broken(policy);
  const Pages first{"contact:ana/1", "contact:bo/1", "contact:bo/2"};
  world.end_delivery(world.deliveries.at(0).id, DeliveryEnd::dead);
  world.pass(2min);
  EXPECT_EQ(world.pages(), first);
  world.take(world.engine.reconfigure(policy, world.now));
  ASSERT_EQ(world.pages(), (Pages{first[0], first[1], first[2], "contact:ana/1"})) << "its address may be mended";
  EXPECT_EQ(world.changes<Paged>().back().contacts, (Pages{"ana"}));
  EXPECT_EQ(world.incident().escalation.due, noon + 30s + 5min) << "as before";
  EXPECT_EQ(world.engine.state().pending.size(), 3U) << "what waits goes on";
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages().size(), 4U) << "it is on its way";
  world.end_delivery(world.deliveries.back().id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages().size(), 4U) << "not before the configuration changes";
  world.end_delivery(world.deliveries.at(1).id, DeliveryEnd::delivered);
  world.take(world.engine.reconfigure(policy, world.now));
  EXPECT_EQ(world.pages().size(), 4U) << "somebody was reached";
}

TEST(Paging, is_tried_again_at_a_reload_while_pages_of_earlier_steps_wait) {
  World world = broken();
  world.pass(5min);
  for (const std::size_t bo : {1U, 2U}) world.end_delivery(world.deliveries.at(bo).id, DeliveryEnd::dead);
  ASSERT_EQ(world.pages().size(), 3U);
  world.take(world.engine.reconfigure(shop_policy(), world.now));
  EXPECT_EQ(world.pages().size(), 5U);
  EXPECT_EQ(world.pages().back(), "contact:bo/2");
  EXPECT_TRUE(world.engine.state().pending.contains(world.deliveries.front().id));
}

TEST(Paging, is_tried_again_where_the_method_that_waits_is_taken_out) {
  Policy policy = one_step({"ana"});
  policy.oncall.contacts.at("ana").methods = {"webhook", "webhook"};
  for (const bool restarts : {false, true}) {
    World world = broken(policy);
    world.end_delivery(world.deliveries.front().id, DeliveryEnd::dead);
    ASSERT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:ana/2"}));
    if (restarts) {
      world.engine = Engine{one_step({"ana"}), State{world.engine.state()}};
      world.take(world.engine.begin(7, world.now));
    } else {
      world.take(world.engine.reconfigure(one_step({"ana"}), world.now));
    }
    EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:ana/2", "contact:ana/1"}));
    world.end_delivery(world.deliveries.at(2).id, DeliveryEnd::dead);
    world.end_delivery(world.deliveries.at(1).id, DeliveryEnd::dead);
    EXPECT_EQ(world.pages().size(), 3U) << "not once more";
  }
}

TEST(Paging, goes_on_where_the_present_contact_was_paged_in_vain_before_the_former_ones_page_ends) {
  Policy policy = shop_policy();
  World world = broken(policy);
  policy.oncall.contacts["anna"] = policy.oncall.contacts.extract("ana").mapped();
  policy.oncall.escalations.at("payments").steps.front().contacts = {"anna"};
  world.take(world.engine.reconfigure(policy, world.now));
  ASSERT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:anna/1"}));
  world.end_delivery(world.deliveries.at(1).id, DeliveryEnd::dead);
  world.end_delivery(world.deliveries.at(0).id, DeliveryEnd::dead);
  EXPECT_EQ(world.pages(), (Pages{"contact:ana/1", "contact:anna/1", "contact:bo/1", "contact:bo/2"}));
}

/// The shop for `time`, reloaded or restarted every four minutes, where all pages to bo end dead at once; answers whom
/// it paged when.
Pages pages_past_a_dead_contact(Duration time, const auto& begin_anew) {
  World world = broken();
  std::size_t ended = 0;
  const auto answer = [&] {
    for (; ended < world.deliveries.size(); ++ended) {
      const Delivery page = world.deliveries[ended];
      const bool dead = page.destination.starts_with("contact:bo");
      world.end_delivery(page.id, dead ? DeliveryEnd::dead : DeliveryEnd::delivered);
    }
  };
  answer();
  for (const Instant end = world.now + time; world.now < end;) {
    for (int i = 0; i < 4; ++i) {
      world.pass(1min);
      answer();
    }
    begin_anew(world);
    answer();
  }
  Pages pages;
  for (const Delivery& page : world.deliveries) {
    if (page.destination == "contact:ana/1") pages.push_back(format_duration(page.at - noon - 30s));
  }
  return pages;
}

TEST(Paging, goes_past_a_dead_contact_in_its_time_however_often_it_is_reloaded_or_restarted) {
  const Pages in_time{"0s", "15m"};
  EXPECT_EQ(pages_past_a_dead_contact(1h, [](World&) {}), in_time);
  EXPECT_EQ(pages_past_a_dead_contact(
                24min, [](World& world) { world.take(world.engine.reconfigure(shop_policy(), world.now)); }),
            in_time);
  EXPECT_EQ(pages_past_a_dead_contact(24min,
                                      [](World& world) {
                                        world.engine = Engine{shop_policy(), State{world.engine.state()}};
                                        world.take(world.engine.begin(7, world.now));
                                      }),
            in_time);
}

TEST(Paging, ends_with_a_lead_that_is_taken_after_its_last_step) {
  World world = broken();
  world.pass(1h);
  ASSERT_TRUE(world.incident().escalation.exhausted);
  ASSERT_FALSE(world.engine.state().pending.empty());
  ASSERT_TRUE(world.ask(TakeLead{world.incident().id, "ana"}));
  EXPECT_TRUE(world.incident().escalation.acked_at);
  EXPECT_TRUE(world.engine.state().pending.empty()) << "no page is under way to her";
  Policy longer = shop_policy();
  longer.oncall.escalations.at("payments").repeat = 5;
  const std::size_t before = world.pages().size();
  world.take(world.engine.reconfigure(longer, world.now));
  EXPECT_EQ(world.pages().size(), before);
}

}  // namespace
}  // namespace candor::incident
