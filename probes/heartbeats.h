#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace candor::probes {

/// The latest call of a job that a `heartbeat` probe waits for.
struct Beat {
  Instant at{};
  std::uint32_t status = 0;  ///< the job's exit status
  std::string message;
};

/// A time in which candord was off, or heard no calls for another reason.
struct Absence {
  Instant from{};
  Instant until{};
  /// Where it was off for no longer than this at a stretch, and perhaps several times: most calls were heard.
  std::optional<Duration> brief = {};
};

/// What the daemon knows of the calls, which it journals. Thread: the loop's.
class Heartbeats {
 public:
  virtual ~Heartbeats() = default;
  /// To be asked first: the rest is then true of it, also where it shows that nobody listened or that the clock was
  /// set.
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual std::optional<Beat> latest(const std::string& probe) const = 0;
  /// The latest times in which calls were not heard, oldest first.
  [[nodiscard]] virtual std::vector<Absence> absences() const = 0;
};

}  // namespace candor::probes
