#include "daemon/store/history_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace candor::store {
namespace {

namespace fs = std::filesystem;

/// "Cndh", in the way of the journal's.
constexpr std::int64_t application_id = 0x436E6468;
constexpr std::int64_t version = 1;

/// `last_day` counts days since 1970, `begin` minutes. `unmerged` are the rows of the first tier that the longer ones
/// lack.
constexpr const char* tables = R"sql(
CREATE TABLE probes(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  last_day INTEGER NOT NULL
);
CREATE TABLE unmerged(
  begin INTEGER PRIMARY KEY
);
)sql";

constexpr Duration minute = std::chrono::minutes{1};
constexpr Duration day = std::chrono::days{1};

/// Which of the spans of this length `at` lies in.
std::int64_t number_of(Instant at, Duration length) {
  const std::int64_t into = to_ms(at) % length.count();
  return (to_ms(at) - (into < 0 ? into + length.count() : into)) / length.count();
}

/// The minute in which the tier's time begins that `at` lies in.
std::int64_t begin_of(Instant at, const HistoryTier& tier) {
  return number_of(at, tier.length) * (tier.length / minute);
}
std::int64_t begin_of(std::int64_t minutes, const HistoryTier& tier) {
  return begin_of(from_ms(minutes * minute.count()), tier);
}

std::string table_of(const HistoryTier& tier) { return fmt::format("roll_ups_{}", tier.length / minute); }

const fs::path& made(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
  } else if (errno != EEXIST) {
    const auto kind = errno == ENOSPC ? DatabaseError::Kind::full : DatabaseError::Kind::read_only;
    throw DatabaseError(kind, std::strerror(errno));
  }
  return file;
}

/// The ids of probes by their names.
class Ids {
 public:
  explicit Ids(Database& database) : database_(database) {}

  /// Makes a row for a new probe, and keeps the last day on which it was seen.
  std::int64_t of(const std::string& probe, std::int64_t today) {
    if (!find_.bind(std::string_view{probe}).step()) {
      insert_.bind(std::string_view{probe}, today).run();
      return database_.integer("SELECT last_insert_rowid()");
    }
    const std::int64_t id = find_.integer(0);
    if (find_.integer(1) < today) update_.bind(today, id).run();
    return id;
  }

 private:
  Database& database_;
  Statement find_{database_, "SELECT id, last_day FROM probes WHERE name = ?"};
  Statement insert_{database_, "INSERT INTO probes(name, last_day) VALUES(?, ?)"};
  Statement update_{database_, "UPDATE probes SET last_day = ? WHERE id = ?"};
};

}  // namespace

HistoryFile::HistoryFile(const fs::path& file, std::vector<HistoryTier> tiers, MergeRollUps merge)
    : database_(made(file)), tiers_(std::move(tiers)), merge_(std::move(merge)) {
  check_and_create();
}

void HistoryFile::check_and_create() {
  const std::int64_t owner = database_.integer("PRAGMA application_id");
  const bool empty = database_.integer("SELECT count(*) FROM sqlite_master") == 0;
  if (owner != application_id && (owner != 0 || !empty)) {
    throw DatabaseError(DatabaseError::Kind::other, "it is another program's database");
  }
  if (database_.integer("PRAGMA user_version") > version) {
    throw DatabaseError(DatabaseError::Kind::other, "a newer candord wrote it");
  }
  database_.execute("PRAGMA journal_mode = WAL");
  database_.execute("PRAGMA synchronous = NORMAL");
  database_.execute("PRAGMA journal_size_limit = 16777216");
  database_.execute("PRAGMA cache_size = -512");  // KiB: it is written in order, and seldom read
  database_.execute("PRAGMA cell_size_check = ON");
  database_.execute("PRAGMA trusted_schema = OFF");
  if (!empty) return;
  Transaction transaction(database_);
  database_.execute(fmt::format("PRAGMA application_id = {}", application_id));
  database_.execute(tables);
  for (const HistoryTier& tier : tiers_) {
    // In the order of their time, so that what is written and what has aged lies in one place of the file.
    database_.execute(
        fmt::format("CREATE TABLE {}(begin INTEGER NOT NULL, probe INTEGER NOT NULL, body BLOB NOT NULL, "
                    "PRIMARY KEY(begin, probe)) WITHOUT ROWID",
                    table_of(tier)));
  }
  database_.execute(fmt::format("PRAGMA user_version = {}", version));
  transaction.commit();
}

/// `rows` are ids of probes and what is added to their rows that begin at `begin`, in the order of the ids.
void HistoryFile::merge_into(const HistoryTier& tier, std::int64_t begin,
                             std::span<const std::pair<std::int64_t, std::string>> rows) {
  const std::string table = table_of(tier);
  Statement read(database_, fmt::format("SELECT body FROM {} WHERE begin = ? AND probe = ?", table));
  Statement write(database_, fmt::format("INSERT OR REPLACE INTO {} VALUES(?, ?, ?)", table));
  for (const auto& [probe, added] : rows) {
    const bool there = read.bind(begin, probe).step();
    const std::string body = there ? merge_(read.bytes(0), added) : added;
    read.reset();
    write.bind(begin, probe, Bytes{body}).run();
  }
}

void HistoryFile::add(Instant at, std::span<const ProbeRollUp> roll_ups) {
  const std::int64_t begin = begin_of(at, tiers_.front());
  Transaction transaction(database_);
  std::vector<std::pair<std::int64_t, std::string>> rows;
  rows.reserve(roll_ups.size());
  Ids ids(database_);
  for (const ProbeRollUp& each : roll_ups) rows.emplace_back(ids.of(each.probe, number_of(at, day)), each.body);
  std::ranges::sort(rows);
  Statement there(database_, fmt::format("SELECT 1 FROM {} WHERE begin = ? LIMIT 1", table_of(tiers_.front())));
  const bool is_merged = there.bind(begin).step() && unmerged(begin, begin).empty();
  there.reset();
  if (is_merged) {
    // A clock was set back to a time that was merged already.
    for (const HistoryTier& tier : std::span{tiers_}.subspan(1)) merge_into(tier, begin_of(at, tier), rows);
  } else {
    Statement(database_, "INSERT OR IGNORE INTO unmerged VALUES(?)").bind(begin).run();
  }
  merge_into(tiers_.front(), begin, rows);
  transaction.commit();
}

/// What of the first tier the longer ones lack, of those that begin from `from` to `to`.
std::vector<std::int64_t> HistoryFile::unmerged(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> found;
  Statement look(database_, "SELECT begin FROM unmerged WHERE begin BETWEEN ? AND ? ORDER BY begin");
  look.bind(from, to);
  while (look.step()) found.push_back(look.integer(0));
  return found;
}

bool HistoryFile::fold(Instant now) {
  if (tiers_.size() < 2) return false;
  const HistoryTier& second = tiers_[1];
  const std::int64_t open = begin_of(now, second);
  Transaction transaction(database_);
  Statement oldest(database_, "SELECT begin FROM unmerged WHERE begin NOT BETWEEN ? AND ? ORDER BY begin LIMIT 1");
  if (!oldest.bind(open, open + second.length / minute - 1).step()) return false;
  const std::int64_t first = begin_of(oldest.integer(0), second);
  const std::int64_t last = first + second.length / minute - 1;
  oldest.reset();
  std::map<std::int64_t, std::string> merged;
  Statement look(database_, fmt::format("SELECT probe, body FROM {} WHERE begin = ?", table_of(tiers_.front())));
  for (const std::int64_t begin : unmerged(first, last)) {
    for (look.bind(begin); look.step();) {
      const auto [row, is_new] = merged.try_emplace(look.integer(0), look.bytes(1));
      if (!is_new) row->second = merge_(row->second, look.bytes(1));
    }
  }
  const std::vector<std::pair<std::int64_t, std::string>> rows(merged.begin(), merged.end());
  for (const HistoryTier& tier : std::span{tiers_}.subspan(1)) merge_into(tier, begin_of(first, tier), rows);
  Statement(database_, "DELETE FROM unmerged WHERE begin BETWEEN ? AND ?").bind(first, last).run();
  transaction.commit();
  return true;
}

bool HistoryFile::prune(Instant now, std::size_t most) {
  bool more = false;
  Duration longest{};
  Transaction transaction(database_);
  for (const HistoryTier& tier : tiers_) {
    Statement drop(database_, fmt::format("DELETE FROM {0} WHERE (begin, probe) IN (SELECT begin, probe FROM {0} WHERE "
                                          "begin < ? LIMIT ?)",
                                          table_of(tier)));
    drop.bind(number_of(now - tier.kept, minute), std::uint64_t{most}).run();
    more = more || database_.changes() == static_cast<std::int64_t>(most);
    longest = std::max(longest, tier.kept);
  }
  if (!more) {
    // A day later than their last row can be.
    Statement forget(database_, "DELETE FROM probes WHERE last_day < ?");
    forget.bind(number_of(now - longest, day) - 1).run();
  }
  transaction.commit();
  return more;
}

bool HistoryFile::knows(const std::string& probe) {
  Statement found(database_, "SELECT 1 FROM probes WHERE name = ?");
  return found.bind(std::string_view{probe}).step();
}

std::optional<Instant> HistoryFile::last() {
  Statement look(database_, fmt::format("SELECT max(begin) FROM {}", table_of(tiers_.front())));
  if (!look.step() || look.is_null(0)) return std::nullopt;
  return from_ms(look.integer(0) * minute.count());
}

std::vector<HistoryRow> HistoryFile::read(const std::string& probe, Duration length, Instant from, Instant to) {
  std::vector<HistoryRow> found;
  const auto tier = std::ranges::find(tiers_, length, &HistoryTier::length);
  Statement known(database_, "SELECT id FROM probes WHERE name = ?");
  if (tier == tiers_.end() || !known.bind(std::string_view{probe}).step()) return found;
  const std::int64_t id = known.integer(0);
  const std::int64_t step = length / minute;
  const std::int64_t end = number_of(to - Duration{1}, length);
  const std::int64_t first = std::max(number_of(from, length), end - tier->kept / length) * step;
  const std::int64_t last = end * step;
  std::map<std::int64_t, std::string> rows;
  // One look each: those of other probes lie between.
  Statement look(database_, fmt::format("SELECT body FROM {} WHERE begin = ? AND probe = ?", table_of(*tier)));
  for (std::int64_t begin = first; begin <= last; begin += step) {
    if (look.bind(begin, id).step()) rows.emplace(begin, look.bytes(0));
  }
  if (tier != tiers_.begin()) add_unmerged(rows, id, *tier, first, last + step - 1);
  for (auto& [begin, body] : rows) found.push_back({from_ms(begin * minute.count()), std::move(body)});
  return found;
}

/// To the rows of one probe in a longer tier, what stands in the first tier alone.
void HistoryFile::add_unmerged(std::map<std::int64_t, std::string>& rows, std::int64_t id, const HistoryTier& tier,
                               std::int64_t first, std::int64_t last) {
  Statement look(database_, fmt::format("SELECT body FROM {} WHERE begin = ? AND probe = ?", table_of(tiers_.front())));
  for (const std::int64_t begin : unmerged(first, last)) {
    if (!look.bind(begin, id).step()) continue;
    const auto [row, is_new] = rows.try_emplace(begin_of(begin, tier), look.bytes(0));
    if (!is_new) row->second = merge_(row->second, look.bytes(0));
  }
}

void set_aside(const fs::path& file) {
  std::error_code ignored;
  fs::rename(file, file.string() + ".damaged", ignored);
  // What its log holds belongs to it alone.
  fs::remove(file.string() + ".damaged-wal", ignored);
  fs::rename(file.string() + "-wal", file.string() + ".damaged-wal", ignored);
  fs::remove(file.string() + "-shm", ignored);
}

}  // namespace candor::store
