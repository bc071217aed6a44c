#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

using testing::HasSubstr;

class Commands : public AdminTest {
 protected:
  /// The only command given so far.
  template <class T>
  T given() {
    EXPECT_EQ(operations.commands.size(), 1U);
    return std::get<T>(operations.commands.at(0));
  }
  std::vector<std::string> problems(const Told& told) {
    EXPECT_EQ(told.status, 422U) << told.body;
    std::vector<std::string> list;
    const json::value body = told.value();
    for (const json::value& problem : body.at("problems").as_array()) list.emplace_back(problem.as_string());
    return list;
  }
};

TEST_F(Commands, open_an_incident) {
  const Told told =
      post("/api/v1/incidents", R"({"title": "Search is slow", "body": "We see it too.", "impact": "major",
    "components": {"search": "degraded_performance"}, "escalation": "payments"})");
  EXPECT_EQ(told.status, 201U);
  EXPECT_EQ(told.header("Location"), "/api/v1/incidents/incidentopen");
  EXPECT_EQ(told.value().at("id"), "incidentopen");
  const auto command = given<incident::OpenIncident>();
  EXPECT_EQ(command.title, "Search is slow");
  EXPECT_EQ(command.body, "We see it too.");
  EXPECT_EQ(command.impact, incident::Impact::major);
  EXPECT_EQ(command.components.at("search"), incident::ComponentStatus::degraded_performance);
  EXPECT_EQ(command.escalation, "payments");
  EXPECT_EQ(operations.actors.at(0), (incident::Actor{"token:local", true}));
}

TEST_F(Commands, open_an_incident_with_a_title_alone) {
  EXPECT_EQ(post("/api/v1/incidents", R"({"title": "Search is slow"})").status, 201U);
  EXPECT_EQ(given<incident::OpenIncident>().impact, incident::Impact::minor);
  EXPECT_EQ(given<incident::OpenIncident>().body, "");
}

TEST_F(Commands, post_an_update) {
  const Told told =
      post("/api/v1/incidents/incidentopen/updates", R"({"body": "We know the cause.", "status": "identified",
    "impact": "minor", "title": "Slow search", "components": {"search": "operational"}})");
  EXPECT_EQ(told.status, 200U);
  const auto command = given<incident::PostUpdate>();
  EXPECT_EQ(command.incident, "incidentopen");
  EXPECT_EQ(command.body, "We know the cause.");
  EXPECT_EQ(command.status, incident::Status::identified);
  EXPECT_EQ(command.impact, incident::Impact::minor);
  EXPECT_EQ(command.title, "Slow search");
  EXPECT_EQ(command.components.size(), 1U);
}

TEST_F(Commands, change_with_an_update_only_what_it_names) {
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/updates", R"({"body": "Still looking."})").status, 200U);
  const auto command = given<incident::PostUpdate>();
  EXPECT_EQ(command.status, std::nullopt);
  EXPECT_EQ(command.impact, std::nullopt);
  EXPECT_EQ(command.title, std::nullopt);
  EXPECT_TRUE(command.components.empty());
}

TEST_F(Commands, resolve_with_words_or_without) {
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/resolve", "").status, 200U);
  EXPECT_EQ(given<incident::ResolveIncident>().body, "");
  operations.commands.clear();
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/resolve", R"({"body": "All is well."})").status, 200U);
  EXPECT_EQ(given<incident::ResolveIncident>().body, "All is well.");
}

TEST_F(Commands, edit_and_veto_the_holding_response) {
  EXPECT_EQ(send("PUT", "/api/v1/incidents/incidentopen/holding", R"({"title": "T", "body": "B"})").status, 200U);
  EXPECT_EQ(given<incident::EditHolding>().title, "T");
  EXPECT_EQ(given<incident::EditHolding>().body, "B");
  operations.commands.clear();
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/veto", R"({"reason": "a false alarm"})").status, 200U);
  EXPECT_EQ(given<incident::VetoHolding>().reason, "a false alarm");
  EXPECT_THAT(problems(post("/api/v1/incidents/incidentopen/veto", "{}")), testing::ElementsAre("reason is missing"));
}

TEST_F(Commands, ack_in_the_callers_name_or_in_a_contacts) {
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/ack", "").status, 200U);
  EXPECT_EQ(given<incident::AckPage>().via, "api");
  EXPECT_EQ(operations.actors.back(), (incident::Actor{"token:local", true}));
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/ack", R"({"contact": "ana"})").status, 200U);
  EXPECT_EQ(operations.actors.back(), (incident::Actor{"contact:ana", true}));
  EXPECT_THAT(problems(post("/api/v1/incidents/incidentopen/ack", R"({"contact": "anna"})")),
              testing::ElementsAre("contact \"anna\" is not known (did you mean \"ana\"?)"));
}

TEST_F(Commands, take_the_lead_or_give_it_to_a_contact) {
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/lead", "").status, 200U);
  EXPECT_EQ(given<incident::TakeLead>().lead, "local");
  operations.commands.clear();
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/lead", R"({"lead": "bo"})").status, 200U);
  EXPECT_EQ(given<incident::TakeLead>().lead, "bo");
  EXPECT_THAT(problems(post("/api/v1/incidents/incidentopen/lead", R"({"lead": "nobody"})")),
              testing::ElementsAre(HasSubstr("lead \"nobody\" is not known")));
}

TEST_F(Commands, are_given_in_the_name_of_the_token) {
  http::Tokens tokens;
  tokens.add("ana", http::Scope::responder, Secret{"ana-has-a-long-secret"});
  guard.replace(std::move(tokens));
  token = "ana-has-a-long-secret";
  EXPECT_THAT(problems(post("/api/v1/incidents/incidentopen/lead", R"({"lead": "somebody"})")),
              testing::ElementsAre(HasSubstr("(known here: ana, bo)")))
      << "each once";
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/lead", "").status, 200U);
  EXPECT_EQ(given<incident::TakeLead>().lead, "ana");
  EXPECT_EQ(operations.actors.at(0), (incident::Actor{"token:ana", true}));
}

TEST_F(Commands, are_answered_once_they_are_on_the_disk) {
  operations.hold_back = true;
  EXPECT_EQ(post("/api/v1/incidents/incidentopen/resolve", "").status, 0U) << "no answer yet";
  operations.waiting.at(0)("incidentopen");
  EXPECT_EQ(last->status, 200U);
}

TEST_F(Commands, that_are_rejected_say_why) {
  using enum incident::Rejection::Kind;
  for (const auto& [kind, status] : std::vector<std::pair<incident::Rejection::Kind, unsigned>>{
           {not_found, 404}, {conflict, 409}, {invalid, 422}, {unavailable, 503}}) {
    operations.outcome = std::unexpected(incident::Rejection{kind, "because of this"});
    const Told told = post("/api/v1/incidents/incidentopen/resolve", "");
    EXPECT_EQ(told.status, status);
    EXPECT_THAT(std::string{told.value().at("error").as_string()}, HasSubstr("because of this"));
    EXPECT_EQ(told.header("Cache-Control"), "no-store");
    EXPECT_EQ(told.header("Retry-After"), kind == unavailable ? "5" : "");
  }
}

TEST_F(Commands, are_not_taken_in_while_nothing_can_be_kept) {
  operations.why_not_ready = "the disk is full";
  const Told told = post("/api/v1/incidents/incidentopen/resolve", "");
  EXPECT_EQ(told.status, 503U);
  EXPECT_EQ(told.header("Retry-After"), "5");
  EXPECT_THAT(told.body, HasSubstr("the disk is full"));
  EXPECT_TRUE(operations.commands.empty());
}

TEST_F(Commands, say_everything_that_is_wrong_with_them_at_once) {
  const Told told =
      post("/api/v1/incidents",
           R"({"titel": "x", "impact": "majr", "body": 7, "components": {"search": "slow", "checkout": 1}})");
  EXPECT_THAT(problems(told), testing::ElementsAre("title is missing", "body is a number, not a text",
                                                   "impact: value \"majr\" is not known (did you mean \"major\"?)",
                                                   "components.checkout is a number, not a text",
                                                   HasSubstr("components.search: value \"slow\" is not known"),
                                                   "field \"titel\" is not known (did you mean \"title\"?)"));
  EXPECT_TRUE(operations.commands.empty());
}

TEST_F(Commands, repeat_little_of_what_is_wrong_with_them) {
  const std::string name(200'000, 'y');
  for (const std::string& body : {R"({"title": "x", "components": {")" + name + R"(": "slow"}})",
                                  R"({"title": "x", "components": {"search": ")" + name + "\"}}",
                                  R"({"title": "x", "escalation": ")" + name + "\"}"}) {
    const Told told = post("/api/v1/incidents", body);
    EXPECT_EQ(told.status, 422U);
    EXPECT_LT(told.body.size(), 1000U);
  }
}

TEST_F(Commands, refuse_values_of_another_type) {
  for (const char* value : {"null", "true", "[]", "{}", "1.5"}) {
    EXPECT_EQ(post("/api/v1/incidents", std::string{R"({"title": )"} + value + "}").status, 422U) << value;
  }
  EXPECT_THAT(problems(post("/api/v1/incidents", R"({"title": "x", "components": ["search"]})")),
              testing::ElementsAre("components is a list, not an object"));
  EXPECT_THAT(problems(post("/api/v1/incidents", R"({"title": " \n"})")), testing::ElementsAre("title is empty"));
  EXPECT_THAT(problems(post("/api/v1/incidents", R"({"title": "\u200b\u00a0"})")),
              testing::ElementsAre("title is empty"));
}

TEST_F(Commands, point_to_the_way_to_resolve) {
  EXPECT_THAT(problems(post("/api/v1/incidents/incidentopen/updates", R"({"body": "x", "status": "resolved"})")),
              testing::ElementsAre(HasSubstr("POST …/resolve")));
}

TEST_F(Commands, that_are_no_json_object_are_a_400) {
  for (const char* body :
       {"{", "{\"title\": \"x\"} {}", "[]", "\"x\"", "7", "null", "title=x", "{\"title\": \"\xFF\"}"}) {
    const Told told = post("/api/v1/incidents", body);
    EXPECT_EQ(told.status, 400U) << body;
    EXPECT_THAT(told.body, HasSubstr("the body is")) << body;
  }
  EXPECT_EQ(post("/api/v1/incidents", std::string(1000, '[')).status, 400U) << "nested too deeply";
}

TEST_F(Commands, that_do_not_say_they_are_json_are_a_415) {
  const auto status = [&](std::string type) {
    return ask({.method = "POST",
                .path = "/api/v1/incidents",
                .headers = {{"content-type", std::move(type)}},
                .body = R"({"title": "x"})"})
        .status;
  };
  EXPECT_EQ(status("application/x-www-form-urlencoded"), 415U);
  EXPECT_EQ(status("text/plain"), 415U);
  EXPECT_EQ(status("application/jsonp"), 415U);
  EXPECT_EQ(status("Application/JSON; charset=utf-8"), 201U);
}

}  // namespace
}  // namespace candor::admin
