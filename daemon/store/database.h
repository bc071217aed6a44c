#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace candor::store {

/// What SQLite refused to do, thrown through this room and caught at its doors: open(), recover() and the writer's
/// transaction.
class DatabaseError : public std::runtime_error {
 public:
  /// The kinds that a human answers differently.
  enum class Kind : std::uint8_t { full, io, read_only, busy, corrupt, other };

  DatabaseError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// What a human can do about it, or `otherwise` where that is not in the kind.
[[nodiscard]] std::string_view advice(DatabaseError::Kind kind, std::string_view otherwise);

class Statement;

/// One connection to a SQLite file. Thread: one at a time.
class Database {
 public:
  enum class Access : std::uint8_t {
    write,
    read,
    still,  ///< reads the file alone, without its log, while nobody changes it; makes no file beside it
  };
  /// Opens `file`, which exists. One that only reads leaves the file and its log as they are, also when it is the last
  /// to close them. What others have locked is waited for, five seconds at most. Throws DatabaseError.
  explicit Database(const std::filesystem::path& file, Access access = Access::write);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements that answer nothing. Throws DatabaseError.
  void execute(const std::string& sql);
  /// The first column of the first row, 0 where there is none. Throws DatabaseError.
  [[nodiscard]] std::int64_t integer(const std::string& sql);
  [[nodiscard]] std::string text(const std::string& sql);
  /// Rows that the latest INSERT, UPDATE or DELETE touched.
  [[nodiscard]] std::int64_t changes() const;
  /// Copies all of it into `other`, as of one instant; whoever writes meanwhile is not held up. Throws DatabaseError.
  void copy_to(Database& other);
  /// From now on commits leave the write-ahead log to checkpoint().
  void keep_log();
  /// Pages in the log after the latest commit; 0 before keep_log().
  [[nodiscard]] int log_pages() const { return log_pages_; }
  /// Frames in the log after the latest Transaction, also those that are in the file by now; 0 where it wrote none, and
  /// before keep_log().
  [[nodiscard]] int log_frames() const { return log_frames_; }
  /// Moves the log into the file, as far as no reader needs it there. Answers how many pages must stay for the next
  /// time. Throws DatabaseError where the file cannot be written.
  int checkpoint();
  /// The file's header (https://www.sqlite.org/fileformat.html#the_database_header) as it is there, without what the
  /// log has of it, filled up with zeros; nothing where the disk does not give it.
  [[nodiscard]] std::optional<std::string> header() const;
  static constexpr int file_header_bytes = 100;
  /// So many bytes of the write-ahead log; nothing where it does not have them all.
  [[nodiscard]] std::optional<std::string> log_bytes(std::int64_t at, int bytes) const;
  /// The errno of a disk that cannot be read, which SQLite takes for a damaged file; 0 where none was seen.
  [[nodiscard]] int read_error() const;
  /// At the end, the file stays as it is.
  void leave_file();
  /// Writes the next part of the zeros behind the log that fill it up to so many pages, so that commits write over what
  /// the disk has: a file that grows with each of them costs a flush half as much again, and many times that now and
  /// then. Nothing is lost where it fails. Answers whether there is more to write; not where it would take more than a
  /// tenth of what is free on the disk. After keep_log(), between transactions.
  bool widen_log(int pages);
  /// Works with the file of `fresh` from now on. What it had open is left as it is, with its log. No statements of
  /// either may be there.
  void go_on_with(Database& fresh);
  /// A transaction is open.
  [[nodiscard]] bool in_transaction() const;

 private:
  friend class Statement;
  friend class Transaction;
  [[noreturn]] void fail(const std::string& doing) const;
  void prepare();

  sqlite3* handle_ = nullptr;
  int log_pages_ = 0;
  int log_frames_ = 0;
  std::unique_ptr<Statement> begin_;  ///< prepared once: reading the words costs more than what they say
  std::unique_ptr<Statement> commit_;
};

/// What is bound as a BLOB. The bytes must live as long as a text that is bound.
struct Bytes {
  std::string_view bytes;
};

/// A prepared statement. Texts that are bound must live until the next bind() or reset(); texts read, until the next
/// step.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Starts the statement over with these values for its parameters, in order.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }
  /// Whether there is a (next) row. Throws DatabaseError.
  [[nodiscard]] bool step();
  /// Runs a statement that answers no rows, and starts it over.
  void run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] std::string_view text(int column) const;
  /// Of a BLOB.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  void bind_at(int index, std::int64_t value);
  void bind_at(int index, std::uint64_t value) { bind_at(index, static_cast<std::int64_t>(value)); }
  void bind_at(int index, std::uint32_t value) { bind_at(index, std::int64_t{value}); }
  void bind_at(int index, bool value) { bind_at(index, std::int64_t{value ? 1 : 0}); }
  void bind_at(int index, std::string_view value);
  void bind_at(int index, Bytes value);

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// A write transaction, rolled back unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
};

}  // namespace candor::store
