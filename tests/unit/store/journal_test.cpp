#include <future>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/incident/codec.h"
#include "daemon/store/database.h"
#include "tests/unit/store/journal_fixture.h"

namespace candor::store {
namespace {

using namespace incident;
using testing::ElementsAre;

struct Row {
  std::uint64_t sequence;
  Event event;
};

std::vector<Row> rows_of(const std::filesystem::path& file) {
  Database database(file);
  Statement rows(database, "SELECT seq, at, actor, human, incident, token, body FROM events ORDER BY seq");
  std::vector<Row> found;
  while (rows.step()) {
    Result<Change> change = decode_change(rows.text(5), rows.text(6));
    if (!change) throw std::runtime_error(change.error().message);
    found.push_back({rows.natural(0),
                     {from_ms(rows.integer(1)),
                      {std::string{rows.text(2)}, rows.integer(3) != 0},
                      std::string{rows.text(4)},
                      std::move(*change)}});
  }
  return found;
}

TEST(Journal, keeps_every_kind_of_event_as_it_was) {
  const TemporaryFolder folder;
  const std::vector<Event> events = one_of_each();
  std::set<std::size_t> kinds;
  for (const Event& event : events) kinds.insert(event.change.index());
  ASSERT_EQ(kinds.size(), std::variant_size_v<Change>) << "one_of_each() lacks a kind";
  append(*open_journal(folder.journal()).journal, events);

  const std::vector<Row> rows = rows_of(folder.journal());
  ASSERT_EQ(rows.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(rows[i].sequence, i + 1);
    EXPECT_EQ(rows[i].event.at, events[i].at);
    EXPECT_EQ(rows[i].event.actor, events[i].actor);
    EXPECT_EQ(rows[i].event.incident, events[i].incident);
    EXPECT_EQ(token(rows[i].event.change), token(events[i].change));
    EXPECT_EQ(encode(rows[i].event.change), encode(events[i].change));
  }
  EXPECT_EQ(open_journal(folder.journal()).recovered.state, folded(events));
}

TEST(Journal, calls_back_only_once_the_rows_can_be_read_by_others) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal(folder.journal());
  std::promise<std::size_t> seen;
  it->append({.events = one_of_each(), .deliveries = {page_for("d1")}},
             [&](Batch) { seen.set_value(rows_of(folder.journal()).size()); });
  EXPECT_EQ(seen.get_future().get(), one_of_each().size());
}

TEST(Journal, keeps_the_order_of_appends_in_rows_and_callbacks) {
  const TemporaryFolder folder;
  std::vector<std::uint64_t> called;
  {
    OpenJournal it = open_journal(folder.journal());
    for (std::uint64_t i = 0; i < 500; ++i) {
      it->append({.events = {signal_change(2 * i), signal_change(2 * i + 1)}},
                 [&called, i](Batch) { called.push_back(i); });
    }
    it->close(std::chrono::seconds{60});
  }
  ASSERT_EQ(called.size(), 500U);
  EXPECT_TRUE(std::ranges::is_sorted(called));
  const std::vector<Row> rows = rows_of(folder.journal());
  ASSERT_EQ(rows.size(), 1000U);
  for (std::uint64_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].sequence, i + 1);
    EXPECT_EQ(std::get<SignalChanged>(rows[i].event.change).seen.evidence, "observation " + std::to_string(i));
  }
}

TEST(Journal, commits_what_queues_up_during_a_commit_together) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal(folder.journal());
  std::promise<void> inside;
  std::promise<void> go_on;
  it->append({.events = {signal_change(1)}}, [&](Batch) {
    inside.set_value();
    go_on.get_future().wait();
  });
  inside.get_future().wait();  // the thread is held, so all of these wait for it
  for (std::uint64_t i = 0; i < 100; ++i) it->append({.events = {signal_change(i)}}, [](Batch) {});
  EXPECT_EQ(it->figures().queued, 100U);
  const std::uint64_t before = it->figures().commits;
  go_on.set_value();
  it->close(std::chrono::seconds{60});
  EXPECT_EQ(it->figures().commits, before + 1);
  EXPECT_EQ(it->figures().events, 101U);
  EXPECT_EQ(it->figures().queued, 0U);
  EXPECT_GT(it->figures().bytes, 4096U);
}

TEST(Journal, commits_what_can_wait_with_what_comes_next) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal({.file = folder.journal(), .longest_wait = std::chrono::hours{1}});
  std::promise<void> both;
  it->append({.events = {signal_change(1)}, .can_wait = true}, [](Batch) {});
  EXPECT_EQ(it->figures().commits, 0U);
  it->append({.events = {signal_change(2)}}, [&](Batch) { both.set_value(); });
  both.get_future().wait();
  it->append({.events = {signal_change(3)}, .can_wait = true}, [](Batch) {});
  it->close(std::chrono::seconds{60});
  EXPECT_EQ(it->figures().commits, 2U) << "and ending waits for nothing";
  EXPECT_EQ(it->figures().events, 3U);
}

TEST(Journal, keeps_nothing_back_for_long) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal({.file = folder.journal(), .longest_wait = std::chrono::milliseconds{1}});
  std::promise<void> durable;
  it->append({.events = {signal_change(1)}, .can_wait = true}, [&](Batch) { durable.set_value(); });
  durable.get_future().wait();
  EXPECT_EQ(it->figures().commits, 1U);
}

TEST(Journal, bounds_a_transaction) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal(folder.journal());
  std::promise<void> inside;
  std::promise<void> go_on;
  it->append({}, [&](Batch) {
    inside.set_value();
    go_on.get_future().wait();
  });
  inside.get_future().wait();
  for (std::uint64_t i = 0; i < 30; ++i) {
    it->append({.events = std::vector<Event>(1000, signal_change(i))}, [](Batch) {});
  }
  go_on.set_value();
  it->close(std::chrono::seconds{60});
  EXPECT_EQ(it->figures().commits, 1U + 3U);
}

TEST(Journal, may_be_appended_to_from_a_callback_and_from_many_threads) {
  const TemporaryFolder folder;
  {
    OpenJournal it = open_journal(folder.journal());
    std::promise<void> nested;
    it->append({.events = {signal_change(0)}},
               [&](Batch) { it->append({.events = {signal_change(1)}}, [&](Batch) { nested.set_value(); }); });
    nested.get_future().wait();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < 250; ++i) it->append({.events = {signal_change(i)}}, [](Batch) {});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(open_journal(folder.journal()).recovered.sequence, 1002U);
}

TEST(Journal, takes_nothing_after_it_was_closed) {
  const TemporaryFolder folder;
  OpenJournal it = open_journal(folder.journal());
  append(*it.journal, {signal_change(1)});
  it->close(std::chrono::seconds{60});
  it->append({.events = {signal_change(2)}}, [](Batch) { ADD_FAILURE() << "called back after close()"; });
  it->close(std::chrono::seconds{60});
  EXPECT_EQ(open_journal(folder.journal()).recovered.sequence, 1U);
}

std::vector<std::string> ids_of(const std::vector<OutboxRow>& rows) {
  std::vector<std::string> ids;
  for (const OutboxRow& row : rows) ids.push_back(row.delivery.id);
  return ids;
}

Event ended(const std::string& delivery, DeliveryEnd end) {
  return {from_ms(5), {"candor"}, "inc000000001", DeliveryEnded{delivery, end, "why"}};
}

TEST(Journal, keeps_deliveries_in_the_order_they_were_decided_until_they_end) {
  const TemporaryFolder folder;
  {
    OpenJournal it = open_journal(folder.journal());
    append(*it.journal, {.deliveries = {page_for("d3"), page_for("d1")}});
    append(*it.journal, {.deliveries = {page_for("d2"), page_for("d4")}});
  }
  {
    const OpenJournal it = open_journal(folder.journal());
    EXPECT_THAT(ids_of(it.recovered.outbox), ElementsAre("d3", "d1", "d2", "d4"));
    EXPECT_EQ(it.recovered.outbox.front().delivery, page_for("d3"));
    EXPECT_EQ(it.recovered.outbox.front().attempts, 0U);
    append(*it.journal, {ended("d1", DeliveryEnd::delivered), ended("d4", DeliveryEnd::dead)});
    append(*it.journal, {.deliveries = {page_for("d0")}});
  }
  EXPECT_THAT(ids_of(open_journal(folder.journal()).recovered.outbox), ElementsAre("d3", "d2", "d0"));
}

TEST(Journal, remembers_how_far_a_delivery_has_come) {
  const TemporaryFolder folder;
  {
    const OpenJournal it = open_journal(folder.journal());
    append(*it.journal, {.deliveries = {page_for("d1"), page_for("d2")}});
    append(*it.journal, {.attempts = {{"d1", 1, from_ms(1000), "503"}, {"d1", 2, from_ms(3000), "connect: refused"}}});
    append(*it.journal, {.attempts = {{"gone", 7, from_ms(9), "of a delivery that ended"}}});
  }
  const OpenJournal it = open_journal(folder.journal());
  ASSERT_EQ(it.recovered.outbox.size(), 2U);
  EXPECT_EQ(it.recovered.outbox[0].attempts, 2U);
  EXPECT_EQ(it.recovered.outbox[0].not_before, from_ms(3000));
  EXPECT_EQ(it.recovered.outbox[0].last_error, "connect: refused");
  EXPECT_EQ(it.recovered.outbox[1].attempts, 0U);
}

TEST(Journal, sends_nothing_that_was_superseded_in_the_batch_that_decided_it) {
  const TemporaryFolder folder;
  append(*open_journal(folder.journal()).journal,
         {.events = {ended("d1", DeliveryEnd::superseded)}, .deliveries = {page_for("d1"), page_for("d2")}});
  EXPECT_THAT(ids_of(open_journal(folder.journal()).recovered.outbox), ElementsAre("d2"));
}

TEST(Journal, takes_a_delivery_of_the_same_id_once) {
  const TemporaryFolder folder;
  const OpenJournal it = open_journal(folder.journal());
  append(*it.journal, {.deliveries = {page_for("d1")}});
  append(*it.journal, {.events = {signal_change(1)}, .deliveries = {page_for("d1", "contact:bo/1")}});
  it->close(std::chrono::seconds{60});
  const OpenJournal again = open_journal(folder.journal());
  ASSERT_EQ(again.recovered.outbox.size(), 1U);
  EXPECT_EQ(again.recovered.outbox[0].delivery.destination, "contact:ana/1");
  EXPECT_EQ(again.recovered.sequence, 1U);
}

}  // namespace
}  // namespace candor::store
