#include "daemon/store/history.h"

#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant noon = from_ms(1'795'003'200'000);  // 2026-11-18, 12:00

/// Bodies are numbers here, and the merge of two is their sum.
std::string sum(std::string_view kept, std::string_view added) {
  return std::to_string(std::stoll(std::string{kept}) + std::stoll(std::string{added}));
}

class HistoryTest : public testing::Test {
 protected:
  std::unique_ptr<History> open() {
    return std::make_unique<History>(History::Options{file, {{1min, 48h}, {1h, 24h * 90}, {24h, 24h * 730}}, sum});
  }
  static void add(History& history, Instant begin, const std::string& body = "1") {
    history.add(begin, [body] { return std::vector<ProbeRollUp>{{"a", body}}; });
  }
  static Result<History::Answer> ask(History& history, Duration length, Instant from, Instant to) {
    std::promise<Result<History::Answer>> promise;
    history.ask({"a", length, from, to}, [&](Result<History::Answer> answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  static std::vector<std::string> bodies(History& history, Duration length, Instant from, Instant to) {
    const Result<History::Answer> answer = ask(history, length, from, to);
    if (!answer) return {answer.error().message};
    std::vector<std::string> list;
    for (const HistoryRow& row : answer->rows) list.push_back(row.body);
    return list;
  }
  /// Each question is followed by a step of folding or pruning.
  static void let_it_tidy(History& history) {
    for (int i = 0; i < 20; ++i) (void)bodies(history, 1min, noon, noon + 1min);
  }

  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "history.db";
};

TEST_F(HistoryTest, answers_with_all_that_was_added_before) {
  const auto history = open();
  for (int i = 0; i < 3; ++i) add(*history, noon + i * 1min, std::to_string(i));
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), ElementsAre("0", "1", "2"));
  EXPECT_TRUE(ask(*history, 1min, noon + 1h, noon + 2h)->known);
  EXPECT_FALSE(history->trouble());
}

TEST_F(HistoryTest, writes_what_waits_when_it_is_closed_and_goes_on_from_there) {
  auto history = open();
  for (int i = 0; i < 5; ++i) {
    add(*history, noon + i * 1min);
    (void)bodies(*history, 1min, noon, noon + 1min);
  }
  add(*history, noon + 1h);
  history->close(1h);
  add(*history, noon + 2h);
  history = open();
  EXPECT_THAT(bodies(*history, 1h, noon, noon + 3h), ElementsAre("5", "1"));
}

TEST_F(HistoryTest, deletes_what_has_aged) {
  const auto history = open();
  add(*history, noon);
  for (int i = 1; i <= 3; ++i) add(*history, noon + i * 20h);
  let_it_tidy(*history);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), IsEmpty());
  EXPECT_THAT(bodies(*history, 1h, noon, noon + 1min), ElementsAre("1"));
}

TEST_F(HistoryTest, does_not_believe_a_clock_that_was_set_far_ahead_until_an_hour_has_passed) {
  auto history = open();
  add(*history, noon);
  (void)bodies(*history, 1min, noon, noon + 1min);
  history = open();
  const Instant wrong = noon + 24h * 3000;
  for (int i = 0; i < 60; ++i) {
    add(*history, wrong + i * 1min);
    let_it_tidy(*history);
  }
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), ElementsAre("1"));
  add(*history, noon + 1min);
  let_it_tidy(*history);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 2min), ElementsAre("1", "1"));
  for (int i = 0; i < 61; ++i) {
    add(*history, wrong + i * 1min);
    let_it_tidy(*history);
  }
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), IsEmpty());
}

TEST_F(HistoryTest, sets_a_damaged_file_aside_and_begins_anew) {
  {
    const auto history = open();
    add(*history, noon);
  }
  std::ofstream{file, std::ios::trunc} << std::string(8192, 'x');
  const auto history = open();
  add(*history, noon + 1min);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), ElementsAre("1"));
  EXPECT_FALSE(history->trouble());
  std::string first;
  std::getline(std::ifstream{file.string() + ".damaged"} >> std::ws, first);
  EXPECT_EQ(first, std::string(8192, 'x'));
}

TEST_F(HistoryTest, notices_damage_while_it_runs) {
  {
    const auto history = open();
    for (int i = 0; i < 5; ++i) add(*history, noon + i * 1min);
  }
  const auto size = std::filesystem::file_size(file);
  {
    std::fstream damaged{file, std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekp(4096);
    damaged << std::string(size - 4096, '\xff');
  }
  const auto history = open();
  add(*history, noon + 10min);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), ElementsAre("1"));
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged"));
}

TEST_F(HistoryTest, begins_anew_when_its_file_was_deleted) {
  const auto history = open();
  add(*history, noon);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), ElementsAre("1"));
  std::filesystem::remove(file);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), IsEmpty());
  add(*history, noon + 1min);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), ElementsAre("1"));
}

TEST_F(HistoryTest, says_why_nothing_is_kept_and_goes_on_once_it_can) {
  file = folder.path() / "missing" / "history.db";
  const auto history = open();
  add(*history, noon);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1min), ElementsAre(HasSubstr("is not kept: " + file.string())));
  ASSERT_TRUE(history->trouble());
  EXPECT_THAT(history->trouble()->what, HasSubstr("No such file"));
  std::filesystem::create_directory(file.parent_path());
  add(*history, noon + 1min);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), ElementsAre("1"));
  EXPECT_FALSE(history->trouble());
}

/// Holds the history's thread up.
class Gate {
 public:
  void pass() {
    reached_.set_value();
    open_.get_future().wait();
  }
  void wait_until_reached() { reached_.get_future().wait(); }
  void open() { open_.set_value(); }

 private:
  std::promise<void> reached_;
  std::promise<void> open_;
};

TEST_F(HistoryTest, keeps_five_minutes_and_a_few_questions_waiting_for_a_slow_disk_and_no_more) {
  const auto history = open();
  Gate gate;
  history->add(noon, [&] {
    gate.pass();
    return std::vector<ProbeRollUp>{};
  });
  gate.wait_until_reached();
  for (int i = 0; i < 7; ++i) add(*history, noon + i * 1min);
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 18; ++i) {
    auto answered = std::make_shared<std::promise<bool>>();
    answers.push_back(answered->get_future());
    history->ask({"a", 1min, noon, noon},
                 [answered](const Result<History::Answer>& answer) { answered->set_value(answer.has_value()); });
  }
  gate.open();
  int refused = 0;
  for (std::future<bool>& answer : answers) refused += answer.get() ? 0 : 1;
  EXPECT_EQ(refused, 2);
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), testing::SizeIs(5));
}

TEST_F(HistoryTest, ends_without_the_rest_when_its_patience_is_over) {
  std::string refusal;
  auto history = open();
  Gate gate;
  history->add(noon, [&] {
    gate.pass();
    const auto note = [&](const Result<History::Answer>& answer) { refusal = answer ? "" : answer.error().message; };
    while (!refusal.contains("stopping")) history->ask({"a", 1min, noon, noon}, note);
    return std::vector<ProbeRollUp>{{"a", "1"}};
  });
  gate.wait_until_reached();
  add(*history, noon + 1min);
  gate.open();
  history->close(Duration{-1});
  history = open();
  EXPECT_THAT(bodies(*history, 1min, noon, noon + 1h), testing::SizeIs(1));
}

}  // namespace
}  // namespace candor::store
