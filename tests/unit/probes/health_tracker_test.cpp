#include "probes/health_tracker.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace candor::probes {
namespace {

using rules::Health;

/// The health after each outcome: o(k), d(egraded), f(ailing), u(nknown).
std::string healths_after(std::uint32_t fall, std::uint32_t rise, std::string_view outcomes, char known = 'u') {
  const std::string_view letters = "odfu";
  HealthTracker tracker{fall, rise, static_cast<Health>(letters.find(known))};
  std::string healths;
  for (const char letter : outcomes) {
    const Health before = tracker.health();
    const bool changed = tracker.add(static_cast<Health>(letters.find(letter)));
    EXPECT_EQ(changed, before != tracker.health());
    healths += letters.at(static_cast<std::size_t>(tracker.health()));
  }
  return healths;
}

TEST(HealthTracker, follows_each_outcome_by_default) { EXPECT_EQ(healths_after(1, 1, "ofdofudo"), "ofdofudo"); }

TEST(HealthTracker, worsens_after_fall_in_a_row) {
  EXPECT_EQ(healths_after(3, 1, "offoffff"),
            "oooooof"
            "f");
  EXPECT_EQ(healths_after(3, 1, "offfo"), "ooofo");
}

TEST(HealthTracker, knows_no_more_where_unknown_ones_come_between_the_worse) {
  EXPECT_EQ(healths_after(2, 1, "ofufufu"), "oouuuuu");
  EXPECT_EQ(healths_after(3, 1, "offuff"), "ooouuu");
  EXPECT_EQ(healths_after(3, 1, "ofuofuo"), "ooooooo") << "each was well in between";
  EXPECT_EQ(healths_after(2, 2, "ffufuf"), "ufffff") << "it is as bad as it was";
  EXPECT_EQ(healths_after(2, 2, "ddfufu"), "udduuu");
}

TEST(HealthTracker, betters_after_rise_in_a_row) { EXPECT_EQ(healths_after(1, 3, "foofooo"), "ffffffo"); }

TEST(HealthTracker, worsens_to_what_all_were_at_least_as_bad_as) {
  EXPECT_EQ(healths_after(2, 1, "odfff"), "oodff");
  EXPECT_EQ(healths_after(2, 1, "ofdff"),
            "oodd"
            "f");
}

TEST(HealthTracker, betters_to_what_all_were_at_most_as_bad_as) {
  EXPECT_EQ(healths_after(1, 2, "fdooo"), "ffdoo");
  EXPECT_EQ(healths_after(1, 2, "fodoo"), "ffddo");
}

TEST(HealthTracker, is_unknown_until_it_has_seen_enough) {
  EXPECT_EQ(healths_after(3, 2, "fff"), "uuf");
  EXPECT_EQ(healths_after(3, 2, "oo"), "uo");
  EXPECT_EQ(healths_after(3, 1, "o"), "o");
  EXPECT_EQ(healths_after(1, 3, "d"), "d");
  EXPECT_EQ(healths_after(5, 1, "d"), "u") << "one that is worse than ok needs five";
  EXPECT_EQ(healths_after(2, 2, "fd"), "ud");
}

TEST(HealthTracker, goes_on_from_the_health_that_is_known) {
  EXPECT_EQ(healths_after(3, 3, "offfooo", 'o'), "ooofffo");
  EXPECT_EQ(healths_after(3, 3, "foooff", 'f'), "fffooo");
  EXPECT_EQ(healths_after(2, 2, "ofdd", 'd'), "dddd") << "neither two of it better nor two worse";
  EXPECT_EQ(healths_after(2, 2, "uou", 'o'), "ooo");
  EXPECT_EQ(healths_after(2, 2, "uuo", 'o'), "ouu") << "what cannot be seen is not known for ever";
}

TEST(HealthTracker, becomes_unknown_again_after_fall_unknown_outcomes) {
  EXPECT_EQ(healths_after(2, 1, "ouoouu"), "ooooou");
  EXPECT_EQ(healths_after(2, 2, "ffufuo"),
            "uffff"
            "f");
}

TEST(HealthTracker, counts_anew_after_an_unknown_outcome) {
  EXPECT_EQ(healths_after(4, 1, "offuffof"), "oooouuoo");
  EXPECT_EQ(healths_after(3, 3, "ffuuff", 'o'), "oouuuu") << "two are not three";
  EXPECT_EQ(healths_after(3, 1, "offufff"), "ooouuuf");
}

TEST(HealthTracker, does_not_improve_from_unknown_without_a_word) {
  EXPECT_EQ(healths_after(2, 2, "ooooofouuuo"),
            "uoooooo"
            "ouuu");
}

TEST(HealthTracker, is_well_while_health_and_latest_outcome_are_ok) {
  HealthTracker tracker{2, 3};
  const auto after = [&tracker](Health outcome) {
    tracker.add(outcome);
    return tracker.well();
  };
  EXPECT_FALSE(tracker.well()) << "nothing is known";
  EXPECT_FALSE(after(Health::ok));
  EXPECT_FALSE(after(Health::ok));
  EXPECT_TRUE(after(Health::ok));
  for (const Health outcome : {Health::failing, Health::degraded, Health::unknown}) {
    EXPECT_FALSE(after(outcome)) << "the health is ok still";
    EXPECT_EQ(tracker.health(), Health::ok);
    EXPECT_TRUE(after(Health::ok));
  }
  EXPECT_FALSE(after(Health::degraded));
  EXPECT_FALSE(after(Health::degraded));
  EXPECT_FALSE(after(Health::ok)) << "once, of three times";
  EXPECT_FALSE(after(Health::ok));
  EXPECT_TRUE(after(Health::ok));
  tracker = HealthTracker{2, 3, Health::ok};
  EXPECT_FALSE(tracker.well()) << "it has no outcome yet";
  EXPECT_TRUE(after(Health::ok));
}

}  // namespace
}  // namespace candor::probes
