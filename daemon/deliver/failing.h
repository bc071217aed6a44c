#pragma once

#include <cstddef>
#include <vector>

#include "daemon/store/journal.h"

namespace candor::deliver {

/// A delivery fails for a moment where a receiver is restarted; from here on somebody should know.
constexpr Duration failing_for_long = std::chrono::seconds{30};

/// A destination that does not take what it is sent.
struct Failing {
  store::OutboxRow oldest;  ///< of what failed, the one that was decided first
  std::size_t behind = 0;   ///< so many more wait for the same destination
};

/// Those for which something that failed has been on its way for failing_for_long, the longest first. `rows` are all
/// that have not ended.
[[nodiscard]] std::vector<Failing> failing(const std::vector<store::OutboxRow>& rows, Instant now);

}  // namespace candor::deliver
