#include "base/time.h"

#include <array>
#include <charconv>
#include <limits>
#include <time.h>

#include <fmt/format.h>

namespace candor {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 6> units{
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

/// Takes `digits` decimal digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

struct Calendar {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<Duration> time;

  explicit Calendar(Instant instant)
      : day(std::chrono::floor<std::chrono::days>(instant)),
        time(instant - std::chrono::floor<std::chrono::days>(instant)) {}
};

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

}  // namespace

Instant wall_now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::chrono::nanoseconds exact_wall_now() { return std::chrono::system_clock::now().time_since_epoch(); }

BootClock::time_point BootClock::now() noexcept {
  ::timespec at{};
  ::clock_gettime(CLOCK_BOOTTIME, &at);
  return time_point{std::chrono::seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec}};
}

Result<Duration> parse_duration(std::string_view text) {
  const auto refuse = [whole = std::string(text)] {
    return failure("\"" + whole +
                   "\" is not a duration; write a whole number and a unit, such as \"30s\" or \"1m30s\"");
  };
  if (text == "0") return Duration{0};
  if (text.empty()) return refuse();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
  std::int64_t total = 0;
  std::int64_t last_unit = std::numeric_limits<std::int64_t>::max();
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || text.front() == '-') return refuse();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t length = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);
    std::int64_t unit_ms = 0;
    for (const Unit& unit : units) {
      if (unit.name == name) unit_ms = unit.ms;
    }
    if (unit_ms == 0 || unit_ms >= last_unit || count > (most - total) / unit_ms) return refuse();
    last_unit = unit_ms;
    total += count * unit_ms;
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  if (duration.count() == 0) return "0s";
  std::string text = duration.count() < 0 ? "-" : "";
  std::int64_t rest = duration.count() < 0 ? -duration.count() : duration.count();
  for (const Unit& unit : units) {
    if (unit.name == "w") continue;
    if (const std::int64_t count = rest / unit.ms; count != 0) text += fmt::format("{}{}", count, unit.name);
    rest %= unit.ms;
  }
  return text;
}

std::string format_rfc3339(Instant instant) {
  const Calendar at{instant};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(at.day.year()),
                     static_cast<unsigned>(at.day.month()), static_cast<unsigned>(at.day.day()),
                     at.time.hours().count(), at.time.minutes().count(), at.time.seconds().count(),
                     at.time.subseconds().count());
}

std::string format_for_people(Instant instant) {
  const Calendar at{instant};
  return fmt::format("{} {} {}, {}", static_cast<unsigned>(at.day.day()),
                     months[static_cast<unsigned>(at.day.month()) - 1], static_cast<int>(at.day.year()),
                     format_hour(instant));
}

std::string format_hour(Instant instant) {
  const Calendar at{instant};
  return fmt::format("{:02}:{:02} UTC", at.time.hours().count(), at.time.minutes().count());
}

Result<Instant> parse_rfc3339(std::string_view text) {
  const std::string whole{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool shaped = take_number(text, 4, year) && take(text, "-") && take_number(text, 2, month) && take(text, "-") &&
                      take_number(text, 2, day) && take(text, "Tt ") && take_number(text, 2, hour) && take(text, ":") &&
                      take_number(text, 2, minute) && take(text, ":") && take_number(text, 2, second);
  std::int64_t fraction_ms = 0;
  bool fraction_ok = true;
  if (shaped && take(text, ".")) {
    std::int64_t weight = 100;
    fraction_ok = !text.empty() && text.front() >= '0' && text.front() <= '9';
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction_ms += weight * (text.front() - '0');
      weight /= 10;
      text.remove_prefix(1);
    }
  }
  int offset_minutes = 0;
  bool zoned = shaped && fraction_ok && take(text, "Zz");
  if (shaped && fraction_ok && !zoned && !text.empty()) {
    const int sign = text.front() == '-' ? -1 : 1;
    int hours = 0, minutes = 0;
    zoned = take(text, "+-") && take_number(text, 2, hours) && take(text, ":") && take_number(text, 2, minutes) &&
            hours < 24 && minutes < 60;
    offset_minutes = sign * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!zoned || !text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return failure("\"" + whole + "\" is not an instant as RFC 3339 writes it, such as 2026-11-23T05:44:01Z");
  }
  const auto since_epoch = std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
                           std::chrono::minutes{minute - offset_minutes} + std::chrono::seconds{second} +
                           Duration{fraction_ms};
  const Instant instant{std::chrono::duration_cast<Duration>(since_epoch)};
  // An offset may lead out of the years that can be written.
  if (const int utc_year = static_cast<int>(Calendar{instant}.day.year()); utc_year < 0 || utc_year > 9999) {
    return failure("\"" + whole +
                   "\" is not an instant as RFC 3339 writes it: in UTC it is outside the years 0000 to 9999");
  }
  return instant;
}

}  // namespace candor
