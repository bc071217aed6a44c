#include "daemon/http/rate_limiter.h"

#include <gtest/gtest.h>

namespace candor::http {
namespace {

using namespace std::chrono_literals;

int taken(RateLimiter& limiter, std::string_view address, Duration now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += limiter.take(address, now) ? 1 : 0;
  return count;
}

TEST(RateLimiter, lets_a_burst_through_and_then_the_rate) {
  RateLimiter limiter{2, 10};
  EXPECT_EQ(taken(limiter, "a", 0s, 100), 10);
  EXPECT_EQ(taken(limiter, "a", 1s, 100), 2);
  EXPECT_EQ(taken(limiter, "a", 1500ms, 100), 1);
  EXPECT_EQ(taken(limiter, "a", 1h, 100), 10) << "a quiet time saves up no more than a burst";
}

TEST(RateLimiter, holds_each_address_to_account_by_itself) {
  RateLimiter limiter{1, 3};
  EXPECT_EQ(taken(limiter, "a", 0s, 10), 3);
  EXPECT_EQ(taken(limiter, "b", 0s, 10), 3);
}

TEST(RateLimiter, refills_nothing_while_time_steps_back) {
  RateLimiter limiter{1, 2};
  EXPECT_EQ(taken(limiter, "a", 10s, 5), 2);
  EXPECT_EQ(taken(limiter, "a", 5s, 5), 0);
  EXPECT_EQ(taken(limiter, "a", 10s, 5), 0);
  EXPECT_EQ(taken(limiter, "a", 11s, 5), 1);
}

TEST(RateLimiter, remembers_no_more_addresses_than_it_may) {
  RateLimiter limiter{0.001, 2, 100};
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(limiter.take(std::to_string(i), Duration{i}));
  EXPECT_LE(limiter.size(), 100U);
}

TEST(RateLimiter, forgets_the_quiet_before_the_busy) {
  RateLimiter limiter{1, 2, 3};
  EXPECT_TRUE(limiter.take("quiet", 0s));
  EXPECT_TRUE(limiter.take("quiet too", 0s));
  EXPECT_EQ(taken(limiter, "busy", 10s, 5), 2);
  EXPECT_TRUE(limiter.take("new", 10s));
  EXPECT_FALSE(limiter.take("busy", 10s));
}

TEST(Network, is_the_address_itself_or_the_64_of_an_ipv6_one) {
  EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_NE(network_of("2001:db8:1:3::9"), network_of("2001:db8:1:2::9"));
}

}  // namespace
}  // namespace candor::http
