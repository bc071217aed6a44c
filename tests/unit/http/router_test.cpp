#include "daemon/http/router.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::http {
namespace {

using testing::HasSubstr;

Handler says(std::string text) {
  return [text](const Request& request, Reply reply) {
    std::string body = text;
    for (const auto& [name, value] : request.parameters) body += " " + name + "=" + value;
    reply(Response::text(200, body));
  };
}

Response ask(const Router& router, std::string method, std::string path) {
  Response answer;
  router.dispatch({.method = std::move(method), .path = std::move(path)},
                  [&](Response response) { answer = std::move(response); });
  return answer;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Router, finds_the_handler_of_a_path) {
  Router router;
  router.on("GET", "/", says("root"));
  router.on("GET", "/a", says("a"));
  router.on("GET", "/a/b", says("b"));
  EXPECT_EQ(*ask(router, "GET", "/").body, "root");
  EXPECT_EQ(*ask(router, "GET", "/a").body, "a");
  EXPECT_EQ(*ask(router, "GET", "/a/b").body, "b");
}

TEST(Router, gives_named_segments_as_parameters) {
  Router router;
  router.on("GET", "/incidents/{id}/updates/{number}", says("update"));
  EXPECT_EQ(*ask(router, "GET", "/incidents/abc/updates/7").body, "update id=abc number=7");
}

TEST(Router, prefers_a_text_to_a_parameter_whichever_came_first) {
  Router router;
  router.on("GET", "/{any}/b", says("parameter"));
  router.on("GET", "/a/{any}", says("text"));
  router.on("GET", "/a/b", says("texts"));
  EXPECT_EQ(*ask(router, "GET", "/a/b").body, "texts");
  EXPECT_EQ(*ask(router, "GET", "/a/c").body, "text any=c");
  EXPECT_EQ(*ask(router, "GET", "/x/b").body, "parameter any=x");
}

TEST(Router, answers_404_for_what_is_not_there) {
  Router router;
  router.on("GET", "/a/{id}", says("a"));
  for (const std::string path : {"/", "/a", "/a/", "/a/b/c", "/a/b/", "//a/b", "/A/b"}) {
    const Response answer = ask(router, "GET", path);
    EXPECT_EQ(answer.status, 404U) << path;
    EXPECT_THAT(*answer.body, HasSubstr("there is nothing at " + path));
  }
}

TEST(Router, does_not_answer_head_by_a_get_that_does_something) {
  Router router;
  router.on("GET", "/a", says("got"), Router::Head::refused);
  const Response answer = ask(router, "HEAD", "/a");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(header(answer, "Allow"), "GET, OPTIONS");
  EXPECT_EQ(*ask(router, "GET", "/a").body, "got");
}

TEST(Router, has_a_body_taken_in_only_where_a_handler_takes_it) {
  Router router;
  router.on("POST", "/a/{id}", says("posted"));
  router.on("GET", "/a/{id}", says("got"));
  Handler of_ana = says("of ana");
  of_ana.takes_body = [](const Request& head) { return head.header("authorization") == "ana"; };
  router.on("GET", "/b", of_ana);
  EXPECT_TRUE(router.takes_body({.method = "POST", .path = "/a/1"}));
  EXPECT_FALSE(router.takes_body({.method = "GET", .path = "/a/1"}));
  EXPECT_FALSE(router.takes_body({.method = "HEAD", .path = "/a/1"}));
  EXPECT_FALSE(router.takes_body({.method = "PUT", .path = "/a/1"}));
  EXPECT_FALSE(router.takes_body({.method = "POST", .path = "/nothing-here"}));
  EXPECT_FALSE(router.takes_body({.method = "GET", .path = "/b"}));
  EXPECT_TRUE(router.takes_body({.method = "GET", .path = "/b", .headers = {{"authorization", "ana"}}}));
}

TEST(Router, tells_the_handler_whose_body_was_refused) {
  Router router;
  std::string told;
  Handler handler = says("posted");
  handler.body_refused = [&](const Request& head, BodyFault) { told += head.path; };
  router.on("POST", "/a/{id}", handler);
  router.on("POST", "/b", says("posted"));
  for (const std::string path : {"/a/1", "/b", "/nothing-here"}) {
    router.body_refused({.method = "POST", .path = path}, BodyFault::too_large);
  }
  EXPECT_EQ(told, "/a/1");
}

TEST(Router, answers_405_with_what_is_allowed) {
  Router router;
  router.on("GET", "/a", says("got"));
  router.on("PUT", "/a", says("put"));
  const Response answer = ask(router, "POST", "/a");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(header(answer, "Allow"), "GET, HEAD, OPTIONS, PUT");
  EXPECT_THAT(*answer.body, HasSubstr("POST is not for /a"));
}

TEST(Router, has_get_answer_head) {
  Router router;
  router.on("GET", "/a", says("got"));
  router.on("POST", "/b", says("posted"));
  EXPECT_EQ(ask(router, "HEAD", "/a").status, 200U);
  EXPECT_EQ(ask(router, "HEAD", "/b").status, 405U);
}

TEST(Router, answers_options_itself) {
  Router router;
  router.on("POST", "/a", says("posted"));
  const Response answer = ask(router, "OPTIONS", "/a");
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(header(answer, "Allow"), "OPTIONS, POST");
}

TEST(Router, tells_its_routes) {
  Router router;
  router.on("POST", "/b", says(""));
  router.on("GET", "/b", says(""));
  router.on("GET", "/a/{id}", says(""));
  EXPECT_THAT(router.routes(), testing::ElementsAre(testing::Pair("GET", "/a/{id}"), testing::Pair("GET", "/b"),
                                                    testing::Pair("POST", "/b")));
}

TEST(Router, refuses_a_route_that_is_there_already) {
  Router router;
  router.on("GET", "/a", says(""));
  EXPECT_THROW(router.on("GET", "/a", says("")), std::logic_error);
  EXPECT_THROW(router.on("GET", "a", says("")), std::logic_error);
}

}  // namespace
}  // namespace candor::http
