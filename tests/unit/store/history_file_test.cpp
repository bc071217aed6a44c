#include "daemon/store/history_file.h"

#include <fstream>
#include <random>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant noon = from_ms(1'795'003'200'000);  // 2026-11-18, 12:00

const std::vector<HistoryTier> tiers{{1min, 48h}, {1h, 24h * 90}, {24h, 24h * 730}};

/// Bodies are numbers here, and the merge of two is their sum.
std::string sum(std::string_view kept, std::string_view added) {
  return std::to_string(std::stoll(std::string{kept}) + std::stoll(std::string{added}));
}

class HistoryFileTest : public testing::Test {
 protected:
  void reopen() {
    it.reset();
    it = std::make_unique<HistoryFile>(file, tiers, sum);
  }
  void add(Instant begin, const std::string& probe, int number) {
    const std::vector<ProbeRollUp> roll_ups{{probe, std::to_string(number)}};
    it->add(begin, roll_ups);
  }
  void fold(Instant now) {
    while (it->fold(now)) {
    }
  }
  void prune(Instant now) {
    while (it->prune(now, 100)) {
    }
  }
  /// "HH:MM body" of each row.
  std::vector<std::string> read(const std::string& probe, Duration length, Instant from, Instant to) {
    std::vector<std::string> rows;
    for (const HistoryRow& row : it->read(probe, length, from, to)) {
      rows.push_back(format_rfc3339(row.begin).substr(11, 5) + " " + row.body);
    }
    return rows;
  }
  std::int64_t count(const std::string& table) { return Database{file}.integer("SELECT count(*) FROM " + table); }

  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "history.db";
  std::unique_ptr<HistoryFile> it = std::make_unique<HistoryFile>(file, tiers, sum);
};

TEST_F(HistoryFileTest, is_for_nobody_else_to_read) {
  struct stat found {};
  ASSERT_EQ(stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(HistoryFileTest, gives_back_what_was_added_of_one_probe_also_when_opened_anew) {
  add(noon, "a", 1);
  add(noon + 1min, "b", 7);
  add(noon + 2min, "a", 2);
  EXPECT_THAT(read("a", 1min, noon, noon + 1h), ElementsAre("12:00 1", "12:02 2"));
  reopen();
  EXPECT_THAT(read("a", 1min, noon, noon + 1h), ElementsAre("12:00 1", "12:02 2"));
  EXPECT_THAT(read("a", 1min, noon + 90s, noon + 2min), IsEmpty()) << "what begins at the end is not of it";
  EXPECT_THAT(read("a", 1min, noon + 90s, noon + 3min), ElementsAre("12:02 2"));
  EXPECT_THAT(read("c", 1min, noon, noon + 1h), IsEmpty());
  EXPECT_TRUE(it->knows("b"));
  EXPECT_FALSE(it->knows("c"));
  EXPECT_EQ(it->last(), noon + 2min);
}

TEST_F(HistoryFileTest, shows_in_every_length_what_was_added_before_and_after_it_is_folded) {
  add(noon + 58min, "a", 1);
  add(noon + 59min, "a", 2);
  add(noon + 61min, "a", 4);
  const auto expect_all = [this] {
    EXPECT_THAT(read("a", 1h, noon, noon + 2h), ElementsAre("12:00 3", "13:00 4"));
    EXPECT_THAT(read("a", 24h, noon, noon + 1min), ElementsAre("00:00 7"));
  };
  expect_all();
  fold(noon + 62min);
  EXPECT_EQ(count("roll_ups_60"), 1) << "the hour that runs is folded when it has ended";
  expect_all();
  fold(noon + 2h);
  EXPECT_EQ(count("roll_ups_60"), 2);
  EXPECT_EQ(count("unmerged"), 0);
  expect_all();
  fold(noon + 3h);
  reopen();
  expect_all();
}

TEST_F(HistoryFileTest, counts_everything_once_however_the_clock_is_set_and_whenever_it_is_folded) {
  std::mt19937 random{7};
  const auto draw = [&](int most) { return std::uniform_int_distribution{0, most}(random); };
  std::int64_t added = 0;
  Instant now = noon;
  for (int i = 0; i < 3000; ++i) {
    now += 1min;
    if (draw(20) == 0) now += std::chrono::minutes{draw(2000) - 1000};
    add(now, "a", i);
    added += i;
    if (draw(10) == 0) (void)it->fold(now);
    if (draw(200) == 0) reopen();
  }
  const auto total = [&](Duration length) {
    std::int64_t all = 0;
    const Duration most = length == 1min ? 48h : 24h * 80;
    const Instant midnight = noon - 12h;
    for (Instant from = midnight - 24h * 80; from < midnight + 24h * 80; from += most) {
      for (const HistoryRow& row : it->read("a", length, from, from + most)) all += std::stoll(row.body);
    }
    return all;
  };
  for (const Duration length : {Duration{1min}, Duration{1h}, Duration{24h}}) EXPECT_EQ(total(length), added);
  fold(now + 1h);
  EXPECT_EQ(count("unmerged"), 0);
  for (const Duration length : {Duration{1min}, Duration{1h}, Duration{24h}}) EXPECT_EQ(total(length), added);
}

TEST_F(HistoryFileTest, adds_to_a_minute_that_was_there_before) {
  add(noon, "a", 1);
  add(noon, "a", 2);
  EXPECT_THAT(read("a", 1min, noon, noon + 1min), ElementsAre("12:00 3"));
  fold(noon + 1h);
  add(noon, "a", 4);
  EXPECT_THAT(read("a", 1min, noon, noon + 1min), ElementsAre("12:00 7"));
  EXPECT_THAT(read("a", 1h, noon, noon + 1min), ElementsAre("12:00 7"));
  fold(noon + 1h);
  EXPECT_THAT(read("a", 24h, noon, noon + 1min), ElementsAre("00:00 7"));
}

TEST_F(HistoryFileTest, deletes_each_length_after_its_time_and_forgets_a_probe_with_its_last_day) {
  for (int i = 0; i < 150; ++i) add(noon + i * 1min, "a", 1);
  const auto age = [this](Duration by) {
    fold(noon + by);
    prune(noon + by);
  };
  age(47h);
  EXPECT_EQ(count("roll_ups_1"), 150);
  age(48h + 10min);
  EXPECT_EQ(count("roll_ups_1"), 140);
  age(24h * 4);
  EXPECT_EQ(count("roll_ups_1"), 0);
  EXPECT_THAT(read("a", 1h, noon, noon + 3h), ElementsAre("12:00 60", "13:00 60", "14:00 30"));
  age(24h * 91);
  EXPECT_EQ(count("roll_ups_60"), 0);
  EXPECT_THAT(read("a", 24h, noon, noon + 1min), ElementsAre("00:00 150"));
  age(24h * 732);
  EXPECT_EQ(count("roll_ups_1440"), 0);
  EXPECT_FALSE(it->knows("a"));
}

TEST_F(HistoryFileTest, answers_no_more_than_is_kept) {
  add(noon, "a", 1);
  add(noon + 48h, "a", 2);
  EXPECT_THAT(it->read("a", 1min, from_ms(0), noon + 48h + 1min), testing::SizeIs(2));
  EXPECT_THAT(it->read("a", 1min, from_ms(0), noon + 48h + 2min), testing::SizeIs(1));
}

TEST_F(HistoryFileTest, leaves_a_database_of_others_alone) {
  const OpenJournal journal = open_journal(folder.journal());
  append(*journal.journal, {signal_change(0)});
  EXPECT_THROW((HistoryFile{folder.journal(), tiers, sum}), DatabaseError);
  append(*journal.journal, {signal_change(1)});
  Database later(file);
  later.execute("PRAGMA user_version = 2");
  EXPECT_THROW((HistoryFile{file, tiers, sum}), DatabaseError);
}

TEST_F(HistoryFileTest, loses_nothing_of_what_was_added_when_its_process_is_killed) {
  it.reset();
  const std::string said = output_of(start_child([&](int output) {
    HistoryFile history(file, tiers, sum);
    for (int i = 0; i < 100; ++i) {
      const std::vector<ProbeRollUp> roll_ups{{"a", "1"}};
      history.add(noon + i * 1min, roll_ups);
      (void)history.fold(noon + i * 1min);
    }
    [[maybe_unused]] const ssize_t written = write(output, "added", 5);
    kill(getpid(), SIGKILL);
  }));
  EXPECT_EQ(said, "added");
  reopen();
  EXPECT_THAT(it->read("a", 1min, noon, noon + 2h), testing::SizeIs(100));
  EXPECT_THAT(read("a", 1h, noon, noon + 2h), ElementsAre("12:00 60", "13:00 40"));
}

}  // namespace
}  // namespace candor::store
