#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace candor::probes {

using Microseconds = std::chrono::microseconds;

/// When within each `every` a probe starts, counted from the wall clock's epoch: a function of its name and location,
/// so that many probes spread evenly and each keeps its place over restarts. At least 0, less than `every`.
[[nodiscard]] Microseconds phase_of(std::string_view probe, std::string_view location, Microseconds every);

/// How long from `now` (since the epoch) until the next start at this phase; zero if it is now.
[[nodiscard]] Microseconds until_phase(Microseconds now, Microseconds phase, Microseconds every);

/// Which probe starts next. Times are counted from any one origin. Pure.
class Timetable {
 public:
  struct Due {
    std::uint64_t id = 0;
    Microseconds at{};         ///< when it should have started
    std::uint64_t missed = 0;  ///< later starts that had passed as well: they are left out
  };

  /// Starts `id` at `regular`, `regular + every`, and so on without drift; and once at `first` if that is earlier.
  void add(std::uint64_t id, Microseconds first, Microseconds regular, Microseconds every);
  void remove_if(const std::function<bool(std::uint64_t)>& gone);

  [[nodiscard]] std::optional<Microseconds> next() const;
  /// The earliest start that is due; asked again, the one after it, and at last nothing.
  [[nodiscard]] std::optional<Due> take_due(Microseconds now);

 private:
  struct Slot {
    Microseconds at;
    Microseconds regular;
    Microseconds every;
    std::uint64_t id;
  };
  [[nodiscard]] static bool later(const Slot& a, const Slot& b);

  std::vector<Slot> heap_;  // the earliest first
};

}  // namespace candor::probes
