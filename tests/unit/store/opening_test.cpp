#include <array>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/store/database.h"
#include "daemon/store/file_lock.h"
#include "daemon/store/log_format.h"
#include "daemon/store/schema.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

void write_file(const fs::path& file, const std::string& content) { std::ofstream(file, std::ios::binary) << content; }

/// One sentence: no line breaks, no full stop in the middle of nowhere.
testing::Matcher<std::string> sentence_with(const std::string& text) {
  return AllOf(HasSubstr(text), Not(HasSubstr("\n")));
}

TEST(Opening, makes_the_folder_and_a_file_that_only_its_owner_reads) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "state" / "deep" / "candor.db";
  EXPECT_EQ(problem_of(file), "");
  EXPECT_EQ(fs::status(file).permissions() & fs::perms::mask, fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Opening, refuses_a_second_daemon_on_the_same_journal_and_names_the_first) {
  const TemporaryFolder folder;
  {
    const OpenJournal first = open_journal(folder.journal());
    EXPECT_THAT(problem_of(folder.journal()),
                sentence_with(folder.journal().string() + " is in use by another candord (process " +
                              std::to_string(getpid()) + "); stop it or use another state_dir"));
    append(*first.journal, {signal_change(1)});
  }
  EXPECT_EQ(problem_of(folder.journal()), "");
}

TEST(Opening, lets_go_of_the_journal_when_it_is_closed) {
  const TemporaryFolder folder;
  const OpenJournal first = open_journal(folder.journal());
  first->close(std::chrono::seconds{60});
  EXPECT_EQ(problem_of(folder.journal()), "");
}

TEST(Opening, takes_over_a_lock_file_that_a_killed_daemon_left) {
  const TemporaryFolder folder;
  write_file(folder.journal().string() + ".lock", "4711\n");
  EXPECT_EQ(problem_of(folder.journal()), "");
}

TEST(Opening, tells_when_the_daemon_before_was_last_at_work) {
  const TemporaryFolder folder;
  const auto last_sign = [&folder] { return open_journal(folder.journal()).recovered.last_sign; };
  const auto work = [&folder] { append(*open_journal(folder.journal()).journal, {signal_change(1)}); };
  EXPECT_EQ(last_sign(), Instant{}) << "nobody was";
  EXPECT_EQ(last_sign(), Instant{}) << "who only opened it was not";
  work();
  const Instant then = from_ms(1'790'000'000'005);
  const timespec at{.tv_sec = then.time_since_epoch().count() / 1000, .tv_nsec = 5'000'000};
  const std::array both{at, at};  // as a daemon leaves it that is killed
  ASSERT_EQ(utimensat(AT_FDCWD, (folder.journal().string() + ".lock").c_str(), both.data(), 0), 0);
  EXPECT_EQ(last_sign(), then);
  EXPECT_EQ(last_sign(), then) << "a start that comes to nothing is no sign";
  const Instant before = wall_now();
  work();
  EXPECT_GE(last_sign(), before) << "its end is one";
}

TEST(Opening, tells_when_the_daemon_before_began_to_end) {
  const TemporaryFolder folder;
  const Duration ago = std::chrono::minutes{1};
  const auto taken = [&folder] { return FileLock::take(folder.journal()).value(); };
  const Instant before = wall_now();
  taken()->sign(7, {}, ago);
  const FileLock::Sign sign = taken()->last_sign().value();
  EXPECT_EQ(sign.sequence, 7U);
  EXPECT_GE(sign.at, before - ago - std::chrono::seconds{1});  // the file system's clock ticks less finely
  EXPECT_LE(sign.at, wall_now() - ago);
}

TEST(Opening, says_that_a_journal_is_begun_anew_where_one_was) {
  const TemporaryFolder folder;
  EXPECT_EQ(open_journal(folder.journal()).recovered.cut_short, "");
  append(*open_journal(folder.journal()).journal, {signal_change(1)});
  EXPECT_EQ(open_journal(folder.journal()).recovered.cut_short, "");
  write_file(folder.journal(), "");
  const OpenJournal journal = open_journal(folder.journal());
  EXPECT_THAT(journal.recovered.cut_short, sentence_with("is empty, though a candord worked with it until 20"));
  EXPECT_TRUE(journal.recovered.end_lost);
}

TEST(Opening, says_that_there_had_been_more_where_an_older_copy_was_put_in_place) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, {signal_change(1)});
  const fs::path copy = folder.path() / "copy";
  fs::copy(folder.journal(), copy);
  append(*open_journal(folder.journal()).journal, {signal_change(2), signal_change(3)});
  EXPECT_EQ(open_journal(folder.journal()).recovered.cut_short, "");
  fs::copy(copy, folder.journal(), fs::copy_options::overwrite_existing);
  fs::remove(folder.journal().string() + "-wal");
  {
    const OpenJournal journal = open_journal(folder.journal());
    EXPECT_EQ(journal.recovered.sequence, 1U);
    EXPECT_THAT(journal.recovered.cut_short,
                AllOf(sentence_with("ends with event 1 of 20"), HasSubstr("though a candord had written 3 by 20")));
    EXPECT_TRUE(journal.recovered.end_lost);
    EXPECT_EQ(journal.recovered.last_sign, Instant{}) << "nobody was there with this journal";
    append(*journal.journal, {signal_change(2)});
  }
  EXPECT_EQ(open_journal(folder.journal()).recovered.cut_short, "") << "it is told once";
}

/// A journal whose log was cut within its last transaction, of 8 events; 8 or 5 of them stood in the last sign.
/// `checks` are counted: how often recover() says that it reads all of it.
Recovered with_a_log_cut_short(bool signed_later, int& checks) {
  const TemporaryFolder folder;
  const std::string log = folder.journal().string() + "-wal";
  const auto put_aside = [](const std::string& file) {
    fs::copy(file, file + ".aside", fs::copy_options::overwrite_existing);
  };
  const auto put_back = [](const std::string& file) { fs::rename(file + ".aside", file); };
  {
    const OpenJournal journal = open_journal(folder.journal());
    for (std::uint64_t number = 1; number <= 5; ++number) append(*journal.journal, {signal_change(number)});
  }
  put_aside(folder.journal().string() + ".lock");
  {
    const OpenJournal journal = open_journal(folder.journal());
    for (std::uint64_t number = 6; number <= 8; ++number) append(*journal.journal, {signal_change(number)});
    put_aside(folder.journal());
    put_aside(log);
  }
  put_back(folder.journal());
  put_back(log);
  fs::remove(folder.journal().string() + "-shm");
  if (!signed_later) put_back(folder.journal().string() + ".lock");
  std::ostringstream bytes;
  bytes << std::ifstream(log, std::ios::binary).rdbuf();
  fs::resize_file(log, bytes.str().find_last_not_of('\0') - 100);
  return open_journal({.file = folder.journal(), .checking = [&checks] { ++checks; }}).recovered;
}

TEST(Opening, takes_a_log_that_was_cut_short_for_what_a_kill_leaves) {
  int checks = 0;
  const Recovered recovered = with_a_log_cut_short(false, checks);
  EXPECT_EQ(checks, 0) << "a start after a kill waits for no check of the whole journal";
  EXPECT_EQ(recovered.sequence, 7U);
  EXPECT_THAT(recovered.cut_short, sentence_with("the last transaction of journal"));
  EXPECT_FALSE(recovered.end_lost);
  EXPECT_NE(recovered.last_sign, Instant{});
}

TEST(Opening, says_that_events_are_lost_where_a_log_was_cut_short_and_the_last_sign_knows_more) {
  int checks = 0;
  const Recovered recovered = with_a_log_cut_short(true, checks);
  EXPECT_GE(checks, 1) << "no kill does that: all of it is checked";
  EXPECT_EQ(recovered.sequence, 7U);
  EXPECT_THAT(recovered.cut_short, sentence_with("what was written after event 7 of 20"));
  EXPECT_TRUE(recovered.end_lost);
  EXPECT_EQ(recovered.last_sign, Instant{});
}

std::string read_file(const fs::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

/// Where the frames of the last transaction of a log begin.
std::vector<std::size_t> last_frames_of(const std::string& log) {
  std::vector<std::size_t> frames;
  constexpr std::size_t frame_bytes = frame_header_bytes + 4096;
  for (std::size_t at = log_header_bytes; at + frame_bytes <= log.size(); at += frame_bytes) {
    if (log.compare(at + 8, 8, log, 16, 8) != 0) break;  // from before it was begun anew
    const bool is_behind_commit = !frames.empty() && big_endian(log, frames.back() + 4) != 0;
    if (is_behind_commit) frames.clear();
    frames.push_back(at);
  }
  return frames;
}

/// A journal of 7 events, as a kill leaves it, the last two of which and two pages were one transaction.
struct OpeningOfALog : testing::Test {
  const TemporaryFolder folder;
  OpenJournal it;
  std::string before;  ///< the file, without what the log holds
  std::string log;
  std::vector<std::size_t> last_frames;

  OpeningOfALog() {
    append(*open_journal(folder.journal()).journal, {signal_change(0)});
    it = open_journal(folder.journal());
    for (std::uint64_t number = 1; number < 5; ++number) {
      append(*it.journal,
             Batch{.events = {signal_change(number)}, .deliveries = {page_for(fmt::format("d{}", number))}});
    }
    append(*it.journal,
           Batch{.events = {signal_change(5), signal_change(6)}, .deliveries = {page_for("d5"), page_for("d6")}});
    settle(*it.journal);
    before = read_file(folder.journal());
    log = read_file(folder.journal().string() + "-wal");
    last_frames = last_frames_of(log);
  }

  /// Nobody has left a sign there.
  Opened<Recovered> opened(const std::string& file, const std::string& its_log) const {
    const TemporaryFolder copy;
    write_file(copy.journal(), file);
    write_file(copy.journal().string() + "-wal", its_log);
    Opened<std::unique_ptr<Journal>> journal = Journal::open({.file = copy.journal()});
    return journal ? (*journal)->recover() : std::unexpected(journal.error());
  }
};

TEST_F(OpeningOfALog, says_that_a_commit_is_lost_where_the_file_knows_more_than_its_damaged_log) {
  Database(folder.journal()).execute("PRAGMA wal_checkpoint(PASSIVE)");
  const std::string moved = read_file(folder.journal());
  for (const std::size_t frame : last_frames) {
    std::string damaged = log;
    damaged[frame + frame_header_bytes + 1000] ^= 1;
    const Opened<Recovered> recovered = opened(moved, damaged);
    ASSERT_TRUE(recovered) << recovered.error().message;
    EXPECT_EQ(recovered->sequence, 5U);
    EXPECT_THAT(recovered->cut_short, sentence_with("what was written after event 5 of 20"));
    EXPECT_TRUE(recovered->end_lost);
  }
}

TEST_F(OpeningOfALog, takes_a_page_that_a_kill_left_as_it_is_in_the_file_for_no_sign_of_a_commit) {
  ASSERT_GE(last_frames.size(), 3U);
  std::string torn = log.substr(0, last_frames.back() + 100);
  for (const std::size_t frame : last_frames) {
    if (frame == last_frames.back()) break;
    const std::size_t page = big_endian(torn, frame);
    torn.replace(frame + frame_header_bytes, 4096, before, (page - 1) * 4096, 4096);
  }
  const Opened<Recovered> recovered = opened(before, torn);
  ASSERT_TRUE(recovered) << recovered.error().message;
  EXPECT_EQ(recovered->sequence, 5U);
  EXPECT_THAT(recovered->cut_short, sentence_with("the last transaction of journal"));
  EXPECT_FALSE(recovered->end_lost);
}

TEST(Opening, says_what_to_do_where_the_folder_cannot_be_made) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "");
  EXPECT_THAT(problem_of(folder.path() / "file" / "candor.db"),
              sentence_with("needs a state_dir that it may write to"));
  EXPECT_THAT(problem_of("/proc/candor/candor.db"), sentence_with("needs a state_dir that it may write to"));
  EXPECT_THAT(problem_of("/proc/candor.db"), sentence_with("needs a state_dir that it may write to"));
}

TEST(Opening, refuses_a_directory_in_the_journals_place) {
  const TemporaryFolder folder;
  fs::create_directory(folder.journal());
  EXPECT_THAT(problem_of(folder.journal()), sentence_with("is a directory; name a file"));
}

TEST(Opening, refuses_a_file_that_is_no_database_and_leaves_it_alone) {
  const TemporaryFolder folder;
  const std::string text = "[daemon]\nlocation = \"fra1\"\n" + std::string(5000, 'x');
  write_file(folder.journal(), text);
  const auto said = AllOf(sentence_with("[store] url names the wrong file"), HasSubstr("restore it from a backup"));
  EXPECT_THAT(problem_of(folder.journal()), said);
  EXPECT_EQ(fs::file_size(folder.journal()), text.size());
  write_file(folder.journal(), std::string(32, 'k'));
  EXPECT_THAT(problem_of(folder.journal()), AllOf(said, testing::Not(HasSubstr("are gone")))) << "a key";
  write_file(folder.journal(), "SQLite format");
  EXPECT_THAT(problem_of(folder.journal()), sentence_with("all but 13 bytes of it are gone"));
}

TEST(Opening, refuses_another_programs_database) {
  const TemporaryFolder folder;
  write_file(folder.journal(), "");
  Database(folder.journal()).execute("CREATE TABLE bookmarks(url)");
  EXPECT_THAT(problem_of(folder.journal()), sentence_with("another program's database"));
  EXPECT_EQ(Database(folder.journal()).integer("SELECT count(*) FROM sqlite_master"), 1);
}

TEST(Opening, refuses_a_newer_journal_and_leaves_it_alone) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, {signal_change(1)});
  Database(folder.journal()).execute("PRAGMA user_version = 99");
  EXPECT_THAT(problem_of(folder.journal()), AllOf(sentence_with("version 99"), HasSubstr("install the newer candord")));
  Database(folder.journal()).execute("PRAGMA user_version = " + std::to_string(schema_steps().back().version));
  EXPECT_EQ(open_journal(folder.journal()).recovered.sequence, 1U);
}

TEST(Opening, tells_what_may_pass_from_what_stays) {
  const auto may_pass = [](const fs::path& file) {
    const Opened<std::unique_ptr<Journal>> journal = Journal::open({.file = file});
    return !journal && journal.error().may_pass;
  };
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "");
  EXPECT_TRUE(may_pass(folder.path() / "file" / "candor.db"));
  write_file(folder.path() / "no.db", std::string(5000, 'x'));
  EXPECT_FALSE(may_pass(folder.path() / "no.db"));
  EXPECT_FALSE(may_pass(folder.path()));
  const OpenJournal first = open_journal(folder.journal());
  EXPECT_TRUE(may_pass(folder.journal())) << "in use";
}

TEST(Opening, takes_an_empty_file_for_a_new_journal) {
  const TemporaryFolder folder;
  write_file(folder.journal(), "");
  EXPECT_EQ(problem_of(folder.journal()), "");
}

TEST(Opening, lets_others_read_meanwhile) {
  const TemporaryFolder folder;
  const OpenJournal it = open_journal(folder.journal());
  append(*it.journal, {signal_change(1)});
  Database reader(folder.journal());
  EXPECT_EQ(reader.integer("SELECT count(*) FROM events"), 1);
  EXPECT_EQ(reader.text("PRAGMA journal_mode"), "wal");
}

}  // namespace
}  // namespace candor::store
