#include "daemon/store/recovery.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/incident/codec.h"
#include "daemon/store/records.h"
#include "daemon/store/schema.h"

namespace candor::store {
namespace {

constexpr std::string_view event_columns = "seq, at, actor, human, incident, token, body, checksum";

/// The row that the statement over `event_columns` stands at. Its texts live until the next step.
EventRow event_at(const Statement& events) {
  return {
      .sequence = events.natural(0),
      .at_ms = events.integer(1),
      .actor = events.text(2),
      .human = events.integer(3) != 0,
      .incident = events.text(4),
      .token = events.text(5),
      .body = events.text(6),
  };
}
bool is_sound(const EventRow& row, const Statement& events) { return row.checksum() == events.natural(7); }

class Recovery {
 public:
  Recovery(Database& database, const std::string& file) : database_(database), file_(file) {}

  Result<Recovered> run() {
    version_ = database_.integer("PRAGMA user_version");
    check_schema();
    if (!problem_) check_small_tables();
    last_ = meta("last_sequence");
    if (!problem_) find_snapshot();
    if (!problem_) fold_events();
    if (!problem_) read_outbox();
    if (problem_) return failure(damaged(file_, *problem_));
    return std::move(found_);
  }

 private:
  void check_schema() {
    if (version_ >= 2 && meta("schema_checksum") != schema_checksum(database_)) {
      refuse("the definitions of its tables are damaged");
    }
  }

  /// Events are numbered without gaps after a snapshot, so a lost one shows. These tables have no such order: SQLite's
  /// own check finds rows lost from them, and from the index by which a delivery that has ended is taken out.
  void check_small_tables() {
    for (const char* table : {"meta", "outbox", "snapshots"}) {
      const std::string answer = database_.text(fmt::format("PRAGMA integrity_check({})", table));
      if (answer != "ok") refuse(fmt::format("table {} is damaged: {}", table, one_line(answer)));
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
    Statement events(database_, fmt::format("SELECT {} FROM events WHERE seq > ? ORDER BY seq", event_columns));
    events.bind(found_.sequence);
    while (!problem_ && events.step()) {
      const EventRow row = event_at(events);
      if (row.sequence != found_.sequence + 1) return refuse(fmt::format("event {} is missing", found_.sequence + 1));
      if (!is_sound(row, events)) return refuse(fmt::format("event {} is damaged", row.sequence));
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
    Statement rows(database_, fmt::format("SELECT delivery, body, checksum, attempts, not_before, last_error, {} "
                                          "FROM outbox ORDER BY position",
                                          version_ >= 2 ? "progress" : "NULL"));
    std::uint64_t seal = 0;
    while (!problem_ && rows.step()) {
      seal += rows.natural(2) + 31 * rows.natural(6);
      take_delivery(rows);
    }
    if (!problem_ && version_ >= 2 && seal != meta("outbox_seal")) {
      refuse("its outbox is not as the last commit left it");
    }
  }

  void take_delivery(const Statement& row) {
    const std::string id{row.text(0)};
    const auto attempts = static_cast<std::uint32_t>(row.natural(3));
    const std::string_view error = row.text(5);
    const bool sound = outbox_checksum(id, row.text(1)) == row.natural(2) &&
                       (row.is_null(6) || progress_checksum(id, attempts, row.integer(4), error) == row.natural(6));
    Result<incident::Delivery> delivery = incident::decode_delivery(row.text(1));
    if (!sound || !delivery) {
      const std::string why = sound ? ": " + delivery.error().message : std::string{};
      return refuse(fmt::format("delivery {} in its outbox is damaged{}", one_line(id), why));
    }
    found_.outbox.push_back({.delivery = std::move(*delivery),
                             .attempts = attempts,
                             .not_before = from_ms(row.integer(4)),
                             .last_error = std::string{error}});
  }

  void refuse(std::string problem) {
    if (!problem_) problem_ = std::move(problem);
  }

  Database& database_;
  const std::string& file_;
  Recovered found_;
  std::int64_t version_ = 0;
  std::uint64_t last_ = 0;
  std::optional<std::string> problem_;
};

}  // namespace

Result<Recovered> recover_from(Database& database, const std::string& file) { return Recovery(database, file).run(); }

Result<void> check_history(Database& database, const std::string& file) {
  Statement pruned_through(database, "SELECT value FROM meta WHERE key = 'pruned_through'");
  const std::uint64_t pruned = pruned_through.step() ? pruned_through.natural(0) : 0;
  std::uint64_t expected = 1;
  Statement events(database, fmt::format("SELECT {} FROM events ORDER BY seq", event_columns));
  while (events.step()) {
    const EventRow row = event_at(events);
    if (!is_sound(row, events)) return failure(damaged(file, fmt::format("event {} is damaged", row.sequence)));
    if (row.sequence != expected && row.sequence > pruned + 1) {
      return failure(damaged(file, fmt::format("event {} is missing", std::max(expected, pruned + 1))));
    }
    expected = row.sequence + 1;
  }
  return {};
}

std::string damaged(const std::string& file, const std::string& what) {
  std::error_code error;
  const std::string log = file + "-wal";
  const std::uintmax_t log_size = std::filesystem::file_size(log, error);
  const std::string log_too =
      !error && log_size > 0
          ? fmt::format("; move {} away as well, for it would be read as the log of any file here", log)
          : std::string{};
  return fmt::format(
      "journal {} cannot be read: {}; restore it from a backup, or move it away to begin an empty one, with candord "
      "stopped (systemctl stop {}){}",
      file, what, stop_these, log_too);
}

}  // namespace candor::store
