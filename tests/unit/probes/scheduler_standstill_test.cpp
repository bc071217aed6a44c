#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/probes/scheduling.h"

namespace candor::probes {
namespace {

using namespace test;
using testing::ElementsAre;

/// Its loop seems to stand still for as long as a test says.
class StandstillTest : public SchedulerTest {
 protected:
  StandstillTest() {
    scheduler.reset();
    scheduler.emplace(
        Tools{loop, transfers, hosts}, "fra1", registry,
        [this](const Observation& observation) { seen.push_back(observation); }, 4000U,
        [this, since = Stopwatch{}] { return since.elapsed() + stood; });
    scheduler->on_run([this](const std::string& name, const Outcome&) { counted.push_back(name); });
  }

  /// Answers only when it is told to.
  std::string slow_probe() {
    ProbeConfig config = rare_probe();
    const std::string name = config.name;
    scripts[name].mute = true;
    configure({std::move(config)});
    run(name, 1);
    return name;
  }

  double dropped() { return metric("candor_probes_dropped_total"); }

  std::chrono::microseconds stood{};
  std::vector<std::string> counted;
};

TEST_F(StandstillTest, says_nothing_of_the_targets_of_runs_under_way) {
  const std::string name = slow_probe();
  Script& script = scripts[name];
  script.next = {.health = Health::failing, .evidence = "no answer within 5 s"};
  stood += 8s;
  FakeProbe::end(script);
  EXPECT_TRUE(seen.empty());
  EXPECT_TRUE(counted.empty());
  EXPECT_EQ(scheduler->status_of(name)->runs, 0U);
  EXPECT_EQ(dropped(), 1);

  run(name, 1);  // soon, and not tomorrow
  script.next = {.health = Health::ok};
  FakeProbe::end(script);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().health, Health::ok);
  EXPECT_THAT(counted, ElementsAre(name));
  EXPECT_EQ(dropped(), 1);
}

TEST_F(StandstillTest, says_nothing_of_any_of_them_whichever_ends_first) {
  for (const std::string name : {"a", "b"}) scripts[name].mute = true;
  configure({probe("a"), probe("b")});
  run("a", 1);
  if (scripts["b"].runs == 0) run("b", 1);
  stood += 1s;
  for (const std::string name : {"a", "b"}) FakeProbe::end(scripts[name]);
  EXPECT_EQ(dropped(), 2);
  EXPECT_TRUE(counted.empty());
}

TEST_F(StandstillTest, that_never_ends_silences_nobody) {
  const std::string name = slow_probe();
  Script& script = scripts[name];
  script.next = {.health = Health::failing, .evidence = "no answer within 5 s"};
  for (int runs = 0; runs < 2; ++runs) {
    stood += 2s;
    FakeProbe::end(script);
    run(name, 1);
  }
  EXPECT_EQ(dropped(), 2);
  EXPECT_TRUE(seen.empty());
  stood += 2s;
  FakeProbe::end(script);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().health, Health::failing);

  run(name, 1);
  stood += 2s;
  FakeProbe::end(script);
  EXPECT_EQ(dropped(), 3) << "it was heard, so the next one may be left out again";
}

TEST_F(StandstillTest, before_a_run_does_not_concern_it) {
  configure({probe("a")});
  run("a", 3);
  while (scripts["a"].pending) loop.poll();
  counted.clear();
  stood += 1h;
  run("a", 3);
  EXPECT_EQ(dropped(), 0);
  EXPECT_GE(counted.size(), 2U);
}

TEST_F(StandstillTest, has_self_checks_look_anew_for_those_that_wait_for_them) {
  ProbeConfig outside = rare_probe();
  outside.self_check = true;
  Script& look = scripts[outside.name];
  look.mute = true;
  look.next = {.health = Health::failing, .evidence = "no answer within 5 s"};
  scripts["a"].next = {.health = Health::failing, .evidence = "HTTP 503"};
  configure({outside, probe("a")});
  if (look.runs == 0) run(outside.name, 1);
  while (scripts["a"].runs == 0 || scripts["a"].pending) loop.poll();
  const int looks = look.runs;
  stood += 8s;
  FakeProbe::end(look);
  EXPECT_FALSE(scheduler->blindness());
  EXPECT_EQ(look.runs, looks + 1) << "the failure of `a` was found before, and waits";

  look.next = {.health = Health::ok};
  FakeProbe::end(look);
  if (look.pending) FakeProbe::end(look);  // the first of them began before that failure was found
  const auto of_a = std::ranges::find(seen, "a", [](const Observation& it) { return it.id.labels.get("probe"); });
  ASSERT_NE(of_a, seen.end());
  EXPECT_EQ(of_a->health, Health::failing);
}

}  // namespace
}  // namespace candor::probes
