#include "base/time.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

using namespace std::chrono_literals;

TEST(Duration, is_read_with_units_largest_first) {
  const std::pair<std::string_view, Duration> known[] = {
      {"0", 0ms},     {"0s", 0ms},    {"250ms", 250ms},
      {"30s", 30s},   {"1m30s", 90s}, {"2h", 2h},
      {"7d", 168h},   {"1w", 168h},   {"1w2d3h4m5s6ms", 168h + 48h + 3h + 4min + 5s + 6ms},
      {"90m", 90min}, {"007s", 7s},   {"1000000d", 24'000'000h}};
  for (const auto& [text, duration] : known) {
    const Result<Duration> read = parse_duration(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, duration) << text;
  }
}

TEST(Duration, is_refused_in_any_other_form) {
  for (const std::string_view text :
       {"", "30", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1s1s", "1s1m", "1ms1s", "1y", "1S", "1sec", "0x1s",
        "99999999999999999999s", "9223372036854775807w", "9223372036854775807ms"}) {
    const Result<Duration> read = parse_duration(text);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().message.starts_with("\"" + std::string{text} + "\" is not a duration"))
        << read.error().message;
  }
}

TEST(Duration, is_written_so_that_it_reads_back) {
  const std::pair<Duration, std::string_view> known[] = {{0ms, "0s"},         {1ms, "1ms"},    {90s, "1m30s"},
                                                         {24h, "1d"},         {336h, "14d"},   {25h, "1d1h"},
                                                         {1500ms, "1s500ms"}, {90min, "1h30m"}};
  for (const auto& [duration, text] : known) {
    EXPECT_EQ(format_duration(duration), text);
    EXPECT_EQ(parse_duration(text).value(), duration);
  }
  EXPECT_EQ(format_duration(-90s), "-1m30s");
}

TEST(Instant, is_written_as_rfc3339_with_milliseconds) {
  EXPECT_EQ(format_rfc3339(from_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(from_ms(1'795'412'641'250)), "2026-11-23T05:44:01.250Z");
  EXPECT_EQ(format_rfc3339(from_ms(951'782'399'999)), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(from_ms(951'782'400'000)), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(from_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Instant, is_written_for_people) {
  EXPECT_EQ(format_for_people(from_ms(1'795'412'641'250)), "23 November 2026, 05:44 UTC");
  EXPECT_EQ(format_hour(from_ms(1'795'412'641'250)), "05:44 UTC");
  EXPECT_EQ(format_for_people(from_ms(0)), "1 January 1970, 00:00 UTC");
}

TEST(Instant, is_read_from_rfc3339_with_any_offset_and_fraction) {
  const std::pair<std::string_view, std::int64_t> known[] = {{"1970-01-01T00:00:00Z", 0},
                                                             {"2026-11-23T05:44:01.250Z", 1'795'412'641'250},
                                                             {"2026-11-23t05:44:01.25z", 1'795'412'641'250},
                                                             {"2026-11-23 05:44:01.250999999Z", 1'795'412'641'250},
                                                             {"2026-11-23T06:44:01.250+01:00", 1'795'412'641'250},
                                                             {"2026-11-22T23:14:01.250-06:30", 1'795'412'641'250},
                                                             {"2026-11-23T05:44:01.250-00:00", 1'795'412'641'250},
                                                             {"2016-12-31T23:59:60Z", 1'483'228'800'000},
                                                             {"2000-02-29T00:00:00Z", 951'782'400'000},
                                                             {"1969-12-31T23:59:59.999Z", -1},
                                                             {"0001-01-01T00:00:00Z", -62'135'596'800'000}};
  for (const auto& [text, ms] : known) {
    const Result<Instant> read = parse_rfc3339(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(to_ms(*read), ms) << text;
  }
}

TEST(Instant, is_refused_where_it_is_not_rfc3339) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026-11-23",
                                      "2026-11-23T05:44:01",
                                      "2026-11-23T05:44Z",
                                      "2026-11-23T05:44:01.Z",
                                      "2026-11-23T05:44:01,5Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "0000-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:59-00:01",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T05:60:00Z",
                                      "2026-11-23T05:44:61Z",
                                      "2026-11-23T05:44:01+1:00",
                                      "2026-11-23T05:44:01+0100",
                                      "2026-11-23T05:44:01+24:00",
                                      "2026-11-23T05:44:01+01:60",
                                      "2026-11-23T05:44:01Z ",
                                      " 2026-11-23T05:44:01Z",
                                      "2026-11-23T05:44:01ZZ",
                                      "-026-11-23T05:44:01Z",
                                      "2026-1-23T05:44:01Z",
                                      "2026-11-23T05:44:01+01:00Z",
                                      "26-11-23T05:44:01Z"}) {
    const Result<Instant> read = parse_rfc3339(text);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().message.find("is not an instant as RFC 3339 writes it"), std::string::npos);
  }
}

TEST(Instant, reads_back_what_it_writes) {
  for (std::int64_t ms = -100'000'000'000'123; ms < 200'000'000'000'000; ms += 7'777'777'777'777) {
    if (ms < -62'135'596'800'000) continue;  // before the year 1
    EXPECT_EQ(parse_rfc3339(format_rfc3339(from_ms(ms))).value(), from_ms(ms)) << ms;
  }
}

TEST(Instant, lets_a_span_pass_and_does_not_wait_where_the_clock_was_set_back) {
  const Instant then = from_ms(100'000);
  EXPECT_FALSE(has_passed(then, Duration{500}, then));
  EXPECT_FALSE(has_passed(then, Duration{500}, then + Duration{499}));
  EXPECT_TRUE(has_passed(then, Duration{500}, then + Duration{500}));
  EXPECT_TRUE(has_passed(then, Duration{500}, then - Duration{1}));
}

TEST(WallNow, is_the_clocks) {
  const Instant now = wall_now();
  EXPECT_GT(now, parse_rfc3339("2024-01-01T00:00:00Z").value());
  EXPECT_LE(now, wall_now() + 1h);
}

}  // namespace
}  // namespace candor
