#include "daemon/store/backup.h"

#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A journal with `events` signal changes and one message in its outbox.
void fill(Journal& journal, std::uint64_t events) {
  for (std::uint64_t number = 1; number <= events; ++number) append(journal, {signal_change(number)});
  append(journal, Batch{.events = {}, .deliveries = {page_for("d1")}, .attempts = {}});
}

TEST(Backup, of_a_journal_in_use_is_a_journal_as_of_one_instant) {
  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "copy.db";
  OpenJournal open = open_journal(folder.journal());
  fill(*open.journal, 20);
  const Result<Backup> made = back_up(folder.journal(), copy);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->events, 20U);
  EXPECT_EQ(made->last_at, signal_change(20).at);
  EXPECT_EQ(made->waiting, 1U);
  append(*open.journal, {signal_change(21)});

  const OpenJournal restored = open_journal(copy);
  EXPECT_EQ(restored.recovered.sequence, 20U) << "what came later is not in it";
  EXPECT_EQ(restored.recovered.outbox.size(), 1U);
}

TEST(Backup, holds_what_a_candord_that_was_killed_left_in_its_log) {
  const TemporaryFolder folder;
  EXPECT_EQ(output_of(start_child([&](int) {
              OpenJournal open = open_journal(folder.journal());
              fill(*open.journal, 5);
              _exit(0);  // without closing it: all of it is in the write-ahead log
            })),
            "");
  const Result<Backup> made = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->events, 5U);
}

TEST(Backup, is_one_file_for_its_owner_alone) {
  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "copies" / "copy.db";
  fs::create_directory(copy.parent_path());
  OpenJournal open = open_journal(folder.journal());
  fill(*open.journal, 3);
  ASSERT_TRUE(back_up(folder.journal(), copy));
  EXPECT_EQ(std::distance(fs::directory_iterator{copy.parent_path()}, {}), 1) << "nothing beside it";
  struct stat status {};
  ASSERT_EQ(stat(copy.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(Backup, overwrites_nothing) {
  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "copy.db";
  std::ofstream{copy} << "precious";
  OpenJournal open = open_journal(folder.journal());
  const Result<Backup> made = back_up(folder.journal(), copy);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("is there already and stays as it is; name a new file"));
  std::string text;
  std::ifstream{copy} >> text;
  EXPECT_EQ(text, "precious");
}

TEST(Backup, says_where_no_journal_is) {
  const TemporaryFolder folder;
  const Result<Backup> made = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("there is no journal " + folder.journal().string()));
}

TEST(Backup, of_a_damaged_journal_is_refused_and_leaves_nothing) {
  const TemporaryFolder folder;
  {
    OpenJournal open = open_journal(folder.journal());
    fill(*open.journal, 50);
    open.journal->close(std::chrono::seconds{5});
  }
  std::string bytes;
  {
    std::ifstream stream{folder.journal(), std::ios::binary};
    bytes.assign(std::istreambuf_iterator<char>{stream}, {});
  }
  const std::size_t place = bytes.find("evidence");
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 'X';
  std::ofstream{folder.journal(), std::ios::binary} << bytes;

  const Result<Backup> made = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("is damaged"));
  EXPECT_FALSE(fs::exists(folder.path() / "copy.db"));
  EXPECT_FALSE(fs::exists(folder.path() / "copy.db.partial"));
}

}  // namespace
}  // namespace candor::store
