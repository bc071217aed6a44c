#include "daemon/deliver/channels/retry_after.h"

#include <gtest/gtest.h>

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;

const Instant example = from_ms(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(HttpDate, is_read_in_all_three_forms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), example);
}

TEST(HttpDate, is_nothing_where_it_cannot_be_read) {
  for (const char* text : {"", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1", "1994-11-06"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(RetryAfter, counts_seconds) {
  EXPECT_EQ(retry_after({{"retry-after", "120"}}, example), 120s);
  EXPECT_EQ(retry_after({{"retry-after", " 7\t"}}, example), 7s);
  EXPECT_EQ(retry_after({{"retry-after", "0"}}, example), 0s);
  EXPECT_GT(retry_after({{"retry-after", "99999999999999999999999"}}, example), 24h);
}

TEST(RetryAfter, counts_to_a_date) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(retry_after({{"retry-after", date}}, example - 90s), 90s);
  EXPECT_EQ(retry_after({{"retry-after", date}}, example + 90s), 0s);
}

TEST(RetryAfter, goes_by_the_destinations_clock_where_it_is_told) {
  EXPECT_EQ(retry_after({{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"date", "Sun, 06 Nov 1994 08:49:07 GMT"}},
                        example + 24h),
            30s);
}

TEST(RetryAfter, is_nothing_where_nothing_is_asked) {
  EXPECT_EQ(retry_after({}, example), std::nullopt);
  for (const char* text : {"", "-5", "1.5", "soon", "5 s"}) {
    EXPECT_EQ(retry_after({{"retry-after", text}}, example), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace candor::deliver
