#include <array>
#include <cmath>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/page/markup.h"
#include "daemon/page/pages.h"
#include "daemon/page/parts.h"
#include "daemon/page/style.h"
#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The value of a custom property of the style, light (0) or dark (1).
std::string colour(const std::string& name, int scheme) {
  const std::string key = "--" + name + ":";
  std::size_t at = style.find(key);
  for (int i = 0; i < scheme; ++i) at = style.find(key, at + 1);
  const std::size_t begin = at + key.size();
  std::string value{style.substr(begin, style.find_first_of(";}", begin) - begin)};
  if (value.size() == 4) value = {'#', value[1], value[1], value[2], value[2], value[3], value[3]};
  return value;
}

/// WCAG 2.2, relative luminance.
double luminance(const std::string& colour) {
  const auto part = [&colour](std::size_t at) {
    const double value = std::stoi(colour.substr(at, 2), nullptr, 16) / 255.0;
    return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

double contrast(const std::string& a, const std::string& b) {
  const double x = luminance(a);
  const double y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

TEST(EscapeHtml, leaves_nothing_that_could_end_a_text_or_an_attribute) {
  EXPECT_EQ(escape_html("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape_html("Grüße, 東京"), "Grüße, 東京");
}

TEST(CleanText, keeps_good_text_and_replaces_the_rest) {
  EXPECT_EQ(clean_text("a\r\nb\tc – 🙂"), "a\nb\tc – 🙂");
  EXPECT_EQ(clean_text("a\u2028b\u2029c"), "a\nb\nc");
  EXPECT_EQ(clean_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(clean_text("cut \xE2\x80"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(clean_text("\x1B[31m\x7F\xC2\x85"), "\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(clean_text("a\u202eb\u2066c\u2069\u200e\u200f\u061cd"), "abcd") << "nothing turns the line round";
}

TEST(Markup, makes_paragraphs_of_empty_lines_and_breaks_of_single_ones) {
  EXPECT_EQ(Markup{}.paragraphs("one\ntwo\n\n \nthree <3").html(), "<p>one<br/>two</p><p>three &lt;3</p>");
  EXPECT_EQ(Markup{}.paragraphs("").html(), "");
  EXPECT_EQ(Markup{}.paragraphs("\n\nx\n").html(), "<p>x</p>");
}

TEST(Shorten, cuts_between_words_and_never_inside_a_character) {
  EXPECT_EQ(shorten("one two three", 13), "one two three");
  EXPECT_EQ(shorten("one two three", 9), "one two…");
  EXPECT_EQ(shorten("one two three", 7), "one two…");
  EXPECT_EQ(shorten("ééééé", 5), "éé…");
}

TEST(WellFormednessCheck, sees_what_is_wrong) {
  EXPECT_EQ(malformed("<p>a<br/>b</p>"), "");
  EXPECT_NE(malformed("<p>a<br>b</p>"), "");
  EXPECT_NE(malformed("<p>a"), "");
  EXPECT_NE(malformed("<p>a & b</p>"), "");
  EXPECT_NE(malformed("<p class=x>a</p>"), "");
  EXPECT_NE(malformed("<b><i></b></i>"), "");
}

class Hostile : public testing::Test {
 protected:
  Hostile() {
    const std::string evil = "</title><script>alert(1)</script>\" onload='x' & {{x}}";
    house_.settings.name = evil;
    house_.policy.components = {{.id = "checkout", .name = evil, .description = evil, .group = evil},
                                {.id = "api", .name = evil}};
    house_.publish("a", 0, evil, Impact::critical, {{"checkout", ComponentStatus::major_outage}});
    house_.post("a", 1, evil + "\n\n" + evil);
    house_.publish("b", 0, evil);
    house_.resolve("b", 3, evil);
  }
  House house_;
};

TEST_F(Hostile, texts_stay_texts_in_every_document) {
  const auto site = house_.site();
  for (const auto& [path, document] : site->documents) {
    if (document->kind() != Document::Kind::html) continue;
    EXPECT_THAT(document->body(), Not(HasSubstr("<script"))) << path;
    EXPECT_THAT(document->body(), Not(HasSubstr("onload='"))) << path;
    EXPECT_EQ(malformed(document->body()), "") << path;
  }
  EXPECT_EQ(malformed(site->not_found->body()), "");
  EXPECT_THAT(body(*site, "/"), HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(HomePage, answers_the_three_questions_before_anything_else) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  const std::string page = home_page(*house.view());
  const std::string first = page.substr(page.find("<main"), page.find("What we know") - page.find("<main"));
  EXPECT_THAT(first, HasSubstr("Checkout is not working</h1>"));
  EXPECT_THAT(first, HasSubstr("Nobody has taken the lead yet"));
  EXPECT_THAT(first, HasSubstr("by <time datetime=\"2026-11-23T14:30:00.000Z\">14:30 UTC</time>"));
  EXPECT_THAT(page, HasSubstr("<title>Checkout is not working – Acme Status</title>"));

  house.tell("a", 2, incident::PageAcked{"link"}, "contact:INTERNAL-ana", true);
  EXPECT_THAT(home_page(*house.view()), HasSubstr("Someone is leading the response"));
}

TEST(HomePage, tells_the_date_of_what_may_be_read_on_another_day) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("Since</dt><dd><time datetime=\"2026-11-23T13:59:00.000Z\">23 November 2026, 13:59 UTC"));
  EXPECT_THAT(page, HasSubstr("content=\"Checkout is not working. Next update by 23 November 2026, 14:30 UTC.\""));
}

TEST(HomePage, says_of_a_promise_that_cannot_be_kept_that_it_was_one) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::critical);
  house.publish("b", 0, "Search is slow", Impact::minor);
  const auto blind = blinded(*overdue(*house.view(), minute(40)), minute(5));
  const std::string words =
      "was due by <time datetime=\"2026-11-23T14:30:00.000Z\">23 November 2026, 14:30 UTC</time>; we cannot post "
      "updates at the moment";
  const std::string page = home_page(*blind);
  EXPECT_EQ(malformed(page), "");
  EXPECT_THAT(page, HasSubstr("<dt>Next update</dt><dd>" + words + "</dd>"));
  EXPECT_THAT(page, HasSubstr("An update " + words + "</p>"));
  EXPECT_THAT(page, HasSubstr("We cannot post updates at the moment.\"/>"));
  EXPECT_THAT(page, Not(HasSubstr("Next update by")));
  EXPECT_THAT(incident_page(blind->settings, *blind->newest(0)), HasSubstr("<dd>" + words + "</dd>"));
}

TEST(HomePage, says_it_in_words_beside_every_colour) {
  House house;
  house.publish("a", 0, "t", Impact::critical,
                {{"checkout", ComponentStatus::major_outage}, {"search", ComponentStatus::degraded_performance}});
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("Major outage</span>"));
  EXPECT_THAT(page, HasSubstr("Degraded performance</span>"));
  EXPECT_THAT(page, HasSubstr("Operational</span>"));
  EXPECT_THAT(page, HasSubstr("Investigating · Critical impact"));
}

TEST(HomePage, is_calm_when_all_is_well) {
  House house;
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<title>All systems are working – Acme Status</title>"));
  EXPECT_THAT(page, Not(HasSubstr("What we know")));
  EXPECT_THAT(page, HasSubstr("No incident has ended yet."));
  EXPECT_EQ(malformed(page), "");
}

TEST(HomePage, does_not_say_that_what_nobody_can_see_works) {
  House house;
  house.watch("checkout");
  house.watch("search");
  house.blind("checkout", 0);
  std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<title>We cannot see at the moment whether Checkout works – Acme Status</title>"));
  EXPECT_THAT(page, HasSubstr("Our own checks have not been able to tell since"));
  EXPECT_THAT(page, HasSubstr("Unknown</span>"));
  EXPECT_THAT(page, HasSubstr("Operational</span>"));
  EXPECT_THAT(page, Not(HasSubstr("All systems are working")));
  EXPECT_THAT(page, HasSubstr("class=\"hero dim\""));
  EXPECT_EQ(malformed(page), "");

  house.blind("search", 1);
  page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<title>We cannot see at the moment whether everything works –"));
  EXPECT_EQ(malformed(page), "");
}

TEST(HomePage, does_not_speak_of_anything_else_where_there_is_nothing) {
  House house;
  house.policy.components.resize(1);
  house.watch("checkout");
  house.blind("checkout", 0);
  house.publish("a", 0, "t", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  EXPECT_THAT(home_page(*house.view()), Not(HasSubstr("cannot see")));
}

TEST(HomePage, says_first_what_is_known_to_be_broken_and_then_what_cannot_be_seen) {
  House house;
  house.watch("checkout");
  house.watch("search");
  house.blind("search", 0);
  house.publish("a", 0, "t", Impact::critical, {{"checkout", ComponentStatus::major_outage}});
  std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<title>Checkout is not working –"));
  EXPECT_THAT(page, HasSubstr("<p class=\"more\">We cannot see at the moment whether Search works.</p>"));

  house.blind("checkout", 0);
  page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<p class=\"more\">We cannot see at the moment whether everything else works.</p>"));
  EXPECT_THAT(page, HasSubstr("Major outage</span>")) << "humans know what they said";
}

TEST(HomePage, folds_groups_in_which_all_is_well_when_there_are_many_components) {
  House house;
  for (int i = 0; i < 12; ++i) {
    house.policy.components.push_back({.id = "n" + std::to_string(i), .name = "N", .group = "Network"});
  }
  house.publish("a", 0, "t", Impact::minor, {{"search", ComponentStatus::degraded_performance}});
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("<details open=\"open\"><summary class=\"row\"><h3>Shop</h3>"));
  EXPECT_THAT(page, HasSubstr("<details><summary class=\"row\"><h3>Network</h3>"));
}

TEST(HomePage, stays_below_50_kB_with_20_components_and_10_open_incidents) {
  House house;
  house.policy.components.clear();
  incident::ComponentStatuses all;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "component-" + std::to_string(i);
    house.policy.components.push_back({.id = id,
                                       .name = "A component with a rather long name " + std::to_string(i),
                                       .description = std::string(120, 'd'),
                                       .group = "Group " + std::to_string(i / 5)});
    all[id] = ComponentStatus::major_outage;
  }
  for (int i = 0; i < 10; ++i) {
    const std::string id = "incident-" + std::to_string(i);
    house.open(id, i, "Something that is not as it should be " + std::to_string(i), Impact::critical,
               {{"component-" + std::to_string(i), ComponentStatus::major_outage}});
    for (int n = 0; n < 20; ++n) {
      std::string text;
      while (text.size() < 5'000) text += "Words that customers read, and more of them. ";
      house.post(id, i + n, text);
    }
  }
  for (int i = 0; i < 30; ++i) {
    const std::string id = "past-" + std::to_string(i);
    house.publish(id, -1'000 + i, std::string(200, 't'));
    house.resolve(id, -500 + i);
  }
  const auto site = house.site();
  EXPECT_LT(body(*site, "/").size(), 50'000U);
  EXPECT_THAT(body(*site, "/"), HasSubstr("Read all 20 updates"));
  EXPECT_THAT(body(*site, "/"), HasSubstr("Read the whole update"));
  EXPECT_EQ(malformed(body(*site, "/")), "");
}

TEST(HomePage, names_no_more_open_incidents_than_fit) {
  House house;
  for (int i = 0; i < 45; ++i) house.publish("i" + std::to_string(i), i, "t");
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("And 5 more: "));
  EXPECT_LT(page.size(), 50'000U);
}

TEST(IncidentPage, tells_the_updates_newest_first_with_their_status_words) {
  House house;
  house.publish("a", 0, "Payments fail", Impact::major, {{"checkout", ComponentStatus::major_outage}});
  house.tell("a", 5, incident::StatusChanged{Status::identified});
  house.post("a", 5, "First line\nsecond line\n\nsecond paragraph");
  house.resolve("a", 40, "Fixed for good.");
  const std::string page = incident_page(house.settings, *house.view()->newest(0));
  EXPECT_LT(page.find("Fixed for good."), page.find("First line"));
  EXPECT_LT(page.find("First line"), page.find("We are looking into it."));
  EXPECT_THAT(page, HasSubstr("<h3>Identified</h3>"));
  EXPECT_THAT(page, HasSubstr("<p>First line<br/>second line</p><p>second paragraph</p>"));
  EXPECT_THAT(page, HasSubstr("<title>Resolved: Payments fail – Acme Status</title>"));
  EXPECT_THAT(page, HasSubstr("41 minutes"));
  EXPECT_THAT(page, Not(HasSubstr("Nobody has taken the lead")));
}

TEST(Pages, link_with_the_path_of_the_address_and_name_themselves_in_full) {
  House house;
  house.settings.url = "https://acme.example/status";
  house.publish("a", 0, "t");
  const std::string page = home_page(*house.view());
  EXPECT_THAT(page, HasSubstr("href=\"/status/incidents/a\""));
  EXPECT_THAT(page, HasSubstr("href=\"/status/history\""));
  EXPECT_THAT(page, HasSubstr("<link rel=\"canonical\" href=\"https://acme.example/status/\"/>"));
  EXPECT_THAT(page, HasSubstr("href=\"https://acme.example/help\">Get help"));
}

TEST(Pages, have_the_landmarks_and_headings_that_screen_readers_go_by) {
  House house;
  house.publish("a", 0, "t");
  const auto site = house.site();
  for (const char* path : {"/", "/history", "/incidents/a"}) {
    const std::string page = body(*site, path);
    for (const char* part : {"<html lang=\"en\">", "<main id=\"main\"", "<header", "<nav aria-label=", "<footer>",
                             "name=\"viewport\"", "href=\"#main\""}) {
      EXPECT_THAT(page, HasSubstr(part)) << path;
    }
    EXPECT_EQ(page.find("<h1"), page.rfind("<h1")) << path;
  }
}

TEST(Style, gives_every_text_the_contrast_of_wcag_aa_in_light_and_dark) {
  for (int scheme = 0; scheme < 2; ++scheme) {
    for (const char* text : {"text", "soft", "link"}) {
      for (const char* ground : {"ground", "card"}) {
        EXPECT_GE(contrast(colour(text, scheme), colour(ground, scheme)), 4.5) << text << " on " << ground << scheme;
      }
    }
    for (const std::string tone : {"ok", "dim", "work", "slow", "part", "down"}) {
      const std::string tint = colour(tone + "-tint", scheme);
      EXPECT_GE(contrast(colour(tone, scheme), tint), 4.5) << tone << scheme;
      EXPECT_GE(contrast(colour(tone, scheme), colour("card", scheme)), 4.5) << tone << scheme;
      EXPECT_GE(contrast(colour("text", scheme), tint), 4.5) << tone << scheme;
    }
  }
}

}  // namespace
}  // namespace candor::page
