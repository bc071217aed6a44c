#include "probes/kinds/json_wanted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  explicit Read(const std::string& items) {
    const auto document = Document::parse("json = [" + items + "]", "candor.toml", problems);
    if (!document) return;
    wanted = read_json_wanted(document->root(), settings);
    document->refuse_unknown();
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Problem& problem : problems.list()) all.push_back(problem.text());
    return all;
  }

  Problems problems;
  Settings settings;
  std::vector<JsonWanted> wanted;
};

/// What is wrong with `body`; "" for nothing.
std::string misfit(const std::string& items, std::string_view body) {
  const Read read{items};
  EXPECT_THAT(read.texts(), IsEmpty());
  return find_misfit(read.wanted, body, [](std::string_view text) { return in_quotes(text); }).value_or("");
}

TEST(JsonWanted, compares_texts_numbers_and_truth) {
  constexpr std::string_view body =
      R"({"s": "ok", "n": 3, "f": 0.5, "big": 18446744073709551615, "t": true, "z": null, "l": []})";
  EXPECT_EQ(misfit("{ path = '$.s', equals = 'ok' }", body), "");
  EXPECT_EQ(misfit("{ path = '$.s', equals = 'up' }", body), "$.s is \"ok\", expected \"up\"");
  EXPECT_EQ(misfit("{ path = '$.n', equals = 3 }", body), "");
  EXPECT_EQ(misfit("{ path = '$.n', equals = 3.0 }", body), "") << "it is the same number";
  EXPECT_EQ(misfit("{ path = '$.n', equals = '3' }", body), "$.n is 3, expected \"3\"");
  EXPECT_EQ(misfit("{ path = '$.n', equals = 4 }", body), "$.n is 3, expected 4");
  EXPECT_EQ(misfit("{ path = '$.f', equals = 0.5 }", body), "");
  EXPECT_EQ(misfit("{ path = '$.big', at_least = 1 }", body), "");
  EXPECT_EQ(misfit("{ path = '$.t', equals = true }", body), "");
  EXPECT_EQ(misfit("{ path = '$.t', equals = false }", body), "$.t is true, expected false");
  EXPECT_EQ(misfit("{ path = '$.t', equals = 1 }", body), "$.t is true, expected 1");
  EXPECT_EQ(misfit("{ path = '$.z', equals = 'ok' }", body), "$.z is null, expected \"ok\"");
  EXPECT_EQ(misfit("{ path = '$.l', equals = 'ok' }", body), "$.l is a list, expected \"ok\"");
  EXPECT_EQ(misfit("{ path = '$', equals = 'ok' }", body), "$ is an object, expected \"ok\"");
}

TEST(JsonWanted, matches_patterns) {
  EXPECT_EQ(misfit("{ path = '$.v', matches = '^2\\.' }", R"({"v": "2.7"})"), "");
  EXPECT_EQ(misfit("{ path = '$.v', matches = '^2\\.' }", R"({"v": "3"})"),
            "$.v is \"3\", expected what matches \"^2\\.\"");
  EXPECT_EQ(misfit("{ path = '$.v', matches = '^20' }", R"({"v": 204})"), "");
  EXPECT_EQ(misfit("{ path = '$.v', matches = '.' }", R"({"v": []})"), "$.v is a list, expected what matches \".\"");
}

TEST(JsonWanted, holds_numbers_to_limits) {
  const std::string between = "{ path = '$.n', at_least = 2, at_most = 4.5 }";
  EXPECT_EQ(misfit(between, R"({"n": 2})"), "");
  EXPECT_EQ(misfit(between, R"({"n": 4.5})"), "");
  EXPECT_EQ(misfit(between, R"({"n": 1.9})"), "$.n is 1.9, expected at least 2");
  EXPECT_EQ(misfit(between, R"({"n": 5})"), "$.n is 5, expected at most 4.5");
  EXPECT_EQ(misfit(between, R"({"n": "3"})"), "$.n is \"3\", expected at least 2") << "a text is no number";
}

TEST(JsonWanted, asks_whether_a_place_exists) {
  EXPECT_EQ(misfit("{ path = '$.a', exists = true }", R"({"a": null})"), "");
  EXPECT_EQ(misfit("{ path = '$.a', exists = true }", R"({})"), "$.a is absent");
  EXPECT_EQ(misfit("{ path = '$.error', exists = false }", R"({})"), "");
  EXPECT_EQ(misfit("{ path = '$.error', exists = false }", R"({"error": "disk"})"),
            "$.error is \"disk\", expected to be absent");
  EXPECT_EQ(misfit("{ path = '$.a', equals = 1 }", "{}"), "$.a is absent");
}

TEST(JsonWanted, tells_the_first_that_does_not_hold) {
  EXPECT_EQ(misfit("{ path = '$.a', equals = 1 }, { path = '$.b', equals = 1 }, { path = '$.c', equals = 1 }",
                   R"({"a": 1, "b": 2, "c": 3})"),
            "$.b is 2, expected 1");
}

TEST(JsonWanted, says_when_the_body_is_no_json) {
  EXPECT_THAT(misfit("{ path = '$.a', exists = false }", "<html>"), HasSubstr("the body is no JSON ("));
  EXPECT_THAT(misfit("{ path = '$.a', exists = false }", ""), HasSubstr("the body is no JSON ("));
  EXPECT_THAT(misfit("{ path = '$.a', exists = false }", std::string(100'000, '[')),
              HasSubstr("the body is no JSON ("));
  EXPECT_EQ(find_misfit({}, "<html>", {}), std::nullopt) << "nobody wants JSON";
}

TEST(JsonWanted, shows_little_of_what_a_target_says) {
  const std::string body = "{\"a\": \"" + std::string(5000, 'x') + "\\n\\u001b\"}";
  const std::string words = misfit("{ path = '$.a', equals = 'ok' }", body);
  EXPECT_LT(words.size(), 200U);
}

TEST(JsonWanted, refuses_what_makes_no_sense) {
  EXPECT_THAT(Read{"{ equals = 1 }"}.texts(), ElementsAre(HasSubstr("path is missing")));
  EXPECT_THAT(Read{"{ path = 'a', equals = 1 }"}.texts(), ElementsAre(HasSubstr("path is not a JSON path: no $")));
  EXPECT_THAT(Read{"{ path = '$.a' }"}.texts(), ElementsAre(HasSubstr("the path is held to nothing")));
  EXPECT_THAT(Read{"{ path = '$.a', equals = [1] }"}.texts(),
              ElementsAre(HasSubstr("not a text, a number, true or false")));
  EXPECT_THAT(Read{"{ path = '$.a', matches = '[' }"}.texts(), ElementsAre(HasSubstr("not a regular expression")));
  EXPECT_THAT(Read{"{ path = '$.a', exists = false, equals = 1 }"}.texts(),
              ElementsAre(HasSubstr("no value to compare")));
  EXPECT_THAT(Read{"{ path = '$.a', at_least = 2, at_most = 1 }"}.texts(),
              ElementsAre(HasSubstr("at_most = 1 is below at_least = 2")));
  EXPECT_THAT(Read{"{ path = '$.a', equal = 1, exists = true }"}.texts(),
              ElementsAre(HasSubstr("did you mean \"equals\"?")));
}

TEST(JsonWanted, writes_each_setting_in_its_own_way) {
  std::set<std::string> seen;
  for (const char* const items :
       {"{ path = '$.a', equals = 1 }", "{ path = '$.a', equals = '1' }", "{ path = '$.a', equals = true }",
        "{ path = '$.a', equals = 'true' }", "{ path = '$.a', matches = '1' }", "{ path = '$.a', at_least = 1 }",
        "{ path = '$.a', at_most = 1 }", "{ path = '$.a', exists = true }", "{ path = '$.a', exists = false }",
        "{ path = '$.b', exists = false }"}) {
    EXPECT_TRUE(seen.insert(Read{items}.settings.text()).second) << items;
  }
}

}  // namespace
}  // namespace candor::probes
