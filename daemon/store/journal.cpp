#include "daemon/store/journal.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "daemon/store/database.h"
#include "daemon/store/file_lock.h"
#include "daemon/store/recovery.h"
#include "daemon/store/schema.h"
#include "daemon/store/writer.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(JournalOptions options, std::unique_ptr<FileLock> lock, std::unique_ptr<Database> database)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        writer_(*database_, options_.file.string()) {}

  Result<Recovered> recover() override {
    const std::string file = options_.file.string();
    try {
      Result<Recovered> recovered = recover_from(*database_, file);
      if (recovered) writer_.start(recovered->sequence);
      return recovered;
    } catch (const DatabaseError& error) {
      return failure(damaged(file, error.what()));
    }
  }

  void append(Batch batch, std::move_only_function<void()> durable) override {
    writer_.put(Writer::Append{std::move(batch), std::move(durable)});
  }
  void snapshot(std::string encoded_state) override { writer_.put(Writer::Snapshot{std::move(encoded_state)}); }
  void prune(Instant now) override { writer_.put(Writer::Prune{now - options_.keep_signal_changes}); }

  void on_health(std::move_only_function<void(const std::string&)> callback) override {
    writer_.on_health(std::move(callback));
  }

  void close(Duration patience) override {
    writer_.close(patience);
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
            .bytes = error ? 0 : std::uint64_t{bytes}};
  }

 private:
  // In the order of need: the writer ends before the database, the database before the lock.
  const JournalOptions options_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<Database> database_;
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
  if (fs::is_directory(file, error)) {
    return failure(fmt::format("journal {} is a directory; name a file in [store] url", file.string()));
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
  return failure(damaged(file.string(), fmt::format("all but {} bytes of it are gone", size)));
}

/// WAL and synchronous=FULL: a commit is on the disk before it is answered, and readers never block the writer.
void configure(Database& database) {
  database.execute("PRAGMA busy_timeout = 5000");
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = FULL");
  database.execute("PRAGMA journal_size_limit = 67108864");
  database.execute("PRAGMA cell_size_check = ON");
  database.execute("PRAGMA trusted_schema = OFF");
}

std::string cannot_open(const std::string& file, const DatabaseError& error) {
  switch (error.kind()) {
    case DatabaseError::Kind::corrupt:
      return damaged(file, error.what());
    case DatabaseError::Kind::full:
      return fmt::format("journal {} cannot be opened: the disk is full; free some of it", file);
    case DatabaseError::Kind::busy:
      return fmt::format("journal {} is locked by another program; end that program", file);
    default:
      return fmt::format("journal {} cannot be opened: {}; candord needs a state_dir that it may write to", file,
                         error.what());
  }
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const JournalOptions& options) {
  const std::string file = options.file.string();
  if (Result<void> made = make_file(options.file); !made) return std::unexpected(made.error());
  Result<std::unique_ptr<FileLock>> lock = FileLock::take(options.file);
  if (!lock) return std::unexpected(lock.error());
  if (Result<void> sound = refuse_remains(options.file); !sound) return std::unexpected(sound.error());
  try {
    auto database = std::make_unique<Database>(options.file);
    configure(*database);
    const Result<int> found = migrate(*database, schema_steps());
    if (!found) return failure(fmt::format("journal {} cannot be used: {}", file, found.error().message));
    log::debug("journal_opened", {{"file", file}, {"version", std::to_string(*found)}});
    return std::make_unique<SqliteJournal>(options, std::move(*lock), std::move(database));
  } catch (const DatabaseError& error) {
    return failure(cannot_open(file, error));
  }
}

}  // namespace candor::store
