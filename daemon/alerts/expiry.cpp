#include "daemon/alerts/expiry.h"

#include <algorithm>

namespace candor::alerts {
namespace {

/// So often in a row an end moves on before it is that of an alert that fires. Replicas of an evaluator that saw it end
/// at different seconds tell different ends too.
constexpr int enough_moves = 3;
/// An end that is told unchanged so often and for so long is that of an alert that has ended: each word of one that
/// fires names another, and comes each minute.
constexpr int enough_times = 3;
constexpr Duration long_unchanged = std::chrono::seconds{90};
constexpr Duration longest_overtaking = std::chrono::seconds{15};
/// The end of what has ended lies so far before the one that was named while it fired: that was minutes away. So does
/// the next one by a clock that was set back.
constexpr Duration least_step_back = std::chrono::seconds{30};
constexpr Duration longest_between_words = std::chrono::minutes{5};
/// A word that comes so soon after what was believed is the next one of an outbreak that went on.
constexpr Duration longest_gap = std::chrono::minutes{1};
/// Two clocks that somebody sets right differ by no more.
constexpr Duration clocks_differ_by = std::chrono::seconds{5};

}  // namespace

const Word* Expiry::word_of(std::uint32_t speaker) const {
  const auto found = std::ranges::find(words, speaker, &Word::speaker);
  return found != words.end() ? &*found : nullptr;
}

bool is_of_an_earlier_outbreak(const Expiry& end, const Expiry& believed, Instant now) {
  if (end.began == Instant{}) return false;
  const bool spoke = believed.words[0].speaker != 0;  // since the start
  const bool slightly_ahead = spoke && believed.began - believed.updated_at <= clocks_differ_by;
  if (believed.began > now && !slightly_ahead && end.words[0].told <= now) {
    // Its start was told by a clock that is far ahead, or has been set back since; one that is not ahead tells no end
    // that is older than a word that it fires.
    const bool overtaken = spoke && now - believed.updated_at <= longest_overtaking &&
                           end.ends_at < believed.updated_at - longest_overtaking;
    if (!overtaken) return false;
  }
  return end.began < believed.began && end.ends_at < believed.began;
}

bool goes_on(const Word* previous, Instant told, Instant now) {
  return previous != nullptr && previous->told != Instant{} && now - previous->since <= longest_between_words &&
         moves_on(previous->told, previous->since, told, now);
}

bool fires_by_a_clock_behind(const LateEnds::Heard& late, const Expiry& next, const std::optional<Expiry>& before,
                             Instant now) {
  if (late.moves >= enough_moves) return true;
  // The word before may have said that it fires. An end that comes long after it is later too.
  return before && before->ends_at > before->updated_at && now <= before->ends_at + longest_gap &&
         goes_on(before->word_of(next.words[0].speaker), late.end, now);
}

bool was_repeated(const Word& word, Instant now) {
  return word.told != Instant{} && word.times >= enough_times && now - word.since >= long_unchanged;
}

bool has_ended(const Expiry& next, const std::optional<Expiry>& before, bool behind, Instant now) {
  const Word& word = next.words[0];
  if (!before || behind || word.told == Instant{} || word.told - now >= time_to_repeat) return false;
  if (const Word* const previous = before->word_of(word.speaker)) {
    if (word.told == previous->told) return before->ends_at <= before->updated_at;
    const bool believed = before->ends_at > now;
    if (!believed && previous->told - word.told >= least_step_back) return true;
    if (goes_on(previous, word.told, now)) return false;
  }
  return word.told - now <= clocks_differ_by && next.began <= std::max(before->began, before->updated_at);
}

std::array<Word, 2> with(Word word, const std::optional<Expiry>& before) {
  if (!before) return {word};
  if (const Word* const previous = before->word_of(word.speaker)) {
    word.late = previous->late;
    if (previous->told == word.told) {
      word.since = previous->since;
      word.times = static_cast<std::uint16_t>(std::min(previous->times + 1, 1000));
    }
  }
  const Word& latest = before->words[0];
  return {word, latest.speaker == word.speaker ? before->words[1] : latest};
}

}  // namespace candor::alerts
