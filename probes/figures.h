#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/probe.h"

namespace candor::probes {

[[nodiscard]] constexpr bool is_up(rules::Health health) {
  return health == rules::Health::ok || health == rules::Health::degraded;
}

/// The figures of one probe, as /metrics shows them: plain numbers, since there may be tens of thousands of probes and
/// each has dozens of time series. A copy may be read on any thread.
struct ProbeFigures {
  /// Times up to 5 ms, 10 ms, … 10 s (figures.cpp), and longer ones.
  struct Histogram {
    std::array<std::uint32_t, 12> counts{};
    double seconds = 0;  ///< all together

    void observe(std::chrono::microseconds time);
  };

  std::string name;
  bool up = false;                          ///< is_up() of its health, after fall and rise
  std::array<std::uint64_t, 4> runs{};      ///< by what they found, before fall and rise
  std::array<Histogram, 5> phases{};        ///< name_lookup, connect, tls, first_byte, total
  std::optional<Instant> certificate_ends;  ///< the first to expire of those that the target showed last
  std::vector<Reading> readings;            ///< of the latest run

  /// One run, and the health that follows from it.
  void record(const Outcome& outcome, rules::Health health);
};

/// With more probes than this, time series by phase are left out but the total's: a scrape stays within what a
/// Prometheus takes.
constexpr std::size_t most_with_phases = 1000;

/// In Prometheus's text format, in the order given. Pure; takes some 5 µs a probe.
[[nodiscard]] std::string exposition(const std::vector<ProbeFigures>& probes);

}  // namespace candor::probes
