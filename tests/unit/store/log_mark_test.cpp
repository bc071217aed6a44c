#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/store/backup.h"
#include "daemon/store/database.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A journal of three events, of which the log has the last one: its candord was killed before it left a sign of it.
struct LostLog : testing::Test {
  TemporaryFolder folder;
  fs::path file = folder.journal();
  fs::path log = file.string() + "-wal";

  LostLog() {
    append(*open_journal(file).journal, {signal_change(1), signal_change(2)});
    const Child child = start_child([this](int) {
      const OpenJournal it = open_journal(file);
      append(*it.journal, Batch{.events = {}, .deliveries = {page_for("d1")}, .attempts = {}});
      append(*it.journal, {signal_change(3)});
      ::_exit(0);
    });
    EXPECT_EQ(output_of(child), "");
  }

  void expect_told(const std::string& after) const {
    {
      const OpenJournal it = open_journal(file);
      EXPECT_THAT(it.recovered.cut_short, HasSubstr("gone or shorter than its candord left it: what was written after "
                                                    "event " +
                                                    after + " of 20"));
      EXPECT_EQ(it.recovered.cut_short.find('\n'), std::string::npos);
      EXPECT_TRUE(it.recovered.end_lost);
      EXPECT_NE(it.recovered.last_sign, Instant{}) << "all is there that was by then";
      append(*it.journal, {signal_change(4)});
    }
    EXPECT_EQ(open_journal(file).recovered.cut_short, "") << "it is told once";
  }
  void expect_silence(std::uint64_t events) const {
    const OpenJournal it = open_journal(file);
    EXPECT_EQ(it.recovered.sequence, events);
    EXPECT_EQ(it.recovered.cut_short, "");
  }
};

TEST_F(LostLog, is_told_where_it_is_gone) {
  fs::remove(log);
  expect_told("2");
}

TEST_F(LostLog, is_told_where_it_is_empty) {
  fs::resize_file(log, 0);
  expect_told("2");
}

TEST_F(LostLog, is_told_where_it_was_cut_before_its_first_commit) {
  fs::resize_file(log, 1'000);
  expect_told("2");
}

TEST_F(LostLog, is_none_where_nothing_was_touched) { expect_silence(3); }

TEST_F(LostLog, is_told_again_until_somebody_works_with_what_is_left) {
  fs::remove(log);
  EXPECT_NE(open_journal(file).recovered.cut_short, "");
  expect_told("2");
}

TEST_F(LostLog, is_none_where_another_sqlite_has_moved_it_into_the_file) {
  EXPECT_EQ(Database(file).integer("SELECT count(*) FROM events"), 3);  // the last to close moves it
  EXPECT_FALSE(fs::exists(log));
  expect_silence(3);
}

TEST_F(LostLog, is_none_where_another_sqlite_has_truncated_it) {
  {
    Database other(file);
    other.leave_file();
    EXPECT_EQ(other.integer("PRAGMA wal_checkpoint(TRUNCATE)"), 0);
  }
  EXPECT_EQ(fs::file_size(log), 0U);
  expect_silence(3);
}

TEST_F(LostLog, is_none_where_a_backup_is_in_its_place) {
  const fs::path backup = folder.path() / "backup.db";
  ASSERT_TRUE(back_up(file, backup));
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
  fs::rename(backup, file);
  expect_silence(3);
}

TEST_F(LostLog, is_none_after_a_stop) {
  append(*open_journal(file).journal, {signal_change(4)});
  EXPECT_FALSE(fs::exists(log));
  expect_silence(4);
}

TEST_F(LostLog, is_none_after_a_start_that_came_to_nothing) {
  EXPECT_EQ(problem_of(file), "");
  EXPECT_FALSE(fs::exists(log));
  expect_silence(3);
}

TEST_F(LostLog, is_none_where_an_older_candord_left_the_last_sign) {
  fs::resize_file(file.string() + ".lock", 32);
  fs::remove(log);
  expect_silence(2);
}

}  // namespace
}  // namespace candor::store
