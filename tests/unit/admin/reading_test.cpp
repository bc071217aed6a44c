#include "daemon/admin/reading.h"

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
