#include "daemon/store/backup.h"

#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "daemon/store/database.h"
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

std::string read_file(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
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

TEST(Backup, leaves_the_files_of_a_killed_candord_as_they_are) {
  const TemporaryFolder folder;
  (void)output_of(start_child([&](int) {
    OpenJournal open = open_journal(folder.journal());
    fill(*open.journal, 5);
    _exit(0);
  }));
  const fs::path log = folder.journal().string() + "-wal";
  const std::array before{read_file(folder.journal()), read_file(log)};
  ASSERT_FALSE(before[1].empty());
  ASSERT_TRUE(back_up(folder.journal(), folder.path() / "copy.db"));
  EXPECT_EQ(before, (std::array{read_file(folder.journal()), read_file(log)}))
      << "what is wrong with them is for candord to tell";
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
  std::string bytes = read_file(folder.journal());
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

TEST(Backup, refuses_a_database_that_is_no_journal) {
  const TemporaryFolder folder;
  const fs::path other = folder.path() / "history.db";
  folder.write("history.db", "");
  const auto refusal = [&] {
    const Result<Backup> made = back_up(other, folder.path() / "copy.db");
    return made ? std::string{} : made.error().message;
  };
  EXPECT_EQ(refusal(), other.string() + " is not a journal of candord; --journal says where that is");
  Database{other}.execute("CREATE TABLE minutes(at)");
  EXPECT_THAT(refusal(), HasSubstr("is not a journal of candord"));
  EXPECT_FALSE(fs::exists(folder.path() / "copy.db"));
}

TEST(Backup, refuses_an_event_that_only_a_snapshot_stands_for_and_that_is_damaged) {
  const TemporaryFolder folder;
  OpenJournal open = open_journal(folder.journal());
  fill(*open.journal, 9);
  std::vector<incident::Event> events;
  for (std::uint64_t number = 1; number <= 9; ++number) events.push_back(signal_change(number));
  open->snapshot(encode(folded(events)));
  settle(*open.journal);
  ASSERT_TRUE(back_up(folder.journal(), folder.path() / "sound.db"));
  Database{folder.journal()}.execute("UPDATE events SET at = at + 1 WHERE seq = 4");
  const Result<Backup> made = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("event 4 is damaged"));
  Database{folder.journal()}.execute("DELETE FROM events WHERE seq = 4");
  EXPECT_THAT(back_up(folder.journal(), folder.path() / "copy.db").error().message, HasSubstr("event 4 is missing"));
}

TEST(Backup, takes_what_was_pruned_for_missing_rightly) {
  const TemporaryFolder folder;
  const Instant later = signal_change(0).at + std::chrono::hours{1};
  OpenJournal open = open_journal({.file = folder.journal(), .keep_signal_changes = std::chrono::minutes{1}});
  std::vector<incident::Event> events = one_of_each();
  for (std::uint64_t number = 1; number <= 9; ++number) events.push_back(signal_change(number));
  append(*open.journal, events);
  open->snapshot(encode(folded(events)));
  append(*open.journal, {signal_change(10, later)});
  open->prune(later);
  settle(*open.journal);
  const Result<Backup> made = back_up(folder.journal(), folder.path() / "copy.db");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(Database{folder.path() / "copy.db"}.integer("SELECT count(*) FROM events"),
            std::ranges::count_if(events, [](const auto& event) {
              const std::string_view kind = token(event.change);
              return kind != "signal_changed" && kind != "heartbeat_received";
            }) + 1);
}

}  // namespace
}  // namespace candor::store
