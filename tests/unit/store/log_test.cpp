#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <gtest/gtest.h>

#include "daemon/store/database.h"
#include "daemon/store/log_tail.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;

struct Log : testing::Test {
  TemporaryFolder folder;
  fs::path file = folder.path() / "it.db";
  fs::path log = folder.path() / "it.db-wal";

  Log() { std::ofstream{file}; }
  [[nodiscard]] std::uintmax_t log_size() const { return fs::exists(log) ? fs::file_size(log) : 0; }
};

constexpr std::uintmax_t size_of(std::uintmax_t pages) { return 32 + pages * (24 + 4096); }

TEST_F(Log, is_widened_once_and_then_written_over) {
  Database database(file);
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("CREATE TABLE numbers(number INTEGER)");
  database.keep_log();
  int parts = 1;
  while (database.widen_log(1000)) ++parts;
  EXPECT_EQ(parts, 4) << "of a megabyte each, so that a commit waits for one at most";
  const std::uintmax_t wide = log_size();
  EXPECT_GE(wide, size_of(1000));
  EXPECT_LT(wide, size_of(1010));
  EXPECT_FALSE(database.widen_log(1000));

  Statement insert(database, "INSERT INTO numbers VALUES(?)");
  for (std::int64_t i = 0; i < 200; ++i) insert.bind(i).run();
  EXPECT_EQ(log_size(), wide);
  EXPECT_EQ(look_at_log(file), LogTail::whole);
  // What a kill would leave.
  for (const char* suffix : {"", "-wal"})
    fs::copy_file(file.string() + suffix, folder.path() / ("copy.db" + std::string{suffix}));
  EXPECT_EQ(Database(folder.path() / "copy.db").integer("SELECT count(*) FROM numbers"), 200);

  database.checkpoint();
  for (std::int64_t i = 0; i < 10; ++i) insert.bind(i).run();
  EXPECT_EQ(database.log_pages(), 10) << "begun anew";
  EXPECT_EQ(log_size(), wide);
  EXPECT_EQ(look_at_log(file), LogTail::whole);
  EXPECT_EQ(database.integer("SELECT count(*) FROM numbers"), 210);
}

/// Transactions over several tables, and the log's last frame damaged, as it is before and after all is moved into the
/// file. `damage` is given the log's bytes and where the last frame begins.
LogTail tail_with(bool moved, const std::function<void(std::string&, std::size_t)>& damage) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "it.db";
  const fs::path copy = folder.path() / "copy.db";
  std::ofstream{file};
  Database database(file);
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("CREATE TABLE a(n INTEGER); CREATE TABLE b(n INTEGER); CREATE TABLE c(n INTEGER)");
  database.keep_log();
  database.checkpoint();
  for (const char* number : {"1", "2"}) {
    Transaction transaction(database);
    for (const char* table : {"a", "b", "c"})
      database.execute("INSERT INTO " + std::string{table} + " VALUES(" + number + ")");
    transaction.commit();
  }
  if (moved) database.checkpoint();
  fs::copy_file(file, copy);
  std::ostringstream bytes;
  bytes << std::ifstream(file.string() + "-wal", std::ios::binary).rdbuf();
  std::string log = bytes.str();
  // Behind what was begun anew lies what was there before: six frames are of this log.
  const std::size_t last = size_of(5);
  EXPECT_EQ(database.log_frames(), 6);
  damage(log, last);
  std::ofstream(copy.string() + "-wal", std::ios::binary) << log;
  return look_at_log(copy);
}

TEST(TheEndOfALog, whose_last_transaction_is_cut_short_tells_whether_it_was_ever_in_the_file) {
  const auto cut_short = [](std::string& log, std::size_t last) { log.resize(last + 2000); };
  EXPECT_EQ(tail_with(false, cut_short), LogTail::torn) << "as a kill leaves it";
  EXPECT_EQ(tail_with(true, cut_short), LogTail::mixed) << "its other pages were moved, which happens to commits only";
  const auto flip = [](std::size_t where) {
    return [where](std::string& log, std::size_t last) { log[last + where] ^= 1; };
  };
  for (const std::size_t where : {3U, 7U, 9U, 20U, 24U, 4000U}) {
    EXPECT_EQ(tail_with(false, flip(where)), LogTail::torn) << where;
    EXPECT_EQ(tail_with(true, flip(where)), LogTail::mixed) << where;
  }
  const auto flip_first = [](std::string& log, std::size_t last) { log[last - 2 * (24 + 4096) + 100] ^= 1; };
  EXPECT_EQ(tail_with(false, flip_first), LogTail::torn) << "a loss of power may leave any of its frames";
  EXPECT_EQ(tail_with(true, flip_first), LogTail::mixed);
}

TEST(TheEndOfALog, of_which_a_kill_left_the_header_of_a_frame_before_what_lay_there_is_torn) {
  const auto header_only = [](std::string& log, std::size_t last) {
    // The page of a table without rows, as it is in the file.
    log.replace(last + 24, 4096, std::string("\x0D\0\0\0\0\x10\0\0", 8) + std::string(4088, '\0'));
  };
  EXPECT_EQ(tail_with(false, header_only), LogTail::torn);
}

TEST_F(Log, is_left_alone_before_its_first_commit) {
  Database database(file);
  database.execute("PRAGMA journal_mode = WAL");
  EXPECT_FALSE(database.widen_log(1000));
  EXPECT_EQ(log_size(), 0U) << "zeros without a header before them look like damage";
}

TEST_F(Log, takes_no_more_than_a_share_of_what_is_free) {
  Database database(file);
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("CREATE TABLE numbers(number INTEGER)");
  database.keep_log();
  const std::uintmax_t before = log_size();
  EXPECT_FALSE(database.widen_log(2'000'000'000)) << "8 TB";
  EXPECT_EQ(log_size(), before);
}

}  // namespace
}  // namespace candor::store
