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

/// How many lines a log has of an event.
std::size_t lines(const std::string& log, const std::string& event) {
  std::size_t count = 0;
  for (std::size_t at = log.find(event); at != std::string::npos; at = log.find(event, at + 1)) ++count;
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
  refused.unreadable(from("10.0.0.2"), "the text cannot be read as JSON", noon + 2min);
  EXPECT_THAT(
      refused.troubles(noon + 2min),
      ElementsAre(
          tells("10.0.0.1 sent POST /alerts, and nothing of it was taken in", noon),
          tells("10.0.0.2 sent POST /alerts with alerts that cannot be read, and what they told is unknown here: "
                "alert 3: labels: none",
                noon),
          tells("10.0.0.2 sent POST /alerts, and Alertmanager left out 7 alerts", noon),
          tells("alert 4: labels", noon + 1min),
          tells("10.0.0.2 sent POST /alerts, and nothing of it was taken in", noon + 2min)));
}

auto is_told(const std::string& end, Instant since) {
  return AllOf(Field(&Trouble::what, testing::EndsWith(end)), Field(&Trouble::since, since));
}

TEST(Refusals, of_one_address_are_told_by_the_latest_five_with_how_many_there_were) {
  Refusals refused{""};
  const auto unread = [&](int alert, Instant now) {
    refused.unread(from("10.0.0.1"), fmt::format("alert {}", alert), now);
  };
  for (int alert = 1; alert <= 5; ++alert) unread(alert, noon + alert * 1s);
  unread(1, noon + 6s);
  unread(1, noon + 7s);
  EXPECT_THAT(refused.troubles(noon + 7s),
              ElementsAre(is_told("alert 1 (3 times)", noon + 1s), is_told("alert 2", noon + 2s),
                          is_told("alert 3", noon + 3s), is_told("alert 4", noon + 4s), is_told("alert 5", noon + 5s)));
  unread(6, noon + 8s);
  EXPECT_THAT(
      refused.troubles(noon + 8s),
      ElementsAre(is_told("alert 1 (3 times)", noon + 1s), is_told("alert 3", noon + 3s), is_told("alert 4", noon + 4s),
                  is_told("alert 5", noon + 5s), is_told("alert 6 (not told here: 1 more from there)", noon + 8s)));
  for (int alert = 7; alert <= 11; ++alert) unread(alert, noon + alert * 1min);
  unread(11, noon + 12min);
  EXPECT_THAT(refused.troubles(noon + 12min),
              ElementsAre(is_told("alert 7", noon + 7min), is_told("alert 8", noon + 8min),
                          is_told("alert 9", noon + 9min), is_told("alert 10", noon + 10min),
                          is_told("alert 11 (2 times; not told here: 8 more from there)", noon + 11min)));
  refused.unread(from("10.0.0.2"), "alert 1", noon + 13min);
  EXPECT_THAT(refused.troubles(noon + 13min).back(), is_told("alert 1", noon + 13min)) << "from elsewhere";
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

TEST(Refusals, are_logged_once_in_ten_minutes_where_the_same_is_told_of_them) {
  log::start(log::Level::warning, log::Sink::stderr_text);
  Refusals refused{""};
  const auto logged = [&](const std::string& address, Instant now) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < 3; ++i) refused.body(from(address), BodyFault::too_large, now);
    return lines(testing::internal::GetCapturedStderr(), "body_refused");
  };
  EXPECT_EQ(logged("10.0.0.1", noon), 1U);
  EXPECT_EQ(logged("10.0.0.2", noon + 1min), 1U);
  EXPECT_EQ(logged("10.0.0.1", noon + 9min), 0U);
  EXPECT_EQ(logged("10.0.0.1", noon + 10min), 1U);
}

TEST(Refusals, are_logged_at_once_where_something_else_is_told_of_them_five_of_an_address_in_ten_minutes) {
  log::start(log::Level::warning, log::Sink::stderr_text);
  Refusals refused{""};
  const auto logged = [&](int from_alert, int to_alert, Instant now) {
    testing::internal::CaptureStderr();
    for (int alert = from_alert; alert < to_alert; ++alert) {
      refused.unread(from("10.0.0.1"), fmt::format("alert {}", alert), now);
    }
    return lines(testing::internal::GetCapturedStderr(), "alerts_unreadable");
  };
  EXPECT_EQ(logged(0, 3, noon), 3U);
  EXPECT_EQ(logged(0, 3, noon + 1min), 0U) << "the same";
  EXPECT_EQ(logged(3, 1000, noon + 2min), 2U);
  EXPECT_EQ(logged(1000, 2000, noon + 9min), 0U);
  EXPECT_EQ(logged(2000, 3000, noon + 12min), 5U);
}

}  // namespace
}  // namespace candor::alerts
