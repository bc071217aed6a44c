#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/time.h"

namespace candor::alerts {

/// Ends that rule evaluators told when they had passed already. That of an alert that has ended is the same in each
/// repetition; that of one that fires, told by a clock that is behind, moves on with time. Bounded: at most 10,000,
/// each forgotten 10 to 20 minutes after it was told last. Pure.
class LateEnds {
 public:
  /// Two independent hashes of an alert's labels and its start.
  struct Key {
    std::uint64_t fingerprint;
    std::uint64_t check;
    friend bool operator==(const Key&, const Key&) = default;
  };

  /// What is known of one alert's end with the word that was just heard.
  struct Heard {
    Instant end{};
    Instant first{};  ///< when this end was told first
    int moves = 0;    ///< so many times in a row it has moved on with time
  };

  Heard hear(const Key& key, Instant end, Instant now);

  /// The wall clock was set by `by`.
  void clock_set(Duration by);

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const { return key.fingerprint; }
  };
  using Words = std::unordered_map<Key, Heard, KeyHash>;

  Words words_;
  Words before_;  ///< that were not told since `words_` began
  Instant began_{};
};

/// Whether an end that was told twice has moved on by about as much as time has.
[[nodiscard]] bool moves_on(Instant end_before, Instant heard_before, Instant end, Instant now);

}  // namespace candor::alerts
