#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "daemon/alerts/late_ends.h"

namespace candor::alerts {

/// What an evaluator said last of an alert.
struct Word {
  Instant told{};             ///< the end that it named, by its clock; none: the epoch
  Instant since{};            ///< since when it names that and no other
  std::uint32_t speaker = 0;  ///< a hash of who spoke; 0: nobody
  std::uint16_t times = 1;    ///< so often it named it
  std::uint16_t late = 0;     ///< so many times in a row a next word came after the end that was named before it
};

/// Until when a pushed alert is taken to fire unless its sender speaks again.
struct Expiry {
  Instant ends_at{};
  Instant updated_at{};
  bool timeout = false;            ///< the sender named no end: `ends_at` is resolve_timeout after it spoke
  bool fixed = false;              ///< a script named it, once and for all
  bool rounded = false;            ///< a fixed one of the journal: up to five minutes later than a script named
  bool over = false;               ///< of an evaluator's: it was told so often that it is the end of what has ended
  Instant began{};                 ///< of an evaluator's: the latest start that was told while it was believed
  std::array<Word, 2> words = {};  ///< of evaluators: of two replicas, the latest first

  /// That of the same speaker; null where it is not known to have said anything.
  [[nodiscard]] const Word* word_of(std::uint32_t speaker) const;
};

/// Evaluators repeat what fires each minute unless they are told otherwise, and name an end four times as far away.
inline constexpr Duration time_to_repeat = std::chrono::seconds{90};

// What an evaluator's word says of an alert, by a clock that may differ from ours. `before`: what is known of the alert
// until now; `next`: as the word would have it, which is its latest one.

/// The latest words of two evaluators with one more.
[[nodiscard]] std::array<Word, 2> with(Word word, const std::optional<Expiry>& before);
/// Whether the speaker named an end before that has moved on since, as that of an alert that fires does.
[[nodiscard]] bool goes_on(const Word* previous, Instant told, Instant now);
/// Of an end: whether it was overtaken by the word of an outbreak after it. Scripts tell no start to go by.
[[nodiscard]] bool is_of_an_earlier_outbreak(const Expiry& end, const Expiry& believed, Instant now);
/// Of an end that has passed: whether the alert fires nonetheless.
[[nodiscard]] bool fires_by_a_clock_behind(const LateEnds::Heard& late, const Expiry& next,
                                           const std::optional<Expiry>& before, Instant now);
/// Of an end that lies ahead of us: whether it was told so often that it is that of what has ended.
[[nodiscard]] bool was_repeated(const Word& word, Instant now);
/// The same of one that is near: whether the alert has ended, and the clock, which is not `behind`, is ahead.
[[nodiscard]] bool has_ended(const Expiry& next, const std::optional<Expiry>& before, bool behind, Instant now);

}  // namespace candor::alerts
