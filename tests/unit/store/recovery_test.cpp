#include "daemon/store/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "daemon/store/database.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace incident;
using testing::HasSubstr;

std::vector<Event> series(std::uint64_t from, std::uint64_t to) {
  std::vector<Event> events;
  for (std::uint64_t i = from; i < to; ++i) events.push_back(signal_change(i));
  return events;
}

/// Appends `events` with a snapshot after the first `at` of them.
void write(Journal& journal, const std::vector<Event>& events, std::size_t at) {
  const auto middle = events.begin() + static_cast<std::ptrdiff_t>(at);
  journal.append({.events = {events.begin(), middle}}, [](Batch) {});
  journal.snapshot(encode(folded(std::span{events}.first(at))));
  journal.append({.events = {middle, events.end()}}, [](Batch) {});
  settle(journal);
}

TEST(Recovery, of_an_empty_journal_is_an_empty_state) {
  const TemporaryFolder folder;
  const OpenJournal it = open_journal(folder.journal());
  EXPECT_EQ(it.recovered.state, State{});
  EXPECT_EQ(it.recovered.sequence, 0U);
  EXPECT_EQ(it.recovered.folded, 0U);
  EXPECT_TRUE(it.recovered.outbox.empty());
}

TEST(Recovery, equals_the_fold_of_all_events_wherever_the_snapshot_lies) {
  const std::vector<Event> events = one_of_each();
  for (std::size_t at = 0; at <= events.size(); ++at) {
    const TemporaryFolder folder;
    write(*open_journal(folder.journal()).journal, events, at);
    const Recovered recovered = open_journal(folder.journal()).recovered;
    EXPECT_EQ(recovered.state, folded(events)) << at;
    EXPECT_EQ(recovered.sequence, events.size());
    EXPECT_EQ(recovered.folded, events.size() - at);
  }
}

TEST(Recovery, goes_on_where_the_journal_ended) {
  const TemporaryFolder folder;
  std::vector<Event> all;
  for (std::uint64_t run = 0; run < 5; ++run) {
    const OpenJournal it = open_journal(folder.journal());
    EXPECT_EQ(it.recovered.sequence, run * 10);
    EXPECT_EQ(it.recovered.state, folded(all));
    const std::vector<Event> more = series(run * 10, run * 10 + 10);
    append(*it.journal, more);
    all.insert(all.end(), more.begin(), more.end());
    if (run % 2 == 1) it->snapshot(encode(folded(all)));
  }
}

/// Three snapshots, at 10, 20 and 30 of 40 events.
void write_with_snapshots(const std::filesystem::path& file) {
  const OpenJournal it = open_journal(file);
  const std::vector<Event> events = series(0, 40);
  for (std::size_t at = 0; at < 40; at += 10) {
    if (at > 0) it->snapshot(encode(folded(std::span{events}.first(at))));
    it->append({.events = series(at, at + 10)}, [](Batch) {});
  }
}

void execute(const std::filesystem::path& file, const std::string& sql) { Database(file).execute(sql); }

TEST(Recovery, keeps_the_last_two_snapshots) {
  const TemporaryFolder folder;
  write_with_snapshots(folder.journal());
  Database database(folder.journal());
  EXPECT_EQ(database.integer("SELECT count(*) FROM snapshots"), 2);
  EXPECT_EQ(database.integer("SELECT min(seq) FROM snapshots"), 20);
  EXPECT_EQ(open_journal(folder.journal()).recovered.folded, 10U);
}

TEST(Recovery, falls_back_to_the_older_snapshot_and_then_to_the_first_event) {
  const TemporaryFolder folder;
  write_with_snapshots(folder.journal());
  const State whole = folded(series(0, 40));

  execute(folder.journal(), "UPDATE snapshots SET body = body || ' ' WHERE seq = 30");
  Recovered recovered = open_journal(folder.journal()).recovered;
  EXPECT_EQ(recovered.folded, 20U);
  EXPECT_EQ(recovered.state, whole);

  execute(folder.journal(), "UPDATE snapshots SET checksum = checksum + 1 WHERE seq = 20");
  recovered = open_journal(folder.journal()).recovered;
  EXPECT_EQ(recovered.folded, 40U);
  EXPECT_EQ(recovered.state, whole);
}

TEST(Recovery, does_not_believe_a_snapshot_that_is_newer_than_the_last_event) {
  const TemporaryFolder folder;
  write_with_snapshots(folder.journal());
  execute(folder.journal(), "UPDATE snapshots SET seq = 41 WHERE seq = 30");
  EXPECT_EQ(open_journal(folder.journal()).recovered.folded, 20U);
}

TEST(Recovery, refuses_a_damaged_event_by_its_number) {
  const std::vector<std::string> damages = {"body = replace(body, 'observation', 'obsErvation')",
                                            "at = at + 1",
                                            "actor = 'rule:other'",
                                            "human = 1 - human",
                                            "incident = 'x'",
                                            "token = 'signal_forgotten'",
                                            "checksum = checksum + 1"};
  for (const std::string& damage : damages) {
    const TemporaryFolder folder;
    append(*open_journal(folder.journal()).journal, series(0, 20));
    execute(folder.journal(), "UPDATE events SET " + damage + " WHERE seq = 17");
    const std::string problem = problem_of(folder.journal());
    EXPECT_THAT(problem, HasSubstr("event 17 is damaged")) << damage;
    EXPECT_THAT(problem, HasSubstr("restore it from a backup")) << damage;
    EXPECT_THAT(problem, HasSubstr(folder.journal().string())) << damage;
  }
}

TEST(Recovery, refuses_a_journal_that_has_lost_events) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, series(0, 20));
  execute(folder.journal(), "DELETE FROM events WHERE seq = 20");
  EXPECT_THAT(problem_of(folder.journal()), HasSubstr("event 20 is missing"));
  execute(folder.journal(), "DELETE FROM events WHERE seq = 7");
  EXPECT_THAT(problem_of(folder.journal()), HasSubstr("event 7 is missing"));
  execute(folder.journal(), "DELETE FROM events");
  EXPECT_THAT(problem_of(folder.journal()), HasSubstr("event 1 is missing"));
}

TEST(Recovery, says_to_move_the_log_of_another_journal_away_with_it) {
  const TemporaryFolder folder;
  const std::string log = folder.journal().string() + "-wal";
  EXPECT_THAT(damaged(folder.journal().string(), "event 9 is missing"), testing::Not(HasSubstr("-wal")));
  folder.write("candor.db-wal", "");
  EXPECT_THAT(damaged(folder.journal().string(), "event 9 is missing"), testing::Not(HasSubstr("-wal")));
  folder.write("candor.db-wal", "frames");
  EXPECT_THAT(damaged(folder.journal().string(), "event 9 is missing"), HasSubstr("move " + log + " away as well"));
}

TEST(Recovery, refuses_a_damaged_delivery_in_the_outbox) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal, {.deliveries = {page_for("d1")}});
  execute(folder.journal(), "UPDATE outbox SET body = replace(body, 'ana', 'eve')");
  EXPECT_THAT(problem_of(folder.journal()), HasSubstr("delivery d1 in its outbox is damaged"));
}

TEST(Recovery, survives_texts_that_are_not_utf_8) {
  const TemporaryFolder folder;
  Event event = signal_change(1);
  std::get<SignalChanged>(event.change).seen.evidence = "body starts with \xFF\xFE\x80";
  append(*open_journal(folder.journal()).journal, {event});
  EXPECT_EQ(problem_of(folder.journal()), "");
}

struct Retention : testing::Test {
  TemporaryFolder folder;
  JournalOptions options{.file = folder.journal(), .keep_signal_changes = std::chrono::hours{24}};
  Instant old = from_ms(1'790'000'000'000);
  Instant now = old + std::chrono::hours{48};

  [[nodiscard]] std::int64_t count(const std::string& where = "1") const {
    return Database(folder.journal()).integer("SELECT count(*) FROM events WHERE " + where);
  }
};

TEST_F(Retention, deletes_old_signal_changes_and_heartbeats_that_a_snapshot_covers_and_nothing_else) {
  std::vector<Event> events = one_of_each();
  for (std::uint64_t i = 0; i < 10; ++i) events.push_back(signal_change(i, old));
  for (std::uint64_t i = 0; i < 10; ++i) events.push_back(signal_change(i, now - std::chrono::hours{1}));
  const auto size = static_cast<std::int64_t>(events.size());
  {
    const OpenJournal it = open_journal(options);
    append(*it.journal, events);
    it->prune(now);
    settle(*it.journal);
    EXPECT_EQ(count(), size);  // without a snapshot they are needed
    it->snapshot(encode(folded(events)));
    append(*it.journal, {signal_change(99, old)});
    it->prune(now);
    settle(*it.journal);
    settle(*it.journal);
  }
  const std::int64_t old_heartbeats = 1;
  EXPECT_EQ(count(), size - 10 - 1 - old_heartbeats + 1);
  EXPECT_EQ(count("token = 'heartbeat_received'"), 0);
  EXPECT_EQ(count("token = 'signal_changed'"), 11);
  EXPECT_EQ(count("token <> 'signal_changed'"), size - 21 - old_heartbeats);
  events.push_back(signal_change(99, old));
  const Recovered recovered = open_journal(options).recovered;
  EXPECT_EQ(recovered.state, folded(events));
  EXPECT_EQ(recovered.sequence, events.size());
}

TEST_F(Retention, deletes_many_in_several_transactions) {
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 12'500; ++i) events.push_back(signal_change(i, old));
  const OpenJournal it = open_journal(options);
  append(*it.journal, events);
  it->snapshot(encode(folded(events)));
  settle(*it.journal);
  const std::uint64_t before = it->figures().commits;
  it->prune(now);
  // A prune goes on after what queued up meanwhile: three parts, so at most as many rounds until all is gone.
  for (int i = 0; i < 4 && count() > 0; ++i) settle(*it.journal);
  EXPECT_EQ(count(), 0);
  EXPECT_GE(it->figures().commits, before + 3);
}

TEST_F(Retention, goes_on_where_it_ended_when_more_has_aged) {
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 3; ++i) events.push_back(signal_change(i, old));
  for (std::uint64_t i = 0; i < 3; ++i) events.push_back(signal_change(i, now));
  const OpenJournal it = open_journal(options);
  append(*it.journal, events);
  it->snapshot(encode(folded(events)));
  it->prune(now);
  settle(*it.journal);
  EXPECT_EQ(count(), 3);
  it->prune(now + std::chrono::hours{24});
  settle(*it.journal);
  EXPECT_EQ(count(), 3);  // not older than a day yet
  it->prune(now + std::chrono::hours{48});
  settle(*it.journal);
  EXPECT_EQ(count(), 0);
}

TEST_F(Retention, takes_events_of_a_clock_that_was_ahead_for_as_old_as_the_next) {
  const Instant ahead = now + std::chrono::hours{24 * 400};
  std::vector<Event> events;
  const auto add = [&events](std::uint64_t how_many, Instant at) {
    for (std::uint64_t i = 0; i < how_many; ++i) events.push_back(signal_change(events.size(), at));
  };
  add(2, old);
  add(6'000, ahead);  // more than are looked at in one go
  add(2, old);
  add(3, ahead);
  add(2, now);
  add(2, ahead);
  const OpenJournal it = open_journal(options);
  append(*it.journal, events);
  it->snapshot(encode(folded(events)));
  it->prune(now);
  for (int i = 0; i < 4; ++i) settle(*it.journal);
  EXPECT_EQ(count(), 7);
  EXPECT_EQ(count("seq <= 6004"), 0);
  it->prune(now + std::chrono::hours{48});
  settle(*it.journal);
  EXPECT_EQ(count(), 2);  // nobody knows how old they are
}

TEST_F(Retention, deletes_nothing_while_the_clock_is_behind) {
  const std::vector<Event> events{signal_change(0, now), signal_change(1, now)};
  const OpenJournal it = open_journal(options);
  append(*it.journal, events);
  it->snapshot(encode(folded(events)));
  it->prune(now - std::chrono::hours{24 * 3000});
  settle(*it.journal);
  EXPECT_EQ(count(), 2);
}

TEST_F(Retention, never_uses_a_number_again) {
  const std::vector<Event> events{signal_change(0, old), signal_change(1, old)};
  {
    const OpenJournal it = open_journal(options);
    append(*it.journal, events);
    it->snapshot(encode(folded(events)));
    it->prune(now);
    settle(*it.journal);
  }
  ASSERT_EQ(count(), 0);
  {
    const OpenJournal it = open_journal(options);
    EXPECT_EQ(it.recovered.sequence, 2U);
    append(*it.journal, {signal_change(2, now)});
  }
  EXPECT_EQ(count("seq = 3"), 1);
}

TEST_F(Retention, refuses_to_guess_when_no_snapshot_is_sound_and_older_events_are_gone) {
  {
    const OpenJournal it = open_journal(options);
    append(*it.journal, {signal_change(0, old)});
    it->snapshot(encode(folded(std::vector{signal_change(0, old)})));
    it->prune(now);
    settle(*it.journal);
  }
  execute(folder.journal(), "UPDATE snapshots SET checksum = 0");
  EXPECT_THAT(problem_of(folder.journal()), HasSubstr("no snapshot is sound"));
}

}  // namespace
}  // namespace candor::store
