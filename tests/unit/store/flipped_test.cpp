/// One byte changed anywhere in the journal's files: it changes nothing, or it is told. CANDOR_EVERY=1 tries every
/// byte; otherwise every 197th, from one that each run draws and prints, and CANDOR_FROM=N repeats.
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "daemon/store/database.h"
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
std::string flipped(std::string bytes, std::size_t at, unsigned mask) {
  bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ mask);
  return bytes;
}
void write_file(const fs::path& file, const std::string& content) { std::ofstream(file, std::ios::binary) << content; }

/// What a journal says after one of its commits.
struct Truth {
  std::uint64_t sequence = 0;
  State state;
  std::vector<OutboxRow> outbox;

  void take(const Batch& batch) {
    for (const Event& event : batch.events) {
      apply(state, event);
      ++sequence;
      if (const auto* ended = std::get_if<DeliveryEnded>(&event.change)) {
        std::erase_if(outbox, [&](const OutboxRow& row) { return row.delivery.id == ended->delivery; });
      }
    }
    for (const Delivery& delivery : batch.deliveries) outbox.push_back({.delivery = delivery, .last_error = {}});
    for (const Attempted& attempted : batch.attempts) {
      for (OutboxRow& row : outbox) {
        if (row.delivery.id != attempted.delivery) continue;
        row = {row.delivery, attempted.attempts, attempted.not_before, attempted.error};
      }
    }
  }
  [[nodiscard]] bool is(const Recovered& found) const {
    return found.sequence == sequence && found.state == state &&
           std::ranges::equal(found.outbox, outbox, [](const OutboxRow& a, const OutboxRow& b) {
             return a.delivery == b.delivery && a.attempts == b.attempts && a.not_before == b.not_before &&
                    a.last_error == b.last_error;
           });
  }
};

/// A journal with pruned events, two snapshots and an outbox under way, closed.
struct OneFlippedByte : testing::Test {
  enum class Fate : std::uint8_t { refused, told, whole, wrong };

  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "copy.db";
  const Instant later = from_ms(1'790'000'000'000) + std::chrono::hours{1};
  std::string closed;
  std::vector<Truth> commits{Truth{}};  ///< after each commit

  OneFlippedByte() {
    {
      OpenJournal it = open_journal({.file = folder.journal(), .keep_signal_changes = std::chrono::minutes{1}});
      write(*it.journal, {.events = one_of_each()});
      for (std::uint64_t i = 0; i < 60; ++i) write(*it.journal, {.events = {signal_change(i)}});
      snapshot(*it.journal);
      write(*it.journal, {.deliveries = {page_for("d1"), page_for("d2"), page_for("d3"), page_for("d4")}});
      write(*it.journal, {.events = {signal_change(60, later)}});
      snapshot(*it.journal);
      it->prune(later);
      settle(*it.journal);
      write(*it.journal, {.attempts = {{"d1", 3, later, "503 Service Unavailable"}}});
      for (std::uint64_t i = 61; i < 70; ++i) write(*it.journal, {.events = {signal_change(i, later)}});
      it->close(std::chrono::seconds{60});
    }
    closed = read_file(folder.journal());
  }

  Event ending(const std::string& delivery) const {
    return {later, {"candor"}, "inc000000001", DeliveryEnded{delivery, DeliveryEnd::delivered, "200"}};
  }
  void write(Journal& journal, const Batch& batch) {
    append(journal, batch);
    commits.push_back(commits.back());
    commits.back().take(batch);
  }
  void snapshot(Journal& journal) {
    journal.snapshot(encode(commits.back().state));
    settle(journal);
  }

  /// Opens the files, goes on writing and opens them again. `last` is the commit that an undamaged one would hold.
  Fate fate_of(const std::string& file, const std::string& its_log, std::size_t last) const {
    for (const char* beside : {"", "-wal", "-shm", "-journal"}) fs::remove(copy.string() + beside);
    write_file(copy, file);
    if (!its_log.empty()) write_file(copy.string() + "-wal", its_log);
    Opened<std::unique_ptr<Journal>> journal = Journal::open({.file = copy});
    Opened<Recovered> found = journal ? (*journal)->recover() : std::unexpected(journal.error());
    if (!found) return is_one_sentence(found.error().message) ? Fate::refused : Fate::wrong;
    const auto truth = std::ranges::find_if(commits, [&](const Truth& commit) { return commit.is(*found); });
    if (truth == commits.end() || !goes_on(**journal, *truth)) return Fate::wrong;
    if (truth == commits.begin() + static_cast<std::ptrdiff_t>(last)) return Fate::whole;
    return is_one_sentence(found->cut_short) ? Fate::told : Fate::wrong;
  }

  /// Writes on, and whether what is read afterwards is true or refused.
  [[nodiscard]] bool goes_on(Journal& journal, const Truth& truth) const {
    Batch more{.events = {ending("d2")}, .deliveries = {page_for("d9")}, .attempts = {{"d3", 2, later, "timeout"}}};
    for (std::uint64_t i = 0; i < 40; ++i) more.events.push_back(signal_change(i, later));
    Truth after = truth;
    after.take(more);
    // On a damaged file this may be refused, in time.
    journal.append(std::move(more), [](Batch) {});
    journal.close(Duration{0});
    Opened<std::unique_ptr<Journal>> again = Journal::open({.file = copy});
    Opened<Recovered> found = again ? (*again)->recover() : std::unexpected(again.error());
    return found ? after.is(*found) || truth.is(*found) : is_one_sentence(found.error().message);
  }

  [[nodiscard]] bool is_one_sentence(const std::string& text) const {
    return text.contains(copy.string()) && !text.contains('\n');
  }

  /// The bytes to try: the whole head of a file of that size, and some of the rest.
  static std::vector<std::size_t> places(std::size_t head, std::size_t size) {
    const std::size_t every = asked("CANDOR_EVERY", 197);
    static const std::size_t drawn = asked("CANDOR_FROM", std::random_device{}());
    const std::size_t from = drawn % every;
    std::cout << "CANDOR_EVERY=" << every << " CANDOR_FROM=" << from << '\n';
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at < size; ++at) {
      if (at < head || at % every == from) places.push_back(at);
    }
    return places;
  }
  static std::size_t asked(const char* name, std::size_t usual) {
    const char* value = std::getenv(name);
    return value == nullptr ? usual : std::strtoull(value, nullptr, 10);
  }
};

TEST_F(OneFlippedByte, in_the_file_is_refused_or_changes_nothing) {
  const std::size_t last = commits.size() - 1;
  ASSERT_EQ(fate_of(closed, "", last), Fate::whole);
  std::map<Fate, std::size_t> count;
  for (const std::size_t at : places(112, closed.size())) {
    for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
      const Fate fate = fate_of(flipped(closed, at, mask), "", last);
      ++count[fate];
      EXPECT_THAT(fate, testing::AnyOf(Fate::whole, Fate::refused)) << "byte " << at << " ^ " << mask;
    }
  }
  std::cout << closed.size() << " bytes: " << count[Fate::refused] << " refused, " << count[Fate::whole]
            << " changed nothing\n";
  EXPECT_GT(count[Fate::refused], 100U);
}

/// After a kill: what the log holds is in the file too, or is not, or the log was begun anew over what it held before.
struct OneFlippedByteInTheLog : OneFlippedByte, testing::WithParamInterface<const char*> {
  std::string file, log;

  OneFlippedByteInTheLog() {
    OpenJournal it = open_journal(folder.journal());
    const std::string variant = GetParam();
    go_on(*it.journal, 70);
    if (variant != "fresh") Database(folder.journal()).execute("PRAGMA wal_checkpoint(PASSIVE)");
    if (variant == "begun_anew") {
      write(*it.journal, {.events = {signal_change(90, later)}});
      write(*it.journal, {.events = {signal_change(91, later)}});
    }
    file = read_file(folder.journal());
    log = read_file(folder.journal().string() + "-wal");
  }

  void go_on(Journal& journal, std::uint64_t from) {
    for (std::uint64_t i = from; i < from + 6; ++i) write(journal, {.events = {signal_change(i, later)}});
    write(journal, {.attempts = {{"d2", 1, later, "connect: Connection refused"}}});
    write(journal, {.events = {ending("d4")}});
  }
};

TEST_P(OneFlippedByteInTheLog, is_told_or_changes_nothing) {
  const std::size_t last = commits.size() - 1;
  ASSERT_EQ(fate_of(file, log, last), Fate::whole);
  std::map<Fate, std::size_t> count;
  for (const std::size_t at : places(56, log.size())) {
    const Fate fate = fate_of(file, flipped(log, at, 0x55U), last);
    ++count[fate];
    EXPECT_NE(fate, Fate::wrong) << "byte " << at;
  }
  std::cout << log.size() << " bytes: " << count[Fate::refused] << " refused, " << count[Fate::told] << " told, "
            << count[Fate::whole] << " changed nothing\n";
  EXPECT_GT(count[Fate::told] + count[Fate::refused], 100U);
}

INSTANTIATE_TEST_SUITE_P(That, OneFlippedByteInTheLog, testing::Values("fresh", "in_the_file_too", "begun_anew"),
                         [](const auto& it) { return std::string{it.param}; });

}  // namespace
}  // namespace candor::store
