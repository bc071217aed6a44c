#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/page/view.h"

namespace candor::page {

// How the page says things: every word that customers read and no responder wrote.

/// "Major outage"
[[nodiscard]] std::string_view words(ComponentStatus status);
/// "Investigating"
[[nodiscard]] std::string_view words(Status status);
/// "Critical impact"
[[nodiscard]] std::string_view words(Impact impact);

/// "Major outage", or that nobody can see whether it works.
[[nodiscard]] std::string_view words(const PublicComponent& component);

/// How bad things look: for colour and icon. The worst comes last.
enum class Tone : std::uint8_t { well, unseen, maintenance, slow, part, down };
[[nodiscard]] Tone tone(ComponentStatus status);
[[nodiscard]] Tone tone(const PublicComponent& component);
[[nodiscard]] Tone tone(Impact impact);

/// The open incident that matters most: the worst impact, then the newest. Null when none is open.
[[nodiscard]] const PublicIncident* leading_incident(const View& view);

/// The answer to "is it you?".
struct Headline {
  Tone tone = Tone::well;               ///< the worst of components and open incidents
  std::string sentence;                 ///< "Checkout is not working"
  std::vector<std::string> more;        ///< what else is affected, a sentence each
  std::optional<Instant> unseen_since;  ///< where a sentence says that something cannot be seen
};
[[nodiscard]] Headline headline(const View& view);

/// "Someone is leading the response"
[[nodiscard]] std::string_view lead_words(const PublicIncident& incident);

/// Statuspage's summary: `indicator` none, minor, major, critical or maintenance, and its description.
struct Indicator {
  std::string_view indicator;
  std::string_view description;
};
[[nodiscard]] Indicator indicator(const View& view);

/// "42 minutes", "1 hour 5 minutes", "2 days 3 hours"
[[nodiscard]] std::string duration_words(Duration duration);
/// "14:32 UTC" where `at` is on the same UTC day as `near`, else with the date.
[[nodiscard]] std::string time_words(Instant at, Instant near);
/// "November 2026"
[[nodiscard]] std::string month_words(Instant at);

}  // namespace candor::page
