#include "base/log_writer.h"

#include <condition_variable>
#include <mutex>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace candor::log {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr milliseconds forever{60'000};

Line line(std::string text) { return {.level = Level::info, .at = {}, .parts = {std::move(text)}}; }

/// Whoever reads the lines, as a test wants it. A writer that was left behind keeps it.
class Reader {
 public:
  void stall() {
    const std::lock_guard lock(mutex_);
    stalls_ = true;
  }
  void go_on() {
    const std::lock_guard lock(mutex_);
    stalls_ = false;
    changed_.notify_all();
  }
  void go_away(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }
  /// Until the writer's thread waits with a line.
  void wait_until_waited_for() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waited_for_; });
  }
  bool take(const Line& line) {
    std::unique_lock lock(mutex_);
    waited_for_ = stalls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stalls_; });
    waited_for_ = false;
    if (away_) return false;
    taken_.push_back(line.parts.front());
    return true;
  }
  [[nodiscard]] std::vector<std::string> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stalls_ = false;
  bool waited_for_ = false;
  bool away_ = false;
  std::vector<std::string> taken_;
};

class LogWriter : public testing::Test {
 protected:
  std::unique_ptr<Writer> writer(Writer::Bounds bounds = {}, milliseconds patience = forever) {
    return std::make_unique<Writer>([reader = reader_](const Line& line) { return reader->take(line); },
                                    [](std::uint64_t lines) { return line(fmt::format("{} lost", lines)); }, bounds,
                                    patience);
  }
  /// One that waits with the line "first".
  std::unique_ptr<Writer> stalled(Writer::Bounds bounds = {}, milliseconds patience = forever) {
    reader_->stall();
    std::unique_ptr<Writer> it = writer(bounds, patience);
    it->put(line("first"));
    reader_->wait_until_waited_for();
    return it;
  }

  std::shared_ptr<Reader> reader_ = std::make_shared<Reader>();
};

TEST_F(LogWriter, keeps_the_order_of_lines) {
  std::vector<std::string> put;
  const std::unique_ptr<Writer> it = writer();
  for (int i = 0; i < 1000; ++i) it->put(line(put.emplace_back(fmt::to_string(i))));
  EXPECT_TRUE(it->flush(forever));
  EXPECT_EQ(reader_->taken(), put);
}

TEST_F(LogWriter, waits_for_no_reader_and_tells_how_many_new_lines_were_lost_in_their_place) {
  const std::unique_ptr<Writer> it = stalled({.lines = 2});
  for (const char* text : {"a", "b", "c", "d", "e"}) it->put(line(text));
  EXPECT_THAT(reader_->taken(), ElementsAre());
  reader_->go_on();
  EXPECT_TRUE(it->flush(forever));
  it->put(line("f"));
  EXPECT_TRUE(it->flush(forever));
  EXPECT_THAT(reader_->taken(), ElementsAre("first", "a", "b", "3 lost", "f"));
  EXPECT_EQ(it->lost(), 3U);
}

TEST_F(LogWriter, bounds_the_bytes_that_wait) {
  const std::unique_ptr<Writer> it = stalled({.bytes = 1000});
  it->put(line(std::string(600, 'a')));
  it->put(line(std::string(600, 'b')));
  it->put(line("small"));
  it->put(line(std::string(2000, 'c')));
  reader_->go_on();
  EXPECT_TRUE(it->flush(forever));
  it->put(line(std::string(600, 'd')));
  EXPECT_TRUE(it->flush(forever));
  EXPECT_THAT(reader_->taken(), ElementsAre("first", std::string(600, 'a'), "small", "2 lost", std::string(600, 'd')));
}

TEST_F(LogWriter, tells_a_reader_that_comes_back_what_it_has_missed) {
  reader_->go_away(true);
  const std::unique_ptr<Writer> it = writer();
  for (const char* text : {"a", "b"}) it->put(line(text));
  EXPECT_TRUE(it->flush(forever)) << "nobody waits for a reader that is gone";
  reader_->go_away(false);
  it->put(line("c"));
  EXPECT_TRUE(it->flush(forever));
  EXPECT_THAT(reader_->taken(), ElementsAre("2 lost", "c"));
  EXPECT_EQ(it->lost(), 2U);
}

TEST_F(LogWriter, writes_what_waits_at_its_end) {
  std::unique_ptr<Writer> it = stalled({.lines = 1});
  for (const char* text : {"a", "b"}) it->put(line(text));
  reader_->go_on();
  it = nullptr;
  EXPECT_THAT(reader_->taken(), ElementsAre("first", "a", "1 lost"));
}

TEST_F(LogWriter, leaves_a_reader_that_stalls_to_itself_once_its_patience_is_over) {
  std::unique_ptr<Writer> it = stalled({}, milliseconds{1});
  it->put(line("a"));
  EXPECT_FALSE(it->flush(milliseconds{1}));
  it = nullptr;
  EXPECT_THAT(reader_->taken(), ElementsAre());
  reader_->go_on();  // and the thread that was left behind ends by itself
}

TEST_F(LogWriter, counts_a_line_whose_writing_throws) {
  bool throws = true;
  std::vector<std::string> taken;
  Writer it{[&](const Line& line) {
              if (std::exchange(throws, false)) throw std::bad_alloc{};
              taken.push_back(line.parts.front());
              return true;
            },
            [](std::uint64_t lines) { return line(fmt::format("{} lost", lines)); },
            {},
            forever};
  it.put(line("a"));
  EXPECT_TRUE(it.flush(forever));
  EXPECT_THAT(taken, ElementsAre("1 lost"));
}

}  // namespace
}  // namespace candor::log
