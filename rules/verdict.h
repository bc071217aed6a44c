#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace candor::rules {

/// What a rule says at an instant. Three-valued at heart: a condition that hangs on silent signals is `unknown`, which
/// neither opens nor ends anything (Kleene's logic through all, any and not).
enum class Finding : std::uint8_t {
  quiet,      ///< `when` does not hold, and nothing that is seen makes it so
  holds,      ///< `when` holds and `unless` does not
  explained,  ///< `when` and `unless` hold: another rule speaks for it
  unknown,    ///< whether `when` holds cannot be seen
  pending,    ///< `when` holds as soon as a `for` that runs is over, unless what is seen changes before
};

[[nodiscard]] std::string_view to_string(Finding finding);
[[nodiscard]] std::optional<Finding> finding_from(std::string_view text);

/// Whether `when` holds, whoever speaks for it.
[[nodiscard]] constexpr bool holds(Finding finding) {
  return finding == Finding::holds || finding == Finding::explained;
}

struct Verdict {
  Finding finding = Finding::quiet;
  Instant since{};          ///< when it came to this finding
  Instant held_since{};     ///< while it holds for other rules that name it, explained or not: since when it does so
  Instant failing_since{};  ///< while it holds: the first failing observation among the signals that made it hold
  std::string evidence;     ///< while it holds: of the signals that made it hold, the first few, for responders;
                            ///< else the incident room's word that nobody saw it end, where that is so
  std::string symptom;      ///< the same for customers; may be empty

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace candor::rules
