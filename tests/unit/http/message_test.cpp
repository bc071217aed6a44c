#include "daemon/http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/http/response_head.h"

namespace candor::http {
namespace {

TEST(Request, finds_a_header_by_its_name) {
  const Request request{.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}}};
  EXPECT_EQ(request.header("a"), "1");
  EXPECT_EQ(request.header("c"), "");
}

TEST(Request, gives_the_values_of_its_query_in_order_and_decoded) {
  const Request request{.query = "f=a%3D%22b%22&limit=5&f=c+d&&empty&f="};
  EXPECT_THAT(request.query_values("f"), testing::ElementsAre("a=\"b\"", "c d", ""));
  EXPECT_EQ(request.query_value("limit"), "5");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("absent"), std::nullopt);
  EXPECT_EQ(request.query_pairs().size(), 5U);
}

TEST(Response, of_an_error_is_json_that_no_cache_keeps) {
  const Response response = Response::error(409, "say \"why\"\n");
  EXPECT_EQ(response.status, 409U);
  EXPECT_EQ(*response.body, "{\"error\":\"say \\\"why\\\"\\n\"}\n");
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Cache-Control", "no-store")));
}

TEST(Response, of_an_error_is_json_whatever_bytes_it_is_about) {
  EXPECT_EQ(*Response::error(400, "a\xFF").body, "{\"error\":\"a\xEF\xBF\xBD\"}\n");
}

TEST(Date, is_written_as_http_writes_it) {
  EXPECT_EQ(format_date(from_ms(784'111'777'250)), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, section 5.6.7
  EXPECT_EQ(format_date(from_ms(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace candor::http
