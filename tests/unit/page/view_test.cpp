#include "daemon/page/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/page/words.h"
#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

std::vector<std::string> newest(const View& view) {
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < view.incidents(); ++n) ids.push_back(view.newest(n)->id);
  return ids;
}

TEST(View, shows_nothing_of_an_incident_before_its_first_public_words) {
  House house;
  house.open("a", 0, "Checkout is down", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  EXPECT_EQ(house.view()->incidents(), 0U);
  EXPECT_EQ(house.view()->components[0].status, ComponentStatus::operational);

  house.post("a", 1, "We are looking into it.");
  ASSERT_EQ(house.view()->incidents(), 1U);
  EXPECT_EQ(house.last->newest(0)->published_at, minute(1));
  EXPECT_EQ(house.last->newest(0)->failing_since, minute(-1));
  EXPECT_EQ(house.last->components[0].status, ComponentStatus::major_outage);
}

TEST(View, orders_incidents_by_their_publication_whatever_their_ids) {
  House house;
  house.publish("m", 10, "second");
  house.publish("z", 0, "first");
  EXPECT_THAT(newest(*house.view()), ElementsAre("m", "z"));
  house.publish("a", 20, "third");
  EXPECT_THAT(newest(*house.view()), ElementsAre("a", "m", "z"));
  house.resolve("m", 30);
  EXPECT_THAT(newest(*house.view()), ElementsAre("a", "m", "z"));
}

TEST(View, shares_the_incidents_that_did_not_change) {
  House house;
  house.publish("a", 0, "one");
  house.publish("b", 0, "two");
  const auto before = house.view();
  house.post("b", 5, "more");
  const auto after = house.view();
  EXPECT_EQ(before->shown[0].incident, after->shown[0].incident);
  EXPECT_NE(before->shown[1].incident, after->shown[1].incident);
  EXPECT_EQ(after->shown[1].incident->updates.size(), 2U);
  EXPECT_FALSE(same_content(*before, *after));
}

TEST(View, is_the_same_after_a_change_that_customers_cannot_see) {
  House house;
  house.publish("a", 0, "one");
  const auto before = house.view();
  house.tell("a", 5, incident::Paged{.round = 1, .step = 1, .contacts = {"ana"}, .next = minute(10)});
  const auto after = house.view();
  EXPECT_EQ(before->shown[0].incident, after->shown[0].incident);
  EXPECT_TRUE(same_content(*before, *after));
  EXPECT_EQ(after->updated_at, minute(0));
}

TEST(View, drops_what_is_no_longer_there) {
  House house;
  house.publish("a", 0, "one");
  house.publish("b", 1, "two");
  EXPECT_EQ(house.view()->incidents(), 2U);
  house.state.incidents.erase("a");
  EXPECT_THAT(newest(*house.view()), ElementsAre("b"));
}

TEST(View, takes_new_component_names_over_into_incidents) {
  House house;
  house.publish("a", 0, "one", Impact::minor, {{"checkout", ComponentStatus::partial_outage}});
  EXPECT_EQ(house.view()->newest(0)->components[0].name, "Checkout");
  house.policy.components[0].name = "Till";
  EXPECT_EQ(house.view()->newest(0)->components[0].name, "Till");
  house.policy.components.erase(house.policy.components.begin());
  EXPECT_TRUE(house.view()->newest(0)->components.empty()) << "an id is no name";
  EXPECT_EQ(house.last->components.size(), 2U);
}

TEST(View, notes_when_a_public_fact_changed_last) {
  House house;
  house.publish("a", 0, "one", Impact::minor, {{"search", ComponentStatus::partial_outage}});
  house.tell("a", 7, incident::TitleChanged{"another title"});
  house.tell("a", 9, incident::LeadTaken{"ana"});
  const auto view = house.view();
  EXPECT_EQ(view->newest(0)->updated_at, minute(7));
  EXPECT_EQ(view->newest(0)->title, "another title");
  EXPECT_TRUE(view->newest(0)->led);
  EXPECT_EQ(view->updated_at, minute(7));
  EXPECT_EQ(view->components[1].updated_at, minute(7));
}

TEST(View, counts_from_the_first_incident_or_else_the_first_view) {
  House house;
  EXPECT_EQ(house.view(3)->updated_at, minute(3));
  EXPECT_EQ(house.view(8)->updated_at, minute(3));
  EXPECT_EQ(house.last->components[0].updated_at, minute(3));

  house.publish("a", 1, "one");
  house.publish("b", 6, "two");
  EXPECT_EQ(house.view(9)->began, minute(0));
  house.last = nullptr;
  EXPECT_EQ(house.view(500)->began, minute(0));
  EXPECT_EQ(house.last->updated_at, minute(6));
  EXPECT_EQ(house.last->components[0].updated_at, minute(0));
}

TEST(View, says_what_each_update_changed) {
  House house;
  house.publish("a", 0, "one", Impact::major, {{"checkout", ComponentStatus::major_outage}});
  house.tell("a", 5, incident::ComponentStatusChanged{"checkout", ComponentStatus::partial_outage});
  house.post("a", 5, "better");
  house.resolve("a", 9);
  const auto& updates = house.view()->newest(0)->updates;
  ASSERT_EQ(updates.size(), 3U);
  EXPECT_EQ(updates[0].affected[0].before, ComponentStatus::operational);
  EXPECT_EQ(updates[0].affected[0].after, ComponentStatus::major_outage);
  EXPECT_EQ(updates[1].affected[0].before, ComponentStatus::major_outage);
  EXPECT_EQ(updates[1].affected[0].after, ComponentStatus::partial_outage);
  EXPECT_EQ(updates[2].affected[0].before, ComponentStatus::partial_outage);
  EXPECT_EQ(updates[2].affected[0].after, ComponentStatus::operational);
  EXPECT_EQ(house.last->components[0].status, ComponentStatus::operational);
  EXPECT_FALSE(house.last->newest(0)->next_update);
}

TEST(View, says_of_nothing_that_it_works_once_it_was_unseen_for_long) {
  House house;
  house.watch("checkout");
  house.blind("checkout", 10);
  EXPECT_FALSE(house.view(14)->components[0].unseen_since) << "so long may a restart take";
  const auto before = house.last;
  EXPECT_TRUE(sees_alike(*before, house.unseen(), minute(14)));
  EXPECT_FALSE(sees_alike(*before, house.unseen(), minute(15)));
  EXPECT_EQ(house.view(15)->components[0].unseen_since, minute(10));
  EXPECT_EQ(house.last->unseen_since, minute(10)) << "no rule sees anything else";
  EXPECT_FALSE(house.last->components[1].unseen_since) << "that is for humans to watch";
  EXPECT_FALSE(same_content(*before, *house.last));
  EXPECT_TRUE(sees_alike(*house.last, house.unseen(), minute(500)));

  house.tell("", 20, incident::VerdictChanged{"checkout-down", {.since = minute(20)}});
  EXPECT_FALSE(sees_alike(*house.last, house.unseen(), minute(20)));
  EXPECT_FALSE(house.view(20)->components[0].unseen_since);
  EXPECT_FALSE(house.last->unseen_since);
  EXPECT_TRUE(same_content(*before, *house.last));
}

TEST(View, says_what_is_seen_when_it_is_shown_and_not_when_it_was_made) {
  House house;
  house.watch("checkout");
  const auto made = house.view(10);
  EXPECT_EQ(looked_at_again(made, house.unseen(), minute(20)), made);
  house.blind("checkout", 10);
  const auto shown = looked_at_again(made, house.unseen(), minute(20));
  EXPECT_EQ(shown->unseen_since, minute(10));
  EXPECT_EQ(shown->components[0].unseen_since, minute(10));
}

TEST(View, can_be_of_a_house_that_sees_nothing_any_more) {
  House house;
  house.watch("checkout");
  house.blind("checkout", 0);
  const auto blind = blinded(*house.view(10), minute(8));
  EXPECT_EQ(blind->unseen_since, minute(0));
  EXPECT_EQ(blind->components[0].unseen_since, minute(0));
  EXPECT_EQ(blind->components[1].unseen_since, minute(8));
  EXPECT_FALSE(same_content(*blind, *house.last));
}

TEST(View, takes_back_what_it_promised_by_an_instant_that_passed_while_nothing_could_be_posted) {
  House house;
  house.publish("a", 0, "one");  // promises an update by 30
  house.publish("b", 5, "two");
  house.post("b", 6, "more", 40);
  const auto before = house.view(10);
  const auto blind = overdue(*before, minute(20));
  EXPECT_EQ(blind->shown[0].incident, before->shown[0].incident) << "the promise stands";
  EXPECT_FALSE(promises_the_past(*blind, minute(30)));
  EXPECT_TRUE(promises_the_past(*blind, minute(31)));
  const auto first = overdue(*blind, minute(31));
  EXPECT_FALSE(promises_the_past(*first, minute(31)));
  EXPECT_FALSE(first->shown[0].incident->next_update);
  EXPECT_EQ(first->shown[0].incident->missed_update, minute(30));
  EXPECT_EQ(first->shown[1].incident->next_update, minute(40));
  EXPECT_FALSE(same_content(*blind, *first));
  const auto second = overdue(*first, minute(41));
  EXPECT_EQ(second->shown[0].incident, first->shown[0].incident);
  EXPECT_EQ(second->shown[1].incident->missed_update, minute(40));
  EXPECT_EQ(house.view(42)->shown[0].incident->next_update, minute(30)) << "what is so is another matter";
}

TEST(View, makes_hostile_bytes_harmless) {
  House house;
  house.publish("a", 0, std::string{"bell\x07 zero\0 bad\xFF\xC0\xAF end", 22});
  EXPECT_EQ(house.view()->newest(0)->title,
            "bell\xEF\xBF\xBD zero\xEF\xBF\xBD bad\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD end");
}

TEST(PublicId, is_twelve_characters_and_depends_on_kind_and_key_only) {
  EXPECT_THAT(public_id("component", "checkout"), MatchesRegex("[a-z0-9]{12}"));
  EXPECT_EQ(public_id("component", "checkout"), public_id("component", "checkout"));
  EXPECT_NE(public_id("component", "checkout"), public_id("group", "checkout"));
  EXPECT_NE(public_id("component", "checkout"), public_id("component", "search"));
}

struct Case {
  incident::ComponentStatuses components;
  Impact impact;
  std::string sentence;
  std::string indicator;
  std::string description;
};

TEST(Words, answer_whether_it_is_you) {
  using enum ComponentStatus;
  const std::vector<Case> cases{
      {{{"checkout", major_outage}}, Impact::major, "Checkout is not working", "major", "Partial System Outage"},
      {{{"checkout", major_outage}}, Impact::critical, "Checkout is not working", "critical", "Major System Outage"},
      {{{"checkout", partial_outage}, {"search", partial_outage}},
       Impact::minor,
       "Checkout and Search are working only in part",
       "minor",
       "Minor Service Outage"},
      {{{"checkout", major_outage}, {"search", major_outage}, {"api", major_outage}},
       Impact::major,
       "All 3 parts of our service are not working",
       "critical",
       "Major System Outage"},
      {{{"search", degraded_performance}},
       Impact::minor,
       "Search is slow or unreliable",
       "minor",
       "Partially Degraded Service"},
      {{{"search", under_maintenance}},
       Impact::none,
       "Search is under maintenance",
       "maintenance",
       "Service Under Maintenance"},
      {{}, Impact::major, "We are looking into a problem", "major", "Partial System Outage"},
      {{}, Impact::minor, "We are looking into a problem", "minor", "Minor Service Outage"},
      {{}, Impact::none, "All systems are working", "none", "All Systems Operational"},
  };
  for (const Case& it : cases) {
    House house;
    house.publish("a", 0, "title", it.impact, it.components);
    const auto view = house.view();
    EXPECT_EQ(headline(*view).sentence, it.sentence);
    EXPECT_EQ(indicator(*view).indicator, it.indicator) << it.sentence;
    EXPECT_EQ(indicator(*view).description, it.description) << it.sentence;
  }
}

TEST(Words, name_at_most_two_components_and_tell_the_lesser_ones_apart) {
  House house;
  house.policy.components.push_back({.id = "mail", .name = "Mail"});
  house.publish("a", 0, "title", Impact::major,
                {{"checkout", ComponentStatus::major_outage},
                 {"search", ComponentStatus::major_outage},
                 {"api", ComponentStatus::major_outage},
                 {"mail", ComponentStatus::degraded_performance}});
  const Headline said = headline(*house.view());
  EXPECT_EQ(said.sentence, "Checkout, Search and 1 more are not working");
  EXPECT_THAT(said.more, ElementsAre("Mail is slow or unreliable"));
  EXPECT_EQ(said.tone, Tone::down);
}

TEST(Words, lead_with_the_worst_open_incident_then_the_newest) {
  House house;
  house.publish("a", 0, "old and critical", Impact::critical);
  house.publish("b", 5, "new and minor", Impact::minor);
  EXPECT_EQ(leading_incident(*house.view())->id, "a");
  house.resolve("a", 6);
  EXPECT_EQ(leading_incident(*house.view())->id, "b");
  house.resolve("b", 7);
  EXPECT_EQ(leading_incident(*house.view()), nullptr);
}

TEST(Words, say_durations_and_times) {
  EXPECT_EQ(duration_words(std::chrono::seconds{59}), "less than a minute");
  EXPECT_EQ(duration_words(std::chrono::minutes{1}), "1 minute");
  EXPECT_EQ(duration_words(std::chrono::minutes{65}), "1 hour 5 minutes");
  EXPECT_EQ(duration_words(std::chrono::hours{51}), "2 days 3 hours");
  EXPECT_EQ(duration_words(std::chrono::hours{-1}), "less than a minute");
  EXPECT_EQ(time_words(minute(32), minute(0)), "14:32 UTC");
  EXPECT_EQ(time_words(minute(600), minute(0)), "24 November 2026, 00:00 UTC");
  EXPECT_EQ(month_words(minute(0)), "November 2026");
}

}  // namespace
}  // namespace candor::page
