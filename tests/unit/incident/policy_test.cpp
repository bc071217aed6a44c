#include "daemon/incident/policy.h"

#include <gtest/gtest.h>

#include "daemon/incident/holding.h"

namespace candor::incident {
namespace {

std::string problems_of(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list()) text += problem.text() + "\n";
  return text;
}

TEST(HoldingText, may_name_each_fact_and_is_filled_with_it) {
  const Facts facts{"Checkout", "errors", "14:02 UTC", "14:17 UTC"};
  EXPECT_EQ(fill("{{component}}: {{ symptom }} since {{since}}, next {{next_update}}", facts),
            "Checkout: errors since 14:02 UTC, next 14:17 UTC");
}

TEST(HoldingText, is_filled_anew_each_time) {
  Templates templates;
  EXPECT_EQ(templates.fill("{{component}} since {{since}}", {.component = "Shop", .since = "14:02"}),
            "Shop since 14:02");
  EXPECT_EQ(templates.fill("{{component}} since {{since}}", {.component = "Search"}), "Search since ");
  EXPECT_EQ(templates.fill("{{component}}", {.component = "Search"}), "Search");
}

TEST(HoldingText, is_plain_text_and_not_escaped_twice) {
  EXPECT_EQ(fill("{{component}}", {.component = "Rock & <Roll>"}), "Rock & <Roll>");
}

TEST(HoldingText, begins_with_a_capital_letter) {
  EXPECT_EQ(fill("{{component}} is down", {.component = "our service"}), "Our service is down");
}

TEST(HoldingText, refuses_what_it_could_not_fill) {
  for (const char* text : {"{{componet}}", "{{{component}}}", "{{&component}}", "{{#component}}x{{/component}}",
                           "{{component", "{{}}", "{{> partial}}", "{{=<% %>=}}", "{{! comment}}"}) {
    EXPECT_FALSE(check_template(text)) << text;
  }
  EXPECT_NE(check_template("{{componet}}").error().message.find("did you mean {{component}}?"), std::string::npos);
  EXPECT_TRUE(check_template("no names at all } { }}"));
  EXPECT_TRUE(check_template(default_holding().body));
  EXPECT_TRUE(check_template(default_holding().title));
  EXPECT_TRUE(check_template(default_holding().support));
}

TEST(HoldingText, names_the_day_only_when_it_is_another_one) {
  const Instant noon = from_ms(1'795'046'400'000);
  EXPECT_EQ(say_when(noon, noon + std::chrono::hours{3}), format_hour(noon));
  EXPECT_EQ(say_when(noon, noon + std::chrono::hours{30}), format_for_people(noon));
}

TEST(HoldingText, has_a_title_of_one_line) {
  const auto problems = [](const std::string& title) {
    Problems found;
    const auto document = Document::parse("name = \"default\"\ntitle = \"" + title + "\"\n", "shop.toml", found);
    (void)read_holding(document->root());
    return problems_of(found);
  };
  EXPECT_EQ(problems("{{component}} is down"), "");
  const std::string told = "shop.toml:2:9: title has more than one line (the title of an incident is one line)\n";
  EXPECT_EQ(problems("{{component}}\\nis down"), told);
  EXPECT_EQ(problems("{{component}}\\ris down"), told);
  EXPECT_EQ(problems("{{component}}\\u2028is down"), told);
}

TEST(Component, is_called_something_that_customers_see) {
  const auto problems = [](const std::string& toml) {
    Problems found;
    const auto document = Document::parse("id = \"shop\"\n" + toml, "shop.toml", found);
    (void)read_component(document->root());
    return problems_of(found);
  };
  const std::string hint = " (leave it out, or write what customers call it)\n";
  EXPECT_EQ(problems(""), "");
  EXPECT_EQ(problems("name = \"Shop\"\ngroup = \"\""), "");
  EXPECT_EQ(problems("name = \"\""), "shop.toml:2:8: name shows nothing" + hint);
  EXPECT_EQ(problems("name = \" \\u202e\""), "shop.toml:2:8: name shows nothing" + hint);
  EXPECT_EQ(problems("group = \"\\u202e\""), "shop.toml:2:9: group shows nothing" + hint);
  EXPECT_EQ(problems("group = \"" + std::string(200, 'g') + "\""), "");
  EXPECT_EQ(problems("group = \"" + std::string(201, 'g') + "\""), "shop.toml:2:9: group is longer than 200 bytes\n");
  EXPECT_EQ(problems("name = \"" + std::string(201, 'n') + "\""), "shop.toml:2:8: name is longer than 200 bytes\n");
  EXPECT_EQ(
      problems("name = \"Shop\\nand till\""),
      "shop.toml:2:8: name holds a line break or another control character (write it on one line, as it stands in "
      "titles)\n");
  Problems found;
  const auto document = Document::parse("id = \"" + std::string(201, 'i') + "\"", "shop.toml", found);
  (void)read_component(document->root());
  EXPECT_EQ(problems_of(found), "shop.toml:1:6: id is longer than 200 bytes\n");
}

TEST(Response, names_each_mistake_with_its_place_and_a_hint) {
  Problems problems;
  const auto document = Document::parse(R"(component = "chekout"
status = "outage"
impact = "huge"
resolve_after = "2 minutes"
holding = "defualt"
page = "paymens"
playbook = { url = "runbook", reviewed = "2026-09-01" }
)",
                                        "rules.toml", problems);
  Policy policy;
  policy.components = {{.id = "checkout", .name = "Checkout"}};
  policy.holdings["default"] = default_holding();
  policy.oncall.escalations["payments"] = {};
  (void)read_response(document->root(), policy);
  const std::string text = problems_of(problems);
  EXPECT_NE(text.find("rules.toml:1:13: there is no component \"chekout\" (did you mean \"checkout\"?)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("rules.toml:2:10: \"outage\" is not a value of status"), std::string::npos) << text;
  EXPECT_NE(text.find("rules.toml:3:"), std::string::npos) << text;
  EXPECT_NE(text.find("rules.toml:4:"), std::string::npos) << text;
  EXPECT_NE(text.find("(did you mean \"default\"?)"), std::string::npos) << text;
  EXPECT_NE(text.find("(did you mean \"payments\"?)"), std::string::npos) << text;
  EXPECT_NE(text.find("\"runbook\" is not a link"), std::string::npos) << text;
  EXPECT_NE(text.find("reviewed is a text, not a date"), std::string::npos) << text;
}

TEST(Response, has_sound_defaults) {
  Problems problems;
  const auto document = Document::parse("", "rules.toml", problems);
  Policy policy;
  policy.holdings["default"] = default_holding();
  const Response response = read_response(document->root(), policy);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(response.resolve_after, std::chrono::minutes{2});
  EXPECT_EQ(response.reopen_within, std::chrono::minutes{30});
  EXPECT_EQ(response.holding, "default");
}

}  // namespace
}  // namespace candor::incident
