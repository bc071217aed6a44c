#pragma once

#include <cstdint>
#include <limits>
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

/// Which delivery may be sent when. Pure: the worker asks, sends, and tells. Order is kept within (destination,
/// incident): a delivery waits until those before it have ended. Different destinations never wait for each other, and
/// one destination is sent a few at a time, so that a silent one takes up little.
class Outbox {
 public:
  /// Sends under way to one destination, of different incidents.
  static constexpr std::size_t most_to_one_destination = 4;
  /// Nothing for a destination and incident is given up before so many attempts in a row failed, some ten minutes of
  /// them: a clock that was set forward, or a candord that was off for days, makes a message look old that was hardly
  /// tried.
  static constexpr std::uint32_t least_attempts = 12;

  explicit Outbox(Backoff backoff, Duration give_up_after = std::chrono::hours{24});
  ~Outbox();
  Outbox(Outbox&&) noexcept;
  Outbox& operator=(Outbox&&) noexcept;

  /// Behind the deliveries of its destination and incident that are there. One that is there already is left as it is.
  void add(store::OutboxRow row);
  /// It ended elsewhere (superseded): it is sent no more. One under way is let end and its answer ignored. Answers
  /// whether it was there.
  bool remove(const std::string& delivery);
  /// What waits for `destination` may be sent at once.
  void hasten(const std::string& destination);

  /// Takes out up to `most` of what may be sent at `now`, the longest due first; each is under way until ended() hears
  /// of it. A clock that is set back lengthens no wait: what waits is brought forward as much, and a row that is to
  /// wait longer than any wait lasts (written before a restart) is due.
  [[nodiscard]] std::vector<store::OutboxRow> take_due(Instant now,
                                                       std::size_t most = std::numeric_limits<std::size_t>::max());
  /// The next instant at which take_due() has something, as long as the clock is not set.
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
  [[nodiscard]] std::vector<store::OutboxRow> rows() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::deliver
