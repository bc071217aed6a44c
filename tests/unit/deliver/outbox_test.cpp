#include "daemon/deliver/outbox.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/deliver/deliveries.h"

namespace candor::deliver {
namespace {

using namespace std::chrono_literals;
using incident::DeliveryEnd;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Result = Attempt::Result;

Attempt answer(Result result, std::optional<Duration> retry_after = {}) {
  return {.result = result, .what = "POST https://hooks.example/… answered", .retry_after = retry_after};
}

constexpr std::uint64_t longest = std::numeric_limits<std::uint64_t>::max();

TEST(Backoff, draws_evenly_below_a_doubling_ceiling) {
  const Backoff backoff{.base = 1s, .cap = 5min};
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same each time
  for (const auto& [attempts, ceiling] : std::vector<std::pair<std::uint32_t, Duration>>{{0, 1s},
                                                                                         {1, 2s},
                                                                                         {2, 4s},
                                                                                         {5, 32s},
                                                                                         {8, 256s},
                                                                                         {9, 5min},
                                                                                         {10, 5min},
                                                                                         {1000, 5min},
                                                                                         {4'000'000'000U, 5min}}) {
    Duration sum{};
    Duration least = Duration::max();
    Duration most{};
    for (int i = 0; i < 4000; ++i) {
      const Duration wait = backoff.wait(attempts, {}, random());
      least = std::min(least, wait);
      most = std::max(most, wait);
      sum += wait;
    }
    EXPECT_GE(least, 0ms);
    EXPECT_LE(most, ceiling);
    EXPECT_LT(least, ceiling / 50) << attempts;
    EXPECT_GT(most, ceiling * 49 / 50) << attempts;
    EXPECT_NEAR(static_cast<double>(sum.count()) / 4000, static_cast<double>(ceiling.count()) / 2,
                static_cast<double>(ceiling.count()) * 0.03)
        << attempts;
  }
}

TEST(Backoff, waits_at_least_as_long_as_the_destination_asks_within_reason) {
  const Backoff backoff{.base = 1s, .cap = 5min, .most_retry_after = 1h};
  EXPECT_EQ(backoff.wait(0, 30s, 0), 30s);
  EXPECT_EQ(backoff.wait(0, 30s, 700), 30s);
  EXPECT_EQ(backoff.wait(20, 30s, 299'999), 299'999ms);
  EXPECT_EQ(backoff.wait(0, 24h, 0), 1h);
  EXPECT_EQ(backoff.wait(0, Duration{-5}, 0), 0ms);
}

TEST(Backoff, of_nothing_is_nothing) { EXPECT_EQ((Backoff{.base = 0ms, .cap = 0ms}.wait(7, {}, longest)), 0ms); }

TEST(Outbox, sends_what_was_just_decided_at_once) {
  Outbox outbox{Backoff{}};
  EXPECT_EQ(outbox.due(), std::nullopt);
  outbox.add(row(page("d1")));
  ASSERT_TRUE(outbox.due());
  EXPECT_LE(*outbox.due(), start);
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d1"));
  EXPECT_THAT(outbox.take_due(start), IsEmpty());
  EXPECT_EQ(outbox.due(), std::nullopt);
  EXPECT_EQ(outbox.size(), 1U);
}

TEST(Outbox, keeps_order_within_a_destination_and_incident) {
  Outbox outbox{Backoff{}};
  for (const char* id : {"d3", "d1", "d2"}) outbox.add(row(page(id)));
  for (const char* id : {"d3", "d1", "d2"}) {
    EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre(id));
    EXPECT_EQ(outbox.ended(id, answer(Result::delivered), start, 0)->end, DeliveryEnd::delivered);
  }
  EXPECT_EQ(outbox.size(), 0U);
  EXPECT_EQ(outbox.oldest(), std::nullopt);
}

TEST(Outbox, holds_later_deliveries_back_while_an_earlier_one_is_retried) {
  Outbox outbox{Backoff{.base = 10s}};
  outbox.add(row(page("d1")));
  outbox.add(row(page("d2")));
  ASSERT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d1"));
  const auto outcome = outbox.ended("d1", answer(Result::retry), start, 4000);
  ASSERT_TRUE(outcome && outcome->retry);
  EXPECT_EQ(outcome->end, std::nullopt);
  EXPECT_EQ(outcome->retry->delivery, "d1");
  EXPECT_EQ(outcome->retry->attempts, 1U);
  EXPECT_EQ(outcome->retry->not_before, start + 4s);
  EXPECT_EQ(outcome->retry->error, "POST https://hooks.example/… answered");
  EXPECT_EQ(outbox.due(), start + 4s);
  EXPECT_THAT(outbox.take_due(start + 4s - 1ms), IsEmpty());
  EXPECT_THAT(ids_of(outbox.take_due(start + 4s)), ElementsAre("d1"));
}

TEST(Outbox, gives_back_what_waits_and_nothing_that_is_under_way) {
  Outbox outbox{Backoff{}};
  for (const char* id : {"d1", "d2", "d3"}) outbox.add(row(page(id)));
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d1"));
  EXPECT_FALSE(outbox.take_back("d1"));
  EXPECT_FALSE(outbox.take_back("unknown"));
  const std::optional<store::OutboxRow> taken = outbox.take_back("d2");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->delivery, page("d2"));
  EXPECT_FALSE(outbox.take_back("d2"));
  EXPECT_TRUE(outbox.ended("d1", answer(Result::delivered), start, 0));
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d3"));
}

TEST(Outbox, lets_no_destination_or_incident_wait_for_another) {
  Outbox outbox{Backoff{.base = 1min}};
  outbox.add(row(page("a1", "contact:ana/1", "one")));
  outbox.add(row(page("a2", "contact:ana/1", "two")));
  outbox.add(row(page("b1", "contact:bo/1", "one")));
  outbox.add(row(page("b2", "contact:bo/1", "one")));
  EXPECT_THAT(ids_of(outbox.take_due(start)), UnorderedElementsAre("a1", "a2", "b1"));
  (void)outbox.ended("a1", answer(Result::retry), start, longest);
  (void)outbox.ended("b1", answer(Result::delivered), start, 0);
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("b2"));
}

TEST(Outbox, sends_a_few_at_a_time_to_one_destination) {
  Outbox outbox{Backoff{}};
  for (int i = 0; i < 50; ++i) outbox.add(row(page("a" + std::to_string(i), "contact:ana/1", "i" + std::to_string(i))));
  outbox.add(row(page("b", "contact:bo/1")));
  const auto first = outbox.take_due(start);
  EXPECT_EQ(first.size(), Outbox::most_to_one_destination + 1);
  EXPECT_EQ(outbox.due(), std::nullopt) << "the others wait for an end, not for an instant";
  (void)outbox.ended(first.front().delivery.id, answer(Result::delivered), start, 0);
  EXPECT_EQ(outbox.take_due(start).size(), 1U);
}

TEST(Outbox, sends_in_a_storm_what_was_decided_first_whatever_its_incident_is_called) {
  Outbox outbox{Backoff{}};
  std::vector<std::string> in_order;
  for (int i = 0; i < 20; ++i) {
    in_order.push_back("a" + std::to_string(i));
    outbox.add(row(page(in_order.back(), "contact:ana/1", "i" + std::to_string(99 - i), start + i * 1ms)));
  }
  std::vector<std::string> sent;
  for (auto taken = outbox.take_due(start + 1s); !taken.empty(); taken = outbox.take_due(start + 1s)) {
    for (const store::OutboxRow& one : taken) {
      sent.push_back(one.delivery.id);
      (void)outbox.ended(one.delivery.id, answer(Result::delivered), start + 1s, 0);
    }
  }
  EXPECT_EQ(sent, in_order);
}

TEST(Outbox, takes_no_more_than_there_are_places_and_the_longest_due_first) {
  Outbox outbox{Backoff{}, 24h, {.all = 2, .shared = 0}};
  outbox.add(row(page("late", "contact:a/1"), 0, start + 3s));
  outbox.add(row(page("early", "contact:b/1"), 0, start + 1s));
  outbox.add(row(page("middle", "contact:c/1"), 0, start + 2s));
  EXPECT_THAT(ids_of(outbox.take_due(start + 5s)), ElementsAre("early", "middle"));
  EXPECT_EQ(outbox.without_place(), 1U);
  EXPECT_EQ(outbox.due(), std::nullopt) << "it waits for an end, not for an instant";
  EXPECT_THAT(ids_of(outbox.take_due(start + 5s)), IsEmpty());
  (void)outbox.ended("early", answer(Result::delivered), start + 5s, 0);
  EXPECT_THAT(ids_of(outbox.take_due(start + 5s)), ElementsAre("late"));
  EXPECT_EQ(outbox.without_place(), 0U);
}

/// Sixty-four destinations that answer nothing, each with pages of four incidents.
void add_silent_destinations(Outbox& outbox) {
  for (int i = 0; i < 256; ++i) {
    const std::string number = std::to_string(i);
    outbox.add(row(page("s" + number, "contact:silent" + std::to_string(i % 64) + "/1", "i" + number)));
  }
}

TEST(Outbox, keeps_a_place_for_each_destination_that_has_none_while_others_hang) {
  Outbox outbox{Backoff{}, 24h, {.all = 100, .shared = 20}};
  add_silent_destinations(outbox);
  EXPECT_EQ(outbox.take_due(start).size(), 84U) << "one each, and the shared places";
  outbox.add(row(page("d1", "contact:well/1", "one")));
  outbox.add(row(page("d2", "contact:well/1", "two")));
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d1"));
  EXPECT_EQ(outbox.due(), std::nullopt);
  (void)outbox.ended("d1", answer(Result::delivered), start, 0);
  EXPECT_EQ(outbox.due(), Instant{});
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d2"));
}

TEST(Outbox, gives_destinations_that_did_not_answer_no_more_than_the_shared_places) {
  Outbox outbox{Backoff{.base = 0ms, .cap = 0ms}, 24h, {.all = 100, .shared = 20}};
  add_silent_destinations(outbox);
  for (const store::OutboxRow& it : outbox.take_due(start)) {
    (void)outbox.ended(it.delivery.id, answer(Result::retry), start + 10s, 0);
  }
  std::set<std::string> tried;
  for (int turn = 0; turn < 4; ++turn) {
    const auto taken = outbox.take_due(start + 10s);
    EXPECT_EQ(taken.size(), 20U);
    for (const store::OutboxRow& it : taken) {
      tried.insert(it.delivery.destination);
      (void)outbox.ended(it.delivery.id, answer(Result::retry), start + 10s, 0);
    }
  }
  EXPECT_EQ(tried.size(), 64U) << "they take turns";
}

/// Pages of nine incidents for one destination.
void add_nine(Outbox& outbox) {
  for (int i = 0; i < 9; ++i) outbox.add(row(page("a" + std::to_string(i), "contact:ana/1", "i" + std::to_string(i))));
}

TEST(Outbox, sends_one_at_a_time_to_a_destination_that_did_not_answer_until_it_does) {
  Outbox outbox{Backoff{.base = 0ms, .cap = 0ms}};
  add_nine(outbox);
  for (const store::OutboxRow& it : outbox.take_due(start)) {
    (void)outbox.ended(it.delivery.id, answer(Result::retry), start, 0);
  }
  const auto probing = outbox.take_due(start);
  ASSERT_EQ(probing.size(), 1U);
  EXPECT_THAT(outbox.take_due(start), IsEmpty());
  (void)outbox.ended(probing.front().delivery.id, answer(Result::delivered), start, 0);
  EXPECT_EQ(outbox.take_due(start).size(), Outbox::most_to_one_destination);
}

TEST(Outbox, takes_a_refusal_for_an_answer) {
  Outbox outbox{Backoff{}};
  add_nine(outbox);
  for (const store::OutboxRow& it : outbox.take_due(start)) {
    (void)outbox.ended(it.delivery.id, answer(Result::dead), start, 0);
  }
  EXPECT_EQ(outbox.take_due(start).size(), Outbox::most_to_one_destination);
}

TEST(Outbox, doubts_after_a_restart_what_did_not_answer_before) {
  Outbox outbox{Backoff{}};
  for (int i = 0; i < 9; ++i) {
    outbox.add(row(page("a" + std::to_string(i), "contact:ana/1", "i" + std::to_string(i)), i == 0 ? 3 : 0, start));
  }
  EXPECT_EQ(outbox.take_due(start).size(), 1U);
}

TEST(Outbox, sends_nothing_to_a_destination_before_the_time_that_it_asked_for) {
  Outbox outbox{Backoff{}};
  add_nine(outbox);
  const auto first = outbox.take_due(start);
  outbox.add(row(page("b1", "contact:bo/1")));
  (void)outbox.ended(first.at(0).delivery.id, answer(Result::retry, 30s), start, 0);
  (void)outbox.ended(first.at(1).delivery.id, answer(Result::delivered), start, 0);
  EXPECT_THAT(ids_of(outbox.take_due(start + 1s)), ElementsAre("b1"));
  EXPECT_EQ(outbox.without_place(), 0U);
  for (const store::OutboxRow& it : outbox.rows()) {
    const bool held = it.delivery.destination == "contact:ana/1";
    EXPECT_EQ(it.not_before >= start + 30s, held) << it.delivery.id;
  }
  (void)outbox.ended(first.at(2).delivery.id, answer(Result::retry, 10s), start + 1s, 0);
  (void)outbox.ended(first.at(3).delivery.id, answer(Result::retry), start + 1s, 0);
  EXPECT_EQ(outbox.due(), start + 30s) << "what was under way ends no pause";
  EXPECT_THAT(outbox.take_due(start + 30s - 1ms), IsEmpty());
  EXPECT_EQ(outbox.take_due(start + 30s).size(), 1U);
}

TEST(Outbox, sends_one_at_a_time_to_a_destination_that_asked_to_wait_until_it_took_some) {
  Outbox outbox{Backoff{}};
  add_nine(outbox);
  for (const store::OutboxRow& it : outbox.take_due(start)) {
    (void)outbox.ended(it.delivery.id, answer(Result::retry, 5s), start, 0);
  }
  for (std::size_t taken = 0; taken < Outbox::most_to_one_destination; ++taken) {
    const auto one = outbox.take_due(start + 5s);
    ASSERT_EQ(one.size(), 1U) << taken;
    (void)outbox.ended(one.front().delivery.id, answer(Result::delivered), start + 5s, 0);
  }
  EXPECT_EQ(outbox.take_due(start + 5s).size(), Outbox::most_to_one_destination);
}

TEST(Outbox, holds_a_destination_no_longer_than_any_wait_lasts) {
  Outbox outbox{Backoff{.most_retry_after = 5min}};
  outbox.add(row(page("d1")));
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::retry, 24h), start, 0);
  EXPECT_EQ(outbox.due(), start + 5min);
}

TEST(Outbox, remembers_what_a_destination_asked_for_that_nothing_waits_for_any_more) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1")));
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::retry, 30s), start, 0);
  outbox.remove("d1");
  EXPECT_EQ(outbox.due(), std::nullopt);
  outbox.add(row(page("d2", "contact:ana/1", "inc000000002")));
  EXPECT_THAT(outbox.take_due(start + 29s), IsEmpty());
  EXPECT_THAT(ids_of(outbox.take_due(start + 30s)), ElementsAre("d2"));
}

TEST(Outbox, lengthens_no_destinations_pause_when_the_clock_is_set_back) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1")));
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::retry, 30s), start, 0);
  EXPECT_THAT(outbox.take_due(start - 1h), IsEmpty());
  EXPECT_THAT(ids_of(outbox.take_due(start - 1h + 30s)), ElementsAre("d1"));
}

TEST(Outbox, ends_a_delivery_that_cannot_succeed_and_goes_on_with_the_next) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1")));
  outbox.add(row(page("d2")));
  (void)outbox.take_due(start);
  const auto outcome = outbox.ended("d1", answer(Result::dead), start, 0);
  EXPECT_EQ(outcome->end, DeliveryEnd::dead);
  EXPECT_EQ(outcome->retry, std::nullopt);
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d2"));
}

TEST(Outbox, gives_up_after_a_day) {
  Outbox outbox{Backoff{}, 24h};
  outbox.add(row(page("d1"), 41, start));
  (void)outbox.take_due(start + 24h - 1ms);
  EXPECT_EQ(outbox.ended("d1", answer(Result::retry), start + 24h - 1ms, 0)->end, std::nullopt);
  (void)outbox.take_due(start + 24h);
  const auto outcome = outbox.ended("d1", answer(Result::retry), start + 24h, 0);
  EXPECT_EQ(outcome->end, DeliveryEnd::dead);
  EXPECT_EQ(outcome->why, "gave up after 1d and 43 attempts: POST https://hooks.example/… answered");
  EXPECT_EQ(outbox.size(), 0U);
}

TEST(Outbox, gives_up_on_nothing_that_was_hardly_tried_however_old_it_looks) {
  Outbox outbox{Backoff{}, 24h};
  outbox.add(row(page("d1")));
  Instant now = start + std::chrono::years{6};  // the clock was set, or candord was off
  for (std::uint32_t attempts = 1; attempts < Outbox::least_attempts; ++attempts, now += 1h) {
    (void)outbox.take_due(now);
    const auto outcome = outbox.ended("d1", answer(Result::retry), now, 0);
    ASSERT_EQ(outcome->end, std::nullopt) << attempts;
    EXPECT_EQ(outcome->retry->attempts, attempts);
  }
  (void)outbox.take_due(now);
  EXPECT_EQ(outbox.ended("d1", answer(Result::retry), now, 0)->end, DeliveryEnd::dead);
}

TEST(Outbox, does_not_try_each_that_is_too_old_as_often_as_the_first) {
  Outbox outbox{Backoff{}, 24h};
  for (const char* id : {"d1", "d2", "d3"}) outbox.add(row(page(id)));
  Instant now = start + 48h;
  for (std::uint32_t attempts = 0; attempts < Outbox::least_attempts; ++attempts, now += 1h) {
    (void)outbox.take_due(now);
    (void)outbox.ended("d1", answer(Result::retry), now, 0);
  }
  EXPECT_THAT(ids_of(outbox.take_due(now)), ElementsAre("d2"));
  EXPECT_EQ(outbox.ended("d2", answer(Result::retry), now, 0)->end, DeliveryEnd::dead);
  EXPECT_THAT(ids_of(outbox.take_due(now)), ElementsAre("d3"));
  EXPECT_EQ(outbox.ended("d3", answer(Result::delivered), now, 0)->end, DeliveryEnd::delivered);
}

TEST(Outbox, continues_after_a_restart_where_it_was) {
  Outbox outbox{Backoff{.base = 1s}};
  outbox.add(row(page("d1"), 5, start + 20s));
  outbox.add(row(page("d2")));
  EXPECT_EQ(outbox.due(), start + 20s);
  EXPECT_THAT(outbox.take_due(start + 19s), IsEmpty());
  EXPECT_THAT(ids_of(outbox.take_due(start + 20s)), ElementsAre("d1"));
  const auto outcome = outbox.ended("d1", answer(Result::retry), start + 20s, 32'000);
  EXPECT_EQ(outcome->retry->attempts, 6U);
  EXPECT_EQ(outcome->retry->not_before, start + 52s);
}

TEST(Outbox, sends_a_superseded_delivery_no_more) {
  Outbox outbox{Backoff{}};
  for (const char* id : {"d1", "d2", "d3"}) outbox.add(row(page(id)));
  EXPECT_TRUE(outbox.remove("d2"));
  EXPECT_FALSE(outbox.remove("d2"));
  EXPECT_FALSE(outbox.remove("unknown"));
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::delivered), start, 0);
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d3"));
}

TEST(Outbox, ignores_the_answer_of_a_delivery_that_was_superseded_under_way_but_waits_for_it) {
  for (const Result result : {Result::delivered, Result::retry, Result::dead}) {
    Outbox outbox{Backoff{}};
    outbox.add(row(page("d1")));
    outbox.add(row(page("d2")));
    (void)outbox.take_due(start);
    EXPECT_TRUE(outbox.remove("d1"));
    EXPECT_FALSE(outbox.remove("d1"));
    EXPECT_EQ(outbox.size(), 1U);
    EXPECT_THAT(outbox.take_due(start), IsEmpty());
    EXPECT_FALSE(outbox.ended("d1", answer(result), start, 0));
    EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d2"));
    (void)outbox.ended("d2", answer(Result::delivered), start, 0);
    EXPECT_EQ(outbox.size(), 0U);
  }
}

TEST(Outbox, knows_nothing_of_answers_it_did_not_ask_for) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1")));
  EXPECT_FALSE(outbox.ended("d1", answer(Result::delivered), start, 0));
  EXPECT_FALSE(outbox.ended("d9", answer(Result::delivered), start, 0));
  EXPECT_EQ(outbox.size(), 1U);
}

TEST(Outbox, takes_a_delivery_once) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1")));
  outbox.add(row(page("d1")));
  EXPECT_EQ(outbox.size(), 1U);
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::delivered), start, 0);
  EXPECT_THAT(outbox.take_due(start), IsEmpty());
}

TEST(Outbox, lengthens_no_wait_when_the_clock_is_set_back) {
  Outbox outbox{Backoff{.base = 10s}};
  outbox.add(row(page("d1")));
  (void)outbox.take_due(start);
  (void)outbox.ended("d1", answer(Result::retry), start, 8'000);
  EXPECT_THAT(outbox.take_due(start + 1s), IsEmpty());
  const Instant set_back = start + 1s - 30min;
  EXPECT_THAT(outbox.take_due(set_back), IsEmpty());
  EXPECT_EQ(outbox.due(), set_back + 7s);
  EXPECT_THAT(ids_of(outbox.take_due(set_back + 7s)), ElementsAre("d1"));
}

TEST(Outbox, sends_at_once_what_was_decided_before_the_clock_was_set_back) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1", "contact:ana/1", "inc000000001", start + 2h)));
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("d1"));
}

TEST(Outbox, does_not_believe_a_wait_that_is_longer_than_any) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("near", "contact:ana/1", "one"), 3, start + 4min));
  outbox.add(row(page("far", "contact:ana/1", "two"), 3, start + 5h));
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("far"));
}

TEST(Outbox, may_hasten_a_destination) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("a"), 3, start + 1min));
  outbox.add(row(page("b", "contact:bo/1"), 3, start + 1min));
  outbox.hasten("contact:ana/1");
  outbox.hasten("contact:nobody/1");
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("a"));
  (void)outbox.ended("a", answer(Result::retry, 30s), start, 0);
  outbox.hasten("contact:ana/1");
  EXPECT_THAT(ids_of(outbox.take_due(start)), ElementsAre("a")) << "also where it asked to wait";
}

TEST(Outbox, shows_what_has_not_ended_and_how_old_it_is) {
  Outbox outbox{Backoff{}};
  outbox.add(row(page("d1", "contact:ana/1", "one", start + 5s)));
  outbox.add(row(page("d2", "contact:ana/1", "two", start)));
  EXPECT_EQ(outbox.oldest(), start);
  EXPECT_THAT(ids_of(outbox.rows()), UnorderedElementsAre("d1", "d2"));
  outbox.remove("d2");
  EXPECT_EQ(outbox.oldest(), start + 5s);
}

}  // namespace
}  // namespace candor::deliver
