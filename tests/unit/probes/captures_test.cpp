#include "probes/kinds/captures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

namespace candor::probes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(const std::string& items) {
  Problems problems;
  const auto document = Document::parse("capture = [" + items + "]", "candor.toml", problems);
  Settings settings;
  (void)read_captures(document->root(), settings);
  document->refuse_unknown();
  std::vector<std::string> all;
  for (const Problem& problem : problems.list()) all.push_back(problem.text());
  return all;
}

std::string taken(const Capture& capture, std::string_view body, const std::string* header = nullptr) {
  const Result<std::string> value = take(capture, body, header);
  return value ? *value : "error: " + value.error().message;
}

TEST(Captures, finds_the_variables_of_a_text) {
  EXPECT_THAT(variables_in("Bearer {{token}}, {{a_1}}{{token}}"), ElementsAre("a_1", "token"));
  EXPECT_THAT(variables_in("{{ token }} {{}} {{1a}} {{A}} {token} {{open"), IsEmpty());
  EXPECT_THAT(variables_in("{{{a}}}"), ElementsAre("a"));
}

TEST(Captures, finds_what_only_looks_like_a_variable) {
  for (const char* const text : {"{{Token}}", "a {{ token }}", "{{1a}}", "{{a-b}}", "{{a.b}}", "{{open", "{{half}"}) {
    EXPECT_TRUE(misspelled_in(text)) << text;
  }
  EXPECT_EQ(misspelled_in("{{a}} {{ token }}"), "{{ token }}");
  for (const char* const text : {"", "{{a}}", "{{{a}}}", "{a}", "{{}}", "{{#if x}}", R"({"a":{"b":1}})"}) {
    EXPECT_FALSE(misspelled_in(text)) << text;
  }
}

TEST(Captures, fills_variables_in) {
  const Captured captured{{"a", "x y/ü?"}, {"b", "{{a}}"}};
  EXPECT_EQ(fill("{{a}}-{{b}}-{{c}}", captured, Fill::as_is), "x y/ü?-{{a}}-{{c}}")
      << "what was filled in is not filled again";
  EXPECT_EQ(fill("/p/{{a}}?q={{a}}", captured, Fill::percent_encoded), "/p/x%20y%2F%C3%BC%3F?q=x%20y%2F%C3%BC%3F");
  EXPECT_EQ(fill("none", captured, Fill::as_is), "none");
  EXPECT_EQ(fill("{{a}}", {}, Fill::as_is), "{{a}}");
}

TEST(Captures, takes_values_of_json) {
  const Capture token{"token", *JsonPath::parse("$.token")};
  EXPECT_EQ(taken(token, R"({"token": "abc"})"), "abc");
  EXPECT_EQ(taken(token, R"({"token": 17})"), "17");
  EXPECT_EQ(taken(token, R"({"token": true})"), "true");
  EXPECT_EQ(taken(token, R"({"token": 19.99})"), "19.99");
  EXPECT_EQ(taken(token, R"({"token": 1234567.5})"), "1234567.5");
  EXPECT_EQ(taken(token, R"({"token": 100.0})"), "100");
  EXPECT_EQ(taken(token, R"({"token": 18446744073709551615})"), "18446744073709551615");
  EXPECT_EQ(taken(token, "{}"), "error: $.token is absent");
  EXPECT_EQ(taken(token, R"({"token": null})"), "error: $.token is neither text, number, true nor false");
  EXPECT_THAT(taken(token, "<html>"), HasSubstr("error: the body is no JSON ("));
}

TEST(Captures, takes_the_first_group_of_a_match) {
  const Capture group{"id", std::make_shared<const RE2>("name=\"csrf\" value=\"([^\"]+)\"")};
  EXPECT_EQ(taken(group, "<input name=\"csrf\" value=\"s3cret\">"), "s3cret");
  EXPECT_EQ(taken(group, "<input>"), "error: nothing in the body matches \"name=\"csrf\" value=\"([^\"]+)\"\"");
  EXPECT_EQ(taken({"id", std::make_shared<const RE2>("[0-9]+")}, "order 4711!"), "4711");
}

TEST(Captures, takes_headers) {
  const Capture place{"place", Capture::Header{"Location"}};
  const std::string value = "/orders/7";
  EXPECT_EQ(taken(place, "", &value), "/orders/7");
  EXPECT_EQ(taken(place, ""), "error: there is no header Location");
}

TEST(Captures, takes_nothing_that_could_end_a_line_or_fill_memory) {
  const Capture token{"token", *JsonPath::parse("$.token")};
  EXPECT_EQ(taken(token, R"({"token": "a\r\nX-Evil: 1"})"),
            "error: it holds a line break or another control character");
  EXPECT_EQ(taken(token, "{\"token\": \"" + std::string(8193, 'x') + "\"}"), "error: it is longer than 8192 bytes");
}

TEST(Captures, refuses_what_makes_no_sense) {
  EXPECT_THAT(
      problems_of("{ name = 'token', json = '$.t' }, { name = 'a', header = 'X' }, { name = 'b', matches = 'x' }"),
      IsEmpty());
  EXPECT_THAT(problems_of("{ json = '$.t' }"), ElementsAre(HasSubstr("name is missing")));
  EXPECT_THAT(problems_of("{ name = 'Token', json = '$.t' }"),
              ElementsAre(HasSubstr("\"Token\" is not a variable's name")));
  EXPECT_THAT(problems_of("{ name = 'a' }"), ElementsAre(HasSubstr("one of json, header and matches")));
  EXPECT_THAT(problems_of("{ name = 'a', json = '$.t', header = 'X' }"),
              ElementsAre(HasSubstr("one of json, header and matches")));
  EXPECT_THAT(problems_of("{ name = 'a', header = 'a b' }"), ElementsAre(HasSubstr("this is not a header's name")));
  EXPECT_THAT(problems_of("{ name = 'a', json = 't' }"), ElementsAre(HasSubstr("json is not a JSON path")));
}

}  // namespace
}  // namespace candor::probes
