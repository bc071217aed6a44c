#include "base/long_key.h"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

namespace candor {
namespace {

std::string key(std::size_t parts, const std::string& part = "a", const std::string& dot = ".") {
  std::string text = part;
  for (std::size_t i = 1; i < parts; ++i) text += dot + part;
  return text;
}

TEST(LongKey, is_found_wherever_a_key_may_stand) {
  for (const std::string& long_one : {key(17), key(17, "a", " . "), key(17, "\"a\""), key(17, "'a b'", "\t."),
                                      key(17, "\"\\\"#\""), key(100'000, "key-of_9")}) {
    for (const auto& [before, after] : {std::pair{"", " = 1"},
                                        {"[", "]\n"},
                                        {"[[", "]]"},
                                        {"x = { ", " = 1 }"},
                                        {"x = { y = 1.5, ", " = 1 }"},
                                        {"x = [{", " = 1}]"},
                                        {"x = \"\"\"a\"\"\"\"\"\n", " = 1"},
                                        {"x = '''\n'\n''''\n", " = 1"},
                                        {"x = {y = \"\"\"a\"\"\"\", ", " = 1}"},
                                        {"x = \"#\"\n", " = 1"},
                                        {"# '\n", " = 1"},
                                        {"x = \"\\\\\"\n", " = 1"},
                                        {"x = '\\'\n", " = 1"}}) {
      EXPECT_TRUE(find_long_key(before + long_one + after)) << before << long_one.substr(0, 40) << after;
    }
  }
}

TEST(LongKey, is_no_text_comment_value_or_key_of_as_many_parts_as_may_be) {
  const std::string dots = key(50);
  for (const std::string& toml : std::initializer_list<std::string>{
           "", key(16) + " = 1", "[" + key(16) + "]\n" + key(16) + " = { " + key(16) + " = 1 }", "x = \"" + dots + "\"",
           "x = '" + dots + "'", "x = \"\"\"\n" + dots + "\n\"\n" + dots + "\"\"\"",
           "x = '''" + dots + "\n" + dots + "'''", "# " + dots + "\nx = 1", "\"" + dots + "\" = 1",
           "x = [" + key(50, "1.5", ",") + "]", "x = [\n" + key(50, "1.5", ",\n") + "]", key(50, "a.b = 1.5", "\n"),
           "x = 1979-05-27T07:32:00.999", "x = \"a\\\"" + dots + "\"", "x = \"" + dots, "x = \"\"\"" + dots, "\"\\"}) {
    EXPECT_FALSE(find_long_key(toml)) << toml;
  }
}

TEST(LongKey, is_told_with_its_place) {
  const auto found = find_long_key("größe = \"\"\"\n\"\"\"\nü = {  ö = 1, " + key(17) + " = 2 }\n");
  EXPECT_FALSE(find_long_key("größe = \"\"\"\n\"\"\"\n"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->line, 3U);
  EXPECT_EQ(found->column, 15U);
}

}  // namespace
}  // namespace candor
