#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/incident/delivery.h"
#include "daemon/incident/event.h"
#include "daemon/store/database.h"
#include "daemon/store/journal.h"

namespace candor::store {

/// CRC-32 over a row's columns, each with its length, so that a byte changed on the disk is seen when it is read.
class Checksum {
 public:
  Checksum& add(std::uint64_t number);
  Checksum& add(std::string_view text);
  [[nodiscard]] std::uint32_t value() const { return value_; }

 private:
  std::uint32_t value_ = 0;
};

/// An event as its row holds it.
struct EventRow {
  std::uint64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string_view actor;
  bool human = false;
  std::string_view incident;
  std::string_view token;
  std::string_view body;

  [[nodiscard]] std::uint32_t checksum() const;
};

[[nodiscard]] std::uint32_t outbox_checksum(std::string_view delivery, std::string_view body);
/// Over what changes in a row of the outbox with each attempt.
[[nodiscard]] std::uint32_t progress_checksum(std::string_view delivery, std::uint32_t attempts,
                                              std::int64_t not_before_ms, std::string_view last_error);
[[nodiscard]] std::uint32_t snapshot_checksum(std::uint64_t sequence, std::string_view body);

/// Writes rows, inside a transaction of the caller's. Every function throws DatabaseError.
class Records {
 public:
  explicit Records(Database& database);

  /// A DeliveryEnded takes its delivery out of the outbox.
  void add(std::uint64_t sequence, const incident::Event& event);
  void add(const incident::Delivery& delivery);
  /// Nothing for a delivery that has ended meanwhile.
  void record(const Attempted& attempted);
  void set_last_sequence(std::uint64_t sequence);
  /// Keeps this one and the one before.
  void add_snapshot(std::uint64_t sequence, std::string_view state);
  /// Looks at up to `most` events that the oldest snapshot covers, from where the last call ended to the first signal
  /// change or heartbeat that is not before `before`, and deletes those of these kinds. One from after `now`, when a
  /// clock was wrong, is as old as the next that is not. Answers whether there are more.
  bool prune(Instant before, Instant now, std::size_t most);

 private:
  Database& database_;
  std::string body_;  ///< of the event that is written
  Statement add_event_;
  Statement add_delivery_;
  Statement end_delivery_;
  Statement record_attempt_;
  Statement set_meta_;
  Statement add_snapshot_;
  Statement drop_snapshots_;
  Statement oldest_snapshot_;
  Statement looked_through_;
  Statement next_events_;
  Statement first_to_keep_;
  Statement last_old_;
  Statement first_unsure_;
  Statement next_is_old_;
  Statement prune_;
};

}  // namespace candor::store
