#include "daemon/alerts/refusals.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using http::BodyFault;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

http::Request from(std::string address, std::string path = "/alerts") {
  return {.method = "POST", .path = std::move(path), .peer = std::move(address)};
}

auto tells(const std::string& what, Instant since) {
  return AllOf(Field(&Trouble::what, HasSubstr(what)), Field(&Trouble::since, since));
}

/// How many lines were logged meanwhile.
std::size_t lines(const std::string& log) {
  std::size_t count = 0;
  for (std::size_t at = log.find("body_refused"); at != std::string::npos; at = log.find("body_refused", at + 1))
    ++count;
  return count;
}

TEST(Refusals, are_told_of_each_address_and_path_since_their_first) {
  Refusals refused{"Send less"};
  refused.body(from("10.0.0.1"), BodyFault::too_large, noon);
  refused.body(from("10.0.0.2"), BodyFault::too_slow, noon + 1min);
  refused.body(from("10.0.0.1", "/others"), BodyFault::too_large, noon + 2min);
  refused.body(from("10.0.0.1"), BodyFault::too_large, noon + 3min);
  EXPECT_THAT(refused.troubles(noon + 4min),
              ElementsAre(tells("10.0.0.1 sent POST /alerts with more than is taken in at once", noon),
                          tells("10.0.0.2 sent POST /alerts too slowly to be taken in", noon + 1min),
                          tells("10.0.0.1 sent POST /others", noon + 2min)));
}

TEST(Refusals, say_what_to_do) {
  Refusals refused{"Send less"};
  refused.body(from("10.0.0.1"), BodyFault::too_large, noon);
  EXPECT_THAT(refused.troubles(noon), ElementsAre(tells("what it told is unknown here. Send less", noon)));
}

TEST(Refusals, tell_what_could_not_be_read_and_what_was_left_out) {
  Refusals refused{""};
  refused.unreadable(from("10.0.0.1"), "the text cannot be read as JSON", noon);
  refused.unread(from("10.0.0.2"), "alert 3: labels:\nnone", noon);
  refused.truncated(from("10.0.0.2"), "Alertmanager left out 7 alerts", noon);
  refused.unread(from("10.0.0.2"), "alert 4: labels", noon + 1min);
  EXPECT_THAT(
      refused.troubles(noon + 1min),
      ElementsAre(
          tells("10.0.0.1 sent POST /alerts, and nothing of it was taken in", noon),
          tells("10.0.0.2 sent POST /alerts with alerts that cannot be read, and what they told is unknown here: "
                "alert 4: labels",
                noon),
          tells("10.0.0.2 sent POST /alerts, and Alertmanager left out 7 alerts", noon)));
}

TEST(Refusals, are_told_for_six_hours_each) {
  Refusals refused{""};
  refused.body(from("10.0.0.1"), BodyFault::too_large, noon);
  refused.body(from("10.0.0.2"), BodyFault::too_large, noon + 1h);
  EXPECT_THAT(refused.troubles(noon + 6h), ElementsAre(tells("10.0.0.2", noon + 1h)));
  refused.body(from("10.0.0.1"), BodyFault::too_large, noon + 8h);
  EXPECT_THAT(refused.troubles(noon + 8h), ElementsAre(tells("10.0.0.1", noon + 8h))) << "it begins anew";
  EXPECT_THAT(refused.troubles(noon + 14h), IsEmpty());
}

TEST(Refusals, are_those_of_the_latest_sixteen_senders) {
  Refusals refused{""};
  for (int i = 0; i < 16; ++i) refused.body(from(fmt::format("10.0.0.{}", i)), BodyFault::too_large, noon + i * 1s);
  refused.body(from("10.0.0.0"), BodyFault::too_large, noon + 1min);
  refused.body(from("10.0.1.0"), BodyFault::too_large, noon + 2min);
  const std::vector<Trouble> troubles = refused.troubles(noon + 2min);
  EXPECT_EQ(troubles.size(), 16U);
  EXPECT_THAT(troubles.front(), tells("10.0.0.0 ", noon));
  EXPECT_THAT(troubles[1], tells("10.0.0.2 ", noon + 2s)) << "that of 10.0.0.1 was the oldest";
  EXPECT_THAT(troubles.back(), tells("10.0.1.0 ", noon + 2min));
}

TEST(Refusals, are_logged_for_each_sender_once_in_ten_minutes) {
  log::start(log::Level::warning, log::Sink::stderr_text);
  Refusals refused{""};
  const auto logged = [&](const std::string& address, Instant now) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < 3; ++i) refused.body(from(address), BodyFault::too_large, now);
    return lines(testing::internal::GetCapturedStderr());
  };
  EXPECT_EQ(logged("10.0.0.1", noon), 1U);
  EXPECT_EQ(logged("10.0.0.2", noon + 1min), 1U);
  EXPECT_EQ(logged("10.0.0.1", noon + 9min), 0U);
  EXPECT_EQ(logged("10.0.0.1", noon + 10min), 1U);
}

}  // namespace
}  // namespace candor::alerts
