#include "daemon/page/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Site, tells_nothing_internal_in_any_byte) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  house.tell("a", 1, incident::Paged{.round = 1, .step = 1, .contacts = {"INTERNAL-ana"}, .next = minute(6)});
  house.tell("a", 2, incident::PageAcked{"link"}, "contact:INTERNAL-ana", true);
  house.tell("a", 3, incident::HoldingDrafted{"INTERNAL-draft", "INTERNAL-draft", "INTERNAL-support", minute(9)});
  house.tell("a", 4, incident::HoldingVetoed{"INTERNAL-reason"}, "token:INTERNAL-bo", true);
  house.tell("a", 5, incident::EscalationExhausted{"INTERNAL-why"});
  house.open("unpublished0", 6, "INTERNAL-title", Impact::critical, {{"search", ComponentStatus::major_outage}});
  house.publish("b", 7, "Past");
  house.resolve("b", 9);
  const auto site = house.site();
  EXPECT_GE(site->documents.size(), 13U);
  for (const auto& [path, document] : site->documents) {
    EXPECT_THAT(path, Not(HasSubstr("unpublished0")));
    EXPECT_THAT(document->body(), Not(HasSubstr("INTERNAL"))) << path;
    EXPECT_THAT(document->body(), Not(HasSubstr("unpublished0"))) << path;
    if (document->gzip().body) {
      EXPECT_EQ(inflate_gzip(*document->gzip().body), document->body()) << path;
    }
  }
  EXPECT_EQ(site->find("/incidents/unpublished0"), nullptr);
}

TEST(Site, names_as_affected_what_works_only_where_nothing_else_is_named) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  const auto say = [&house](const char* component, ComponentStatus status) {
    house.tell("a", 1, incident::ComponentStatusChanged{component, status});
  };
  say("checkout", ComponentStatus::operational);
  EXPECT_THAT(body(*house.site(), "/"), HasSubstr("Affects Checkout<"));
  say("search", ComponentStatus::major_outage);
  EXPECT_THAT(body(*house.site(), "/"), HasSubstr("Affects Search<"));
  house.resolve("a", 2);
  EXPECT_THAT(body(*house.site(), "/incidents/a"), HasSubstr("Checkout, Search<"));
}

TEST(Site, keeps_the_documents_of_incidents_that_did_not_change) {
  House house;
  house.publish("a", 0, "one");
  house.publish("b", 1, "two");
  house.resolve("a", 3);
  const auto before = house.site();
  house.post("b", 5, "more");
  const auto after = house.site(before);
  EXPECT_EQ(before->find("/incidents/a"), after->find("/incidents/a"));
  EXPECT_EQ(before->incidents.at("a").json, after->incidents.at("a").json);
  EXPECT_NE(before->find("/incidents/b"), after->find("/incidents/b"));
  EXPECT_EQ(before->find("/history"), after->find("/history"));
  EXPECT_NE(before->find("/"), after->find("/"));
  EXPECT_EQ(before->not_found, after->not_found);
}

TEST(Site, keeps_no_text_for_lists_that_name_newer_incidents_only) {
  House house;
  house.publish("a", 0, "one");
  house.resolve("a", 1);
  const auto before = house.site();
  EXPECT_NE(before->incidents.at("a").json, nullptr);
  for (int n = 0; n < 50; ++n) house.publish("b" + std::to_string(n), 2 + n, "later");
  const auto after = house.site(before);
  EXPECT_EQ(after->incidents.at("a").json, nullptr);
  EXPECT_EQ(before->find("/incidents/a"), after->find("/incidents/a"));
}

TEST(Site, renders_everything_anew_under_other_settings) {
  House house;
  house.publish("a", 0, "one");
  const auto before = house.site();
  house.settings.name = "Another name";
  const auto after = house.site(before);
  EXPECT_THAT(body(*after, "/incidents/a"), HasSubstr("Another name"));
  EXPECT_THAT(body(*after, "/history"), HasSubstr("Another name"));
  EXPECT_THAT(after->not_found->body(), HasSubstr("Another name"));
}

TEST(Site, is_given_up_between_two_documents) {
  House house;
  for (int i = 0; i < 20; ++i) house.publish("i" + std::to_string(i), i, "Incident.");
  int asked = 0;
  EXPECT_EQ(render(house.view(), nullptr, [&asked] { return ++asked == 10; }), nullptr);
  EXPECT_EQ(asked, 10);
  EXPECT_NE(render(house.view(), nullptr, [] { return false; }), nullptr);
}

TEST(Site, gives_equal_tags_to_equal_bytes_only) {
  House house;
  const auto first = house.site();
  const auto again = render(house.view(), nullptr);
  EXPECT_EQ(first->find("/")->identity().etag, again->find("/")->identity().etag);
  EXPECT_NE(first->find("/")->identity().etag, first->find("/")->gzip().etag);
  house.publish("a", 0, "one");
  EXPECT_NE(house.site(first)->find("/")->identity().etag, first->find("/")->identity().etag);
}

TEST(Site, tells_the_history_by_month_over_as_many_pages_as_it_needs) {
  House house;
  for (int i = 0; i < 120; ++i) {
    const std::string id = "i" + std::to_string(i);
    house.publish(id, -i * 24 * 60, "Incident number " + std::to_string(i) + ".");
    house.resolve(id, -i * 24 * 60 + 30);
  }
  house.publish("open", 5, "Still open");
  const auto site = house.site();
  const std::string first = body(*site, "/history");
  EXPECT_THAT(first, HasSubstr("<h2>November 2026</h2>"));
  EXPECT_THAT(first, HasSubstr("<h2>October 2026</h2>"));
  EXPECT_THAT(first, HasSubstr("Incident number 49."));
  EXPECT_THAT(first, Not(HasSubstr("Incident number 50.")));
  EXPECT_THAT(first, Not(HasSubstr("Still open")));
  EXPECT_THAT(first, HasSubstr("href=\"/history/2\">Older"));
  EXPECT_THAT(first, Not(HasSubstr("Newer")));
  EXPECT_THAT(body(*site, "/history/2"), HasSubstr("href=\"/history\">Newer"));
  EXPECT_THAT(body(*site, "/history/3"), HasSubstr("Incident number 119."));
  EXPECT_THAT(body(*site, "/history/3"), Not(HasSubstr("Older")));
  EXPECT_EQ(site->find("/history/4"), nullptr);
  for (const char* path : {"/history", "/history/2", "/history/3"}) {
    EXPECT_EQ(malformed(body(*site, path)), "");
    EXPECT_LT(body(*site, path).size(), 50'000U);
  }
}

TEST(Site, forgets_history_pages_that_are_no_longer_needed) {
  House house;
  for (int i = 0; i < 51; ++i) {
    house.publish("i" + std::to_string(i), i, "t");
    house.resolve("i" + std::to_string(i), 100 + i);
  }
  const auto before = house.site();
  EXPECT_NE(before->find("/history/2"), nullptr);
  house.tell("i3", 500, incident::IncidentReopened{"relapse", "", {}});
  EXPECT_EQ(house.site(before)->find("/history/2"), nullptr);
}

TEST(Site, shows_in_the_icon_how_things_are) {
  House house;
  const auto good = house.site();
  house.publish("a", 0, "t", Impact::critical);
  EXPECT_NE(body(*house.site(good), "/favicon.svg"), body(*good, "/favicon.svg"));
  EXPECT_EQ(malformed(body(*good, "/favicon.svg")), "");
}

}  // namespace
}  // namespace candor::page
