#include "rules/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/world.h"

namespace candor::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::string_view one_rule = "[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"' }\n";

TEST(Evaluator, is_quiet_since_the_epoch_before_it_settles) {
  const World world{one_rule};
  EXPECT_EQ(world.verdict("r"), Verdict{});
  EXPECT_FALSE(world.evaluator.verdict("nobody"));
  EXPECT_FALSE(world.evaluator.due());
}

TEST(Evaluator, says_what_holds_and_why) {
  World world{one_rule};
  world.see("a", Health::failing, 5s, "refused", "the shop is down");
  EXPECT_THAT(world.settle(7s), ElementsAre("r holds"));
  const Verdict verdict = world.verdict("r");
  EXPECT_EQ(verdict.finding, Finding::holds);
  EXPECT_EQ(verdict.since, world.start + 7s);
  EXPECT_EQ(verdict.failing_since, world.start + 5s);
  EXPECT_EQ(verdict.evidence, "a: refused");
  EXPECT_EQ(verdict.symptom, "the shop is down");
}

TEST(Evaluator, answers_only_what_changed) {
  World world{one_rule};
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("r holds"));
  EXPECT_THAT(world.settle(1s), IsEmpty());
  world.see("b", Health::failing, 2s);
  EXPECT_THAT(world.settle(2s), IsEmpty());
  world.see("a", Health::ok, 3s);
  EXPECT_THAT(world.settle(3s), IsEmpty());
  world.see("b", Health::ok, 4s);
  EXPECT_THAT(world.settle(4s), ElementsAre("r quiet"));
  EXPECT_EQ(world.verdict("r").since, world.start + 4s);
  EXPECT_EQ(world.verdict("r").evidence, "");
}

TEST(Evaluator, counts_only_signals_of_the_leafs_kind_that_match) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { alert = 'component=\"shop\"' }\n"};
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), IsEmpty());
  const SignalId other{SignalKind::alert, "push", {{"alertname", "A"}, {"component", "database"}}};
  world.see(other, Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), IsEmpty());
  const SignalId alert{SignalKind::alert, "push", {{"alertname", "A"}, {"component", "shop"}}};
  world.see(alert, Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("r holds"));
}

TEST(Evaluator, tells_the_same_labels_from_two_sources_apart) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { alert = 'alertname=\"A\"', at_least = 2 }\n"};
  world.see(SignalId{SignalKind::alert, "push", {{"alertname", "A"}}}, Health::failing, 0s);
  world.see(SignalId{SignalKind::alert, "push", {{"alertname", "A"}}}, Health::failing, 1s);
  EXPECT_THAT(world.settle(1s), IsEmpty());
  world.see(SignalId{SignalKind::alert, "webhook", {{"alertname", "A"}}}, Health::failing, 2s);
  EXPECT_THAT(world.settle(2s), ElementsAre("r holds"));
}

TEST(Evaluator, waits_for_a_for_and_says_when_it_is_due) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', for = \"30s\" }\n"};
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("r pending"));
  EXPECT_EQ(world.due(), 30s);
  EXPECT_THAT(world.settle(30s - 1ms), IsEmpty());
  EXPECT_THAT(world.settle(30s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").failing_since, world.start);
  EXPECT_FALSE(world.due());
}

TEST(Evaluator, is_pending_only_where_time_alone_makes_it_hold) {
  World world{R"([[rule]]
name = "both"
when = { all = [{ probe = 'component="shop"', for = "30s" }, { probe = 'component="bank"' }] }
[[rule]]
name = "either"
when = { any = [{ probe = 'component="shop"', for = "30s" }, { probe = 'component="bank"' }] }
[[rule]]
name = "neither"
when = { not = { probe = 'component="shop"', health = "ok", for = "30s" } }
[[rule]]
name = "many"
when = { probe = 'component="shop"', at_least = 2, for = "30s" }
)"};
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("either pending", "neither holds"));
  world.see("b", Health::failing, 10s);
  EXPECT_THAT(world.settle(10s), ElementsAre("many pending"));
  world.see("a", Health::ok, 20s);
  EXPECT_THAT(world.settle(20s), ElementsAre("many quiet"));
  world.see("b", Health::ok, 25s);
  EXPECT_THAT(world.settle(25s), ElementsAre("either quiet"));
}

TEST(Evaluator, starts_a_for_anew_after_ok) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', for = \"30s\" }\n"};
  world.see("a", Health::failing, 0s);
  world.see("a", Health::ok, 20s);
  world.see("a", Health::failing, 25s);
  EXPECT_THAT(world.settle(30s), ElementsAre("r pending"));
  EXPECT_EQ(world.due(), 55s);
  EXPECT_THAT(world.settle(55s), ElementsAre("r holds"));
}

TEST(Evaluator, lets_a_for_run_through_silence) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', for = \"30s\" }\n"};
  world.see("a", Health::failing, 0s);
  world.see("a", Health::unknown, 10s);
  EXPECT_THAT(world.settle(10s), ElementsAre("r unknown"));
  EXPECT_FALSE(world.due());
  world.see("a", Health::failing, 40s);
  EXPECT_THAT(world.settle(40s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").failing_since, world.start);
}

TEST(Evaluator, needs_a_quorum_of_signals_each_past_its_for) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', at_least = 2, for = \"10s\" }\n"};
  world.see("a", Health::failing, 0s);
  world.see("b", Health::failing, 5s);
  world.see("c", Health::ok, 5s);
  EXPECT_THAT(world.settle(14s), ElementsAre("r pending"));
  EXPECT_THAT(world.settle(15s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").failing_since, world.start);
}

TEST(Evaluator, takes_a_share_of_all_matching_signals_rounded_up) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', at_least = \"50%\" }\n"};
  EXPECT_THAT(world.settle(0s), IsEmpty()) << "half of none";
  for (const char* name : {"a", "b", "c"}) world.see(name, Health::ok, 0s);
  world.see("a", Health::failing, 1s);
  EXPECT_THAT(world.settle(1s), IsEmpty()) << "one of three";
  world.see("b", Health::failing, 2s);
  EXPECT_THAT(world.settle(2s), ElementsAre("r holds")) << "two of three";
  world.see("d", Health::ok, 3s);
  EXPECT_THAT(world.settle(3s), IsEmpty()) << "two of four";
  world.see("e", Health::ok, 4s);
  EXPECT_THAT(world.settle(4s), ElementsAre("r quiet")) << "two of five";
  world.forget("c");
  EXPECT_THAT(world.settle(5s), ElementsAre("r holds")) << "two of four again";
}

TEST(Evaluator, counts_failing_as_degraded_but_not_the_other_way) {
  World world{R"([[rule]]
name = "bad"
when = { probe = 'component="shop"', health = "degraded", for = "10s" }
[[rule]]
name = "dead"
when = { probe = 'component="shop"', health = "failing", for = "10s" }
)"};
  world.see("a", Health::degraded, 0s);
  world.see("a", Health::failing, 8s);
  EXPECT_THAT(world.settle(10s), ElementsAre("bad holds", "dead pending"));
  EXPECT_THAT(world.settle(18s), ElementsAre("dead holds"));
  EXPECT_EQ(world.verdict("bad").failing_since, world.start);
  EXPECT_EQ(world.verdict("dead").failing_since, world.start + 8s);
  world.see("a", Health::degraded, 20s);
  EXPECT_THAT(world.settle(20s), ElementsAre("dead quiet"));
}

TEST(Evaluator, can_ask_for_ok_and_for_silence_itself) {
  World world{R"([[rule]]
name = "fine"
when = { probe = 'component="shop"', health = "ok", for = "10s" }
[[rule]]
name = "silent"
when = { probe = 'component="shop"', health = "unknown", for = "10s" }
)"};
  world.see("a", Health::ok, 0s);
  EXPECT_THAT(world.settle(10s), ElementsAre("fine holds"));
  world.see("a", Health::unknown, 12s);
  EXPECT_THAT(world.settle(12s), ElementsAre("fine unknown", "silent pending"));
  EXPECT_THAT(world.settle(22s), ElementsAre("silent holds"));
  world.see("a", Health::failing, 23s);
  EXPECT_THAT(world.settle(23s), ElementsAre("fine quiet", "silent quiet"));
}

TEST(Evaluator, finds_unknown_only_where_the_silent_could_decide) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', at_least = 2 }\n"};
  world.see("a", Health::unknown, 0s);
  EXPECT_THAT(world.settle(0s), IsEmpty()) << "one silent cannot be two";
  world.see("b", Health::failing, 1s);
  EXPECT_THAT(world.settle(1s), ElementsAre("r unknown"));
  world.see("c", Health::failing, 2s);
  EXPECT_THAT(world.settle(2s), ElementsAre("r holds")) << "two are seen, whatever the third does";
  world.see("b", Health::ok, 3s);
  EXPECT_THAT(world.settle(3s), ElementsAre("r unknown"));
  world.see("a", Health::ok, 4s);
  EXPECT_THAT(world.settle(4s), ElementsAre("r quiet"));
}

TEST(Evaluator, knows_of_each_leaf_whether_enough_counts_or_is_silent) {
  World world{R"(
[[rule]]
name = "r"
unless = { probe = 'component="shop"' }
when = { all = [ { probe = 'component="shop"', at_least = 2, for = "30s" },
                 { probe = 'component="shop"', health = "degraded", at_least = "50%" },
                 { probe = 'component="shop"', health = "ok" } ] })"};
  using enum Truth;
  const auto truths = [&world] {
    return std::vector{world.evaluator.truth_of("r", 0), world.evaluator.truth_of("r", 1),
                       world.evaluator.truth_of("r", 2)};
  };
  EXPECT_THAT(truths(), ElementsAre(no, no, no)) << "nothing matches";
  world.see("a", Health::failing, 0s);
  world.see("b", Health::ok, 0s);
  world.see("c", Health::ok, 0s);
  EXPECT_THAT(world.settle(0s), IsEmpty());
  EXPECT_THAT(truths(), ElementsAre(no, no, yes));
  world.see("b", Health::degraded, 1s);
  EXPECT_THAT(world.settle(1s), IsEmpty());
  EXPECT_THAT(truths(), ElementsAre(no, yes, yes)) << "degraded is not failing";
  world.see("b", Health::unknown, 2s);
  world.see("c", Health::failing, 2s);
  (void)world.settle(2s);
  EXPECT_THAT(truths(), ElementsAre(unknown, yes, unknown)) << "b may be well";
  world.forget("b");
  (void)world.settle(3s);
  EXPECT_THAT(truths(), ElementsAre(unknown, yes, no)) << "a `for` runs";
  EXPECT_EQ(world.evaluator.truth_of("nobody", 0), no);
}

TEST(Evaluator, goes_by_kleenes_tables) {
  struct Case {
    Health a, b;
    Finding all, any, negation_of_a;
  };
  constexpr auto yes = Health::failing, no = Health::ok, open = Health::unknown;
  constexpr auto holds = Finding::holds, quiet = Finding::quiet, unknown = Finding::unknown;
  for (const Case& one :
       {Case{yes, yes, holds, holds, quiet}, Case{yes, no, quiet, holds, quiet}, Case{yes, open, unknown, holds, quiet},
        Case{no, yes, quiet, holds, holds}, Case{no, no, quiet, quiet, holds}, Case{no, open, quiet, unknown, holds},
        Case{open, yes, unknown, holds, unknown}, Case{open, no, quiet, unknown, unknown},
        Case{open, open, unknown, unknown, unknown}}) {
    World world{R"([[rule]]
name = "all"
when = { all = [ { probe = 'probe="a"' }, { probe = 'probe="b"' } ] }
[[rule]]
name = "any"
when = { any = [ { probe = 'probe="a"' }, { probe = 'probe="b"' } ] }
[[rule]]
name = "not-a"
when = { not = { probe = 'probe="a"' } }
)"};
    world.see("a", one.a, 0s);
    world.see("b", one.b, 0s);
    world.settle(0s);
    EXPECT_EQ(world.verdict("all").finding, one.all);
    EXPECT_EQ(world.verdict("any").finding, one.any);
    EXPECT_EQ(world.verdict("not-a").finding, one.negation_of_a);
  }
}

TEST(Evaluator, lets_a_negation_hold_over_signals_never_seen) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { not = { probe = 'probe=\"a\"' } }\n"};
  EXPECT_THAT(world.settle(3s), ElementsAre("r holds"));
  EXPECT_EQ(world.verdict("r").failing_since, world.start + 3s) << "no signal began it, so it began when it was seen";
}

constexpr std::string_view parent_and_child = R"([[rule]]
name = "child"
when = { probe = 'component="shop"' }
unless = { rule = "parent" }
[[rule]]
name = "parent"
when = { probe = 'component="database"' }
)";

TEST(Evaluator, leaves_it_to_the_rule_that_explains_it) {
  World world{parent_and_child};
  const SignalId database{SignalKind::probe, "probe", {{"probe", "db"}, {"component", "database"}}};
  world.see(database, Health::failing, 0s);
  world.see("a", Health::failing, 0s, "refused");
  EXPECT_THAT(world.settle(0s), ElementsAre("parent holds", "child explained")) << "the named rule first";
  EXPECT_EQ(world.verdict("child").evidence, "a: refused");
  world.see(database, Health::ok, 5s);
  EXPECT_THAT(world.settle(5s), ElementsAre("parent quiet", "child holds"));
  EXPECT_EQ(world.verdict("child").failing_since, world.start);
}

TEST(Evaluator, never_suppresses_on_an_unknown_unless) {
  World world{parent_and_child};
  world.see(SignalId{SignalKind::probe, "probe", {{"probe", "db"}, {"component", "database"}}}, Health::unknown, 0s);
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("parent unknown", "child holds"));
}

constexpr std::string_view chain = R"([[rule]]
name = "database"
when = { probe = 'component="database"' }
unless = { probe = 'component="network"' }
[[rule]]
name = "late"
when = { rule = "database", for = "60s" }
)";
const SignalId database{SignalKind::probe, "probe", {{"probe", "db"}, {"component", "database"}}};
const SignalId network{SignalKind::probe, "probe", {{"probe", "net"}, {"component", "network"}}};

TEST(Evaluator, counts_a_rules_for_from_when_the_other_began_to_hold) {
  World world{chain};
  world.see(database, Health::failing, 10s, "no answer");
  EXPECT_THAT(world.settle(10s), ElementsAre("database holds", "late pending"));
  EXPECT_EQ(world.due(), 70s);
  world.see(network, Health::failing, 30s);
  EXPECT_THAT(world.settle(30s), ElementsAre("database explained"));
  EXPECT_EQ(world.due(), 70s) << "explained is holding too";
  EXPECT_THAT(world.settle(70s), ElementsAre("late holds"));
  EXPECT_EQ(world.verdict("late").evidence, "db: no answer");
  EXPECT_EQ(world.verdict("late").failing_since, world.start + 10s);
}

TEST(Evaluator, restarts_a_rules_for_once_the_other_was_quiet_but_not_for_silence) {
  World world{chain};
  world.see(database, Health::failing, 0s);
  world.settle(0s);
  world.see(database, Health::unknown, 10s);
  EXPECT_THAT(world.settle(10s), ElementsAre("database unknown", "late unknown"));
  EXPECT_FALSE(world.due());
  world.see(database, Health::failing, 20s);
  EXPECT_THAT(world.settle(20s), ElementsAre("database holds", "late pending"));
  EXPECT_EQ(world.due(), 60s);
  world.see(database, Health::ok, 30s);
  world.settle(30s);
  EXPECT_FALSE(world.due());
  world.see(database, Health::failing, 40s);
  world.settle(40s);
  EXPECT_EQ(world.due(), 100s);
}

TEST(Evaluator, goes_on_with_a_rules_for_after_a_restart) {
  World world{chain};
  // Restored from the journal at 100 s: it has been failing all the time.
  world.see(database, Health::failing, 0s);
  EXPECT_THAT(world.settle(100s), ElementsAre("database holds", "late holds"));
  World other{chain};
  other.see(database, Health::failing, 80s);
  EXPECT_THAT(other.settle(100s), ElementsAre("database holds", "late pending"));
  EXPECT_EQ(other.due(), 140s);
}

constexpr std::string_view negated_chain = R"([[rule]]
name = "alone"
when = { all = [ { probe = 'component="database"' }, { not = { probe = 'component="network"' } } ] }
[[rule]]
name = "late"
when = { rule = "alone", for = "60s" }
)";

TEST(Evaluator, goes_on_with_a_rules_for_by_what_was_known_where_signals_do_not_tell) {
  World world{negated_chain};
  world.evaluator.found("alone", Finding::holds, world.start + 20s);
  world.see(network, Health::ok, 0s);
  world.see(database, Health::failing, 0s);
  EXPECT_THAT(world.settle(70s), ElementsAre("alone holds", "late pending"));
  EXPECT_EQ(world.due(), 80s);
  world.see(network, Health::failing, 71s);
  world.settle(71s);
  world.see(network, Health::ok, 75s);
  world.settle(75s);
  EXPECT_EQ(world.due(), 135s) << "what was known is over";
}

TEST(Evaluator, explains_no_longer_than_it_is_told_to) {
  World world{parent_and_child};
  world.see(database, Health::failing, 0s);
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("parent holds", "child explained"));
  world.evaluator.explains_until("parent", world.start + 60s);
  EXPECT_THAT(world.settle(1s), IsEmpty());
  EXPECT_EQ(world.due(), 60s);
  EXPECT_THAT(world.settle(60s), ElementsAre("child holds"));
  EXPECT_FALSE(world.due());
  world.see(database, Health::ok, 70s);
  world.settle(70s);
  world.see(database, Health::failing, 80s);
  EXPECT_THAT(world.settle(80s), ElementsAre("parent holds", "child explained")) << "another outbreak of it";
}

TEST(Evaluator, names_the_alerts_that_a_rule_cannot_see) {
  World world{R"([[rule]]
name = "under"
when = { alert = 'alertname=~"A|B"' }
[[rule]]
name = "over"
when = { any = [ { rule = "under" }, { alert = 'alertname="C"' }, { probe = 'probe="p"' } ] }
unless = { alert = 'alertname="D"' }
)"};
  const auto alert = [](const std::string& name) { return SignalId{SignalKind::alert, "push", {{"alertname", name}}}; };
  for (const std::string name : {"A", "C", "D", "E"}) world.see(alert(name), Health::unknown, 0s);
  world.see(alert("B"), Health::failing, 0s);
  world.see(SignalId{SignalKind::probe, "probe", {{"probe", "p"}}}, Health::unknown, 0s);
  EXPECT_THAT(world.evaluator.unseen_alerts("over"), ElementsAre(alert("A"), alert("C")));
  EXPECT_THAT(world.evaluator.unseen_alerts("under"), ElementsAre(alert("A")));
  EXPECT_THAT(world.evaluator.unseen_alerts("none"), IsEmpty());
}

TEST(Evaluator, keeps_what_is_ripe_when_the_clock_is_set_back) {
  World world{
      "[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', for = \"30s\" }\n"
      "[[rule]]\nname = \"s\"\nwhen = { rule = \"r\", for = \"30s\" }\n"};
  world.see("a", Health::failing, 0s);
  world.settle(30s);
  EXPECT_THAT(world.settle(60s), ElementsAre("s holds"));
  world.see("a", Health::failing, 61s, "still");
  world.see("b", Health::failing, -1h);
  EXPECT_THAT(world.settle(-1h), IsEmpty());
  EXPECT_EQ(world.verdict("r").finding, Finding::holds);
  EXPECT_EQ(world.due(), -1h + 30s) << "what begins now counts by the clock of now";
}

TEST(Evaluator, forgets_a_signal_as_if_never_seen) {
  World world{"[[rule]]\nname = \"r\"\nwhen = { probe = 'component=\"shop\"', for = \"30s\" }\n"};
  world.see("a", Health::failing, 0s);
  world.forget("a");
  EXPECT_FALSE(world.due());
  EXPECT_THAT(world.settle(60s), IsEmpty());
  world.forget("a");
  world.forget("never seen");
  world.see("a", Health::unknown, 61s);
  EXPECT_THAT(world.settle(61s), ElementsAre("r unknown"));
  world.forget("a");
  EXPECT_THAT(world.settle(62s), ElementsAre("r quiet"));
}

TEST(Evaluator, does_not_depend_on_the_order_of_updates) {
  std::vector<std::string> names{"a", "b", "c", "d"};
  std::optional<Verdict> first;
  do {
    World world{one_rule};
    for (const std::string& name : names)
      world.see(name, Health::failing, name == "d" ? 0s : 1s, "e-" + name, "s-" + name);
    world.settle(2s);
    if (!first) first = world.verdict("r");
    EXPECT_EQ(world.verdict("r"), *first);
  } while (std::ranges::next_permutation(names).found);
  EXPECT_EQ(first->evidence, "d: e-d; a: e-a; b: e-b; and 1 more");
  EXPECT_EQ(first->symptom, "s-d");
}

TEST(Evaluator, orders_its_answers_by_dependence_and_name) {
  World world{R"([[rule]]
name = "a"
when = { rule = "y" }
[[rule]]
name = "b"
when = { any = [ { rule = "a" }, { rule = "z" } ] }
[[rule]]
name = "z"
when = { probe = 'component="shop"' }
[[rule]]
name = "y"
when = { probe = 'component="shop"' }
)"};
  world.see("p", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), ElementsAre("y holds", "z holds", "a holds", "b holds"));
}

TEST(Evaluator, finds_leaves_by_whatever_their_matchers_are) {
  for (const std::string matchers :
       {R"(probe="a")", R"(probe=~"a")", R"(probe=~"b|a|a")", R"x(probe=~"(a|b)")x", R"(probe=~"a.*")", R"(probe!="b")",
        R"(probe!~"b|c")", R"(absent="")", R"(absent=~"|x")", R"(absent!="x")", R"({})",
        R"(component="shop",probe=~"a|b")", R"(component=~"shop|",probe!="b")", R"(component="shop",absent="")",
        R"(probe=~"b|a",probe="a")"}) {
    World world{"[[rule]]\nname = \"r\"\nwhen = { probe = '" + matchers + "' }\n"};
    world.see("a", Health::failing, 0s);
    EXPECT_THAT(world.settle(0s), ElementsAre("r holds")) << matchers;
  }
  for (const std::string matchers :
       {R"(probe="b")", R"(probe=~"b|c")", R"(probe!="a")", R"(probe!~"a|b")", R"(absent!="")", R"(absent="x")",
        R"(component="shop",probe="b")", R"(probe="a",absent=~".+")"}) {
    World world{"[[rule]]\nname = \"r\"\nwhen = { probe = '" + matchers + "' }\n"};
    world.see("a", Health::failing, 0s);
    EXPECT_THAT(world.settle(0s), IsEmpty()) << matchers;
  }
}

TEST(Evaluator, can_be_moved) {
  World world{one_rule};
  world.see("a", Health::failing, 0s);
  world.settle(0s);
  Evaluator moved = std::move(world.evaluator);
  EXPECT_EQ(moved.verdict("r")->finding, Finding::holds);
}

TEST(Evaluator, does_without_rules) {
  World world{""};
  world.see("a", Health::failing, 0s);
  EXPECT_THAT(world.settle(0s), IsEmpty());
}

TEST(Evaluator, refuses_rules_that_were_not_checked) {
  EXPECT_THROW(Evaluator({{.name = "a", .at = {}, .when = {RuleLeaf{"a", {}}}, .unless = {}}}), std::invalid_argument);
  EXPECT_THROW(Evaluator({{.name = "a", .at = {}, .when = {RuleLeaf{"b", {}}}, .unless = {}}}), std::invalid_argument);
  EXPECT_THROW(
      Evaluator({{.name = "a", .at = {}, .when = {}, .unless = {}}, {.name = "a", .at = {}, .when = {}, .unless = {}}}),
      std::invalid_argument);
}

TEST(Finding, is_read_and_written_by_name) {
  for (const Finding finding : {Finding::quiet, Finding::holds, Finding::explained, Finding::unknown}) {
    EXPECT_EQ(finding_from(to_string(finding)), finding);
  }
  EXPECT_FALSE(finding_from("Holds"));
}

}  // namespace
}  // namespace candor::rules
