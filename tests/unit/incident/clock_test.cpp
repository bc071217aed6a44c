#include <gmock/gmock.h>

#include "world.h"

namespace candor::incident {
namespace {

using rules::Health;
using testing::SizeIs;

/// The machine's clock is set; no time passes.
void set_clock(World& world, Duration by) {
  world.now += by;
  world.take(world.engine.clock_set(by, world.now));
}

/// Turns the engine off and on again, as of the state that the events so far give.
void restart(World& world) {
  State state;
  for (const Event& event : world.events) apply(state, event);
  world.engine = Engine{shop_policy(), std::move(state)};
  world.take(world.engine.begin(42, world.now));
}

class ClockSetBy : public testing::TestWithParam<Duration> {};

TEST_P(ClockSetBy, leaves_a_for_as_long_as_it_was) {
  World world;
  world.see(Health::failing);
  world.pass(20s);
  set_clock(world, GetParam());
  world.pass(9s);
  EXPECT_THAT(world.engine.state().incidents, SizeIs(0));
  world.pass(1s);
  EXPECT_THAT(world.engine.state().incidents, SizeIs(1));
}

TEST_P(ClockSetBy, leaves_the_wait_between_two_steps_of_an_escalation) {
  World world;
  world.see(Health::failing);
  world.pass(30s + 4min);
  set_clock(world, GetParam());
  EXPECT_THAT(world.pages(), SizeIs(1)) << "ana";
  world.pass(59s);
  EXPECT_THAT(world.pages(), SizeIs(1));
  world.pass(1s);
  EXPECT_THAT(world.pages(), SizeIs(3)) << "bo, both ways";
}

TEST_P(ClockSetBy, leaves_what_nobody_looked_at_memory) {
  for (const Way way : {Way::stood_still, Way::disk_full}) {
    World world;
    world.see(Health::ok);
    world.pass(1min);
    world.see(Health::failing);
    world.pass(5s);
    be_away(world, shop_policy(), way, 40s);  // the `for` of 30 s is over meanwhile
    set_clock(world, GetParam());
    world.pass(10s);
    EXPECT_THAT(world.engine.state().incidents, SizeIs(0));
    world.see(Health::failing);  // somebody looked
    EXPECT_THAT(world.engine.state().incidents, SizeIs(1));
  }
}

TEST_P(ClockSetBy, leaves_the_quiet_time_before_an_end) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  world.see(Health::ok);
  world.pass(1min);
  set_clock(world, GetParam());
  world.pass(59s);
  EXPECT_TRUE(world.incident().open());
  world.pass(1s);
  EXPECT_FALSE(world.incident().open());
}

TEST_P(ClockSetBy, pages_nobody_again_and_opens_nothing_twice) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  ASSERT_TRUE(world.ask(AckPage{world.incident().id, "api"}));
  const std::size_t pages = world.pages().size();
  set_clock(world, GetParam());
  world.pass(10min);
  EXPECT_THAT(world.pages(), SizeIs(pages));
  EXPECT_THAT(world.changes<IncidentOpened>(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Incident, ClockSetBy, testing::Values(-3h, -5s, 5s, 3h));

TEST(Clock, set_back_keeps_customers_waiting_no_longer_than_the_cadence) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  const std::size_t said = world.incident().updates.size();
  set_clock(world, -3h);
  world.pass(15min);
  EXPECT_THAT(world.incident().updates, SizeIs(said + 1));
}

TEST(Clock, set_forward_keeps_a_promise_at_the_instant_that_was_told) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  const std::size_t said = world.incident().updates.size();
  set_clock(world, 10min);
  world.pass(5min);
  EXPECT_THAT(world.incident().updates, SizeIs(said + 1)) << "15 minutes later by the clock that everybody reads";
}

TEST(Clock, set_back_while_candord_was_off_lengthens_no_wait) {
  World world;
  world.see(Health::failing);
  world.pass(30s);
  ASSERT_THAT(world.pages(), SizeIs(1));
  world.now -= 3h;
  restart(world);
  world.pass(5min);
  EXPECT_THAT(world.pages(), SizeIs(3)) << "the next step, and not hours later";
}

TEST(Clock, set_back_while_candord_was_off_is_told_once) {
  World world;
  world.see(Health::failing);
  world.now -= 1h;
  restart(world);
  restart(world);
  EXPECT_THAT(world.changes<ClockSet>(), SizeIs(1));
}

}  // namespace
}  // namespace candor::incident
