#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "rules/contributors.h"
#include "rules/look.h"
#include "rules/rule.h"
#include "rules/truth.h"

namespace candor::rules {

/// What is known, and what of it somebody has seen since nobody looked: the same, or else `unknown`.
struct Truths {
  Truth known = Truth::no;
  Truth seen = Truth::no;   ///< since the absence that is waited for a look after
  Truth fresh = Truth::no;  ///< since the latest, however short

  friend bool operator==(const Truths&, const Truths&) = default;
};

/// What a signal leaf knows of the signals that match it: enough to judge it without looking at them.
struct LeafState {
  /// The signals that count, each since when its `for` was over (ripe), or until when it runs (pending).
  struct Counted {
    std::set<Contributor, ContributorOrder> ripe;
    std::set<Contributor, ContributorOrder> pending;

    [[nodiscard]] std::size_t size() const { return ripe.size() + pending.size(); }
    bool erase(const Contributor& counted) { return ripe.erase(counted) + pending.erase(counted) > 0; }
  };
  const SignalLeaf* leaf = nullptr;
  std::uint32_t node = 0;
  std::uint32_t total = 0;
  std::uint32_t hidden = 0;    ///< of `unknown` health
  std::uint32_t unlooked = 0;  ///< of another health, that nobody has looked at since: well ones too
  Counted seen;
  Counted remembered;  ///< nobody has looked at them since: as they were when it began that nobody looked
  Instant look_until = Instant::min();      ///< until when they are waited for
  std::map<Absence, std::uint32_t> missed;  ///< in which nobody looked at so many signals, nor since
  std::uint32_t unseen = 0;                 ///< those that are not `unknown`
  std::uint32_t unseen_counting = 0;        ///< and count

  [[nodiscard]] std::size_t needed() const;
  [[nodiscard]] Truths truths() const;
  /// Whether what matches it may make it true, now or by the passing of time: enough counts or is hidden.
  [[nodiscard]] bool is_possible() const;
  /// Whether it may become true by the passing of time alone.
  [[nodiscard]] bool may_hold() const;
  /// What is known where each `for` of what is only remembered was over that had run out `by` then.
  [[nodiscard]] Truth at_most(Instant by) const;
  /// Of one that is known to be true: since when it has been.
  [[nodiscard]] Instant true_since() const;
  [[nodiscard]] std::optional<Instant> due() const;
  /// Moves the signals whose `for` is over by `now`.
  void ripen(Instant now);
  /// Until `until` signals wait for a look: those that are remember()ed.
  void wait_for_a_look(Instant until);
  /// Nobody has looked at the signal. Where it counts, its `for` is `over`, or not before somebody does; one that was
  /// seen to be over stays so.
  void remember(const SignalTable::value_type& signal, bool over);
  /// The `for` of the signal, which was seen to count, ran out while nobody looked.
  void hold_up(const SignalTable::value_type& signal);
  /// Somebody looked at a signal that was held up.
  void go_on(const SignalTable::value_type& signal);
  /// Somebody looked at a signal that was only remembered.
  void look_at(const SignalTable::value_type& signal);
  /// Nobody looked at a signal in this absence, until it is seen().
  void miss(const Absence& absence) { ++missed[absence]; }
  void see(const Absence& absence);
  /// What is unseen of the signal counts, or counts no more.
  void count_unseen(const SignalTable::value_type& signal);
  void uncount_unseen(const SignalTable::value_type& signal);
  /// The longest absence since which nobody has looked at what it is judged by; nothing where what was seen decides.
  [[nodiscard]] std::optional<Absence> unseen_since() const;
  /// The longest that a signal of it was missed in.
  [[nodiscard]] std::optional<Absence> longest_missed() const;
  /// A signal counts since another instant, or begins or ceases to.
  void recount(const SignalTable::value_type& signal, std::optional<Instant> before, std::optional<Instant> after);

 private:
  [[nodiscard]] std::size_t seen_ripe() const;
};

}  // namespace candor::rules
