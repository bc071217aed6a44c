#include "daemon/store/schema.h"

#include <array>

#include <fmt/format.h>

#include "daemon/store/records.h"

namespace candor::store {
namespace {

/// "Cndr": marks a SQLite file as Candor's (https://www.sqlite.org/fileformat.html#application_id).
constexpr std::int64_t application_id = 0x436E6472;

constexpr std::string_view version_1 = R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES('last_sequence', 0), ('pruned_through', 0);

CREATE TABLE events(
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  human INTEGER NOT NULL,
  incident TEXT NOT NULL,
  token TEXT NOT NULL,
  body TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE INDEX events_of_incident ON events(incident) WHERE incident <> '';
CREATE INDEX signal_changes_by_time ON events(at) WHERE token = 'signal_changed';

CREATE TABLE outbox(
  position INTEGER PRIMARY KEY,
  delivery TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT ''
);

CREATE TABLE snapshots(
  seq INTEGER PRIMARY KEY,
  body TEXT NOT NULL,
  checksum INTEGER NOT NULL
);
)sql";

/// `progress` is NULL in what version 1 wrote, until its next attempt. `outbox_seal` is the sum over the outbox's rows
/// of (checksum + 31 * progress): pages of different commits, as a disk that lost a write leaves them, do not agree.
constexpr std::string_view version_2 = R"sql(
ALTER TABLE outbox ADD COLUMN progress INTEGER;
CREATE INDEX heartbeats_by_time ON events(at) WHERE token = 'heartbeat_received';
INSERT INTO meta SELECT 'outbox_seal', coalesce(sum(checksum), 0) FROM outbox;
CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
  UPDATE meta SET value = value + new.checksum + 31 * new.progress WHERE key = 'outbox_seal';
END;
CREATE TRIGGER outbox_changed AFTER UPDATE ON outbox BEGIN
  UPDATE meta SET value = value + new.checksum + 31 * coalesce(new.progress, 0)
    - old.checksum - 31 * coalesce(old.progress, 0) WHERE key = 'outbox_seal';
END;
CREATE TRIGGER outbox_taken AFTER DELETE ON outbox BEGIN
  UPDATE meta SET value = value - old.checksum - 31 * coalesce(old.progress, 0) WHERE key = 'outbox_seal';
END;
)sql";

/// Every event that is written paid for indexes by which old ones are found four times a day. They are found by their
/// number instead: up to `looked_through` all are gone that could go.
constexpr std::string_view version_3 = R"sql(
DROP INDEX signal_changes_by_time;
DROP INDEX heartbeats_by_time;
INSERT INTO meta VALUES('looked_through', 0);
)sql";

constexpr std::array<SchemaStep, 3> steps_so_far{{{1, version_1}, {2, version_2}, {3, version_3}}};

bool holds_tables(Database& database) { return database.integer("SELECT count(*) FROM sqlite_master") > 0; }

/// Keeps what the tables look like from now on.
void seal(Database& database) {
  if (database.integer("SELECT count(*) FROM sqlite_master WHERE name = 'meta'") == 0) return;
  Statement seal(database, "INSERT OR REPLACE INTO meta VALUES('schema_checksum', ?)");
  seal.bind(schema_checksum(database)).run();
}

}  // namespace

std::span<const SchemaStep> schema_steps() { return steps_so_far; }

std::uint32_t schema_checksum(Database& database) {
  Checksum checksum;
  Statement rows(database, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY name");
  while (rows.step()) {
    for (int column = 0; column < 4; ++column) checksum.add(rows.text(column));
  }
  return checksum.value();
}

bool is_journal(Database& database) { return database.integer("PRAGMA application_id") == application_id; }

Result<int> migrate(Database& database, std::span<const SchemaStep> steps) {
  const std::int64_t owner = database.integer("PRAGMA application_id");
  if (owner != application_id && (owner != 0 || holds_tables(database))) {
    return failure("it is another program's database; use another file");
  }
  const std::int64_t found = database.integer("PRAGMA user_version");
  if (found > steps.back().version) {
    return failure(fmt::format(
        "it has version {} and this candord reads up to version {}; install the newer candord that wrote it", found,
        steps.back().version));
  }
  for (const SchemaStep& step : steps) {
    if (step.version <= found) continue;
    Transaction transaction(database);
    database.execute(fmt::format("PRAGMA application_id = {}", application_id));
    database.execute(std::string{step.sql});
    seal(database);
    database.execute(fmt::format("PRAGMA user_version = {}", step.version));
    transaction.commit();
  }
  return static_cast<int>(found);
}

void configure(Database& database) {
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = FULL");
  database.execute(fmt::format("PRAGMA journal_size_limit = {}", most_log_bytes_kept));
  database.execute("PRAGMA cell_size_check = ON");
  database.execute("PRAGMA trusted_schema = OFF");
}

}  // namespace candor::store
