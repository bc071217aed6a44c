#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::MatchesRegex;

std::vector<std::string> keys(const json::value& value) {
  std::vector<std::string> list;
  for (const auto& pair : value.as_object()) list.emplace_back(pair.key());
  return list;
}

std::string text(const json::value& value) { return std::string{value.as_string()}; }

class StatuspageApi : public testing::Test {
 protected:
  StatuspageApi() {
    house_.publish("old0aaaaaaaa", -100, "Past", Impact::minor, {{"search", ComponentStatus::degraded_performance}});
    house_.resolve("old0aaaaaaaa", -50);
    house_.publish("8kbf7d35c070", 0, "Payments \"fail\"", Impact::critical,
                   {{"checkout", ComponentStatus::major_outage}});
    house_.tell("8kbf7d35c070", 5, incident::StatusChanged{Status::monitoring});
    house_.post("8kbf7d35c070", 5, "A fix is in place.\nWe are watching.", 35);
    site_ = house_.site();
  }
  House house_;
  std::shared_ptr<const Site> site_;
};

TEST_F(StatuspageApi, has_every_document) {
  EXPECT_THAT(keys(api(*site_, "summary")),
              ElementsAre("page", "components", "incidents", "scheduled_maintenances", "status"));
  EXPECT_THAT(keys(api(*site_, "status")), ElementsAre("page", "status"));
  EXPECT_THAT(keys(api(*site_, "components")), ElementsAre("page", "components"));
  for (const char* name : {"incidents", "incidents/unresolved"}) {
    EXPECT_THAT(keys(api(*site_, name)), ElementsAre("page", "incidents"));
  }
  for (const char* name :
       {"scheduled-maintenances", "scheduled-maintenances/upcoming", "scheduled-maintenances/active"}) {
    EXPECT_THAT(keys(api(*site_, name)), ElementsAre("page", "scheduled_maintenances"));
    EXPECT_TRUE(api(*site_, name).at("scheduled_maintenances").as_array().empty());
  }
}

TEST_F(StatuspageApi, says_which_page_it_is) {
  const json::value page = api(*site_, "status").at("page");
  EXPECT_THAT(keys(page), ElementsAre("id", "name", "url", "time_zone", "updated_at"));
  EXPECT_THAT(text(page.at("id")), MatchesRegex("[a-z0-9]{12}"));
  EXPECT_EQ(page.at("name"), "Acme Status");
  EXPECT_EQ(page.at("url"), "https://status.acme.example");
  EXPECT_EQ(page.at("time_zone"), "Etc/UTC");
  EXPECT_EQ(api(*site_, "summary").at("page"), page);
}

TEST_F(StatuspageApi, says_how_things_are) {
  const json::value status = api(*site_, "status").at("status");
  EXPECT_THAT(keys(status), ElementsAre("indicator", "description"));
  EXPECT_EQ(status.at("indicator"), "critical");
  EXPECT_EQ(status.at("description"), "Major System Outage");
  EXPECT_EQ(api(*site_, "summary").at("status"), status);
}

TEST_F(StatuspageApi, writes_an_incident_field_by_field) {
  const json::array incidents = api(*site_, "summary").at("incidents").as_array();
  ASSERT_EQ(incidents.size(), 1U);
  const json::value& it = incidents[0];
  EXPECT_THAT(keys(it), ElementsAre("id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at",
                                    "impact", "shortlink", "started_at", "page_id", "incident_updates", "components"));
  EXPECT_EQ(it.at("id"), "8kbf7d35c070");
  EXPECT_EQ(it.at("name"), "Payments \"fail\"");
  EXPECT_EQ(it.at("status"), "monitoring");
  EXPECT_EQ(it.at("impact"), "critical");
  EXPECT_EQ(it.at("created_at"), "2026-11-23T14:00:00.000Z");
  EXPECT_EQ(it.at("started_at"), "2026-11-23T13:59:00.000Z");
  EXPECT_EQ(it.at("updated_at"), "2026-11-23T14:05:00.000Z");
  EXPECT_EQ(it.at("monitoring_at"), "2026-11-23T14:05:00.000Z");
  EXPECT_TRUE(it.at("resolved_at").is_null());
  EXPECT_EQ(it.at("shortlink"), "https://status.acme.example/incidents/8kbf7d35c070");
  EXPECT_EQ(it.at("page_id"), api(*site_, "status").at("page").at("id"));
}

TEST_F(StatuspageApi, writes_updates_newest_first) {
  const json::array updates =
      api(*site_, "incidents/unresolved").at("incidents").at(0).at("incident_updates").as_array();
  ASSERT_EQ(updates.size(), 2U);
  const json::value& it = updates[0];
  EXPECT_THAT(keys(it), ElementsAre("id", "status", "body", "incident_id", "created_at", "updated_at", "display_at",
                                    "affected_components", "deliver_notifications", "custom_tweet", "tweet_id"));
  EXPECT_EQ(it.at("id"), "8kbf7d35c070-5");
  EXPECT_EQ(it.at("status"), "monitoring");
  EXPECT_EQ(it.at("body"), "A fix is in place.\nWe are watching.");
  EXPECT_EQ(it.at("incident_id"), "8kbf7d35c070");
  EXPECT_EQ(it.at("display_at"), "2026-11-23T14:05:00.000Z");
  EXPECT_EQ(updates[1].at("status"), "investigating");
  const json::value& affected = updates[1].at("affected_components").at(0);
  EXPECT_THAT(keys(affected), ElementsAre("code", "name", "old_status", "new_status"));
  EXPECT_EQ(text(affected.at("code")), public_id("component", "checkout"));
  EXPECT_EQ(affected.at("name"), "Checkout");
  EXPECT_EQ(affected.at("old_status"), "operational");
  EXPECT_EQ(affected.at("new_status"), "major_outage");
}

TEST_F(StatuspageApi, writes_null_where_an_update_names_no_component) {
  House house;
  house.publish("a", 0, "t");
  EXPECT_TRUE(api(*house.site(), "incidents")
                  .at("incidents")
                  .at(0)
                  .at("incident_updates")
                  .at(0)
                  .at("affected_components")
                  .is_null());
}

TEST_F(StatuspageApi, writes_components_as_they_are_now_inside_incidents_too) {
  const json::array list = api(*site_, "incidents").at("incidents").as_array();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("id"), "8kbf7d35c070");
  EXPECT_EQ(list[0].at("components").at(0).at("status"), "major_outage");
  EXPECT_EQ(list[1].at("components").at(0).at("name"), "Search");
  EXPECT_EQ(list[1].at("components").at(0).at("status"), "operational");

  house_.publish("another00000", 9, "Search, again", Impact::minor, {{"search", ComponentStatus::partial_outage}});
  const auto next = house_.site(site_);
  EXPECT_EQ(api(*next, "incidents").at("incidents").at(2).at("components").at(0).at("status"), "partial_outage");
}

TEST_F(StatuspageApi, writes_components_and_groups_field_by_field) {
  const json::array list = api(*site_, "components").at("components").as_array();
  ASSERT_EQ(list.size(), 4U);
  const json::value& group = list[0];
  EXPECT_EQ(group.at("name"), "Shop");
  EXPECT_EQ(group.at("group"), true);
  EXPECT_EQ(group.at("status"), "major_outage");
  EXPECT_THAT(text(group.at("id")), MatchesRegex("[a-z0-9]{12}"));
  EXPECT_EQ(group.at("components"), (json::array{list[1].at("id"), list[2].at("id")}));

  const json::value& checkout = list[1];
  EXPECT_THAT(keys(checkout),
              ElementsAre("id", "name", "status", "created_at", "updated_at", "position", "description", "showcase",
                          "start_date", "group_id", "page_id", "group", "only_show_if_degraded"));
  EXPECT_EQ(text(checkout.at("id")), public_id("component", "checkout"));
  EXPECT_EQ(checkout.at("status"), "major_outage");
  EXPECT_EQ(checkout.at("position"), 1);
  EXPECT_EQ(checkout.at("description"), "Pay for your basket");
  EXPECT_EQ(checkout.at("group_id"), group.at("id"));
  EXPECT_EQ(checkout.at("group"), false);
  EXPECT_EQ(checkout.at("updated_at"), "2026-11-23T14:05:00.000Z");
  EXPECT_EQ(list[2].at("position"), 2);
  EXPECT_TRUE(list[2].at("description").is_null());
  EXPECT_EQ(list[3].at("name"), "Public API");
  EXPECT_TRUE(list[3].at("group_id").is_null());
  EXPECT_EQ(list[3].at("position"), 2);
  EXPECT_EQ(api(*site_, "summary").at("components"), list);
}

TEST(StatuspageApiEmpty, always_has_both_arrays) {
  House house;
  house.policy.components.clear();
  const auto site = house.site();
  const json::value summary = api(*site, "summary");
  EXPECT_TRUE(summary.at("incidents").as_array().empty());
  EXPECT_TRUE(summary.at("scheduled_maintenances").as_array().empty());
  EXPECT_TRUE(summary.at("components").as_array().empty());
  EXPECT_EQ(summary.at("status").at("indicator"), "none");
  EXPECT_EQ(summary.at("status").at("description"), "All Systems Operational");
}

TEST(StatuspageApiUnseen, does_not_say_that_what_nobody_can_see_works) {
  House house;
  house.watch("checkout");
  house.watch("search");
  house.blind("checkout", 3);
  auto site = house.site();
  EXPECT_EQ(api(*site, "status").at("status").at("indicator"), "none") << "it has no other for it";
  EXPECT_EQ(api(*site, "status").at("status").at("description"), "System Status Partly Unknown");
  std::size_t unseen = 0;
  const json::value list = api(*site, "components");
  for (const json::value& component : list.at("components").as_array()) {
    if (!component.as_object().contains("unseen_since")) continue;
    EXPECT_EQ(component.at("name"), component.at("group") == true ? "Shop" : "Checkout");
    EXPECT_EQ(component.at("unseen_since").as_string(), format_rfc3339(minute(3)));
    ++unseen;
  }
  EXPECT_EQ(unseen, 2U) << "it, and the group that it is in";

  house.blind("search", 4);
  site = house.site(site);
  EXPECT_EQ(api(*site, "summary").at("status").at("description"), "System Status Unknown");
}

TEST(StatuspageApiLists, hold_the_50_newest_incidents_and_every_open_one) {
  House house;
  for (int i = 0; i < 60; ++i) {
    const std::string id = "i" + std::to_string(i);
    house.publish(id, i, "t");
    if (i > 0) house.resolve(id, 100 + i);
  }
  const auto site = house.site();
  const json::array newest = api(*site, "incidents").at("incidents").as_array();
  ASSERT_EQ(newest.size(), 50U);
  EXPECT_EQ(newest.front().at("id"), "i59");
  EXPECT_EQ(newest.back().at("id"), "i10");
  const json::array open = api(*site, "incidents/unresolved").at("incidents").as_array();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].at("id"), "i0");
}

TEST(StatuspageApiText, survives_hostile_words) {
  House house;
  const std::string evil = "\"}],\"x\":[{\" </script>\n\t\\ ";
  house.publish("a", 0, evil + "\u2028", Impact::minor, {{"gone", ComponentStatus::partial_outage}});
  const json::value it = api(*house.site(), "incidents").at("incidents").at(0);
  EXPECT_EQ(text(it.at("name")), evil + "\n");
  EXPECT_TRUE(it.at("components").as_array().empty());
}

}  // namespace
}  // namespace candor::page
