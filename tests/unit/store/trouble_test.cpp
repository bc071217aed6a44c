#include <atomic>
#include <fstream>
#include <future>
#include <mutex>
#include <signal.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/store/database.h"
#include "daemon/store/writer.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace incident;
using testing::HasSubstr;

/// The largest size that this process's files may have: what a full disk is to a growing journal.
void limit_file_size(rlim_t bytes) {
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

/// Collects what on_health() says.
class HealthLog {
 public:
  explicit HealthLog(Journal& journal) {
    journal.on_health([this](const std::string& trouble) {
      const std::lock_guard lock(mutex_);
      said_.push_back(trouble);
      if (!trouble.empty() && !failed_already_) {
        failed_already_ = true;
        failed_.set_value();
      }
    });
  }
  void wait_until_failing() { failed_.get_future().wait(); }
  [[nodiscard]] std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> said_;
  bool failed_already_ = false;
  std::promise<void> failed_;
};

void say(int output, const std::string& text) {
  [[maybe_unused]] const ssize_t written = write(output, text.data(), text.size());
}

/// In a process of its own, because the limit is the process's: writes until the disk refuses, then gives it room.
void fill_the_disk(const std::filesystem::path& file, int output) {
  signal(SIGXFSZ, SIG_IGN);
  const OpenJournal it = open_journal(file);
  append(*it.journal, {signal_change(0)});
  HealthLog health(*it.journal);
  limit_file_size(100'000);
  std::vector<std::uint64_t> durable;
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    it->append({.events = {signal_change(i)}}, [&durable, i](Batch) { durable.push_back(i); });
  }
  health.wait_until_failing();
  say(output, it->figures().queued > 0 ? "queued " : "nothing queued ");
  limit_file_size(RLIM_INFINITY);
  settle(*it.journal);
  say(output, durable.size() == 2000 && std::ranges::is_sorted(durable) ? "in order " : "not in order ");
  const std::vector<std::string> said = health.said();
  say(output, said.size() == 2 && said.back().empty() ? "and well: " : "and not well: ");
  say(output, said.front());
}

TEST(Trouble, of_a_full_disk_is_reported_and_everything_is_written_once_there_is_room) {
  const TemporaryFolder folder;
  const std::string said = output_of(start_child([&](int output) { fill_the_disk(folder.journal(), output); }));
  EXPECT_THAT(said, testing::StartsWith("queued in order and well: writing to journal " + folder.journal().string()));
  EXPECT_THAT(said, HasSubstr("free space"));
  const Recovered recovered = open_journal(folder.journal()).recovered;
  EXPECT_EQ(recovered.sequence, 2001U);
  std::vector<Event> expected;
  for (std::uint64_t i = 0; i <= 2000; ++i) expected.push_back(signal_change(i));
  EXPECT_TRUE(recovered.state == folded(expected));
}

TEST(Trouble, that_outlasts_the_patience_of_closing_loses_only_what_was_never_durable) {
  const TemporaryFolder folder;
  const std::string said = output_of(start_child([&](int output) {
    signal(SIGXFSZ, SIG_IGN);
    const OpenJournal it = open_journal(folder.journal());
    append(*it.journal, {signal_change(0)});
    HealthLog health(*it.journal);
    limit_file_size(0);
    it->append({.events = {signal_change(1)}}, [&](Batch) { say(output, "durable "); });
    health.wait_until_failing();
    it->close(Duration{1});
    say(output, "closed");
  }));
  EXPECT_EQ(said, "closed");
  EXPECT_EQ(open_journal(folder.journal()).recovered.sequence, 1U);
}

/// Commits until the journal has this trouble, or none.
void write_until(const OpenJournal& it, const std::function<bool()>& condition) {
  for (std::uint64_t i = 0; i < 10'000 && !condition(); ++i) append(*it.journal, {signal_change(i)});
}

TEST(Trouble, of_a_file_that_takes_no_writing_is_told_once_its_log_is_far_too_long) {
  const TemporaryFolder folder;
  const std::string said = output_of(start_child([&](int output) {
    signal(SIGXFSZ, SIG_IGN);
    const OpenJournal it = open_journal({.file = folder.journal(), .longest_log = 20});
    HealthLog health(*it.journal);
    append(*it.journal, {signal_change(0)});
    // So much that the file needs more than its log may have.
    std::vector<Event> many;
    for (std::uint64_t i = 0; i < 2'000; ++i) many.push_back(signal_change(i));
    limit_file_size(4'000'000);
    for (int i = 0; i < 20 && health.said().empty(); ++i) append(*it.journal, many);
    write_until(it, [&] { return !health.said().empty(); });
    say(output, health.said().empty() ? "nothing" : health.said().front());
    limit_file_size(RLIM_INFINITY);
    while (health.said().size() < 2) settle(*it.journal);
    say(output, " and then: " + health.said().back());
  }));
  EXPECT_THAT(said, testing::StartsWith("moving the log of journal " + folder.journal().string() + " into it fails ("));
  EXPECT_THAT(said, testing::EndsWith(" and then: "));
}

TEST(Trouble, of_a_log_that_a_reader_holds_stops_nothing_and_is_known) {
  const TemporaryFolder folder;
  const OpenJournal it = open_journal({.file = folder.journal(), .longest_log = 20});
  HealthLog health(*it.journal);
  append(*it.journal, {signal_change(0)});
  {
    Database reader(folder.journal(), Database::Access::read);
    reader.execute("BEGIN");
    EXPECT_EQ(reader.integer("SELECT max(seq) FROM events"), 1);
    write_until(it, [&] { return it->figures().log_held_since != Instant{}; });
    EXPECT_NE(it->figures().log_held_since, Instant{});
  }
  while (it->figures().log_held_since != Instant{}) append(*it.journal, {signal_change(1)});
  EXPECT_THAT(health.said(), testing::IsEmpty());
}

TEST(Trouble, of_a_table_that_refuses_is_retried_in_order) {
  const TemporaryFolder folder;
  const OpenJournal it = open_journal(folder.journal());
  append(*it.journal, {signal_change(0)});
  HealthLog health(*it.journal);
  Database other(folder.journal());
  other.execute("CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.seq = 3 BEGIN SELECT raise(ABORT, 'no'); END");
  std::vector<int> durable;
  it->append({.events = {signal_change(1)}, .deliveries = {page_for("d1")}}, [&](Batch) { durable.push_back(1); });
  it->append({.events = {signal_change(2)}, .deliveries = {page_for("d2")}}, [&](Batch) { durable.push_back(2); });
  it->append({.events = {signal_change(3)}}, [&](Batch) { durable.push_back(3); });
  health.wait_until_failing();
  other.execute("DROP TRIGGER refuse");
  settle(*it.journal);
  EXPECT_EQ(durable, (std::vector{1, 2, 3}));
  EXPECT_EQ(other.integer("SELECT max(seq) FROM events"), 4);
  EXPECT_EQ(other.integer("SELECT count(*) FROM outbox"), 2);
  EXPECT_THAT(health.said().front(), HasSubstr("no"));
  EXPECT_EQ(health.said().back(), "");
}

TEST(Trouble, of_a_journal_that_cannot_be_read_once_it_was_put_back_is_told_and_retried) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, {signal_change(0)});
  Database database(folder.journal());
  bool put_back = false;
  Writer writer(database, folder.journal().string(), Duration{0},
                {.every = std::chrono::hours{1},
                 .sign = [](std::uint64_t, Duration) {},
                 .in_place = [&] { return put_back; },
                 .put_back = [&]() -> Result<void> {
                   put_back = true;
                   database.execute("ALTER TABLE outbox RENAME TO elsewhere");
                   return {};
                 },
                 .committed = [] {},
                 .longest_log = 1'000});
  std::vector<std::string> said;
  writer.on_health([&](const std::string& trouble) {
    said.push_back(trouble);
    if (!trouble.empty()) database.execute("ALTER TABLE elsewhere RENAME TO outbox");
  });
  writer.start(1);
  for (std::uint64_t i = 1; i < 3; ++i) {
    std::promise<void> durable;
    writer.put(Writer::Append{{.events = {signal_change(i)}}, [&](Batch) { durable.set_value(); }});
    durable.get_future().wait();
  }
  writer.close(Duration{0});
  EXPECT_THAT(said, testing::ElementsAre(HasSubstr("no such table: outbox"), ""));
  EXPECT_EQ(writer.events(), 2U);
}

/// The signs of a writer that leaves one after each transaction.
struct Signs : testing::Test {
  const TemporaryFolder folder;
  Database database = made_in(folder);
  std::atomic<bool> in_place = true;
  std::function<void()> committed = [] {};
  std::uint64_t counted = 0;                  ///< by the last sign
  Duration ago{};                             ///< when that says that candord was there
  std::uint64_t sequence = 0;                 ///< of the last sign that says it of its own time; 0 without one
  std::vector<std::uint64_t> at_each_commit;  ///< what that was then
  Duration lull{};                            ///< before the end of write()
  Writer writer{database,
                folder.journal().string(),
                Duration{0},
                {.every = Duration{0},
                 .sign =
                     [this](std::uint64_t events, Duration before) {
                       counted = events;
                       ago = before;
                       if (ago == Duration{0}) sequence = events;
                     },
                 .in_place = [this] { return in_place.load(); },
                 .put_back = [] { return failure("another file is in the place"); },
                 .committed =
                     [this] {
                       at_each_commit.push_back(sequence);
                       committed();
                     },
                 .longest_log = 1'000,
                 .longest_write = std::chrono::seconds{1}}};

  static Database made_in(const TemporaryFolder& folder) {
    (void)open_journal(folder.journal());
    return Database{folder.journal()};
  }
  static void spend(Duration span) {
    for (const Stopwatch stopwatch; stopwatch.elapsed() < span;) std::this_thread::yield();
  }

  /// Each event in a transaction of its own, and then its end.
  void write(std::uint64_t events) {
    writer.start(0);
    for (std::uint64_t number = 1; number <= events; ++number) {
      std::promise<void> durable;
      writer.put(Writer::Append{{.events = {signal_change(number)}}, [&](Batch) { durable.set_value(); }});
      durable.get_future().wait();
    }
    spend(lull);
    writer.close(Duration{0});
  }
};

TEST_F(Signs, are_left_again_after_a_while_where_nothing_followed_that_took_too_long) {
  committed = [this] {
    if (at_each_commit.size() == 2) spend(std::chrono::seconds{1});
  };
  lull = std::chrono::milliseconds{1'100};
  write(2);
  EXPECT_THAT(at_each_commit, testing::ElementsAre(0U, 1U));
  EXPECT_LT(ago, std::chrono::seconds{1});
}

TEST_F(Signs, are_left_again_only_once_the_disk_was_told_of_a_trouble) {
  database.execute(
      "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.seq = 2 BEGIN SELECT raise(ABORT, 'no'); END");
  writer.on_health([this](const std::string& trouble) {
    if (!trouble.empty()) database.execute("DROP TRIGGER refuse");
  });
  write(4);
  EXPECT_THAT(at_each_commit, testing::ElementsAre(0U, 1U, 1U, 3U)) << "what ended it cannot tell of its end";
  EXPECT_EQ(counted, 4U);
}

TEST_F(Signs, are_left_again_only_once_the_disk_was_told_that_it_took_too_long) {
  committed = [this] {
    if (at_each_commit.size() == 2) spend(std::chrono::seconds{1});
  };
  write(4);
  EXPECT_THAT(at_each_commit, testing::ElementsAre(0U, 1U, 1U, 3U));
}

TEST_F(Signs, tell_of_no_later_time_while_the_files_are_away_and_nothing_is_taken_in) {
  committed = [this] { in_place = at_each_commit.size() < 2; };
  write(4);
  EXPECT_THAT(at_each_commit, testing::ElementsAre(0U, 1U, 1U, 1U));
  EXPECT_EQ(sequence, 1U) << "nor at its end";
  EXPECT_EQ(counted, 4U) << "what was written is there all the same";
}

TEST_F(Signs, of_an_end_that_waits_for_the_disk_tell_when_it_began) {
  committed = [this] {
    if (at_each_commit.size() > 1) return;
    for (std::uint64_t queued = 0; writer.queued() > queued || queued == 0;) {  // until it is closing
      queued = writer.queued();
      writer.put(Writer::Append{{}, [](Batch) {}});
      std::this_thread::yield();
    }
    spend(Duration{20});
  };
  writer.start(0);
  writer.put(Writer::Append{{.events = {signal_change(1)}}, [](Batch) {}});
  writer.close(Duration{0});
  EXPECT_EQ(counted, 1U);
  EXPECT_GE(ago, Duration{20});
}

TEST(Trouble, of_a_copy_that_cannot_be_made_now_leaves_no_part_of_one) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, {signal_change(0)});
  Database database(folder.journal());
  std::ofstream{folder.path() / "copy.db"};
  Database copy(folder.path() / "copy.db");
  const Transaction open(database);  // of what is not committed there is no copy
  try {
    database.copy_to(copy);
    FAIL() << "it is taken for a copy";
  } catch (const DatabaseError& error) {
    EXPECT_EQ(error.kind(), DatabaseError::Kind::busy);
  }
}

}  // namespace
}  // namespace candor::store
