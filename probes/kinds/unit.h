#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "probes/kinds/kinds.h"

namespace candor::probes {

/// A `[probe.unit]`, checked.
struct UnitConfig {
  std::string name;                            ///< with its suffix
  std::optional<int> degraded_above_restarts;  ///< automatic ones
  Duration restarts_within = std::chrono::minutes{10};
  Duration timeout{};  ///< of the whole run
};

/// Properties of a unit as systemd tells them (org.freedesktop.systemd1(5)).
struct UnitState {
  std::string load;    ///< LoadState: `loaded`, `not-found`, `masked`, …
  std::string active;  ///< ActiveState: `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, …
  std::string sub;     ///< SubState: `running`, `dead`, `auto-restart`, …
  std::string result;  ///< Result: `success`, `exit-code`, `oom-kill`, …; empty for units without
  Instant since{};     ///< StateChangeTimestamp; zero where it never changed
  int exit_code = 0;   ///< ExecMainCode: how the main process ended, CLD_EXITED and so on; 0 where it has not
  int exit_status = 0;
  std::optional<std::uint32_t> restarts;  ///< NRestarts; services only
};

/// What one run showed, before it is judged.
struct UnitSeen {
  std::optional<UnitState> state;
  bool no_such_unit = false;  ///< systemd has no object for it
  std::string untold;         ///< why there is no answer, and what to do
  int restarts = 0;           ///< automatic ones within the window
  std::chrono::microseconds took{};
};

/// Counts a service's automatic restarts within a window, of what its counter says at each look. Restarts before the
/// first look do not count.
class RestartCount {
 public:
  RestartCount(int limit, std::chrono::microseconds window) : limit_(limit), window_(window) {}
  /// Answers how many there were within the window before `now`; exact up to one more than the limit. The counter
  /// begins again at 0 when somebody starts the service by hand.
  int add(std::uint32_t counter, std::chrono::microseconds now);

 private:
  struct Some {
    std::chrono::microseconds at;
    std::uint32_t count;
  };
  int limit_;
  std::chrono::microseconds window_;
  std::optional<std::uint32_t> last_;
  std::deque<Some> seen_;  // at most limit_ + 1
};

/// Pure.
[[nodiscard]] Outcome judge(const UnitConfig& config, const UnitSeen& seen);

/// Reads `[probe.unit]`. Of `common`, the timeout counts.
[[nodiscard]] KindConfig read_unit(const Table& table, const ProbeConfig& common);

/// Asks this machine's systemd over the system bus. `config` is shared so that a MakeProbe can be copied.
[[nodiscard]] std::unique_ptr<Probe> make_unit_probe(std::shared_ptr<const UnitConfig> config, const Tools& tools);

}  // namespace candor::probes
