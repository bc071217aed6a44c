#include "probes/kinds/json_path.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace candor::probes {
namespace {

namespace json = boost::json;

/// What stands at `path`, as JSON; "absent" where nothing does.
std::string at(std::string_view path, std::string_view document) {
  const Result<JsonPath> parsed = JsonPath::parse(path);
  if (!parsed) return parsed.error().message;
  const json::value value = json::parse({document.data(), document.size()});
  const json::value* const found = parsed->find(value);
  return found != nullptr ? json::serialize(*found) : "absent";
}

TEST(JsonPath, finds_members_and_items) {
  constexpr std::string_view document = R"({"a": {"b_1": [10, 20, {"c": "x"}]}, "größe": 3})";
  EXPECT_EQ(at("$.a.b_1[0]", document), "10");
  EXPECT_EQ(at("$.a.b_1[2].c", document), "\"x\"");
  EXPECT_EQ(at("$.größe", document), "3");
  EXPECT_EQ(at("$['a']['b_1'][1]", document), "20");
  EXPECT_EQ(at("$", "7"), "7");
}

TEST(JsonPath, counts_from_the_end_below_zero) {
  EXPECT_EQ(at("$[-1]", "[1, 2, 3]"), "3");
  EXPECT_EQ(at("$[-3]", "[1, 2, 3]"), "1");
  EXPECT_EQ(at("$[-4]", "[1, 2, 3]"), "absent");
  EXPECT_EQ(at("$[3]", "[1, 2, 3]"), "absent");
  EXPECT_EQ(at("$[-9223372036854775808]", "[1]"), "absent");
}

TEST(JsonPath, takes_any_name_in_quotation_marks) {
  EXPECT_EQ(at(R"($['a b'])", R"({"a b": 1})"), "1");
  EXPECT_EQ(at(R"($["it's"])", R"({"it's": 1})"), "1");
  EXPECT_EQ(at(R"($['it\'s \\ "so"'])", R"({"it's \\ \"so\"": 1})"), "1");
  EXPECT_EQ(at(R"($['x]'])", R"({"x]": 1})"), "1");
}

TEST(JsonPath, finds_nothing_in_values_of_another_kind) {
  EXPECT_EQ(at("$.a", "[1]"), "absent");
  EXPECT_EQ(at("$[0]", R"({"0": 1})"), "absent");
  EXPECT_EQ(at("$.a.b", R"({"a": null})"), "absent");
  EXPECT_EQ(at("$.a[0]", R"({"a": "text"})"), "absent");
}

TEST(JsonPath, tells_where_a_path_is_wrong) {
  EXPECT_EQ(at("", "1"), "is not a JSON path: no $ at character 1");
  EXPECT_EQ(at("status", "1"), "is not a JSON path: no $ at character 1");
  EXPECT_EQ(at("$status", "1"), "is not a JSON path: neither . nor [ at character 2");
  EXPECT_EQ(at("$.a-b", "1"), "is not a JSON path: neither . nor [ at character 4");
  EXPECT_EQ(at("$[0", "1"), "is not a JSON path: no ] at character 4");
  EXPECT_EQ(at("$[", "1"), "is not a JSON path: neither an index nor a name in quotation marks at character 3");
  EXPECT_EQ(at("$[*]", "1"), "is not a JSON path: neither an index nor a name in quotation marks at character 3");
  for (const std::string_view path :
       {"$.", "$..a", "$.1", "$['a", "$['a\\", "$['\\n']", "$[99999999999999999999]", "$ "}) {
    EXPECT_FALSE(JsonPath::parse(path)) << path;
  }
}

TEST(JsonPath, keeps_how_it_was_written) { EXPECT_EQ(JsonPath::parse("$['a'].b")->text(), "$['a'].b"); }

}  // namespace
}  // namespace candor::probes
