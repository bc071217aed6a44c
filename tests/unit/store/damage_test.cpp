#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;
using namespace incident;

std::string read_file(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}
void write_file(const fs::path& file, const std::string& content) { std::ofstream(file, std::ios::binary) << content; }

/// A journal with a snapshot, events after it and two deliveries; its files' content, by suffix.
struct Damage : testing::Test {
  TemporaryFolder folder;
  std::vector<Event> events = one_of_each();
  std::vector<State> prefixes{State{}};

  Damage() {
    for (std::uint64_t i = 0; i < 30; ++i) events.push_back(signal_change(i));
    State state;
    for (const Event& event : events) {
      apply(state, event);
      prefixes.push_back(state);
    }
  }

  /// Writes the journal into the folder; with `keep_wal`, answers its files as a kill -9 leaves them.
  std::map<std::string, std::string> files(bool keep_wal) {
    const OpenJournal it = open_journal(folder.journal());
    const std::size_t half = events.size() / 2;
    for (std::size_t i = 0; i < half; ++i) append(*it.journal, {events[i]});
    it->snapshot(encode(prefixes[half]));
    append(*it.journal, {.deliveries = {page_for("d1"), page_for("d2")}});
    for (std::size_t i = half; i < events.size(); ++i) append(*it.journal, {events[i]});
    if (!keep_wal) it->close(std::chrono::seconds{60});
    std::map<std::string, std::string> found;
    for (const std::string suffix : {"", "-wal"}) {
      const fs::path file = folder.journal().string() + suffix;
      if (fs::exists(file)) found[suffix] = read_file(file);
    }
    return found;
  }

  void put(const std::map<std::string, std::string>& content) const {
    for (const std::string suffix : {"", "-wal", "-shm"}) fs::remove(copy().string() + suffix);
    for (const auto& [suffix, bytes] : content) write_file(copy().string() + suffix, bytes);
  }
  [[nodiscard]] fs::path copy() const { return folder.path() / "copy.db"; }

  /// Opens the copy: an error in a sentence, or the whole truth up to some event. Answers whether it was taken.
  bool opens_truthfully(const std::string& damage) const {
    Opened<std::unique_ptr<Journal>> journal = Journal::open({.file = copy()});
    Opened<Recovered> recovered = journal ? (*journal)->recover() : std::unexpected(journal.error());
    if (!recovered) {
      EXPECT_NE(recovered.error().message.find(copy().string()), std::string::npos) << recovered.error().message;
      EXPECT_EQ(recovered.error().message.find('\n'), std::string::npos) << recovered.error().message;
      return false;
    }
    EXPECT_LT(recovered->sequence, prefixes.size()) << damage;
    if (recovered->sequence < prefixes.size()) {
      EXPECT_TRUE(recovered->state == prefixes[recovered->sequence]) << damage;
    }
    for (std::size_t i = 0; i < recovered->outbox.size(); ++i) {
      EXPECT_EQ(recovered->outbox[i].delivery, page_for(i == 0 ? "d1" : "d2")) << damage;
    }
    if (recovered->sequence == events.size()) {
      EXPECT_EQ(recovered->outbox.size(), 2U) << damage;
    }
    return true;
  }
};

TEST_F(Damage, of_one_byte_is_refused_or_harmless) {
  const std::map<std::string, std::string> whole = files(false);
  ASSERT_EQ(whole.size(), 1U);
  const std::string& database = whole.at("");
  put(whole);
  ASSERT_TRUE(opens_truthfully("none"));
  std::size_t refused = 0;
  for (std::size_t offset = 0; offset < database.size(); offset += offset < 100 ? 1 : 127) {
    std::string damaged = database;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 0x55);
    put({{"", damaged}});
    if (!opens_truthfully("offset " + std::to_string(offset))) ++refused;
  }
  EXPECT_GT(refused, 20U);
}

TEST_F(Damage, of_a_whole_page_is_refused_or_harmless) {
  const std::map<std::string, std::string> whole = files(false);
  for (std::size_t page = 0; page < whole.at("").size(); page += 4096) {
    for (const char fill : {'\0', '\xFF'}) {
      std::string damaged = whole.at("");
      damaged.replace(page, 4096, 4096, fill);
      put({{"", damaged}});
      opens_truthfully("page at " + std::to_string(page));
    }
  }
}

TEST_F(Damage, of_the_write_ahead_log_leaves_the_truth_up_to_some_event) {
  const std::map<std::string, std::string> whole = files(true);
  ASSERT_EQ(whole.size(), 2U);
  const std::string& log = whole.at("-wal");
  std::size_t taken = 0;
  for (std::size_t offset = 0; offset < log.size(); offset += 1 + log.size() / 120) {
    std::map<std::string, std::string> damaged = whole;
    damaged["-wal"][offset] = static_cast<char>(log[offset] ^ 0x55);
    put(damaged);
    taken += opens_truthfully("offset " + std::to_string(offset)) ? 1U : 0U;
    damaged["-wal"] = log.substr(0, offset);
    put(damaged);
    taken += opens_truthfully("cut at " + std::to_string(offset)) ? 1U : 0U;
  }
  EXPECT_GT(taken, 120U);
}

TEST_F(Damage, of_a_file_emptied_beside_its_log_is_refused) {
  std::map<std::string, std::string> left = files(true);
  left[""].clear();
  put(left);
  EXPECT_FALSE(opens_truthfully("emptied"));
}

TEST_F(Damage, by_cutting_the_file_is_refused_or_harmless) {
  const std::map<std::string, std::string> whole = files(false);
  const std::string& database = whole.at("");
  constexpr std::size_t last_page = 4096;  // nothing is in it
  for (std::size_t length = 1; length < database.size(); length += 1013) {
    put({{"", database.substr(0, length)}});
    const bool opens = opens_truthfully("length " + std::to_string(length));
    EXPECT_TRUE(!opens || length > database.size() - last_page) << length;
  }
}

}  // namespace
}  // namespace candor::store
