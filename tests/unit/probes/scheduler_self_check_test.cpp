#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/scheduling.h"

namespace candor::probes {
namespace {

using namespace test;
using testing::HasSubstr;

TEST_F(SchedulerTest, asks_its_self_checks_before_it_says_that_something_is_wrong) {
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  outside.every = 1h;  // so that it looks only when it is asked to
  scripts["outside"].next = {.health = Health::failing, .evidence = "no route"};
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503", .symptom = "errors"};
  configure({probe("a"), std::move(outside)});
  run("a", 3);
  ASSERT_TRUE(scheduler->blindness());
  EXPECT_THAT(scheduler->blindness()->why, HasSubstr("no route"));
  EXPECT_EQ(metric("candor_probes_blind"), 1);
  const auto of_a = [this] {
    return std::ranges::find_if(seen, [](const Observation& it) { return it.id.labels.get("probe") == "a"; });
  };
  ASSERT_NE(of_a(), seen.end());
  EXPECT_EQ(of_a()->health, Health::unknown);
  EXPECT_THAT(of_a()->evidence, HasSubstr("candord cannot see"));

  seen.clear();
  scripts["outside"].next = {.health = Health::ok};
  ProbeConfig changed = probe("outside", "2");
  changed.self_check = true;
  changed.every = 1h;
  configure({probe("a"), std::move(changed)});
  run("a", 4);
  EXPECT_FALSE(scheduler->blindness());
  EXPECT_EQ(metric("candor_probes_blind"), 0);
  ASSERT_NE(of_a(), seen.end());
  EXPECT_EQ(of_a()->health, Health::failing) << "it is the target after all";
}

TEST_F(SchedulerTest, keeps_a_probe_that_becomes_a_self_check_or_is_none_any_more) {
  const auto turn = [this](bool self_check) {
    while (scripts["outside"].pending) run("a", 1);  // so that it is not in the middle of a run
    ProbeConfig config = probe("outside");
    config.every = 1h;
    config.retry_interval = 1ms;
    config.self_check = self_check;
    configure({probe("a"), std::move(config)});
  };
  scripts["outside"].next = {.health = Health::failing, .evidence = "no route"};
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  turn(false);
  run("a", 2);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::failing);

  turn(true);
  run("a", 3);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::unknown);
  EXPECT_TRUE(scheduler->blindness());

  turn(false);
  EXPECT_FALSE(scheduler->blindness());
  run("a", 3);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::failing);
  EXPECT_EQ(scripts["outside"].made, 1);
  EXPECT_EQ(scripts["a"].made, 1);
}

TEST_F(SchedulerTest, begins_anew_what_becomes_a_self_check_in_the_middle_of_a_run) {
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  scripts["b"].mute = true;
  configure({probe("a"), probe("b")});
  run("b", 1);
  scripts["b"].mute = false;
  ProbeConfig outside = probe("b");
  outside.self_check = true;
  configure({probe("a"), std::move(outside)});
  EXPECT_EQ(scripts["b"].made, 2);
  run("a", 3);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::failing);
}

TEST_F(SchedulerTest, believes_what_it_was_told_whatever_it_can_see) {
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  scripts["outside"].next = {.health = Health::failing, .evidence = "no route"};
  scripts["a"].next = {.health = Health::failing, .evidence = "it said so", .told = true};
  configure({probe("a"), std::move(outside)});
  run("a", 2);
  run("outside", 2);
  EXPECT_TRUE(scheduler->blindness());
  EXPECT_EQ(scheduler->status_of("a")->health, Health::failing);
}

TEST_F(SchedulerTest, does_not_take_an_older_good_answer_of_a_self_check_for_a_look) {
  ProbeConfig outside = rare_probe();
  const std::string name = outside.name;
  outside.self_check = true;
  outside.retry_interval.reset();
  configure({probe("a"), std::move(outside)});
  while (scripts["a"].runs < 2 || scripts[name].runs < 1) run("a", 1);
  loop.poll();
  scripts[name].next = {.health = Health::failing, .evidence = "no route"};
  scripts["a"].next = {.health = Health::failing, .evidence = "timed out"};
  run("a", 2);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::unknown) << "the network went for both of them";
  EXPECT_TRUE(std::ranges::none_of(
      seen, [](const Observation& it) { return it.id.labels.get("probe") == "a" && it.health == Health::failing; }));
}

TEST_F(SchedulerTest, asks_anew_where_the_look_under_way_began_before_the_failure_was_found) {
  ProbeConfig outside = rare_probe();
  const std::string name = outside.name;
  outside.self_check = true;
  outside.retry_interval.reset();
  scripts[name].mute = true;
  scripts["a"].next = {.health = Health::failing, .evidence = "timed out"};
  scripts["a"].mute = true;
  configure({probe("a"), std::move(outside)});
  while (scripts["a"].runs < 1 || scripts[name].runs < 1) loop.poll();
  FakeProbe::end(scripts["a"]);
  EXPECT_EQ(scripts[name].runs, 1) << "it is under way";
  FakeProbe::end(scripts[name]);
  EXPECT_THAT(seen, testing::SizeIs(1)) << "the self check's own";
  ASSERT_EQ(scripts[name].runs, 2) << "it looks once more, at once";
  scripts[name].next = {.health = Health::failing, .evidence = "no route"};
  FakeProbe::end(scripts[name]);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::unknown);
  EXPECT_EQ(scheduler->status_of("a")->runs, 1U);
}

TEST_F(SchedulerTest, lets_many_that_wait_share_one_look) {
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  outside.every = 1h;  // so that it looks only when it is asked to
  scripts["outside"].mute = true;
  std::vector<ProbeConfig> probes;
  const std::vector<std::string> names{"a", "b", "c", "d"};
  for (const std::string& name : names) {
    scripts[name].mute = true;
    scripts[name].next = {.health = Health::failing, .evidence = "HTTP 503"};
    probes.push_back(probe(name));
  }
  probes.push_back(std::move(outside));
  configure(std::move(probes));
  const auto all_run = [&] { return std::ranges::all_of(names, [&](const auto& name) { return scripts[name].runs; }); };
  while (!all_run()) loop.poll();
  FakeProbe::end(scripts["a"]);
  EXPECT_EQ(scripts["outside"].runs, 1) << "at once";
  for (const Stopwatch next_microsecond; next_microsecond.elapsed() < 2us;) continue;
  for (const char* name : {"b", "c", "d"}) FakeProbe::end(scripts[name]);
  FakeProbe::end(scripts["outside"]);
  EXPECT_EQ(scheduler->status_of("a")->health, Health::failing);
  EXPECT_EQ(scheduler->status_of("b")->health, Health::unknown) << "that look began before b's failure was found";
  while (scripts["outside"].runs < 2) loop.poll();
  FakeProbe::end(scripts["outside"]);
  for (const std::string& name : names) EXPECT_EQ(scheduler->status_of(name)->health, Health::failing) << name;
  loop.poll();
  EXPECT_EQ(scripts["outside"].runs, 2) << "nobody waits";
}

TEST_F(SchedulerTest, counts_towards_fall_only_what_the_self_checks_saw) {
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  outside.every = 1h;  // so that it looks only when it is asked to
  ProbeConfig rare = rare_probe();
  const std::string name = rare.name;
  rare.fall = 2;
  scripts[name].next = {.health = Health::failing, .evidence = "timed out"};
  configure({std::move(rare), std::move(outside)});
  run(name, 2);
  EXPECT_EQ(scripts["outside"].runs, 1) << "the first one is looked after too, and retry_interval waits for that";
  scripts["outside"].next = {.health = Health::failing, .evidence = "no route"};
  run(name, 1);
  EXPECT_EQ(scheduler->status_of(name)->health, Health::unknown);
  scripts["outside"].next = {.health = Health::ok};
  run(name, 1);
  EXPECT_EQ(scheduler->status_of(name)->health, Health::unknown) << "it began before the look that brought sight back";
  run(name, 1);
  EXPECT_EQ(scheduler->status_of(name)->health, Health::unknown) << "one since it sees again";
  run(name, 1);
  EXPECT_EQ(scheduler->status_of(name)->health, Health::failing);
}

TEST_F(SchedulerTest, runs_a_self_check_that_waits_for_a_place_only_once) {
  scheduler.reset();
  scheduler.emplace(
      Tools{loop, transfers, hosts}, "fra1", registry, [](const Observation&) {}, 3U);
  for (const char* name : {"a", "b", "c", "outside"}) scripts[name].mute = true;
  configure({probe("a"), probe("b"), probe("c")});
  while (scripts["a"].runs + scripts["b"].runs + scripts["c"].runs < 3) loop.poll();
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  configure({probe("a"), probe("b"), probe("c"), std::move(outside)});
  while (metric("candor_probes_waiting") < 1) loop.poll();
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  FakeProbe::end(scripts["a"]);
  EXPECT_EQ(scripts["outside"].runs, 1) << "it looks at once, whoever else runs";
  FakeProbe::end(scripts["b"]);
  FakeProbe::end(scripts["c"]);
  EXPECT_EQ(scripts["outside"].runs, 1) << "and is under way";
}

TEST_F(SchedulerTest, waits_for_no_self_check_that_is_gone) {
  ProbeConfig outside = probe("outside");
  outside.self_check = true;
  scripts["outside"].mute = true;
  scripts["a"].next = {.health = Health::failing};
  configure({probe("a"), std::move(outside)});
  run("a", 1);
  while (scripts["outside"].runs == 0) loop.poll();
  loop.poll();
  EXPECT_EQ(scripts["a"].runs, 1) << "its run is not over";
  EXPECT_TRUE(std::ranges::none_of(seen, [](const Observation& it) { return it.health == Health::failing; }));
  configure({probe("a")});
  run("a", 2);
  EXPECT_TRUE(std::ranges::any_of(seen, [](const Observation& it) { return it.health == Health::failing; }));
}

}  // namespace
}  // namespace candor::probes
