#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "probes/probe.h"

namespace candor::probes {

/// How much time a roll-up stands for. Days are UTC's.
enum class Resolution : std::uint8_t { minute, hour, day };

inline constexpr std::array resolutions{Resolution::minute, Resolution::hour, Resolution::day};

[[nodiscard]] std::string_view to_string(Resolution resolution);
[[nodiscard]] std::optional<Resolution> resolution_from(std::string_view text);
[[nodiscard]] Duration length_of(Resolution resolution);
/// How long roll-ups of this resolution are kept: 48 h, 90 days, 2 years. Some 3,000 of each at the most.
[[nodiscard]] Duration kept_for(Resolution resolution);
/// When the roll-up begins that `at` belongs to.
[[nodiscard]] Instant begin_of(Resolution resolution, Instant at);

struct RollUp;

/// Counts of times by size, in buckets each some tenth wider than the one before: what a quantile says is at most 5 %
/// off, and rounded to a microsecond. Only buckets that hold something take room, so a quiet minute is a few bytes.
/// Merging loses nothing. Pure.
class Latencies {
 public:
  using Time = std::chrono::microseconds;
  /// A bucket's number and how many times it holds, in the order of the buckets.
  using Buckets = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

  /// A time below 1 µs counts as 1 µs, one beyond the last bucket (some ten minutes) as that.
  void add(Time time);
  void merge(const Latencies& other);

  [[nodiscard]] std::uint64_t count() const;
  /// The time that a part `q` (0 to 1) of all did not exceed; zero where there are none.
  [[nodiscard]] Time quantile(double q) const;
  /// Exact.
  [[nodiscard]] Time max() const { return max_; }

 private:
  friend std::string encode(const RollUp& roll_up);
  friend std::optional<RollUp> decode(std::string_view bytes);

  Buckets buckets_;
  Time max_{};
};

/// What the runs of one probe within some time found.
struct RollUp {
  std::array<std::uint64_t, 4> runs{};  ///< by health, before fall and rise
  Latencies times;  ///< the total of runs that got an answer: ok, degraded, or failing with a first byte

  void add(const Outcome& outcome);
  void merge(const RollUp& other);
};

/// A roll-up of the time that begins at `begin`.
struct RollUpAt {
  Instant begin{};
  RollUp roll_up;
};

/// Adds what was seen in the minute `added` to roll-ups of this resolution that lie in the order of time.
void put_in(std::vector<RollUpAt>& roll_ups, Resolution resolution, const RollUpAt& added);

/// As the history's file holds it: a byte for the format, then numbers as varints (LEB128). Some 12 bytes for a minute
/// with two runs; at most some 1.5 KB.
[[nodiscard]] std::string encode(const RollUp& roll_up);
/// Nothing for bytes that encode() does not write.
[[nodiscard]] std::optional<RollUp> decode(std::string_view bytes);

/// The roll-ups of all probes in the minute that runs. One lookup a run; a minute that has ended is handed on whole.
/// Pure.
class HistoryBook {
 public:
  using ByProbe = std::unordered_map<std::string, RollUp>;
  struct Minute {
    Instant begin{};
    ByProbe probes;
  };

  /// A run ended at `now`. Answers the minute before if this is the first run of another; a clock that is set back
  /// begins a minute that was there before anew, and whoever keeps them merges the two.
  std::optional<Minute> record(const std::string& probe, const Outcome& outcome, Instant now);
  /// The minute that has ended by `now`.
  std::optional<Minute> take_ended(Instant now);
  /// Whatever there is.
  std::optional<Minute> take();

  /// What the minute that runs has seen of this probe.
  [[nodiscard]] std::optional<RollUpAt> open(const std::string& probe) const;

 private:
  Minute minute_;
};

}  // namespace candor::probes
