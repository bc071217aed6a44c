#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/scheduling.h"

namespace candor::probes {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(SchedulerTest, runs_probes_again_and_again_and_reports_the_first_outcome_only) {
  configure({probe("a")});
  run("a", 10);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().health, Health::ok);
  EXPECT_EQ(seen.front().id.kind, rules::SignalKind::probe);
  EXPECT_EQ(seen.front().id.source, "probe");
  EXPECT_EQ(seen.front().id.labels,
            (Labels{{"probe", "a"}, {"component", "checkout"}, {"kind", "fake"}, {"location", "fra1"}}));
}

TEST_F(SchedulerTest, reports_changes_of_health_with_their_words) {
  configure({probe("a")});
  run("a", 3);
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503", .symptom = "errors"};
  run("a", 3);
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 500", .symptom = "errors"};
  run("a", 3);
  scripts["a"].next = {.health = Health::ok};
  run("a", 3);
  ASSERT_EQ(seen.size(), 3U) << "another reason is no change of health";
  EXPECT_EQ(seen[1].health, Health::failing);
  EXPECT_EQ(seen[1].evidence, "HTTP 503");
  EXPECT_EQ(seen[1].symptom, "errors");
  EXPECT_EQ(seen[2].health, Health::ok);
  EXPECT_EQ(seen[2].evidence, "");
}

TEST_F(SchedulerTest, reports_the_first_outcome_even_where_it_leaves_the_health_unknown) {
  ProbeConfig config = probe("a");
  config.fall = 3;
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({config});
  run("a", 6);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].health, Health::unknown);
  EXPECT_EQ(seen[0].evidence, "HTTP 503");
  EXPECT_EQ(seen[1].health, Health::failing);
}

TEST_F(SchedulerTest, lets_no_good_outcome_worsen_a_health_that_is_known) {
  ProbeConfig config = probe("a");
  config.rise = 3;
  configure({config, probe("new")}, known(config, {.health = Health::ok}));
  EXPECT_EQ(scheduler->status_of("a")->health, Health::ok);
  EXPECT_TRUE(scheduler->figures({}, 10)[0].up) << "as it was before";
  EXPECT_EQ(scheduler->status_of("new")->health, Health::unknown);
  EXPECT_FALSE(scheduler->figures({}, 10)[1].up);
  run("a", 6);
  EXPECT_TRUE(std::ranges::all_of(seen, [](const Observation& it) { return it.health == Health::ok; }));
}

TEST_F(SchedulerTest, worsens_a_health_that_is_known_after_fall_outcomes_only) {
  ProbeConfig config = probe("a");
  config.fall = 3;
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({config}, known(config, {.health = Health::ok}));
  run("a", 6);
  ASSERT_EQ(seen.size(), 1U) << "one that failed does not say that it is well";
  EXPECT_EQ(seen[0].health, Health::failing);
}

TEST_F(SchedulerTest, betters_a_health_that_is_known_after_rise_outcomes_only) {
  ProbeConfig config = probe("a");
  config.rise = 3;
  configure({config}, known(config, {.health = Health::failing, .evidence = "HTTP 503", .symptom = "errors"}));
  run("a", 2);
  EXPECT_THAT(seen, IsEmpty()) << "one that was well does not say that it fails";
  run("a", 4);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].health, Health::ok);
}

TEST_F(SchedulerTest, tells_once_more_that_a_health_is_as_it_was) {
  scripts["a"].next = {.health = Health::failing};
  configure({probe("a")});
  run("a", 3);
  ASSERT_EQ(seen.size(), 1U);
  scheduler->tell_again();
  run("a", 5);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].health, Health::failing);
}

TEST_F(SchedulerTest, lets_no_probe_wait_for_another) {
  scripts["slow"].mute = true;
  configure({probe("slow"), probe("fast")});
  run("fast", 20);
  EXPECT_EQ(scripts["slow"].runs, 1) << "starts are skipped while it is under way";
  EXPECT_GT(metric("candor_probes_skipped_total"), 0);

  scripts["slow"].mute = false;
  FakeProbe::end(scripts["slow"]);
  run("slow", 3);
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(SchedulerTest, bounds_how_many_run_at_once_and_starts_the_rest_in_turn) {
  scheduler.reset();
  scheduler.emplace(
      Tools{loop, transfers, hosts}, "fra1", registry, [](const Observation&) {}, 2U);
  std::vector<std::string> order;
  const std::vector<std::string> names{"a", "b", "c", "d"};
  for (const std::string& name : names) {
    scripts[name].mute = true;
    scripts[name].when_run = [name, &order] {
      order.push_back(name);
      // The others become due while these two run: the loop stops once they wait.
    };
  }
  configure({probe("a"), probe("b"), probe("c"), probe("d")});
  net::Timer look{loop};
  std::function<void()> until_all_are_due = [&] {
    if (metric("candor_probes_waiting") == 2) return loop.stop();
    look.after(1ms, [&] { until_all_are_due(); });
  };
  until_all_are_due();
  loop.run();
  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(metric("candor_probes_postponed_total"), 2);

  FakeProbe::end(scripts[order.at(0)]);
  EXPECT_EQ(order.size(), 3U) << "one ended, one began, at once";
  FakeProbe::end(scripts[order.at(1)]);
  EXPECT_EQ(order.size(), 4U);
  EXPECT_EQ(metric("candor_probes_waiting"), 0);
  std::ranges::sort(order);
  EXPECT_EQ(order, names);
}

TEST_F(SchedulerTest, keeps_probes_that_did_not_change) {
  configure({probe("a"), probe("b")});
  run("a", 3);
  run("b", 3);
  seen.clear();
  configure({probe("a"), probe("b", "2")});
  EXPECT_THAT(gone, IsEmpty()) << "b's signal is still somebody's";
  EXPECT_EQ(scripts["a"].made, 1);
  EXPECT_EQ(scripts["b"].made, 2);
  EXPECT_EQ(scripts["b"].destroyed, 1);
  run("a", 3);
  run("b", 3);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().id.labels.get("probe"), "b") << "a new one has a first outcome";
}

TEST_F(SchedulerTest, ends_probes_that_are_gone_and_names_their_signals) {
  scripts["b"].mute = true;
  configure({probe("a"), probe("b")});
  run("b", 1);
  configure({probe("a")});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().labels.get("probe"), "b");
  EXPECT_EQ(scripts["b"].destroyed, 1);
  EXPECT_EQ(scheduler->figures({}, 10).size(), 1U);
  run("a", 5);
  EXPECT_EQ(scripts["b"].runs, 1);
  configure({});
  EXPECT_EQ(gone.size(), 1U);
  EXPECT_THAT(scheduler->status(), IsEmpty());
}

TEST_F(SchedulerTest, frees_the_place_of_a_run_that_ends_with_its_probe) {
  scheduler.reset();
  scheduler.emplace(
      Tools{loop, transfers, hosts}, "fra1", registry, [](const Observation&) {}, 1U);
  scripts["a"].mute = true;
  configure({probe("a")});
  run("a", 1);
  configure({probe("b")});
  run("b", 3);
  EXPECT_GE(scripts["b"].runs, 3);
}

TEST_F(SchedulerTest, names_the_signal_of_a_probe_whose_labels_changed) {
  configure({probe("a")});
  ProbeConfig other = probe("a", "2");
  other.component = "search";
  configure({other});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().labels.get("component"), "checkout");
}

TEST_F(SchedulerTest, lets_go_of_everything_when_it_is_stopped) {
  scripts["b"].mute = true;
  configure({probe("a"), probe("b")});
  run("b", 1);
  scheduler->stop();
  EXPECT_EQ(scripts["a"].destroyed, 1);
  EXPECT_EQ(scripts["b"].destroyed, 1) << "and with it the run that was under way";
  EXPECT_TRUE(scheduler->status().empty());
  EXPECT_TRUE(scheduler->figures({}, 10).empty());
}

TEST_F(SchedulerTest, may_be_configured_from_inside_a_report) {
  scheduler.reset();
  bool done = false;
  scheduler.emplace(
      Tools{loop, transfers, hosts}, "fra1", registry,
      [&](const Observation&) {
        if (std::exchange(done, true)) return;
        configure({});
        loop.stop();
      },
      4000U);
  configure({probe("a"), probe("b")});
  loop.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(gone.size(), 2U);
  loop.poll();
  EXPECT_EQ(scripts["a"].made, scripts["a"].destroyed);
}

TEST_F(SchedulerTest, tells_after_a_pause_what_it_saw_in_that) {
  ProbeConfig late = probe("late");
  late.every = 24h;
  configure({probe("a"), probe("b"), late});
  run("a", 2);
  run("b", 2);
  seen.clear();
  scheduler->pause_telling();
  scripts["a"].next = {.health = Health::degraded, .evidence = "slow", .symptom = "slow answers"};
  run("a", 3);
  run("b", 3);
  scheduler->pause_telling();
  EXPECT_THAT(seen, IsEmpty());
  scheduler->resume_telling();
  ASSERT_EQ(seen.size(), 2U) << "of what has not run there is nothing to tell";
  EXPECT_EQ(seen[0].health, Health::degraded);
  EXPECT_EQ(seen[0].evidence, "slow");
  EXPECT_EQ(seen[1].health, Health::ok) << "another look";
  run("a", 3);
  run("b", 3);
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(SchedulerTest, tells_after_a_pause_what_a_first_run_found_in_it) {
  scheduler->pause_telling();
  configure({probe("a")});
  run("a", 3);
  EXPECT_THAT(seen, IsEmpty());
  scheduler->resume_telling();
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(SchedulerTest, takes_no_run_from_before_a_pause_for_a_look) {
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({probe("a"), probe("other")});
  run("a", 2);
  loop.poll();
  scripts["a"].mute = true;
  run("a", 1);
  seen.clear();
  scheduler->pause_telling();
  run("other", 3);
  scheduler->resume_telling();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].id.labels.get("probe"), "other");
  FakeProbe::end(scripts["a"]);
  ASSERT_EQ(seen.size(), 2U) << "its next is told, though nothing changed";
  EXPECT_EQ(seen[1].evidence, "HTTP 503");
}

TEST_F(SchedulerTest, takes_no_outcome_for_a_look_in_a_pause_that_says_nothing_of_the_health) {
  ProbeConfig config = probe("a");
  config.fall = 100;
  configure({config});
  run("a", 2);
  loop.poll();
  seen.clear();
  scripts["a"].next = {.health = Health::failing};
  scheduler->pause_telling();
  run("a", 3);
  scheduler->resume_telling();
  EXPECT_THAT(seen, IsEmpty()) << "one that failed does not say that it is well";
  scripts["a"].next = {.health = Health::ok};
  run("a", 3);
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(SchedulerTest, tells_of_a_pause_in_which_nobody_looked_in_the_end_only_what_changed) {
  for (const Health found : {Health::ok, Health::failing}) {
    scripts["a"].next = {.health = Health::ok};
    scheduler->stop();
    configure({probe("a")});
    run("a", 2);
    loop.poll();
    seen.clear();
    scheduler->pause_telling();
    scripts["a"].next = {.health = found};
    run("a", 3);
    loop.poll();
    scheduler->tell_again();
    scheduler->resume_telling();
    const std::size_t changes = found == Health::ok ? 0 : 1;
    EXPECT_EQ(seen.size(), changes);
    run("a", 4);
    ASSERT_EQ(seen.size(), changes + 1) << "a look at it";
    EXPECT_EQ(seen.back().health, found);
  }
}

TEST_F(SchedulerTest, says_the_words_of_what_was_bad_while_the_health_is_bad) {
  ProbeConfig config = probe("a");
  config.rise = 100;
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({config});
  scheduler->pause_telling();
  run("a", 2);
  scripts["a"].next = {.health = Health::ok};
  run("a", 3);
  scheduler->resume_telling();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().health, Health::failing);
  EXPECT_EQ(seen.front().evidence, "HTTP 503");
}

TEST_F(SchedulerTest, tells_the_status_in_name_order) {
  scripts["b"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({probe("b"), probe("a")});
  run("b", 3);
  const std::vector<ProbeStatus> status = scheduler->status();
  ASSERT_EQ(status.size(), 2U);
  EXPECT_EQ(status[0].name, "a");
  EXPECT_EQ(status[1].name, "b");
  EXPECT_EQ(status[1].health, Health::failing);
  EXPECT_EQ(status[1].latest.evidence, "HTTP 503");
  EXPECT_GE(status[1].runs, 2U);
}

TEST_F(SchedulerTest, measures_its_probes_and_goes_on_when_one_is_changed) {
  scripts["a"].next = {.health = Health::ok};
  configure({probe("b"), probe("a")});
  EXPECT_FALSE(scheduler->figures({}, 10)[0].up) << "nothing is known yet";
  run("a", 4);
  std::vector<ProbeFigures> figures = scheduler->figures({}, 10);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].name, "a");
  EXPECT_TRUE(figures[0].up);
  EXPECT_GE(figures[0].runs[0], 3U);
  EXPECT_EQ(scheduler->figures({}, 1).back().name, "a");
  EXPECT_EQ(scheduler->figures("a", 10).front().name, "b");
  EXPECT_TRUE(scheduler->figures("b", 10).empty());
  EXPECT_GE(metric("candor_probes_start_delay_seconds_count"), 4);

  ProbeConfig changed = probe("a");
  changed.fingerprint = "another";
  const std::uint64_t before = figures[0].runs[0];
  configure({std::move(changed)});
  figures = scheduler->figures({}, 10);
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].runs[0], before);
  EXPECT_FALSE(figures[0].up) << "what it asks now is not known yet";
}

TEST_F(SchedulerTest, looks_again_sooner_until_fall_and_rise_have_settled_it) {
  ProbeConfig rare = rare_probe();
  const std::string name = rare.name;
  rare.fall = 2;
  rare.rise = 3;
  scripts[name].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({std::move(rare), probe("beat")});
  run(name, 5);
  loop.poll();
  ASSERT_EQ(scheduler->status().back().health, Health::failing) << "and looked at for as long as it is";
  scripts[name].next = {.health = Health::ok};
  const int before = scripts[name].runs;
  run(name, 3);
  run("beat", 20);
  EXPECT_EQ(scripts[name].runs, before + 3);
  EXPECT_EQ(scheduler->status().back().health, Health::ok);
}

TEST_F(SchedulerTest, looks_again_at_what_is_degraded_or_unknown) {
  for (const Health health : {Health::degraded, Health::unknown}) {
    ProbeConfig rare = rare_probe();
    const std::string name = rare.name;
    scripts[name].next = {.health = health};
    configure({std::move(rare)});
    run(name, 4);
    configure({});
  }
}

TEST_F(SchedulerTest, goes_on_as_before_where_nothing_says_to_look_sooner) {
  ProbeConfig rare = rare_probe();
  const std::string name = rare.name;
  rare.retry_interval.reset();
  scripts[name].next = {.health = Health::failing};
  configure({std::move(rare), probe("beat")});
  run(name, 1);
  run("beat", 20);
  EXPECT_EQ(scripts[name].runs, 1);
}

TEST_F(SchedulerTest, looks_again_only_when_the_run_has_ended) {
  ProbeConfig rare = rare_probe();
  const std::string name = rare.name;
  scripts[name].mute = true;
  scripts[name].next = {.health = Health::failing};
  configure({std::move(rare), probe("beat")});
  run(name, 1);
  run("beat", 20);
  EXPECT_EQ(scripts[name].runs, 1);
  FakeProbe::end(scripts[name]);
  run(name, 1);
  EXPECT_EQ(scripts[name].runs, 2);
}

TEST_F(SchedulerTest, tells_of_every_run_whether_it_changes_anything_or_not) {
  std::vector<std::pair<std::string, Health>> ran;
  scheduler->on_run([&](const std::string& name, const Outcome& outcome) { ran.emplace_back(name, outcome.health); });
  configure({probe("a")});
  run("a", 2);
  scripts["a"].next = {.health = Health::failing};
  run("a", 2);
  ASSERT_GE(ran.size(), 3U);
  EXPECT_EQ(ran.front(), (std::pair{std::string{"a"}, Health::ok}));
  EXPECT_EQ(ran.back(), (std::pair{std::string{"a"}, Health::failing}));
}

TEST_F(SchedulerTest, tells_how_probes_do_in_the_order_of_names_from_any_name_on) {
  scripts["b"].next = {.health = Health::failing};
  configure({probe("c"), probe("a"), probe("b")});
  while (scripts["a"].runs < 2 || scripts["b"].runs < 2 || scripts["c"].runs < 2) run("a", 1);
  const auto names = [](const std::vector<ProbeStatus>& list) {
    std::vector<std::string> found;
    for (const ProbeStatus& each : list) found.push_back(each.name);
    return found;
  };
  EXPECT_THAT(names(scheduler->status()), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names(scheduler->status("", 2)), ElementsAre("a", "b"));
  EXPECT_THAT(names(scheduler->status("a", 2)), ElementsAre("b", "c"));
  EXPECT_THAT(names(scheduler->status("", 2, Health::ok)), ElementsAre("a", "c"));
  EXPECT_THAT(names(scheduler->status("", 1, Health::failing)), ElementsAre("b"));
  ASSERT_TRUE(scheduler->status_of("b"));
  EXPECT_EQ(scheduler->status_of("b")->health, Health::failing);
  EXPECT_EQ(scheduler->status_of("b")->component, "checkout");
  EXPECT_FALSE(scheduler->status_of("bb"));
}

TEST_F(SchedulerTest, leaves_no_probe_behind) {
  scripts["a"].mute = true;
  configure({probe("a"), probe("b")});
  run("a", 1);
  scheduler.reset();
  loop.poll();
  EXPECT_EQ(scripts["a"].destroyed, 1);
  EXPECT_EQ(scripts["b"].destroyed, 1);
  EXPECT_THAT(metrics(), Not(HasSubstr("candor_probes"))) << "what it told of itself";
}

}  // namespace
}  // namespace candor::probes
