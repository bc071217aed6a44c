#include "daemon/admin/reading.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::admin {
namespace {

using testing::HasSubstr;

http::Request with_body(std::string body) { return {.method = "POST", .path = "/x", .body = std::move(body)}; }

TEST(Body, that_is_empty_is_an_empty_object) {
  for (const char* text : {"", " \r\n", "{}", " { } "}) {
    auto body = Body::parse(with_body(text));
    ASSERT_TRUE(body) << text;
    EXPECT_EQ(body->text("a"), std::nullopt);
    EXPECT_FALSE(body->refusal());
  }
}

TEST(Body, gives_each_field_by_its_name) {
  auto body = Body::parse(with_body(R"({"a": "1", "b": {"c": "2"}})"));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->required_text("a"), "1");
  EXPECT_THAT(body->texts_by_name("b"), testing::ElementsAre(testing::Pair("c", "2")));
  EXPECT_FALSE(body->refusal());
}

TEST(Body, refuses_the_fields_that_nobody_asked_about) {
  auto body = Body::parse(with_body(R"({"whatever": 1})"));
  ASSERT_TRUE(body);
  const auto refusal = body->refusal();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 422U);
  EXPECT_THAT(*refusal->body, HasSubstr("none is known here"));
}

TEST(Body, is_not_read_where_it_is_longer_than_any_words_can_be) {
  const auto body = [](std::size_t bytes) {
    return Body::parse(with_body("{\"body\": \"" + std::string(bytes, 'x') + "\"}"));
  };
  EXPECT_TRUE(body(6 * 25'000));
  ASSERT_FALSE(body(300'000));
  EXPECT_EQ(body(300'000).error().status, 413U);
}

TEST(Body, shortens_what_a_client_makes_too_long) {
  auto body = Body::parse(with_body("{\"" + std::string(5000, 'x') + "\": 1}"));
  ASSERT_TRUE(body);
  EXPECT_LT(body->refusal()->body->size(), 1000U);
}

TEST(Body, is_shortened_between_characters) {
  std::string name = "a";
  for (int i = 0; i < 100; ++i) name += "\xC3\xA9";
  auto body = Body::parse(with_body("{\"" + name + "\": 1}"));
  ASSERT_TRUE(body);
  EXPECT_THAT(*body->refusal()->body, HasSubstr("\xC3\xA9…")) << "and not after half of one";
}

std::vector<std::string> problems_of(const http::Response& response) {
  std::vector<std::string> problems;
  const boost::json::value body = boost::json::parse(*response.body);
  for (const boost::json::value& problem : body.at("problems").as_array()) problems.emplace_back(problem.as_string());
  return problems;
}

TEST(Body, tells_of_twenty_problems_and_counts_the_others) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) text += (i > 0 ? ",\"z" : "\"z") + std::to_string(i) + "\": 1";
  auto body = Body::parse(with_body(text + "}"));
  ASSERT_TRUE(body);
  const std::vector<std::string> problems = problems_of(*body->refusal());
  ASSERT_EQ(problems.size(), 21U);
  EXPECT_THAT(problems.front(), HasSubstr("field \"z0\" is not known"));
  EXPECT_EQ(problems.back(), "and 19980 more");
}

TEST(Findings, count_those_that_others_counted) {
  Findings some;
  for (int i = 0; i < 30; ++i) some.add("a");
  Findings all;
  all.add("b");
  all.add(some);
  EXPECT_EQ(problems_of(all.response()).back(), "and 11 more");
  EXPECT_EQ(problems_of(all.response()).front(), "b");
}

TEST(Findings, name_some_of_what_is_known) {
  std::vector<std::string> known;
  for (int i = 10; i < 40; ++i) known.push_back("known" + std::to_string(i));
  Findings findings;
  findings.add_unknown("contact", "somebody", known);
  EXPECT_THAT(*findings.response().body, HasSubstr("(known here: known10, "));
  EXPECT_THAT(*findings.response().body, HasSubstr(", known29 and 10 more)"));
}

TEST(Query, takes_a_parameter_once) {
  const http::Request request{.query = "a=1&a=2"};
  Query query{request};
  EXPECT_EQ(query.value("a"), "1");
  EXPECT_TRUE(query.refusal());
}

TEST(Query, tells_of_an_unknown_parameter_once) {
  const http::Request request{.query = "b=1&b=2&b=3"};
  Query query{request};
  (void)query.value("a");
  EXPECT_THAT(*query.refusal()->body, HasSubstr("\"problems\":[\"parameter \\\"b\\\" is not known (did you mean"));
}

}  // namespace
}  // namespace candor::admin
