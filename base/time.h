#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace candor {

using Duration = std::chrono::milliseconds;

/// An instant of the wall clock, as journalled and shown. Pure code receives it as `now` and never asks for it.
using Instant = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// The wall clock. Outside base/ only the shell that feeds the pure core calls it.
[[nodiscard]] Instant wall_now();

/// The wall clock as fine as the system keeps it, since 1970: for what is held beside another clock.
[[nodiscard]] std::chrono::nanoseconds exact_wall_now();

/// The time that passes, whatever the wall clock is set to and also while the machine is suspended (CLOCK_BOOTTIME,
/// clock_gettime(2); the C++ library's steady_clock stands still then). So to all that measures by it, a suspended
/// machine is a process that stood still, as a stopped one is. A TrivialClock of the C++ library. Any thread.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  [[nodiscard]] static time_point now() noexcept;
};

/// Measures the time that passes from its construction. With the event loop's timers, which go by the same clock, and
/// wall_now(), the only view of the system's clocks that code outside base/ has.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::microseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(BootClock::now() - start_);
  }

 private:
  BootClock::time_point start_ = BootClock::now();
};

[[nodiscard]] constexpr std::int64_t to_ms(Instant instant) { return instant.time_since_epoch().count(); }
[[nodiscard]] constexpr Instant from_ms(std::int64_t ms) { return Instant{Duration{ms}}; }

/// Whether `span` is over since `then`; also where the clock was set back behind it, so that nothing waits for hours.
[[nodiscard]] constexpr bool has_passed(Instant then, Duration span, Instant now) {
  return now < then || now - then >= span;
}

/// Reads "250ms", "30s", "1m30s", "2h", "7d", "1w": whole numbers with units, largest first.
/// Errors: anything else, a negative or an overflowing value.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// The shortest form that parse_duration reads back, such as "1m30s".
[[nodiscard]] std::string format_duration(Duration duration);

/// "2026-11-23T05:44:01.250Z": RFC 3339 with milliseconds, UTC.
[[nodiscard]] std::string format_rfc3339(Instant instant);

/// "23 November 2026, 05:44 UTC", for people.
[[nodiscard]] std::string format_for_people(Instant instant);

/// "05:44 UTC", for people who know the day.
[[nodiscard]] std::string format_hour(Instant instant);

/// Reads RFC 3339 with any offset and any number of fraction digits (finer than a millisecond is cut off).
[[nodiscard]] Result<Instant> parse_rfc3339(std::string_view text);

}  // namespace candor
