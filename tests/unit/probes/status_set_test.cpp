#include "probes/kinds/status_set.h"

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

TEST(StatusSet, holds_classes_single_statuses_and_ranges) {
  StatusSet set;
  ASSERT_TRUE(set.add("2xx"));
  ASSERT_TRUE(set.add("301"));
  ASSERT_TRUE(set.add("401-403"));
  for (const int status : {200, 204, 299, 301, 401, 402, 403}) EXPECT_TRUE(set.contains(status)) << status;
  for (const int status : {199, 300, 302, 400, 404, 500}) EXPECT_FALSE(set.contains(status)) << status;
  EXPECT_EQ(set.text(), "2xx, 301, 401-403");
}

TEST(StatusSet, holds_nothing_outside_of_http) {
  StatusSet set;
  ASSERT_TRUE(set.add("100-599"));
  for (const int status : {-1, 0, 99, 600, 1000}) EXPECT_FALSE(set.contains(status)) << status;
}

TEST(StatusSet, refuses_what_is_not_a_pattern_and_stays_as_it_was) {
  StatusSet set;
  for (const char* pattern : {"",    "2",   "20",   "2000", "0xx",     "6xx",     "9xx",       "xx2", "2x",  "2xxx",
                              "600", "099", "200-", "-299", "299-200", "2xx-3xx", "200 - 299", "ok",  "+20", "20x"}) {
    EXPECT_FALSE(set.add(pattern)) << pattern;
  }
  EXPECT_EQ(set.text(), "");
  for (int status = 0; status < 700; ++status) EXPECT_FALSE(set.contains(status));
}

}  // namespace
}  // namespace candor::probes
