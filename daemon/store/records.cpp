#include "daemon/store/records.h"

#include <array>
#include <string>
#include <variant>
#include <zlib.h>

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

Records::Records(Database& database)
    : database_(database),
      add_event_(database,
                 "INSERT INTO events(seq, at, actor, human, incident, token, body, checksum) "
                 "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      // A delivery's id is its idempotency key: the same one again is the same message.
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
      prune_(database,
             "DELETE FROM events WHERE seq IN (SELECT seq FROM events "
             "WHERE token = 'signal_changed' AND at < ? AND seq <= ? LIMIT ?)"),
      prune_heartbeats_(database,
                        "DELETE FROM events WHERE seq IN (SELECT seq FROM events "
                        "WHERE token = 'heartbeat_received' AND at < ? AND seq <= ? LIMIT ?)") {}

void Records::add(std::uint64_t sequence, const incident::Event& event) {
  const std::string body = incident::encode(event.change);
  const EventRow row{
      .sequence = sequence,
      .at_ms = to_ms(event.at),
      .actor = event.actor.name,
      .human = event.actor.human,
      .incident = event.incident,
      .token = incident::token(event.change),
      .body = body,
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

std::size_t Records::prune(Instant before, std::size_t most) {
  oldest_snapshot_.reset();
  const std::uint64_t covered = oldest_snapshot_.step() ? oldest_snapshot_.natural(0) : 0;
  oldest_snapshot_.reset();
  if (covered == 0) return 0;
  std::size_t pruned = 0;
  for (Statement* statement : {&prune_, &prune_heartbeats_}) {
    statement->bind(to_ms(before), covered, std::uint64_t{most - pruned}).run();
    pruned += static_cast<std::size_t>(database_.changes());
  }
  // From here on only a snapshot can stand for what came before it.
  if (pruned > 0) set_meta_.bind(covered, std::string_view{"pruned_through"}).run();
  return pruned;
}

}  // namespace candor::store
