#include "daemon/incident/codec.h"

#include "world.h"

namespace candor::incident {
namespace {

/// One of each kind of event, every field set.
std::vector<Change> one_of_each() {
  const rules::SignalId alert{rules::SignalKind::alert, "push", {{"alertname", "Übung \"x\""}, {"severity", "page"}}};
  return {
      JournalBegun{0xFFFF'FFFF'FFFF'FFFFULL},
      SignalChanged{{alert, rules::Health::failing, "e", "s",
                     rules::AlertDetails{noon, {{"summary", "down"}}, "http://prom.example/graph", noon + 2h, noon}}},
      SignalForgotten{alert},
      SourceChanged{"prometheus:main", true, "answers"},
      SourceForgotten{"prometheus:main"},
      VerdictChanged{"r", {rules::Finding::explained, noon, noon - 2s, noon - 1s, "e", "s"}},
      RuleForgotten{"r"},
      IncidentOpened{"r",
                     "t",
                     Impact::critical,
                     {{"c", ComponentStatus::partial_outage}},
                     noon,
                     "e",
                     "s",
                     Playbook{"https://p.example", "2026-09-01"},
                     "x"},
      HoldingDrafted{"t", "b", "s", noon},
      HoldingEdited{"t", "b"},
      HoldingVetoed{"why"},
      UpdatePosted{"id", "body\nwith \x01 and \xF0\x9F\x94\xA5", true, noon},
      StatusChanged{Status::monitoring},
      ImpactChanged{Impact::minor},
      TitleChanged{"t"},
      ComponentStatusChanged{"c", ComponentStatus::degraded_performance},
      IncidentReopened{"e", "s", noon},
      LeadTaken{"ana"},
      Paged{2, 3, {"ana", "bo"}, noon, "x"},
      PageAcked{"link"},
      EscalationExhausted{"why"},
      DeliveryQueued{"d", Delivery::Kind::resolved, "contact:ana/1"},
      DeliveryEnded{"d", DeliveryEnd::dead, "HTTP 404"},
      ClockSet{-90min},
      HeartbeatReceived{"backup", 2, "disk full"},
      HeartbeatForgotten{"backup"},
      Returned{noon - 90min}};
}

TEST(Codec, gives_back_every_kind_of_event_as_it_was) {
  const std::vector<Change> changes = one_of_each();
  ASSERT_EQ(changes.size(), std::variant_size_v<Change>) << "a new kind of event belongs in this list";
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ASSERT_EQ(changes[i].index(), i);
    const std::string text = encode(changes[i]);
    const Result<Change> back = decode_change(token(changes[i]), text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->index(), i);
    EXPECT_EQ(encode(*back), text);
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

TEST(Codec, gives_back_every_byte_of_a_text_in_json_that_others_can_read) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string text = encode(Change{TitleChanged{bytes}});
  EXPECT_TRUE(text.starts_with(R"({"title":"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e)"));
  EXPECT_NE(text.find(R"( !\"#)"), std::string::npos);
  EXPECT_NE(text.find(R"([\\])"), std::string::npos);
  const Result<Change> back = decode_change("title_changed", text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<TitleChanged>(*back).title, bytes);
}

TEST(Codec, gives_back_the_whole_state_as_it_was) {
  World world;
  world.see(rules::Health::failing);
  world.pass(6min);
  ASSERT_TRUE(
      world.ask(PostUpdate{.incident = world.incident().id, .body = "Found it.", .status = Status::identified}));
  world.take(world.engine.source_changed("push", false, "no word", world.now));
  world.take(world.engine.heartbeat("backup", 2, "disk full", world.now));
  State state = world.engine.state();
  state.absences = {{noon, noon + 30min, noon + 1h}};
  state.sources["prometheus:main"] = {
      .answering = true, .since = noon, .evidence = "answers", .unheard = rules::Absence{noon, noon + 1h}};
  state.held_since = {{"checkout-down", noon}};
  state.held_before = {{"checkout-slow", {noon - 1min, noon}}};
  const Result<State> back = decode_state(encode(state));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, state);
  EXPECT_EQ(encode(*back), encode(state));
}

TEST(Codec, holds_against_nobody_who_pushes_that_an_absence_brought_no_answer) {
  State state;
  for (const std::string name : {"push", "push:prom:9090", "prometheus:main"}) {
    state.sources[name] = {
        .answering = true, .since = noon, .evidence = "", .unheard = rules::Absence{noon, noon + 1h}};
  }
  const Result<State> back = decode_state(encode(state));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(back->sources.at("push").answers());
  EXPECT_TRUE(back->sources.at("push:prom:9090").answers());
  EXPECT_FALSE(back->sources.at("prometheus:main").answers());
}

TEST(Codec, gives_back_a_state_that_knows_what_is_on_its_way_about_an_incident) {
  World world = broken();
  Engine restarted{shop_policy(), *decode_state(encode(world.engine.state()))};
  ASSERT_TRUE(restarted.command(AckPage{world.incident().id, "api"}, {"contact:ana", true}, world.now));
  EXPECT_TRUE(restarted.state().pending.empty());
}

TEST(Codec, gives_back_a_delivery_as_it_was) {
  World world;
  world.see(rules::Health::failing);
  world.pass(30s);
  ASSERT_FALSE(world.deliveries.empty());
  const Delivery& delivery = world.deliveries.front();
  const Result<Delivery> back = decode_delivery(encode(delivery));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, delivery);
}

TEST(Codec, folding_the_decoded_journal_gives_the_state_that_wrote_it) {
  World world;
  world.see(rules::Health::failing);
  world.pass(20min);
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "api"}));
  world.see(rules::Health::ok);
  world.pass(5min);
  State folded;
  for (const Event& event : world.events) {
    const Result<Change> change = decode_change(token(event.change), encode(event.change));
    ASSERT_TRUE(change);
    apply(folded, {event.at, event.actor, event.incident, *change});
  }
  EXPECT_EQ(encode(folded), encode(world.engine.state()));
  EXPECT_EQ(folded, world.engine.state());
}

TEST(Codec, ignores_fields_that_it_does_not_know) {
  const Result<Change> change = decode_change("lead_taken", R"({"lead":"ana","mood":"calm"})");
  ASSERT_TRUE(change);
  EXPECT_EQ(std::get<LeadTaken>(*change).lead, "ana");
}

TEST(Codec, refuses_what_is_not_an_event_with_the_field_that_is_wrong) {
  const auto message = [](std::string_view kind, std::string_view text) {
    const Result<Change> change = decode_change(kind, text);
    return change ? std::string{"accepted"} : change.error().message;
  };
  EXPECT_NE(message("no_such_event", "{}").find("no such kind"), std::string::npos);
  EXPECT_NE(message("lead_taken", "{").find("not JSON"), std::string::npos);
  EXPECT_NE(message("lead_taken", "[]").find("not an object"), std::string::npos);
  EXPECT_NE(message("lead_taken", R"({"lead":1})").find("lead: not a text"), std::string::npos);
  EXPECT_NE(message("status_changed", R"({"status":"exploded"})").find("exploded"), std::string::npos);
  EXPECT_NE(message("paged", R"({"round":-1})").find("round"), std::string::npos);
  EXPECT_NE(message("signal_changed", R"({"id":{"labels":{"a":[]}}})").find("labels"), std::string::npos);
  EXPECT_NE(message("lead_taken", std::string(100'000, '[')).find("not JSON"), std::string::npos);
}

}  // namespace
}  // namespace candor::incident
