#include <filesystem>
#include <fstream>

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
  EXPECT_EQ(look_at_log(log), LogTail::whole);
  // What a kill would leave.
  for (const char* suffix : {"", "-wal"})
    fs::copy_file(file.string() + suffix, folder.path() / ("copy.db" + std::string{suffix}));
  EXPECT_EQ(Database(folder.path() / "copy.db").integer("SELECT count(*) FROM numbers"), 200);

  database.checkpoint();
  for (std::int64_t i = 0; i < 10; ++i) insert.bind(i).run();
  EXPECT_EQ(database.log_pages(), 10) << "begun anew";
  EXPECT_EQ(log_size(), wide);
  EXPECT_EQ(look_at_log(log), LogTail::whole);
  EXPECT_EQ(database.integer("SELECT count(*) FROM numbers"), 210);
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
