#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace candor::probes {

/// The latest call of a job that a `heartbeat` probe waits for.
struct Beat {
  Instant at{};
  std::uint32_t status = 0;  ///< the job's exit status
  std::string message;
};

/// What the daemon knows of the calls, which it journals. Thread: the loop's.
class Heartbeats {
 public:
  virtual ~Heartbeats() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual std::optional<Beat> latest(const std::string& probe) const = 0;
  /// When this process began to take calls, and the last sign of life of the one before it: calls in between are lost.
  [[nodiscard]] virtual Instant began() const = 0;
  [[nodiscard]] virtual Instant off_since() const = 0;
};

}  // namespace candor::probes
