#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace candor::probes {

using Microseconds = std::chrono::microseconds;

/// When within each `every` a probe starts, counted from the wall clock's epoch: a function of its name and location,
/// so that many probes spread evenly and each keeps its place over restarts. At least 0, less than `every`, and on
/// whole steps of 10 ms: what is due in one starts together, and candord wakes once for all of it.
[[nodiscard]] Microseconds phase_of(std::string_view probe, std::string_view location, Microseconds every);

/// How long from `now` (since the epoch) until the next start at this phase; zero if it is now.
[[nodiscard]] Microseconds until_phase(Microseconds now, Microseconds phase, Microseconds every);

/// When a probe that is looked at again every `again` starts next: at the first of `began + again`, `began + 2 again`
/// and so on that has not passed.
[[nodiscard]] Microseconds next_look(Microseconds began, Microseconds again, Microseconds now);

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
  /// Starts `id` next at `at`, which takes the place of its regular starts before then: those count as no missed ones.
  /// After it come its regular ones again. Nothing for one that is not there.
  void next_at(std::uint64_t id, Microseconds at);
  void remove_if(const std::function<bool(std::uint64_t)>& gone);

  [[nodiscard]] std::optional<Microseconds> next() const;
  /// The earliest start that is due; asked again, the one after it, and at last nothing.
  [[nodiscard]] std::optional<Due> take_due(Microseconds now);

 private:
  struct Slot {
    Microseconds at;
    Microseconds regular;
    Microseconds every;
  };
  void move(std::uint64_t id, Slot& slot, Microseconds at);

  std::unordered_map<std::uint64_t, Slot> slots_;
  std::set<std::pair<Microseconds, std::uint64_t>> order_;  // of each slot, when it starts
};

}  // namespace candor::probes
