#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/deliver/channels/channel.h"
#include "daemon/incident/delivery.h"
#include "daemon/store/journal.h"

namespace candor::deliver {

/// When to try again: between nothing and min(cap, base · 2^attempts), drawn evenly (full jitter,
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), never sooner than the destination's
/// Retry-After. `attempts` were made before the one that failed; `random` is any 64-bit number, which the caller draws.
struct Backoff {
  Duration base = std::chrono::seconds{1};
  Duration cap = std::chrono::minutes{5};
  Duration most_retry_after = std::chrono::minutes{5};  ///< somebody waits to be paged

  [[nodiscard]] Duration wait(std::uint32_t attempts, std::optional<Duration> retry_after, std::uint64_t random) const;
  /// No wait is longer.
  [[nodiscard]] Duration longest() const { return cap > most_retry_after ? cap : most_retry_after; }
};

/// Sends that may be under way at once.
struct Places {
  std::size_t all = 1024;
  /// Of them: for destinations in doubt, and for what a destination is sent beside the first.
  std::size_t shared = 256;
};

/// Which delivery may be sent when. Pure: the worker asks, sends, and tells. Order is kept within (destination,
/// incident): a delivery waits until those before it have ended. One destination is sent a few at a time, and one at a
/// time while it is in doubt, from an attempt that is to be repeated to one that is not. A destination that says when
/// to come again (Retry-After) is sent nothing before, whatever there is for it, and is in doubt until it has taken
/// some in a row: where it takes one at a time, each more would begin its pause anew.
///
/// Destinations that hang keep no other waiting: one that is not in doubt, and has nothing under way, finds a place of
/// its own. All else takes turns at the shared places. Only where more destinations hang than there are places beside
/// the shared ones, all of them never tried before or well until now, does it wait too.
class Outbox {
 public:
  /// Sends under way to one destination, of different incidents.
  static constexpr std::size_t most_to_one_destination = 4;
  /// Nothing for a destination and incident is given up before so many attempts in a row failed, some ten minutes of
  /// them: a clock that was set forward, or a candord that was off for days, makes a message look old that was hardly
  /// tried.
  static constexpr std::uint32_t least_attempts = 12;

  explicit Outbox(Backoff backoff, Duration give_up_after = std::chrono::hours{24}, Places places = {});
  ~Outbox();
  Outbox(Outbox&&) noexcept;
  Outbox& operator=(Outbox&&) noexcept;

  /// Behind the deliveries of its destination and incident that are there. One that is there already is left as it is.
  /// One that was tried before, as a restart finds it, puts its destination in doubt.
  void add(store::OutboxRow row);
  /// It ended elsewhere (superseded): it is sent no more. One under way is let end and its answer ignored. Answers
  /// whether it was there.
  bool remove(const std::string& delivery);
  /// Takes out what waits; nothing where it is not here, or under way.
  [[nodiscard]] std::optional<store::OutboxRow> take_back(const std::string& delivery);
  /// What waits for `destination` may be sent at once, whatever that asked for.
  void hasten(const std::string& destination);

  /// Takes out what may be sent at `now`, destinations in turn and the longest due first; each has a place until
  /// ended() hears of it. A clock that is set back lengthens no wait: what waits is brought forward as much, and a row
  /// that is to wait longer than any wait lasts (written before a restart) is due.
  [[nodiscard]] std::vector<store::OutboxRow> take_due(Instant now);
  /// Those that the last take_due() found no place for.
  [[nodiscard]] std::size_t without_place() const;
  /// The next instant at which take_due() has something, as long as the clock is not set and nothing ends.
  [[nodiscard]] std::optional<Instant> due() const;

  /// What an attempt's end means.
  struct Outcome {
    std::optional<incident::DeliveryEnd> end;  ///< delivered or dead
    std::optional<store::Attempted> retry;     ///< to be recorded
    std::string why;
  };
  /// Nothing for a delivery that was removed meanwhile.
  [[nodiscard]] std::optional<Outcome> ended(const std::string& delivery, const Attempt& attempt, Instant now,
                                             std::uint64_t random);

  /// Deliveries that have not ended, those under way with them.
  [[nodiscard]] std::size_t size() const;
  /// When the oldest of them was decided.
  [[nodiscard]] std::optional<Instant> oldest() const;
  /// Each with the instant before which it is not sent, also where its destination asked for that.
  [[nodiscard]] std::vector<store::OutboxRow> rows() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::deliver
