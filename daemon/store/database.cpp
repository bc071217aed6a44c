#include "daemon/store/database.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "daemon/store/log_format.h"

namespace candor::store {
namespace {

constexpr int most_wait_for_others_ms = 5'000;

DatabaseError::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return DatabaseError::Kind::full;
    case SQLITE_IOERR:
      return DatabaseError::Kind::io;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return DatabaseError::Kind::read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DatabaseError::Kind::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DatabaseError::Kind::corrupt;
    default:
      return DatabaseError::Kind::other;
  }
}

/// The write-ahead log's file; null where there is none open.
sqlite3_file* log_of(sqlite3* handle) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log);
  return log != nullptr && log->pMethods != nullptr ? log : nullptr;
}

/// The errno behind an I/O error. SQLite keeps it with the connection, except for a COMMIT's, which its log's file has.
int system_error(sqlite3* handle) {
  if (const int kept = sqlite3_system_errno(handle); kept != 0) return kept;
  int found = 0;
  if (sqlite3_file* const log = log_of(handle)) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &found);
  return found;
}

/// https://www.sqlite.org/uri.html
std::string still_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const bool special = c == '%' || c == '?' || c == '#';
    uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string{c};
  }
  return uri + "?immutable=1";
}

}  // namespace

Database::Database(const std::filesystem::path& file, Access access) {
  const bool still = access == Access::still;
  const int flags = (access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    (still ? SQLITE_OPEN_URI : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const std::string name = still ? still_uri(file) : file.string();
  if (sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr) == SQLITE_OK) {
    sqlite3_busy_timeout(handle_, most_wait_for_others_ms);
    prepare();
    return;
  }
  const DatabaseError error(kind_of(sqlite3_errcode(handle_)), sqlite3_errmsg(handle_));
  sqlite3_close(handle_);
  throw error;
}

void Database::prepare() {
  begin_ = std::make_unique<Statement>(*this, "BEGIN IMMEDIATE");
  commit_ = std::make_unique<Statement>(*this, "COMMIT");
}

std::string_view advice(DatabaseError::Kind kind, std::string_view otherwise) {
  switch (kind) {
    case DatabaseError::Kind::full:
      return "the disk is full: free some of it";
    case DatabaseError::Kind::io:
      return "check the disk and its free space";
    case DatabaseError::Kind::read_only:
      return "make the state_dir writable again";
    case DatabaseError::Kind::busy:
      return "end the other program that has it open";
    case DatabaseError::Kind::corrupt:
    case DatabaseError::Kind::other:
      break;
  }
  return otherwise;
}

Database::~Database() {
  begin_.reset();
  commit_.reset();
  sqlite3_close(handle_);
}

void Database::fail(const std::string& doing) const {
  const int code = sqlite3_extended_errcode(handle_);
  DatabaseError::Kind kind = kind_of(code);
  std::string what = fmt::format("{}: {}", doing, sqlite3_errmsg(handle_));
  // An I/O error's cause is in errno only.
  int system = kind == DatabaseError::Kind::io ? system_error(handle_) : 0;
  if (kind == DatabaseError::Kind::corrupt && read_error() != 0) {
    kind = DatabaseError::Kind::io;
    system = read_error();
  }
  if (system != 0) what += fmt::format(" ({})", std::strerror(system));
  if (system == EROFS) kind = DatabaseError::Kind::read_only;
  if (system == ENOSPC || system == EDQUOT) kind = DatabaseError::Kind::full;
  // SQLite quotes what it cannot read, with its newlines.
  throw DatabaseError(kind, one_line(what));
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(sql.substr(0, sql.find('\n')));
  }
}

std::int64_t Database::integer(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string{statement.text(0)} : std::string{};
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

void Database::copy_to(Database& other) {
  sqlite3_backup* copying = sqlite3_backup_init(other.handle_, "main", handle_, "main");
  if (copying == nullptr) other.fail("copy");
  const int copied = sqlite3_backup_step(copying, -1);
  if (sqlite3_backup_finish(copying) != SQLITE_OK) other.fail("copy");
  // Of what may pass, the end says nothing.
  if (copied != SQLITE_DONE) throw DatabaseError(kind_of(copied), fmt::format("copy: {}", sqlite3_errstr(copied)));
}

void Database::keep_log() {
  const auto note = [](void* self, sqlite3*, const char*, int pages) {
    auto& database = *static_cast<Database*>(self);
    database.log_pages_ = database.log_frames_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, note, this);  // in the place of SQLite's own, which moves the log within a commit
}

int Database::checkpoint() {
  int pages = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
  if (code == SQLITE_BUSY) return log_pages_;  // somebody else does it
  if (code != SQLITE_OK) fail("checkpoint");
  log_pages_ = std::max(pages - moved, 0);
  return log_pages_;
}

std::optional<std::string> Database::header() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, nullptr, SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) return std::nullopt;
  std::string bytes(file_header_bytes, '\0');
  // By SQLite's own descriptor: closing another one would end the locks that it has.
  const int code = file->pMethods->xRead(file, bytes.data(), file_header_bytes, 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return std::nullopt;
  return bytes;
}

std::optional<std::string> Database::log_bytes(std::int64_t at, int bytes) const {
  sqlite3_file* const log = log_of(handle_);
  std::string read(static_cast<std::size_t>(bytes), '\0');
  if (log == nullptr || log->pMethods->xRead(log, read.data(), bytes, at) != SQLITE_OK) return std::nullopt;
  return read;
}

int Database::read_error() const {
  int found = 0;
  sqlite3_file_control(handle_, nullptr, SQLITE_FCNTL_LAST_ERRNO, &found);
  // Those of which SQLite says that the file system is corrupt.
  return found == EIO || found == ENXIO || found == ERANGE ? found : 0;
}

void Database::leave_file() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

bool Database::widen_log(int pages) {
  constexpr std::int64_t header_bytes = log_header_bytes;
  constexpr std::int64_t frame_bytes = frame_header_bytes + 4096;
  constexpr std::int64_t most_at_once = 1 << 20;
  static constexpr std::array<char, 32'768> zeros{};  // SQLite writes no more than 128 kB at once
  try {
    const Transaction alone(*this);  // nobody else writes where the zeros go; it is rolled back and leaves no trace
    sqlite3_file* const log = log_of(handle_);
    sqlite3_int64 size = 0;
    if (log == nullptr || log->pMethods->xFileSize(log, &size) != SQLITE_OK) return false;
    const std::int64_t missing = header_bytes + pages * frame_bytes - size;
    struct statvfs disk {};
    // Without a header yet, it would look like a damaged log.
    if (missing <= 0 || size < header_bytes || statvfs(sqlite3_db_filename(handle_, "main"), &disk) != 0) return false;
    if (std::cmp_less(disk.f_bavail * disk.f_frsize / 10, missing)) return false;
    bool good = true;
    const std::int64_t end = size + std::min(missing, most_at_once);
    for (std::int64_t at = size; good && at < end; at += std::ssize(zeros)) {
      good = log->pMethods->xWrite(log, zeros.data(), static_cast<int>(zeros.size()), at) == SQLITE_OK;
    }
    good = good && log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK;
    // What a quota let it take would be missing elsewhere.
    if (!good) log->pMethods->xTruncate(log, size);
    return good && missing > most_at_once;
  } catch (const DatabaseError&) {
    return false;
  }
}

void Database::go_on_with(Database& fresh) {
  for (Database* const database : {this, &fresh}) {
    database->begin_.reset();
    database->commit_.reset();
  }
  leave_file();  // SQLite would take away the log that has the old one's name
  sqlite3_close(handle_);
  handle_ = std::exchange(fresh.handle_, nullptr);
  log_pages_ = log_frames_ = 0;
  prepare();
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  if (sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &handle_, nullptr) != SQLITE_OK) {
    database.fail(std::string{sql.substr(0, sql.find('\n'))});
  }
}

Statement::~Statement() { sqlite3_finalize(handle_); }

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const std::string sql = sqlite3_sql(handle_);
  try {
    database_.fail(sql.substr(0, sql.find('\n')));
  } catch (...) {
    reset();
    throw;
  }
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() { sqlite3_reset(handle_); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string_view Statement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(handle_, column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::bytes(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::bind_at(int index, std::int64_t value) {
  if (sqlite3_bind_int64(handle_, index, value) != SQLITE_OK) database_.fail("bind");
}

void Statement::bind_at(int index, std::string_view value) {
  // A null pointer would be bound as NULL.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  if (sqlite3_bind_text64(handle_, index, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK) {
    database_.fail("bind");
  }
}

void Statement::bind_at(int index, Bytes value) {
  const char* bytes = value.bytes.data() == nullptr ? "" : value.bytes.data();
  if (sqlite3_bind_blob64(handle_, index, bytes, value.bytes.size(), SQLITE_STATIC) != SQLITE_OK) {
    database_.fail("bind");
  }
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.log_frames_ = 0;
  database_.begin_->run();
}

Transaction::~Transaction() {
  // A full disk or an I/O error may have rolled it back already.
  if (!database_.in_transaction()) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const DatabaseError&) {  // NOLINT(bugprone-empty-catch)
    // Nothing of it is committed either way, and BEGIN says so if it is still open.
  }
}

void Transaction::commit() { database_.commit_->run(); }

}  // namespace candor::store
