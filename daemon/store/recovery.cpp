#include "daemon/store/recovery.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/incident/codec.h"
#include "daemon/store/records.h"

namespace candor::store {
namespace {

class Recovery {
 public:
  Recovery(Database& database, const std::string& file) : database_(database), file_(file) {}

  Result<Recovered> run() {
    check_small_tables();
    last_ = meta("last_sequence");
    if (!problem_) find_snapshot();
    if (!problem_) fold_events();
    if (!problem_) read_outbox();
    if (problem_) return failure(damaged(file_, *problem_));
    return std::move(found_);
  }

 private:
  /// Events are numbered without gaps after a snapshot, so a lost one shows. These tables have no such order: SQLite's
  /// own check finds rows lost from them.
  void check_small_tables() {
    for (const char* table : {"meta", "outbox", "snapshots"}) {
      const std::string answer = database_.text(fmt::format("PRAGMA quick_check({})", table));
      if (answer != "ok") refuse(fmt::format("table {} is damaged: {}", table, log::one_line(answer)));
    }
  }

  std::uint64_t meta(const char* key) {
    Statement statement(database_, "SELECT value FROM meta WHERE key = ?");
    if (statement.bind(std::string_view{key}).step()) return statement.natural(0);
    refuse(fmt::format("it has lost its {}", key));
    return 0;
  }

  void find_snapshot() {
    const std::uint64_t pruned = meta("pruned_through");
    Statement snapshots(database_, "SELECT seq, checksum, body FROM snapshots ORDER BY seq DESC");
    while (snapshots.step()) {
      const std::uint64_t sequence = snapshots.natural(0);
      if (take_snapshot(sequence, snapshots.natural(1), snapshots.text(2))) return;
    }
    if (pruned > 0)
      refuse(fmt::format("the events up to {} live in its snapshots only, and no snapshot is sound", pruned));
  }

  bool take_snapshot(std::uint64_t sequence, std::uint64_t checksum, std::string_view body) {
    std::string why = "its checksum is wrong";
    if (sequence > last_) {
      why = "it is newer than the last event";
    } else if (snapshot_checksum(sequence, body) == checksum) {
      Result<incident::State> state = incident::decode_state(body);
      if (state) {
        found_.state = std::move(*state);
        found_.sequence = sequence;
        return true;
      }
      why = state.error().message;
    }
    log::warning("snapshot_damaged", {{"file", file_}, {"sequence", std::to_string(sequence)}, {"error", why}},
                 "folding from an older one");
    return false;
  }

  void fold_events() {
    Statement events(database_,
                     "SELECT seq, at, actor, human, incident, token, body, checksum FROM events "
                     "WHERE seq > ? ORDER BY seq");
    events.bind(found_.sequence);
    while (!problem_ && events.step()) {
      const EventRow row{
          .sequence = events.natural(0),
          .at_ms = events.integer(1),
          .actor = events.text(2),
          .human = events.integer(3) != 0,
          .incident = events.text(4),
          .token = events.text(5),
          .body = events.text(6),
      };
      if (row.sequence != found_.sequence + 1) return refuse(fmt::format("event {} is missing", found_.sequence + 1));
      if (row.checksum() != events.natural(7)) return refuse(fmt::format("event {} is damaged", row.sequence));
      fold(row);
    }
    if (!problem_ && found_.sequence != last_) {
      refuse(fmt::format("event {} is missing: the last one is {}", found_.sequence + 1, last_));
    }
  }

  void fold(const EventRow& row) {
    Result<incident::Change> change = incident::decode_change(row.token, row.body);
    if (!change) return refuse(fmt::format("event {} is damaged: {}", row.sequence, change.error().message));
    incident::apply(found_.state, {.at = from_ms(row.at_ms),
                                   .actor = {.name = std::string{row.actor}, .human = row.human},
                                   .incident = std::string{row.incident},
                                   .change = std::move(*change)});
    found_.sequence = row.sequence;
    ++found_.folded;
  }

  void read_outbox() {
    Statement rows(database_,
                   "SELECT delivery, body, checksum, attempts, not_before, last_error FROM outbox "
                   "ORDER BY position");
    while (rows.step()) {
      const std::string id{rows.text(0)};
      if (outbox_checksum(id, rows.text(1)) != rows.natural(2)) {
        return refuse(fmt::format("delivery {} in its outbox is damaged", log::one_line(id)));
      }
      Result<incident::Delivery> delivery = incident::decode_delivery(rows.text(1));
      if (!delivery)
        return refuse(fmt::format("delivery {} in its outbox is damaged: {}", id, delivery.error().message));
      found_.outbox.push_back({.delivery = std::move(*delivery),
                               .attempts = static_cast<std::uint32_t>(rows.natural(3)),
                               .not_before = from_ms(rows.integer(4)),
                               .last_error = std::string{rows.text(5)}});
    }
  }

  void refuse(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
  }

  Database& database_;
  const std::string& file_;
  Recovered found_;
  std::uint64_t last_ = 0;
  std::optional<std::string> problem_;
};

}  // namespace

Result<Recovered> recover_from(Database& database, const std::string& file) { return Recovery(database, file).run(); }

std::string damaged(const std::string& file, const std::string& what) {
  return fmt::format("journal {} cannot be read: {}; restore it from a backup, or move it away to begin an empty one",
                     file, what);
}

}  // namespace candor::store
