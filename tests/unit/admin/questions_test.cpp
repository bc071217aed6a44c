#include <random>

#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Questions = AdminTest;

std::vector<std::string> each(const json::value& list, const char* field) {
  std::vector<std::string> found;
  for (const json::value& item : list.as_array()) found.emplace_back(item.at(field).as_string());
  return found;
}

TEST_F(Questions, status_shows_the_house_at_a_glance) {
  const json::value status = get("/api/v1/status").value();
  EXPECT_EQ(status.at("version"), CANDOR_VERSION);
  EXPECT_EQ(status.at("now"), "2026-11-18T11:06:40.250Z");
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_TRUE(status.at("not_ready").is_null());
  EXPECT_THAT(each(status.at("incidents"), "id"), ElementsAre("incidentopen"));
  EXPECT_THAT(each(status.at("components"), "status"), ElementsAre("major_outage", "operational"));
  EXPECT_TRUE(status.at("components").at(1).at("group").is_null());
  EXPECT_THAT(each(status.at("troubles"), "what"), ElementsAre("the source prometheus:main is silent"));
  EXPECT_EQ(status.at("sources").at(0).at("answering"), false);
  EXPECT_EQ(status.at("signals"), (json::value{{"ok", 1}, {"degraded", 0}, {"failing", 2}, {"unknown", 0}}));
  EXPECT_EQ(status.at("deliveries"), (json::value{{"pending", 1}, {"dead", 1}}));
}

TEST_F(Questions, status_says_since_when_nobody_sees_how_a_component_does) {
  operations.the_unseen = {{"search", noon - 10min}};
  const json::value status = get("/api/v1/status").value();
  EXPECT_TRUE(status.at("components").at(0).at("unseen_since").is_null());
  EXPECT_EQ(status.at("components").at(1).at("unseen_since").as_string(), format_rfc3339(noon - 10min));
}

TEST_F(Questions, status_says_of_no_source_that_it_answers_before_it_has_done_so_since_an_absence) {
  operations.the_state.sources["prometheus:main"] = {
      .answering = true, .since = noon - 8h, .evidence = "", .unheard = rules::Absence{noon - 5h, noon}};
  const json::value source = get("/api/v1/status").value().at("sources").at(0);
  EXPECT_EQ(source.at("answering"), false);
  EXPECT_EQ(source.at("since").as_string(), format_rfc3339(noon - 5h));
}

TEST_F(Questions, status_says_why_nothing_is_taken_in) {
  operations.why_not_ready = "the disk is full";
  const json::value status = get("/api/v1/status").value();
  EXPECT_EQ(status.at("ready"), false);
  EXPECT_EQ(status.at("not_ready"), "the disk is full");
}

TEST_F(Questions, incidents_are_listed_newest_first) {
  const json::value list = get("/api/v1/incidents").value();
  EXPECT_THAT(each(list.at("incidents"), "id"), ElementsAre("incidentopen", "incidentover"));
  EXPECT_EQ(list.at("more"), false);
}

TEST_F(Questions, incidents_can_be_asked_for_by_whether_they_are_open) {
  EXPECT_THAT(each(get("/api/v1/incidents?open=true").value().at("incidents"), "id"), ElementsAre("incidentopen"));
  EXPECT_THAT(each(get("/api/v1/incidents?open=false").value().at("incidents"), "id"), ElementsAre("incidentover"));
}

TEST_F(Questions, a_list_says_that_it_was_cut_off) {
  const json::value list = get("/api/v1/incidents?limit=1").value();
  EXPECT_THAT(each(list.at("incidents"), "id"), ElementsAre("incidentopen"));
  EXPECT_EQ(list.at("more"), true);
  EXPECT_EQ(get("/api/v1/incidents?limit=2").value().at("more"), false);
  EXPECT_EQ(get("/api/v1/signals?limit=2").value().at("more"), true);
  EXPECT_EQ(get("/api/v1/signals?limit=3").value().at("more"), false);
}

TEST_F(Questions, an_incident_is_shown_whole) {
  const json::value it = get("/api/v1/incidents/incidentopen").value();
  EXPECT_EQ(it.at("title"), "Checkout is having problems");
  EXPECT_EQ(it.at("status"), "identified");
  EXPECT_EQ(it.at("impact"), "critical");
  EXPECT_EQ(it.at("components"), (json::value{{"checkout", "major_outage"}}));
  EXPECT_EQ(it.at("opened_at"), "2026-11-18T10:56:40.250Z");
  EXPECT_TRUE(it.at("resolved_at").is_null());
  EXPECT_EQ(it.at("opened_by"), (json::value{{"name", "rule:checkout-down"}, {"human", false}}));
  EXPECT_EQ(it.at("evidence"), "GET https://pay.internal/healthz: HTTP 503");
  EXPECT_EQ(it.at("playbook").at("reviewed"), "2026-09-01");
  EXPECT_EQ(it.at("holding_stage"), "waiting");
  EXPECT_EQ(it.at("holding").at("due"), "2026-11-18T11:07:40.250Z");
  EXPECT_EQ(it.at("holding").at("support"), "Say that we know.");
  EXPECT_TRUE(it.at("holding").at("reason").is_null());
  EXPECT_EQ(it.at("escalation").at("paged"), (json::value{"ana", "bo"}));
  EXPECT_TRUE(it.at("escalation").at("acked_by").is_null());
  EXPECT_THAT(each(it.at("updates"), "body"), ElementsAre("We see errors."));
  EXPECT_EQ(it.at("updates").at(0).at("actor").at("human"), true);
  EXPECT_THAT(each(it.at("timeline"), "what"), ElementsAre("incident_opened"));
}

TEST_F(Questions, what_an_incident_does_not_have_is_null) {
  const json::value it = get("/api/v1/incidents/incidentover").value();
  for (const char* field : {"rule", "lead", "published_at", "next_update", "playbook", "holding", "escalation"}) {
    EXPECT_TRUE(it.at(field).is_null()) << field;
  }
}

TEST_F(Questions, an_incident_that_is_not_there_is_a_404) {
  const Told told = get("/api/v1/incidents/nosuchthing0");
  EXPECT_EQ(told.status, 404U);
  EXPECT_THAT(told.body, HasSubstr("there is no incident"));
}

TEST_F(Questions, pages_are_the_escalations_of_open_incidents) {
  operations.the_state.incidents["incidentover"].escalation.escalation = "payments";
  operations.the_state.incidents["unpaged00000"] = {.id = "unpaged00000"};
  operations.the_state.open.insert("unpaged00000");
  const json::value list = get("/api/v1/pages").value();
  ASSERT_THAT(each(list.at("pages"), "incident"), ElementsAre("incidentopen"));
  const json::value& page = list.at("pages").at(0);
  EXPECT_EQ(page.at("escalation"), "payments");
  EXPECT_EQ(page.at("round"), 1);
  EXPECT_EQ(page.at("step"), 2);
  EXPECT_EQ(page.at("due"), "2026-11-18T11:11:40.250Z");
  EXPECT_EQ(page.at("paged"), (json::value{"ana", "bo"}));
}

TEST_F(Questions, signals_can_be_asked_for_by_health_and_kind) {
  EXPECT_EQ(get("/api/v1/signals").value().at("signals").as_array().size(), 3U);
  EXPECT_EQ(get("/api/v1/signals?health=failing").value().at("signals").as_array().size(), 2U);
  const json::value alerts = get("/api/v1/signals?health=failing&kind=alert").value();
  ASSERT_EQ(alerts.at("signals").as_array().size(), 1U);
  const json::value& alert = alerts.at("signals").at(0);
  EXPECT_EQ(alert.at("source"), "prometheus:main");
  EXPECT_EQ(alert.at("labels"), (json::value{{"alertname", "Errors"}, {"severity", "page"}}));
  EXPECT_EQ(alert.at("alert").at("annotations"), (json::value{{"summary", "It burns"}}));
  EXPECT_TRUE(get("/api/v1/signals?kind=probe").value().at("signals").at(0).at("alert").is_null());
}

TEST_F(Questions, a_probe_is_among_the_signals_from_its_first_run) {
  rules::Signal& fresh = operations.the_state.signals[{rules::SignalKind::probe, "probe", {{"probe", "fresh"}}}];
  EXPECT_EQ(get("/api/v1/signals").value().at("signals").as_array().size(), 3U);
  fresh.evidence = "no word from 192.0.2.53";
  EXPECT_EQ(get("/api/v1/signals").value().at("signals").as_array().size(), 4U);
}

TEST_F(Questions, signals_can_be_asked_for_by_their_labels) {
  const auto probes = [&](const std::string& filter) {
    const json::value list = get("/api/v1/signals?" + filter).value();
    std::vector<std::string> found;
    for (const json::value& signal : list.at("signals").as_array()) {
      if (signal.at("labels").as_object().contains("probe"))
        found.emplace_back(signal.at("labels").at("probe").as_string());
    }
    return found;
  };
  EXPECT_THAT(probes("filter=probe%3D%22search-http%22"), ElementsAre("search-http"));
  EXPECT_THAT(probes("filter=location%3Dfra1&filter=probe%3D~%22check.*%22"), ElementsAre("checkout-http"));
  EXPECT_THAT(probes("filter=location%3Dfra1,probe!%3Dsearch-http"), ElementsAre("checkout-http"));
  EXPECT_THAT(probes("filter=location%3Dnowhere"), ElementsAre());
}

TEST_F(Questions, deliveries_are_pending_or_dead) {
  const json::value list = get("/api/v1/deliveries").value();
  EXPECT_THAT(each(list.at("deliveries"), "state"), ElementsAre("pending", "dead"));
  EXPECT_EQ(list.at("deliveries").at(0).at("attempts"), 2);
  EXPECT_EQ(list.at("deliveries").at(0).at("not_before"), "2026-11-18T11:06:50.250Z");
  EXPECT_TRUE(list.at("deliveries").at(1).at("attempts").is_null()) << "its event does not say";
  EXPECT_TRUE(list.at("deliveries").at(1).at("not_before").is_null()) << "a dead one is not tried again";
}

TEST_F(Questions, everything_wrong_with_a_query_is_said_at_once) {
  const Told told = get("/api/v1/signals?healht=ok&kind=prob&limit=0&filter=a%3D~%22(%22&limit=1");
  EXPECT_EQ(told.status, 422U);
  const json::value body = told.value();
  EXPECT_THAT(body.at("problems").as_array().size(), 5U);
  const std::string error{body.at("error").as_string()};
  EXPECT_THAT(error, HasSubstr("kind: value \"prob\" is not known (did you mean \"probe\"?)"));
  EXPECT_THAT(error, HasSubstr("filter: "));
  EXPECT_THAT(error, HasSubstr("limit is there 2 times"));
  EXPECT_THAT(error, HasSubstr("limit: \"0\" is not a whole number from 1 to 5000"));
  EXPECT_THAT(error, HasSubstr("parameter \"healht\" is not known (did you mean \"health\"?)"));
}

TEST_F(Questions, odd_values_in_a_query_are_refused) {
  for (const char* path : {"/api/v1/incidents?open=yes", "/api/v1/incidents?limit=-1", "/api/v1/incidents?limit=1001",
                           "/api/v1/incidents?limit=1x", "/api/v1/incidents?limit=", "/api/v1/status?verbose=1",
                           "/api/v1/signals?health=", "/api/v1/deliveries?x", "/api/v1/pages?open=true"}) {
    EXPECT_EQ(get(path).status, 422U) << path;
  }
}

TEST_F(Questions, filters_are_bounded_in_number) {
  std::string path = "/api/v1/signals?filter=a";
  for (int i = 0; i < 30; ++i) path += "&filter=a%3Db";
  EXPECT_EQ(get(path).status, 422U);
}

TEST_F(Questions, so_are_the_matchers_of_one_filter) {
  std::string path = "/api/v1/signals?filter=a%3Db";
  for (int i = 1; i < 20; ++i) path += ",a%3Db";
  EXPECT_EQ(get(path).status, 200U);
  EXPECT_EQ(get(path + ",a%3Db").value().at("error"), "filter: at most 20 matchers are taken in a request");
}

TEST_F(Questions, a_filter_that_keeps_everybody_waiting_is_given_up) {
  std::mt19937 chance{7};
  std::string costly(4000, 'x');
  for (int i = 0; i < 1000; ++i) {
    for (char& c : costly) c = chance() % 2 == 0 ? 'x' : 'y';
    const Labels labels{{"alertname", "A" + std::to_string(i)}, {"instance", costly}};
    add_signal(operations.the_state, {rules::SignalKind::alert, "push", labels}, rules::Health::failing);
  }
  // Nothing about the beginning of a text tells whether an x stands 901 characters before its end.
  const Told told = get("/api/v1/signals?filter=instance!~%22[xy]*x[xy]%7B900%7D!%22");
  EXPECT_EQ(told.status, 422U);
  EXPECT_THAT(std::string{told.value().at("problems").at(0).as_string()}, HasSubstr("takes longer than 200ms"));
  EXPECT_EQ(get("/api/v1/signals?filter=alertname%3DA7").status, 200U);
}

}  // namespace
}  // namespace candor::admin
