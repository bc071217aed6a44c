#include "daemon/store/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/store/database.h"
#include "daemon/store/file_lock.h"
#include "daemon/store/log_tail.h"
#include "daemon/store/place.h"
#include "daemon/store/recovery.h"
#include "daemon/store/schema.h"
#include "daemon/store/structure.h"
#include "daemon/store/writer.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;

/// What was not whole at the end of the write-ahead log.
std::string describe(LogTail tail, const std::string& file, std::uint64_t sequence, Database& database) {
  const Instant at = from_ms(database.integer("SELECT at FROM events ORDER BY seq DESC LIMIT 1"));
  const std::string event =
      sequence == 0 ? "its beginning" : fmt::format("event {} of {}", sequence, format_rfc3339(at));
  if (!loses_commits(tail)) {
    return fmt::format(
        "the last transaction of journal {} is not whole, as after a kill or a loss of power, and is undone: "
        "candord goes on from {}",
        file, event);
  }
  if (tail == LogTail::cut) {
    return fmt::format(
        "the write-ahead log of journal {} is gone or shorter than its candord left it: what was written after {} may "
        "be lost, and candord goes on from there; look at the disk, and for who deleted or cut it",
        file, event);
  }
  return fmt::format(
      "the write-ahead log of journal {} is damaged: what was written after {} is lost, and candord goes "
      "on from there; look at the disk",
      file, event);
}

void log_tail(LogTail tail, const std::string& file, const std::string& sentence) {
  const bool lost = loses_commits(tail);
  log::write(lost ? log::Level::error : log::Level::warning, lost ? "journal_end_lost" : "journal_cut_short",
             {{"file", file}}, sentence);
}

/// Whether all is there that whoever was here before had on the disk, by the last sign that it left. Nothing else tells
/// an empty file from a new one, nor a log that was cut behind a commit from a whole one.
void compare(const FileLock::Sign& sign, const std::string& file, Recovered& recovered) {
  if (recovered.sequence >= sign.sequence) {
    recovered.last_sign = sign.at;
    return;
  }
  // The log has told of it already.
  if (recovered.end_lost) return;
  recovered.end_lost = true;
  const std::string until = format_rfc3339(sign.at);
  if (recovered.sequence == 0) {
    recovered.cut_short = fmt::format(
        "journal {} is empty, though a candord worked with it until {}: it is begun anew; if that was not meant, stop "
        "candord (systemctl stop {}) and restore it from a backup",
        file, until, stop_these);
    log::error("journal_begun_anew", {{"file", file}}, recovered.cut_short);
  } else {
    recovered.cut_short = fmt::format(
        "journal {} ends with event {} of {}, though a candord had written {} by {}: it was restored from a backup, or "
        "its disk has lost what came later",
        file, recovered.sequence, format_rfc3339(recovered.state.last_at), sign.sequence, until);
    log::error("journal_end_lost", {{"file", file}}, recovered.cut_short);
  }
}

/// Takes what is sound into the file, so that what is not is gone: behind a shorter transaction it would be found, and
/// told, once more at the next start.
void empty_log(Database& database) {
  try {
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const DatabaseError& error) {
    log::debug("journal_log_not_emptied", {}, error.what());
  }
}

Unusable disk_fails(const std::string& file, const std::string& what) {
  return {
      fmt::format("the disk of journal {} cannot be read ({}): look at the disk first, the journal itself may be whole",
                  file, what),
      true};
}

const std::string no_database = "it is no database (where it never was a journal, [store] url names the wrong file)";

/// As far as it goes.
bool begins_as_database(const fs::path& file) {
  constexpr std::string_view first_bytes{"SQLite format 3\0", 16};
  std::string begin(first_bytes.size(), ' ');
  std::ifstream stream{file, std::ios::binary};
  stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return first_bytes.starts_with(std::string_view{begin}.substr(0, static_cast<std::size_t>(stream.gcount())));
}

Unusable cannot_use(const std::string& file, const DatabaseError& error) {
  switch (error.kind()) {
    case DatabaseError::Kind::corrupt:
      return {damaged(file, begins_as_database(file) ? error.what() : no_database)};
    case DatabaseError::Kind::full:
      return {fmt::format("journal {} cannot be opened: the disk is full; free some of it", file), true};
    case DatabaseError::Kind::busy:
      return {fmt::format("journal {} is locked by another program; end that program", file), true};
    case DatabaseError::Kind::io:
      return disk_fails(file, error.what());
    case DatabaseError::Kind::read_only:
    case DatabaseError::Kind::other:
      break;
  }
  const bool may_pass = error.kind() != DatabaseError::Kind::other;
  return {fmt::format("journal {} cannot be opened: {}; candord needs a state_dir that it may write to", file,
                      error.what()),
          may_pass};
}

/// While it is read, what is refused without a word of the disk is damage.
Unusable cannot_read(const std::string& file, const DatabaseError& error) {
  const bool may_pass = error.kind() == DatabaseError::Kind::full || error.kind() == DatabaseError::Kind::busy ||
                        error.kind() == DatabaseError::Kind::io;
  return may_pass ? cannot_use(file, error) : Unusable{damaged(file, error.what())};
}

std::unexpected<Unusable> unusable(const Error& error, bool may_pass) {
  return std::unexpected(Unusable{error.message, may_pass});
}

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(JournalOptions options, std::unique_ptr<FileLock> lock, std::unique_ptr<Database> database,
                LogTail tail, std::uint64_t moved)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        tail_(tail),
        moved_(moved),
        place_(options_.file),
        writer_(*database_, options_.file.string(), options_.longest_wait,
                {.every = options_.look_every,
                 .sign = [this](std::uint64_t sequence, Duration ago) { lock_->sign(sequence, place_.mark(), ago); },
                 .in_place = [this] { return lock_->in_place() && place_.kept(*database_); },
                 .put_back = [this] { return put_back(); },
                 .committed = [this] { place_.committed(*database_); },
                 .longest_log = options_.longest_log}) {}

  ~SqliteJournal() override { close(Duration{0}); }
  SqliteJournal(const SqliteJournal&) = delete;
  SqliteJournal& operator=(const SqliteJournal&) = delete;

  Opened<Recovered> recover() override {
    const std::string file = options_.file.string();
    try {
      Result<Recovered> recovered = recover_from(*database_, file);
      if (!recovered) return std::unexpected(unreadable(recovered.error().message));
      const std::optional<FileLock::Sign>& sign = lock_->last_sign();
      if (tail_ != LogTail::whole) {
        // No kill takes what was on the disk before.
        const std::uint64_t known = std::max(sign ? sign->sequence : 0, moved_);
        const LogTail tail = recovered->sequence < known ? LogTail::lost : tail_;
        if (mixes_commits(tail)) {
          if (const std::string fault = look_for_fault(); !fault.empty()) {
            return std::unexpected(unreadable(damaged(file, fault)));
          }
        }
        recovered->cut_short = describe(tail, file, recovered->sequence, *database_);
        recovered->end_lost = loses_commits(tail);
        log_tail(tail, file, recovered->cut_short);
        empty_log(*database_);
      }
      if (sign) compare(*sign, file, *recovered);
      place_.remember(*database_);
      writer_.start(recovered->sequence);
      return *std::move(recovered);
    } catch (const DatabaseError& error) {
      return std::unexpected(cannot_read(file, error));
    }
  }

  void append(Batch batch, std::move_only_function<void(Batch)> durable) override {
    writer_.put(Writer::Append{std::move(batch), std::move(durable)});
  }
  void snapshot(std::string encoded_state) override { writer_.put(Writer::Snapshot{std::move(encoded_state)}); }
  void prune(Instant now) override { writer_.put(Writer::Prune{now - options_.keep_signal_changes, now}); }

  void on_health(std::move_only_function<void(const std::string&)> callback) override {
    writer_.on_health(std::move(callback));
  }

  void close(Duration patience) override {
    writer_.close(patience);
    if (!database_) return;
    place_.give_way(*database_);
    // Of a log that was cut the next start tells, too, unless somebody has worked with what is left.
    if (tail_ != LogTail::cut || writer_.commits() > 0) lock_->let_log_go();
    database_.reset();
    lock_.reset();
  }

  Figures figures() const override {
    std::error_code error;
    std::uintmax_t bytes = fs::file_size(options_.file, error);
    std::error_code no_log;
    const std::uintmax_t log_bytes = fs::file_size(fs::path{options_.file.string() + "-wal"}, no_log);
    if (!error && !no_log) bytes += log_bytes;
    return {.commits = writer_.commits(),
            .events = writer_.events(),
            .queued = writer_.queued(),
            .bytes = error ? 0 : std::uint64_t{bytes},
            .log_held_since = writer_.log_held_since()};
  }

 private:
  std::string look_for_fault() {
    const std::string file = options_.file.string();
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(options_.file, error);
    log::info("journal_check", {{"file", file}, {"bytes", std::to_string(error ? 0 : bytes)}},
              "its log is damaged, and all of the journal is checked before candord goes on");
    return fault_in_structure(*database_, options_.checking);
  }

  /// What a check finds missing may be what the disk does not give.
  [[nodiscard]] Unusable unreadable(std::string damage) const {
    if (const int error = database_->read_error(); error != 0) {
      return disk_fails(options_.file.string(), std::strerror(error));
    }
    return {std::move(damage)};
  }

  Result<void> put_back() {
    if (!lock_->in_place()) {
      Result<std::unique_ptr<FileLock>> lock = FileLock::take(options_.file);
      if (!lock) return std::unexpected(std::move(lock).error());
      lock_ = *std::move(lock);
    }
    Result<void> made = place_.kept(*database_) ? Result<void>{} : place_.make_anew(*database_);
    if (made) options_.put_back();
    return made;
  }

  // In the order of need: the writer ends before the database, the database before the lock.
  const JournalOptions options_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Database> database_;
  const LogTail tail_;         ///< as it was found
  const std::uint64_t moved_;  ///< so many events were in the file itself then
  Place place_;
  Writer writer_;
};

/// Makes the folder and an empty file for nobody else to read: the journal holds names and what customers must not see.
Result<void> make_file(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path{"."};
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder, error)) {
    return failure(fmt::format("{} cannot be used for the journal: {}; candord needs a state_dir that it may write to",
                               folder.string(), error ? error.message() : "it is not a directory"));
  }
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return failure(fmt::format("journal {} cannot be written: {}; candord needs a state_dir that it may write to",
                               file.string(), std::strerror(errno)));
  }
  ::close(descriptor);
  return {};
}

/// SQLite takes a file that is empty or cut off within its header for a new database. Where events were, that would be
/// a silent loss.
Result<void> refuse_remains(const fs::path& file) {
  constexpr std::uintmax_t smallest_database = 512;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error || size >= smallest_database) return {};
  const std::uintmax_t log_size = fs::file_size(file.string() + "-wal", error);
  const bool log_remains = !error && log_size > 0;
  if (size == 0 && !log_remains) return {};
  if (!begins_as_database(file)) return failure(damaged(file.string(), no_database));
  return failure(damaged(file.string(), fmt::format("all but {} bytes of it are gone", size)));
}

/// Where committed transactions are seen to be lost, that is more than what its length tells.
LogTail tail_of(const fs::path& file, const std::optional<FileLock::Sign>& sign) {
  const LogTail tail = look_at_log(file);
  return tail != LogTail::lost && sign && is_cut(sign->log, file) ? LogTail::cut : tail;
}

/// How many events the file itself tells of, without its log; 0 where it tells nothing. A checkpoint moves nothing into
/// it but what is committed, and on the disk before (https://www.sqlite.org/wal.html#checkpointing), and their number
/// only grows: so where a log leads to fewer, later ones were committed and are lost. Pages of a transaction that are
/// in the file as well prove less. A transaction may leave a page as it was, or make it again what it was before, and
/// be cut short then. Call it before the database is opened: closing a file ends the locks that SQLite has on it.
std::uint64_t events_moved_into(const fs::path& file) {
  try {
    Database alone(file, Database::Access::still);
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, alone.integer("SELECT value FROM meta WHERE key = 'last_sequence'")));
  } catch (const DatabaseError&) {
    return 0;
  }
}

}  // namespace

Opened<std::unique_ptr<Journal>> Journal::open(const JournalOptions& options) {
  const std::string file = options.file.string();
  if (std::error_code error; fs::is_directory(options.file, error)) {
    return std::unexpected(Unusable{fmt::format("journal {} is a directory; name a file in [store] url", file)});
  }
  if (const Result<void> made = make_file(options.file); !made) return unusable(made.error(), true);
  Result<std::unique_ptr<FileLock>> lock = FileLock::take(options.file);
  if (!lock) return unusable(lock.error(), true);
  if (const Result<void> sound = refuse_remains(options.file); !sound) return unusable(sound.error(), false);
  const LogTail tail = tail_of(options.file, (*lock)->last_sign());
  const std::uint64_t moved = tail == LogTail::whole ? 0 : events_moved_into(options.file);
  try {
    auto database = std::make_unique<Database>(options.file);
    configure(*database);
    const Result<int> found = migrate(*database, schema_steps());
    if (!found) {
      return std::unexpected(Unusable{fmt::format("journal {} cannot be used: {}", file, found.error().message)});
    }
    log::debug("journal_opened", {{"file", file}, {"version", std::to_string(*found)}});
    return std::make_unique<SqliteJournal>(options, std::move(*lock), std::move(database), tail, moved);
  } catch (const DatabaseError& error) {
    return std::unexpected(cannot_use(file, error));
  }
}

}  // namespace candor::store
