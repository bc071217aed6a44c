#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;

TEST(HumanHands, a_rule_does_not_resolve_what_a_human_has_spoken_about) {
  World world = broken();
  ASSERT_TRUE(world.ask(PostUpdate{
      .incident = world.incident().id, .body = "A bad deploy; rolling back.", .status = Status::identified}));
  world.see(Health::ok);
  world.pass(24h);
  EXPECT_TRUE(world.incident().open());
  EXPECT_EQ(world.incident().status, Status::identified) << "nothing the human said was changed";
}

TEST(HumanHands, an_ack_alone_leaves_the_end_to_the_rule) {
  World world = broken();
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "link"}));
  EXPECT_EQ(world.incident().lead, "ana");
  world.see(Health::ok);
  world.pass(2min);
  EXPECT_EQ(world.incident().status, Status::resolved);
}

TEST(HumanHands, a_taken_lead_keeps_the_end_for_the_human) {
  World world = broken();
  ASSERT_TRUE(world.ask(TakeLead{world.incident().id, "ana"}));
  world.see(Health::ok);
  world.pass(24h);
  EXPECT_TRUE(world.incident().open());
}

TEST(HumanHands, a_human_opens_and_ends_an_incident_of_his_own) {
  World world;
  const auto id = world.ask(OpenIncident{.title = "Search is slow",
                                         .body = "We are looking.",
                                         .impact = Impact::minor,
                                         .components = {{"search", ComponentStatus::degraded_performance}}});
  ASSERT_TRUE(id);
  EXPECT_EQ(component_status(world.engine.state(), "search"), ComponentStatus::degraded_performance);
  world.pass(48h);
  EXPECT_TRUE(world.incident().open()) << "no rule ends it";
  ASSERT_TRUE(world.ask(ResolveIncident{*id, "A full disk; we added space."}));
  EXPECT_EQ(world.last_words(), "A full disk; we added space.");
  EXPECT_EQ(world.incident().status, Status::resolved);
}

TEST(HumanHands, an_incident_opened_without_words_is_for_responders_only) {
  World world;
  ASSERT_TRUE(
      world.ask(OpenIncident{.title = "Odd latency", .components = {{"search", ComponentStatus::partial_outage}}}));
  EXPECT_FALSE(world.incident().published_at);
  EXPECT_EQ(component_status(world.engine.state(), "search"), ComponentStatus::operational);
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, ""}));
  EXPECT_FALSE(world.incident().published_at);
}

TEST(HumanHands, a_human_may_page) {
  World world;
  ASSERT_TRUE(world.ask(OpenIncident{.title = "Help", .escalation = "payments"}));
  EXPECT_EQ(world.pages(), std::vector<std::string>{"contact:ana/1"});
  EXPECT_FALSE(world.ask(OpenIncident{.title = "Help", .escalation = "nobody"}));
}

TEST(HumanHands, only_the_named_components_change_with_an_update) {
  World world = broken();
  ASSERT_TRUE(world.ask(PostUpdate{.incident = world.incident().id,
                                   .body = "Cards work again.",
                                   .components = {{"checkout", ComponentStatus::partial_outage},
                                                  {"search", ComponentStatus::degraded_performance}}}));
  EXPECT_EQ(world.incident().components.at("checkout"), ComponentStatus::partial_outage);
  EXPECT_EQ(world.incident().components.at("search"), ComponentStatus::degraded_performance);
}

TEST(HumanHands, what_cannot_be_done_is_refused_with_a_reason_and_changes_nothing) {
  World world = broken();
  const std::string id = world.incident().id;
  const State before = world.engine.state();
  const auto kind_of = [](const auto& answer) { return answer ? std::nullopt : std::optional{answer.error().kind}; };
  using Kind = Rejection::Kind;
  EXPECT_EQ(kind_of(world.ask(PostUpdate{.incident = "nosuch", .body = "x"})), Kind::not_found);
  EXPECT_EQ(kind_of(world.ask(PostUpdate{.incident = id, .body = " \n"})), Kind::invalid);
  EXPECT_EQ(kind_of(world.ask(PostUpdate{.incident = id, .body = std::string(25'001, 'x')})), Kind::invalid);
  EXPECT_EQ(kind_of(world.ask(PostUpdate{.incident = id, .body = "x", .status = Status::resolved})), Kind::invalid);
  EXPECT_EQ(kind_of(world.ask(PostUpdate{.incident = id, .body = "x", .title = std::string(256, 'x')})), Kind::invalid);
  EXPECT_EQ(kind_of(world.ask(VetoHolding{id, "too late"})), Kind::conflict);
  EXPECT_EQ(kind_of(world.ask(EditHolding{id, "", "too late"})), Kind::conflict);
  for (const char* lines : {"two\nlines", "two\u2028lines", "two\u2029lines", "two\u0085lines", "two\vlines"}) {
    EXPECT_EQ(kind_of(world.ask(OpenIncident{.title = lines})), Kind::invalid) << lines;
  }
  for (const char* unseen : {" \t", "\v\f", "\u00a0", "\u200b", "\u202e\u202c", "\u3000\ufeff"}) {
    EXPECT_EQ(kind_of(world.ask(OpenIncident{.title = unseen})), Kind::invalid) << unseen;
    EXPECT_EQ(kind_of(world.ask(OpenIncident{.title = "x", .body = unseen})), Kind::invalid) << unseen;
  }
  const auto typo =
      world.ask(PostUpdate{.incident = id, .body = "x", .components = {{"chekout", ComponentStatus::operational}}});
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().message.find("did you mean \"checkout\"?"), std::string::npos) << typo.error().message;
  const auto made_up = world.ask(
      OpenIncident{.title = "x", .components = {{std::string(1'000'000, 'y'), ComponentStatus::major_outage}}});
  EXPECT_LT(made_up.error().message.size(), 200U) << "little of it is repeated";
  EXPECT_EQ(world.engine.state(), before);
}

TEST(HumanHands, a_resolved_incident_takes_no_words_unless_it_is_reopened) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(world.ask(ResolveIncident{id, "Fixed."}));
  EXPECT_FALSE(world.ask(PostUpdate{.incident = id, .body = "One more thing."}));
  EXPECT_FALSE(world.ask(ResolveIncident{id, "Fixed again."}));
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id, .body = "It is back.", .status = Status::investigating}));
  EXPECT_TRUE(world.incident().open());
}

TEST(HumanHands, a_relapse_is_as_bad_as_its_rule_says_whatever_the_last_words_were) {
  World world = broken();
  const std::string id = world.incident().id;
  ASSERT_TRUE(world.ask(PostUpdate{.incident = id,
                                   .body = "Better.",
                                   .impact = Impact::minor,
                                   .components = {{"checkout", ComponentStatus::operational}}}));
  world.see(Health::ok);
  ASSERT_TRUE(world.ask(ResolveIncident{id, "Over."}));
  world.see(Health::failing);
  world.pass(30s);
  ASSERT_TRUE(world.incident().open());
  EXPECT_EQ(world.incident().impact, Impact::critical);
  EXPECT_EQ(component_status(world.engine.state(), "checkout"), ComponentStatus::major_outage);
}

TEST(HumanHands, a_human_resolve_stands_while_the_rule_still_holds) {
  World world = broken();
  ASSERT_TRUE(world.ask(ResolveIncident{world.incident().id, "Known; the probe is wrong."}));
  world.pass(1h);
  world.see(Health::unknown);
  world.pass(1min);
  world.see(Health::failing);
  world.pass(1h);
  EXPECT_FALSE(world.incident().open()) << "the same failure, seen again after a silence, is no relapse";
  EXPECT_EQ(world.engine.state().incidents.size(), 1U);
}

}  // namespace
}  // namespace candor::incident
