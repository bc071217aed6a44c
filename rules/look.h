#pragma once

#include <compare>

#include "base/time.h"

namespace candor::rules {

/// A time in which nobody looked.
struct Absence {
  Instant from{};
  Instant back{};

  friend auto operator<=>(const Absence&, const Absence&) = default;
};

/// After a time in which nobody looked: what is known from before it is memory, and waits for somebody to look.
struct Look {
  Instant from{};   ///< from when on nobody looked
  Instant back{};   ///< what changed since was seen; no later than now
  Instant until{};  ///< so long what is remembered is waited for; from then on it counts as if it were seen
  Instant there{};  ///< when last somebody was there: `from`, or later where there was another absence since
  Instant again{};  ///< when that one was over: `back`, or later

  friend bool operator==(const Look&, const Look&) = default;
};

}  // namespace candor::rules
