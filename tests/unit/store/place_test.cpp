#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/store/backup.h"
#include "daemon/store/database.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A journal with one event and one message in its outbox, whose files are looked after each millisecond.
class Displaced : public testing::Test {
 protected:
  Displaced() {
    open_->on_health([this](const std::string& trouble) {
      const std::lock_guard lock(mutex_);
      said_.push_back(trouble);
    });
    append(*open_.journal, {signal_change(1)});
    append(*open_.journal, Batch{.events = {}, .deliveries = {page_for("d1")}, .attempts = {}});
  }

  [[nodiscard]] std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  [[nodiscard]] bool all_there() const {
    return std::ranges::all_of(std::array{"", "-wal", ".lock"},
                               [this](const char* beside) { return fs::exists(file_.string() + beside); });
  }

  template <class Condition>
  static void wait_until(const Condition& condition) {
    while (!condition()) std::this_thread::yield();
  }

  static void expect_whole(std::uint64_t events, const fs::path& file) {
    const OpenJournal again = open_journal(file);
    EXPECT_EQ(again.recovered.sequence, events);
    EXPECT_EQ(again.recovered.outbox.size(), 1U);
    EXPECT_EQ(again.recovered.cut_short, "");
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_.journal();
  std::mutex mutex_;
  std::vector<std::string> said_;
  OpenJournal open_ = open_journal({.file = file_, .look_every = Duration{1}});
};

TEST_F(Displaced, is_written_anew_where_it_was_deleted) {
  for (const char* name : {"", "-wal", "-shm", ".lock"}) fs::remove(file_.string() + name);
  append(*open_.journal, {signal_change(2)});
  wait_until([this] { return all_there(); });
  append(*open_.journal, {signal_change(3)});
  EXPECT_THAT(problem_of(file_), HasSubstr("is in use by another candord"));
  open_.journal.reset();
  EXPECT_THAT(said(), IsEmpty());
  expect_whole(3, file_);
}

TEST_F(Displaced, is_written_anew_where_its_log_was_deleted) {
  fs::remove(file_.string() + "-wal");
  append(*open_.journal, {signal_change(2)});
  wait_until([this] { return all_there(); });
  append(*open_.journal, {signal_change(3)});
  open_.journal.reset();
  expect_whole(3, file_);
}

TEST_F(Displaced, leaves_what_was_moved_away_where_it_is) {
  const fs::path elsewhere = folder_.path() / "moved.db";
  for (const char* name : {"-shm", "-wal", ""}) fs::rename(file_.string() + name, elsewhere.string() + name);
  wait_until([this] { return all_there(); });
  append(*open_.journal, {signal_change(2)});
  open_.journal.reset();
  expect_whole(2, file_);
  expect_whole(1, elsewhere);
}

TEST_F(Displaced, touches_no_other_file_in_its_place) {
  const fs::path other = folder_.path() / "other";
  std::ofstream{other} << "somebody else's";
  fs::rename(other, file_);
  append(*open_.journal, {signal_change(2)});
  wait_until([this] { return said().size() == 1; });
  fs::rename(file_, other);
  wait_until([this] { return said().size() == 2; });
  EXPECT_THAT(said(), ElementsAre(HasSubstr("another file is in the place of journal " + file_.string()), ""));
  EXPECT_EQ(fs::file_size(other), 15U);
  append(*open_.journal, {signal_change(3)});
  open_.journal.reset();
  expect_whole(3, file_);
}

/// As `cp` does it: into the file that is there.
void write_over(const fs::path& file, const fs::path& with) {
  std::ofstream{file, std::ios::binary} << std::ifstream{with, std::ios::binary}.rdbuf();
}

TEST_F(Displaced, leaves_a_file_that_was_written_over_to_whoever_did) {
  const fs::path backup = folder_.path() / "backup.db";
  ASSERT_TRUE(back_up(file_, backup));
  append(*open_.journal, {signal_change(2), signal_change(3)});
  write_over(file_, backup);
  wait_until([this] { return !said().empty(); });
  EXPECT_THAT(said(), ElementsAre(HasSubstr("was written over while candord has it open")));
  EXPECT_THAT(said().front(), HasSubstr("systemctl stop candord.socket candord-admin.socket candord"));
  open_.journal.reset();
  const OpenJournal again = open_journal(file_);
  EXPECT_EQ(again.recovered.sequence, 1U);
  EXPECT_EQ(again.recovered.outbox.size(), 1U);
  EXPECT_THAT(again.recovered.cut_short, HasSubstr("restored from a backup"));
}

TEST_F(Displaced, leaves_an_older_and_larger_journal_that_was_copied_over_it_alone) {
  const fs::path older = folder_.path() / "older.db";
  for (std::uint64_t i = 0; i < 20; ++i) {
    const OpenJournal it = open_journal(older);
    append(*it.journal, std::vector<incident::Event>(100, signal_change(i)));
  }
  write_over(file_, older);
  open_.journal.reset();  // at its end at the latest
  EXPECT_EQ(open_journal(file_).recovered.sequence, 2'000U);
}

TEST_F(Displaced, is_still_its_own_where_another_program_moved_its_log) {
  {
    Database other(file_);
    for (std::uint64_t i = 2; i < 200; ++i) append(*open_.journal, {signal_change(i)});
    EXPECT_EQ(other.integer("PRAGMA wal_checkpoint"), 0);
  }
  append(*open_.journal, {signal_change(200)});
  open_.journal.reset();
  EXPECT_THAT(said(), IsEmpty());
  expect_whole(200, file_);
}

/// Works with `file` as a candord that is killed.
void work_until_killed(const fs::path& file) {
  const Child child = start_child([&file](int) {
    const OpenJournal it = open_journal(file);
    for (std::uint64_t i = 0; i < 20; ++i) append(*it.journal, {signal_change(i), signal_change(i), signal_change(i)});
    ::_exit(0);
  });
  EXPECT_EQ(output_of(child), "");
}

/// A journal that moves its log often, where only ends are looked after.
JournalOptions short_log(const fs::path& file) {
  return {.file = file, .look_every = std::chrono::hours{1}, .longest_log = 10};
}

void grow(const OpenJournal& it) {
  for (std::uint64_t i = 0; i < 20; ++i) append(*it.journal, std::vector<incident::Event>(5, signal_change(i)));
  settle(*it.journal);  // the log was moved before
}

/// A journal that is open, and what it says until its end.
struct Watched {
  explicit Watched(const JournalOptions& options) : it(open_journal(options)) {
    it->on_health([this](const std::string& trouble) { said.push_back(trouble); });
  }
  [[nodiscard]] const std::vector<std::string>& said_until_its_end() {
    it->close(Duration{0});
    return said;
  }

  std::vector<std::string> said;
  OpenJournal it;
};

void checkpoint(const fs::path& file, const std::string& how = "PASSIVE") {
  Database other(file);
  EXPECT_EQ(other.integer("PRAGMA wal_checkpoint(" + how + ")"), 0);
}

struct Place : testing::Test {
  TemporaryFolder folder;
  fs::path file = folder.journal();
  fs::path copy = folder.path() / "copy.db";

  [[nodiscard]] std::uint64_t events() const { return open_journal(file).recovered.sequence; }
};

TEST_F(Place, is_anothers_where_an_older_copy_of_the_same_run_was_written_over_it) {
  JournalOptions options = short_log(file);
  options.longest_log = 40;  // so that it is moved once meanwhile
  Watched run(options);
  grow(run.it);
  fs::copy_file(file, copy);
  const std::uint64_t copied = open_journal(copy).recovered.sequence;
  grow(run.it);
  write_over(file, copy);
  EXPECT_THAT(run.said_until_its_end(), ElementsAre(HasSubstr("journal " + file.string() + " was written")));
  EXPECT_EQ(events(), copied);
}

TEST_F(Place, is_anothers_where_a_copy_from_before_an_outside_checkpoint_was_written_over_it) {
  grow(open_journal(short_log(file)));
  fs::copy_file(file, copy);
  Watched run({.file = file, .look_every = Duration{1}});
  grow(run.it);
  checkpoint(file);
  grow(run.it);
  write_over(file, copy);
  EXPECT_THAT(run.said_until_its_end(), ElementsAre(HasSubstr("journal " + file.string() + " was written")));
  EXPECT_EQ(events(), 100U);
}

TEST_F(Place, is_anothers_where_a_copy_of_an_earlier_run_was_written_over_it) {
  grow(open_journal(short_log(file)));
  fs::copy_file(file, copy);
  Watched run(short_log(file));
  grow(run.it);
  write_over(file, copy);
  EXPECT_THAT(run.said_until_its_end(), ElementsAre(HasSubstr("journal " + file.string() + " was written")));
  EXPECT_EQ(events(), 100U);
}

TEST_F(Place, is_its_own_after_its_own_checkpoints) {
  Watched run(short_log(file));
  for (int i = 0; i < 5; ++i) grow(run.it);
  EXPECT_THAT(run.said_until_its_end(), IsEmpty());
  EXPECT_EQ(events(), 500U);
}

TEST_F(Place, is_its_own_where_the_log_of_many_killed_runs_was_moved_by_another) {
  for (int i = 0; i < 5; ++i) work_until_killed(file);
  Watched run({.file = file});
  checkpoint(file);
  append(*run.it.journal, {signal_change(1)});
  EXPECT_THAT(run.said_until_its_end(), IsEmpty());
  for (int i = 0; i < 2; ++i) work_until_killed(file);
  Watched idle({.file = file});
  checkpoint(file);
  EXPECT_THAT(idle.said_until_its_end(), IsEmpty());
  EXPECT_EQ(events(), 421U);
}

TEST_F(Place, is_its_own_where_another_moves_its_log_again_and_again) {
  Watched run({.file = file, .look_every = Duration{1}});
  for (int i = 0; i < 20; ++i) {
    for (std::uint64_t event = 0; event < 10; ++event) append(*run.it.journal, {signal_change(event)});
    checkpoint(file, std::array{"PASSIVE", "FULL", "RESTART", "TRUNCATE"}.at(static_cast<std::size_t>(i % 4)));
    if (i % 2 == 0) settle(*run.it.journal);  // writes nothing
  }
  EXPECT_THAT(run.said_until_its_end(), IsEmpty());
  EXPECT_EQ(events(), 200U);
}

TEST_F(Place, is_its_own_where_another_moves_only_a_part_of_its_log_while_it_grows) {
  Watched run({.file = file});
  for (int i = 0; i < 5; ++i) {
    grow(run.it);
    Database reader(file, Database::Access::read);
    reader.execute("BEGIN; SELECT count(*) FROM events");
    grow(run.it);
    checkpoint(file);
  }
  EXPECT_THAT(run.said_until_its_end(), IsEmpty());
  EXPECT_EQ(events(), 1'000U);
}

TEST_F(Place, is_its_own_after_a_vacuum_by_another) {
  for (const Duration look_every : {Duration{1}, Duration{std::chrono::hours{1}}}) {
    Watched run({.file = file, .look_every = look_every});
    grow(run.it);
    for (int i = 0; i < 3; ++i) {
      Database(file).execute("VACUUM");
      checkpoint(file);
      grow(run.it);
    }
    EXPECT_THAT(run.said_until_its_end(), IsEmpty());
  }
  EXPECT_EQ(events(), 800U);
}

TEST_F(Place, takes_nothing_in_where_its_log_was_cut_and_leaves_the_file_as_it_is) {
  const std::string log = file.string() + "-wal";
  for (const std::uintmax_t left : {0U, 50'000U}) {
    for (const bool writes_on : {false, true}) {
      fs::remove(file);
      fs::remove(file.string() + ".lock");
      grow(open_journal(file));  // all of it in the file
      Watched run({.file = file, .look_every = std::chrono::hours{1}});
      grow(run.it);
      fs::resize_file(log, left);
      if (writes_on) append(*run.it.journal, {signal_change(1)});
      EXPECT_THAT(run.said_until_its_end(),
                  ElementsAre(HasSubstr("the log of journal " + file.string() + " was cut short or written over")));
      EXPECT_TRUE(fs::exists(log + ".old"));
      EXPECT_EQ(problem_of(file), "");
      EXPECT_EQ(events(), 100U);
    }
  }
}

TEST_F(Displaced, is_written_anew_at_its_end_at_the_latest) {
  OpenJournal seldom = open_journal(folder_.path() / "seldom.db");  // looks every ten seconds
  append(*seldom.journal, {signal_change(1)});
  for (const char* name : {"", "-wal", "-shm"}) fs::remove((folder_.path() / "seldom.db").string() + name);
  append(*seldom.journal, Batch{.events = {}, .deliveries = {page_for("d1")}, .attempts = {}});
  seldom.journal.reset();
  expect_whole(1, folder_.path() / "seldom.db");
}

}  // namespace
}  // namespace candor::store
