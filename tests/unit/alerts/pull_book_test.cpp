#include "daemon/alerts/pull_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using State = PulledAlert::State;

const std::string source = "prometheus:main";

struct PullBookTest : testing::Test {
  Instant now = noon;
  rules::Signals signals;
  PullBook book{source, "http://prom:9090", 5s, noon};
  PullStep last;
  std::vector<SourceChange> changes;

  void take(PullStep step, bool may_end = true) {
    fold(signals, step.seen, now);
    if (may_end) fold(signals, step.ending, now);
    if (step.source) {
      book.reported(*step.source);
      changes.push_back(*step.source);
    }
    last = std::move(step);
  }
  void answer(std::vector<PulledAlert> alerts) {
    take(book.answered(std::move(alerts), signals, now));
    now += 5s;
  }
  void fail(Duration after = 5s) {
    take(book.failed("connect to prom:9090: Connection refused", signals, now));
    now += after;
  }
  void restart() {
    book = PullBook{source, "http://prom:9090", 5s, now};
    changes.clear();
  }
  [[nodiscard]] const rules::Signal* find(const std::string& name) const {
    const auto found = signals.find(id_of(source, name));
    return found != signals.end() ? &found->second : nullptr;
  }
  static PulledAlert pulled(std::string name, State state = State::firing) {
    return {make_alert(std::move(name)), state};
  }
};

TEST_F(PullBookTest, observes_what_fires_once) {
  answer({pulled("B"), pulled("A"), pulled("Soon", State::pending), pulled("Hush", State::suppressed)});
  EXPECT_THAT(last.seen, SizeIs(2));
  EXPECT_THAT(signals, SizeIs(2));
  answer({pulled("A"), pulled("B"), pulled("Soon", State::pending), pulled("Hush", State::suppressed)});
  EXPECT_THAT(last.seen, IsEmpty());
}

TEST_F(PullBookTest, reports_the_first_answer_and_no_further) {
  answer({});
  answer({});
  EXPECT_THAT(changes, testing::ElementsAre(SourceChange{source, true, "http://prom:9090 answers"}));
}

TEST_F(PullBookTest, repeats_its_report_until_it_is_taken) {
  EXPECT_TRUE(book.answered({}, signals, now).source);
  EXPECT_TRUE(book.answered({}, signals, now + 5s).source);
}

TEST_F(PullBookTest, leaves_as_it_is_what_may_be_an_alert_that_cannot_be_read) {
  const auto answer_with = [this](const std::vector<Labels>& unreadable) {
    take(book.answered({}, signals, now, unreadable));
    now += 5s;
  };
  answer({pulled("A"), pulled("B")});
  for (int i = 0; i < 3; ++i) answer_with({Labels{}});
  EXPECT_THAT(signals, SizeIs(2)) << "it may be any";
  for (int i = 0; i < 2; ++i) answer_with({{{"alertname", "A"}}, {{"alertname", "B"}, {"job", "x"}}});
  EXPECT_NE(find("A"), nullptr);
  EXPECT_EQ(find("B"), nullptr) << "it has no such job";
  answer({});
  EXPECT_NE(find("A"), nullptr) << "the row of answers that do not name it begins now";
  answer({});
  EXPECT_EQ(find("A"), nullptr);
}

TEST_F(PullBookTest, ends_an_alert_that_two_answers_do_not_name) {
  answer({pulled("A"), pulled("B")});
  answer({pulled("B")});
  EXPECT_THAT(last.ending, IsEmpty());
  EXPECT_NE(find("A"), nullptr);
  answer({pulled("B")});
  ASSERT_THAT(last.ending, SizeIs(1));
  EXPECT_THAT(last.ending.front().evidence, HasSubstr("no longer among the alerts of http://prom:9090"));
  EXPECT_EQ(find("A"), nullptr);
  EXPECT_NE(find("B"), nullptr);
}

TEST_F(PullBookTest, counts_absences_in_a_row_only) {
  answer({pulled("A")});
  for (int i = 0; i < 5; ++i) {
    answer({});
    answer({pulled("A")});
    EXPECT_NE(find("A"), nullptr);
  }
  answer({});
  fail();
  answer({});
  EXPECT_NE(find("A"), nullptr);
}

TEST_F(PullBookTest, does_not_count_two_answers_of_one_moment) {
  answer({pulled("A")});
  take(book.answered({}, signals, now));
  take(book.answered({}, signals, now + 100ms));
  EXPECT_NE(find("A"), nullptr);
  take(book.answered({}, signals, now + 2500ms));
  EXPECT_EQ(find("A"), nullptr);
}

TEST_F(PullBookTest, offers_an_end_again_that_was_not_trusted) {
  answer({pulled("A")});
  answer({});
  take(book.answered({}, signals, now), false);
  EXPECT_THAT(last.ending, SizeIs(1));
  now += 5s;
  take(book.answered({}, signals, now), false);
  EXPECT_THAT(last.ending, SizeIs(1));
  EXPECT_NE(find("A"), nullptr);
}

TEST_F(PullBookTest, holds_an_alert_that_is_pending_again) {
  answer({pulled("A")});
  for (int i = 0; i < 10; ++i) answer({pulled("A", State::pending)});
  ASSERT_NE(find("A"), nullptr);
  EXPECT_EQ(find("A")->health, Health::failing);
  answer({pulled("A")});
  EXPECT_THAT(last.seen, IsEmpty());
}

TEST_F(PullBookTest, ends_an_alert_that_a_human_silenced) {
  answer({pulled("A")});
  answer({pulled("A", State::suppressed)});
  answer({pulled("A", State::suppressed)});
  EXPECT_THAT(last.ending, IsEmpty()) << "its source says so, however short it has run";
  ASSERT_THAT(last.seen, SizeIs(1));
  EXPECT_THAT(last.seen.front().evidence, HasSubstr("silenced or inhibited"));
  EXPECT_EQ(find("A"), nullptr);
  answer({pulled("A")});
  EXPECT_NE(find("A"), nullptr);
}

TEST_F(PullBookTest, takes_an_alert_named_twice_for_one_that_fires) {
  answer({pulled("A", State::pending), pulled("A"), pulled("A", State::suppressed)});
  EXPECT_THAT(last.seen, SizeIs(1));
}

TEST_F(PullBookTest, observes_a_new_start_at_once_and_changing_annotations_once_a_minute) {
  PulledAlert alert = pulled("A");
  answer({alert});
  int observed = 0;
  for (int i = 0; i < 60; ++i) {
    alert.alert.annotations.set("summary", std::to_string(i) + " ms");
    answer({alert});
    observed += static_cast<int>(last.seen.size());
  }
  EXPECT_EQ(observed, 5);
  alert.alert.starts_at += 1s;
  answer({alert});
  EXPECT_THAT(last.seen, SizeIs(1));
}

TEST_F(PullBookTest, loses_sight_of_everything_after_three_failures) {
  answer({pulled("A")});
  fail(1s);
  fail(1s);
  EXPECT_THAT(last.seen, IsEmpty());
  EXPECT_THAT(changes, SizeIs(1));
  fail(1s);
  EXPECT_EQ(find("A")->health, Health::unknown);
  EXPECT_EQ(find("A")->failing_since, noon);
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_FALSE(changes[1].answering);
  EXPECT_THAT(changes[1].evidence, AllOf(HasSubstr("http://prom:9090 has not told its alerts since 23 November 2026, "
                                                   "12:00 UTC"),
                                         HasSubstr("Connection refused")));
  fail();
  EXPECT_THAT(last.seen, IsEmpty());
  EXPECT_THAT(changes, SizeIs(2));
}

TEST_F(PullBookTest, begins_to_count_failures_anew_with_each_answer) {
  for (int i = 0; i < 10; ++i) {
    fail(1s);
    fail(1s);
    answer({pulled("A")});
  }
  EXPECT_EQ(find("A")->health, Health::failing);
}

TEST_F(PullBookTest, loses_sight_while_a_request_hangs) {
  answer({pulled("A")});
  EXPECT_EQ(book.due(), noon + 15s);
  take(book.waited(signals, noon + 15s - 1ms));
  EXPECT_EQ(find("A")->health, Health::failing);
  now = noon + 15s;
  take(book.waited(signals, now));
  EXPECT_EQ(find("A")->health, Health::unknown);
  EXPECT_THAT(changes.back().evidence, HasSubstr("the request is still waiting"));
  EXPECT_EQ(book.due(), std::nullopt);
}

TEST_F(PullBookTest, waits_three_rounds_for_a_slow_source) {
  PullBook slow{source, "http://prom:9090", 1min, noon};
  EXPECT_EQ(slow.due(), noon + 3min);
  PullBook quick{source, "http://prom:9090", 200ms, noon};
  EXPECT_EQ(quick.due(), noon + 15s);
}

TEST_F(PullBookTest, gives_the_signals_their_health_back_with_the_first_answer) {
  answer({pulled("A"), pulled("B"), pulled("C")});
  for (int i = 0; i < 4; ++i) fail();
  answer({pulled("A"), pulled("B", State::pending)});
  EXPECT_EQ(find("A")->health, Health::failing);
  EXPECT_EQ(find("B")->health, Health::failing);
  EXPECT_EQ(find("C")->health, Health::unknown);
  EXPECT_TRUE(changes.back().answering);
  answer({pulled("A"), pulled("B", State::pending)});
  EXPECT_EQ(find("C"), nullptr);
}

TEST_F(PullBookTest, resolves_nothing_after_a_restart_before_the_source_has_answered_twice) {
  answer({pulled("A")});
  restart();
  fail();
  EXPECT_EQ(find("A")->health, Health::failing);
  EXPECT_THAT(changes, IsEmpty());
  answer({});
  EXPECT_NE(find("A"), nullptr);
  answer({});
  EXPECT_EQ(find("A"), nullptr);
}

TEST_F(PullBookTest, reports_a_source_that_never_answered) {
  answer({pulled("A")});
  restart();
  fail();
  fail();
  EXPECT_THAT(changes, IsEmpty());
  fail();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_FALSE(changes[0].answering);
  EXPECT_THAT(changes[0].evidence, HasSubstr("since candord first asked"));
  EXPECT_EQ(find("A")->health, Health::unknown);
}

TEST_F(PullBookTest, says_again_what_was_not_taken_in) {
  answer({pulled("A")});
  fail();
  fail();
  const PullStep lost = book.failed("x", signals, now);
  EXPECT_THAT(lost.seen, SizeIs(1));
  const PullStep again = book.failed("x", signals, now + 5s);
  EXPECT_THAT(again.seen, SizeIs(1));
  EXPECT_TRUE(again.source);
}

TEST_F(PullBookTest, leaves_the_signals_of_other_sources_alone) {
  fold(signals, fires("prometheus:other", make_alert("A")), noon);
  fold(signals, fires("push", make_alert("A")), noon);
  answer({});
  answer({});
  for (int i = 0; i < 4; ++i) fail();
  EXPECT_THAT(signals, SizeIs(2));
  for (const auto& [id, signal] : signals) EXPECT_EQ(signal.health, Health::failing);
}

TEST_F(PullBookTest, ends_what_is_absent_although_the_clock_was_set_back) {
  answer({pulled("A")});
  answer({});
  now -= 1h;
  answer({});
  answer({});
  EXPECT_EQ(find("A"), nullptr);
}

TEST_F(PullBookTest, has_time_to_answer_as_after_a_start_where_it_could_not_be_heard) {
  answer({pulled("A")});
  now += 1h;
  book.heard_nothing(now);
  now += 15s - 1ms;
  take(book.waited(signals, now));
  EXPECT_EQ(find("A")->health, Health::failing);
  now += 1ms;
  take(book.waited(signals, now));
  EXPECT_EQ(find("A")->health, Health::unknown);
  EXPECT_THAT(book.silence(), HasSubstr("since " + format_for_people(noon)));
}

TEST_F(PullBookTest, waits_for_an_answer_as_long_as_before_when_the_clock_is_set) {
  for (const Duration by : {Duration{6h}, Duration{-6h}}) {
    answer({pulled("A")});
    now += by;
    book.clock_set(by);
    take(book.waited(signals, now + 10s - 1ms));
    EXPECT_EQ(find("A")->health, Health::failing);
    take(book.waited(signals, now + 10s));
    EXPECT_EQ(find("A")->health, Health::unknown);
  }
}

/// An Alertmanager whose alert a Prometheus repeats each minute, believed for four.
struct AlertmanagerBookTest : PullBookTest {
  static constexpr auto prometheus = "http://prom:9090/graph";

  void name_it(Instant updated_at) {
    PulledAlert named = pulled("Down");
    named.alert.generator_url = prometheus;
    named.alert.ends_at = updated_at + 4min;
    named.updated_at = updated_at;
    answer({named});
  }
  void name_until(Instant until, Instant updated_at) {
    while (now < until) name_it(updated_at);
  }
};

TEST_F(AlertmanagerBookTest, does_not_know_of_an_alert_that_left_the_list_when_nobody_repeated_it) {
  name_until(noon + 4min, noon);
  answer({});
  answer({});
  ASSERT_NE(find("Down"), nullptr);
  EXPECT_EQ(find("Down")->health, Health::unknown);
  EXPECT_THAT(last.ending, IsEmpty());
  EXPECT_THAT(
      find("Down")->evidence,
      HasSubstr("ran out in http://prom:9090 at 23 November 2026, 12:04 UTC, and nobody has said that it ended"));
  for (int i = 0; i < 100; ++i) answer({});
  EXPECT_THAT(last.seen, IsEmpty());
  restart();
  for (int i = 0; i < 3; ++i) answer({});
  ASSERT_NE(find("Down"), nullptr) << "a start ends it no more than time does";
  name_it(now);
  EXPECT_EQ(find("Down")->health, Health::failing);
  answer({});
  answer({});
  EXPECT_EQ(find("Down"), nullptr) << "its sender said that it ended";
}

TEST_F(AlertmanagerBookTest, ends_an_alert_that_left_the_list_well_before_the_end_that_was_told) {
  name_until(noon + 59s, noon);
  answer({});
  answer({});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(AlertmanagerBookTest, ends_an_alert_that_left_the_list_while_nobody_looked) {
  name_until(noon + 1min, noon);
  now += 10min;
  answer({});
  answer({});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(AlertmanagerBookTest, ends_the_alert_of_a_script_when_its_time_is_over) {
  while (now < noon + 4min) {
    PulledAlert named = pulled("Down");
    named.alert.ends_at = noon + 4min;
    answer({named});
  }
  answer({});
  answer({});
  EXPECT_EQ(find("Down"), nullptr);
}

TEST_F(AlertmanagerBookTest, knows_an_end_by_clocks_half_a_minute_apart) {
  name_until(noon + 4min, noon + 30s);
  answer({});
  answer({});
  EXPECT_EQ(find("Down")->health, Health::unknown);
}

TEST(TrustedEnds, leave_out_what_prometheus_has_not_evaluated_since_it_started) {
  const auto end = [](std::string name) { return ended(id_of(source, std::move(name)), "gone"); };
  RuleStates rules;
  rules.evaluated = {{"Seen", true}, {"Waits", false}, {"Back", true}};
  rules.active = {id_of(source, "Back").labels};
  const auto trusted = trusted_ends({end("Seen"), end("Waits"), end("Removed"), end("Back")}, rules);
  ASSERT_THAT(trusted, SizeIs(2));
  EXPECT_EQ(trusted[0].id, id_of(source, "Seen"));
  EXPECT_EQ(trusted[1].id, id_of(source, "Removed"));
}

}  // namespace
}  // namespace candor::alerts
