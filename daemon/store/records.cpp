#include "daemon/store/records.h"

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <zlib.h>

#include <fmt/format.h>

#include "daemon/incident/codec.h"

namespace candor::store {

Checksum& Checksum::add(std::uint64_t number) {
  std::array<unsigned char, 8> bytes{};
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(number & 0xFFU);
    number >>= 8U;
  }
  value_ = static_cast<std::uint32_t>(crc32_z(value_, bytes.data(), bytes.size()));
  return *this;
}

Checksum& Checksum::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  // crc32_z() takes a null pointer for "the initial value".
  if (text.empty()) return *this;
  value_ =
      static_cast<std::uint32_t>(crc32_z(value_, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
  return *this;
}

std::uint32_t EventRow::checksum() const {
  return Checksum{}
      .add(sequence)
      .add(static_cast<std::uint64_t>(at_ms))
      .add(actor)
      .add(std::uint64_t{human})
      .add(incident)
      .add(token)
      .add(body)
      .value();
}

std::uint32_t outbox_checksum(std::string_view delivery, std::string_view body) {
  return Checksum{}.add(delivery).add(body).value();
}

std::uint32_t progress_checksum(std::string_view delivery, std::uint32_t attempts, std::int64_t not_before_ms,
                                std::string_view last_error) {
  return Checksum{}
      .add(delivery)
      .add(std::uint64_t{attempts})
      .add(static_cast<std::uint64_t>(not_before_ms))
      .add(last_error)
      .value();
}

std::uint32_t snapshot_checksum(std::uint64_t sequence, std::string_view body) {
  return Checksum{}.add(sequence).add(body).value();
}

namespace {

/// Only the events that come with every change of a signal and every call of a job: prune() may delete them.
std::string and_prunable() {
  return fmt::format(" AND token IN ('{}', '{}')", incident::token(incident::SignalChanged{}),
                     incident::token(incident::HeartbeatReceived{}));
}

/// The first column of its first row, if there is one.
std::optional<std::uint64_t> number_of(Statement& statement) {
  std::optional<std::uint64_t> number;
  if (statement.step()) number = statement.natural(0);
  statement.reset();
  return number;
}

}  // namespace

Records::Records(Database& database)
    : database_(database),
      add_event_(database,
                 "INSERT INTO events(seq, at, actor, human, incident, token, body, checksum) "
                 "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      // A delivery's id stays its own: the same one again is the same message.
      add_delivery_(database,
                    "INSERT INTO outbox(delivery, body, checksum, progress) VALUES(?, ?, ?, ?) "
                    "ON CONFLICT(delivery) DO NOTHING"),
      end_delivery_(database, "DELETE FROM outbox WHERE delivery = ?"),
      record_attempt_(database,
                      "UPDATE outbox SET attempts = ?, not_before = ?, last_error = ?, progress = ? "
                      "WHERE delivery = ?"),
      set_meta_(database, "UPDATE meta SET value = ? WHERE key = ?"),
      add_snapshot_(database, "INSERT OR REPLACE INTO snapshots(seq, body, checksum) VALUES(?, ?, ?)"),
      drop_snapshots_(database,
                      "DELETE FROM snapshots WHERE seq NOT IN "
                      "(SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)"),
      oldest_snapshot_(database, "SELECT coalesce(min(seq), 0) FROM snapshots"),
      looked_through_(database, "SELECT value FROM meta WHERE key = 'looked_through'"),
      next_events_(database,
                   "SELECT max(seq), count(*) FROM "
                   "(SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)"),
      first_to_keep_(database, "SELECT seq FROM events WHERE seq > ? AND seq <= ? AND at >= ? AND at <= ?" +
                                   and_prunable() + " ORDER BY seq LIMIT 1"),
      last_old_(database, "SELECT seq FROM events WHERE seq > ? AND seq <= ? AND at < ?" + and_prunable() +
                              " ORDER BY seq DESC LIMIT 1"),
      first_unsure_(database, "SELECT seq FROM events WHERE seq > ? AND seq <= ? AND at > ?" + and_prunable() +
                                  " ORDER BY seq LIMIT 1"),
      next_is_old_(database, "SELECT at < ? FROM events WHERE seq > ? AND seq <= ? AND at <= ?" + and_prunable() +
                                 " ORDER BY seq LIMIT 1"),
      prune_(database, "DELETE FROM events WHERE seq > ? AND seq <= ?" + and_prunable()) {}

void Records::add(std::uint64_t sequence, const incident::Event& event) {
  body_.clear();
  incident::encode(event.change, body_);
  const EventRow row{
      .sequence = sequence,
      .at_ms = to_ms(event.at),
      .actor = event.actor.name,
      .human = event.actor.human,
      .incident = event.incident,
      .token = incident::token(event.change),
      .body = body_,
  };
  add_event_.bind(row.sequence, row.at_ms, row.actor, row.human, row.incident, row.token, row.body, row.checksum())
      .run();
  if (const auto* ended = std::get_if<incident::DeliveryEnded>(&event.change)) {
    end_delivery_.bind(std::string_view{ended->delivery}).run();
  }
}

void Records::add(const incident::Delivery& delivery) {
  const std::string body = incident::encode(delivery);
  const std::string_view id = delivery.id;
  add_delivery_.bind(id, std::string_view{body}, outbox_checksum(id, body), progress_checksum(id, 0, 0, {})).run();
}

void Records::record(const Attempted& attempted) {
  const std::int64_t not_before_ms = to_ms(attempted.not_before);
  record_attempt_
      .bind(attempted.attempts, not_before_ms, std::string_view{attempted.error},
            progress_checksum(attempted.delivery, attempted.attempts, not_before_ms, attempted.error),
            std::string_view{attempted.delivery})
      .run();
}

void Records::set_last_sequence(std::uint64_t sequence) {
  set_meta_.bind(sequence, std::string_view{"last_sequence"}).run();
}

void Records::add_snapshot(std::uint64_t sequence, std::string_view state) {
  add_snapshot_.bind(sequence, state, snapshot_checksum(sequence, state)).run();
  drop_snapshots_.run();
}

bool Records::prune(Instant before, Instant now, std::size_t most) {
  const std::uint64_t covered = number_of(oldest_snapshot_).value_or(0);
  const std::uint64_t from = number_of(looked_through_).value_or(0);
  const bool found = next_events_.bind(from, covered, std::uint64_t{most}).step();
  const std::uint64_t last = found ? next_events_.natural(0) : 0;
  const bool all = !found || next_events_.natural(1) < most;
  next_events_.reset();
  if (last == 0) return false;
  const std::optional<std::uint64_t> kept = number_of(first_to_keep_.bind(from, last, to_ms(before), to_ms(now)));
  std::uint64_t through = kept ? *kept - 1 : last;
  const std::uint64_t old = number_of(last_old_.bind(from, through, to_ms(before))).value_or(from);
  const std::optional<std::uint64_t> unsure = number_of(first_unsure_.bind(old, through, to_ms(now)));
  const bool older = unsure && !kept && number_of(next_is_old_.bind(to_ms(before), last, covered, to_ms(now))) == 1U;
  const bool end = kept || (unsure && !older);
  if (end && unsure) through = *unsure - 1;
  prune_.bind(from, through).run();
  // From here on only a snapshot can stand for what came before it.
  if (database_.changes() > 0) set_meta_.bind(covered, std::string_view{"pruned_through"}).run();
  if (through > from) set_meta_.bind(through, std::string_view{"looked_through"}).run();
  return !end && !all;
}

}  // namespace candor::store
