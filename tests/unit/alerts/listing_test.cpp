#include "daemon/alerts/listing.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace candor::alerts {
namespace {

TEST(JsonText, comes_back_as_it_was) {
  std::string all;
  for (char c = 1; c < 127; ++c) all += c;
  all += std::string{"\0\x7f", 2} + "é € 😀";
  const boost::json::value back = boost::json::parse(json_text(all));
  EXPECT_EQ(std::string(back.as_string()), all);
}

}  // namespace
}  // namespace candor::alerts
