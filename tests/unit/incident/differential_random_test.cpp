#include "tests/unit/incident/drawn_life.h"

// Lives that are lived twice: once undisturbed, and once with what should make no difference.

namespace candor::incident {
namespace {

using rules::Draw;

constexpr std::uint64_t lives = 40;

/// Happens now and then in the second life of a seed.
using Disturbs = std::function<void(Living&, Draw&)>;

void expect_no_difference(const Lot& lot, const Living::Filter& people, const Disturbs& disturbs, int one_in = 3) {
  for (std::uint64_t seed = 1; seed <= lives; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Life life = Fate{seed, lot}.life();
    Draw draw{seed * 7919};
    const Living undisturbed = live(life);
    const Living disturbed = live(life, [&](Living& world) {
      if (draw.one_in(one_in)) disturbs(world, draw);
    });
    ASSERT_EQ(difference(undisturbed.told(people), disturbed.told(people)), "");
  }
}

void reloads(Living& world, Draw&) { world.reload(); }
void restarts(Living& world, Draw&) { world.restart(0s); }

/// No step brings what is now to the millisecond to when something else was.
void sets_clock(Living& world, Draw& draw) { world.set_clock(Duration{draw.below(2'400'000) - 1'200'000}); }

/// What was drafted again is not told: the words name times of the wall clock.
bool is_no_draft(const Event& event) {
  return is_of_any(event) && !std::holds_alternative<HoldingDrafted>(event.change);
}

TEST(Reload, of_the_same_configuration_changes_nothing) { expect_no_difference({}, is_of_any, reloads); }

TEST(Reload, of_the_same_configuration_changes_nothing_once_a_look_is_over) {
  const auto reloads_seen = [](Living& world, Draw&) {
    if (!world.may_wait_for_a_look()) world.reload();
  };
  expect_no_difference({.absences = true, .clock_steps = true}, is_no_draft, reloads_seen, 2);
}

TEST(Reload, of_a_rule_that_nothing_makes_hold_changes_nothing) {
  const auto brings_or_takes = [](Living& world, Draw& draw) {
    Policy policy = world.policy;
    if (policy.rules.back().name.ends_with("nowhere")) {
      policy.responses.erase(policy.rules.back().name);
      policy.rules.pop_back();
    } else {
      rules::SignalLeaf leaf;
      leaf.matchers = *rules::parse_matchers("zone=nowhere");
      const std::string name = draw.of<std::string>({"A-nowhere", "z-nowhere"});
      policy.rules.push_back({.name = name, .when = {leaf}});
      policy.responses[name] = {.holding = "default"};
    }
    world.reload(policy);
  };
  expect_no_difference({}, is_of_any, brings_or_takes);
}

TEST(Restart, at_once_changes_nothing) { expect_no_difference({.lingering = false}, is_of_any, restarts); }

TEST(Restart, at_once_changes_no_finding) { expect_no_difference({.humans = false}, is_finding, restarts); }

TEST(Standstill, of_no_length_changes_no_finding) {
  const auto stands_still = [](Living& world, Draw&) { world.stand_still(0s); };
  expect_no_difference({.humans = false}, is_finding, stands_still);
}

TEST(Clock, that_is_set_changes_nothing) {
  const auto sets_and_reloads = [](Living& world, Draw& draw) {
    sets_clock(world, draw);
    if (draw.one_in(3)) world.reload();
  };
  expect_no_difference({.wall_clock = false}, is_no_draft, sets_and_reloads);
}

TEST(Clock, that_is_set_changes_nothing_that_is_said_after_absences) {
  expect_no_difference({.absences = true, .wall_clock = false}, is_no_draft, sets_clock);
}

TEST(Due, is_all_that_happens_as_time_passes) {
  for (std::uint64_t seed = 1; seed <= lives; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Life life = Fate{seed, {.absences = true, .clock_steps = true, .dead_pages = true}}.life();
    ASSERT_EQ(difference(live(life).told(is_of_any), live(life, {}, true).told(is_of_any)), "");
  }
}

/// Each page, with the rule and the step, whenever it was sent.
std::vector<std::string> pages_of(const Living& world) {
  const auto is_page = [](const Event& event) { return std::holds_alternative<Paged>(event.change); };
  std::vector<std::string> pages = world.told(is_page);
  for (std::string& page : pages) page.erase(0, page.find(' ') + 1);
  std::ranges::sort(pages);
  return pages;
}

TEST(Absence, that_is_told_in_parts_takes_no_page_and_makes_none) {
  for (std::uint64_t seed = 1; seed <= lives; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life = Fate{seed, {.absences = true}}.life();
    const std::vector<std::string> pages = pages_of(live(life));
    life.tells_of_deafness = 4;
    ASSERT_EQ(difference(pages, pages_of(live(life))), "");
  }
}

TEST(State, is_what_its_events_make_it) {
  for (std::uint64_t seed = 1; seed <= lives; ++seed) {
    const Living world = live(Fate{seed, {.absences = true, .clock_steps = true, .dead_pages = true}}.life());
    State folded;
    for (const Event& event : world.events) apply(folded, event);
    ASSERT_EQ(folded, world.engine.state()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace candor::incident
