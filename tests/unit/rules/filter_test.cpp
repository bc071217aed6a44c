#include "rules/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::rules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string error_of(const std::vector<std::string>& texts) {
  const Result<Matchers> filter = parse_filter(texts);
  EXPECT_FALSE(filter);
  return filter ? "" : filter.error().message;
}

/// `a="b",a="b",…`
std::string written(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += text.empty() ? R"(a="b")" : R"(,a="b")";
  return text;
}

TEST(Filter, is_all_its_texts_together) {
  const Result<Matchers> filter = parse_filter({R"(a="b",c=~"d|e")", "", R"({f!="g"})"});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->all.size(), 3U);
  EXPECT_TRUE(filter->matches({{"a", "b"}, {"c", "e"}}));
  EXPECT_FALSE(filter->matches({{"a", "b"}, {"c", "e"}, {"f", "g"}}));
  EXPECT_TRUE(parse_filter({})->matches({}));
}

TEST(Filter, has_twenty_matchers_at_most) {
  EXPECT_TRUE(parse_filter({written(20)}));
  EXPECT_TRUE(parse_filter({written(12), written(8)}));
  EXPECT_EQ(error_of({written(21)}), "at most 20 matchers are taken in a request");
  EXPECT_EQ(error_of({written(12), written(9)}), "at most 20 matchers are taken in a request");
  EXPECT_EQ(error_of({"{" + written(21) + "}"}), "at most 20 matchers are taken in a request");
}

TEST(Filter, takes_no_regular_expression_that_is_large_once_compiled) {
  for (const char* regex : {".{1000}", "(.?){300}", "[^a]{900}", R"(\\pL{300})"}) {
    EXPECT_THAT(error_of({std::string{"a=~\""} + regex + "\""}),
                AllOf(StartsWith("the regular expression \""), HasSubstr("is too large: compiled it may take 32 KiB")))
        << regex;
    EXPECT_FALSE(parse_filter({std::string{"a!~"} + regex})) << "in the classic syntax too: " << regex;
  }
  EXPECT_TRUE(parse_filter({R"(a=~"(checkout|search|basket)-.*\\.(eu|us)-[a-z]+-[0-9]{1,3}(:[0-9]+)?")"}));
}

TEST(Filter, takes_no_regular_expression_that_is_long) {
  const std::string long_one(2001, 'x');
  EXPECT_THAT(error_of({"a=~\"" + long_one + "\""}),
              AllOf(HasSubstr("is too large: at most 2000 bytes are taken"), HasSubstr("x…\"")));
  EXPECT_TRUE(parse_filter({"a=~\"" + long_one.substr(1) + "\""}));
  EXPECT_TRUE(parse_filter({"a=\"" + long_one + "\""})) << "a text to compare with may be long";
}

TEST(Filter, says_what_is_wrong_with_matchers_as_rules_do) {
  for (const char* text : {"a=~\"(\"", "==", "a=\"\xff\"", "a=~\"\xff\""}) {
    EXPECT_EQ(error_of({text}), parse_matchers(text).error().message);
  }
}

TEST(Filter, bounds_a_single_regular_expression_too) {
  EXPECT_TRUE(parse_filter_regex("receiver", "can.*"));
  EXPECT_FALSE(parse_filter_regex("receiver", ".{1000}"));
  EXPECT_FALSE(parse_filter_regex("receiver", "("));
}

}  // namespace
}  // namespace candor::rules
