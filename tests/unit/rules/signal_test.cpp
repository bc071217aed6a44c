#include "rules/signal.h"

#include <gtest/gtest.h>

namespace candor::rules {
namespace {

using namespace std::chrono_literals;

constexpr Instant noon = from_ms(1'700'000'000'000);

void see(Signal& signal, Health health, Instant at, std::string evidence = {}) {
  apply(signal, {.id = {}, .health = health, .evidence = std::move(evidence), .symptom = {}, .alert = {}}, at);
}

TEST(Signal, keeps_since_while_its_health_repeats) {
  Signal signal;
  see(signal, Health::failing, noon, "refused");
  see(signal, Health::failing, noon + 10s, "timed out");
  EXPECT_EQ(signal.since, noon);
  EXPECT_EQ(signal.failing_since, noon);
  EXPECT_EQ(signal.evidence, "timed out");
}

TEST(Signal, counts_its_first_observation_as_a_change_also_when_unknown) {
  Signal signal;
  see(signal, Health::unknown, noon);
  EXPECT_EQ(signal.since, noon);
  EXPECT_FALSE(signal.failing_since);
}

TEST(Signal, is_degraded_since_the_first_of_degraded_and_failing) {
  Signal signal;
  see(signal, Health::degraded, noon);
  see(signal, Health::failing, noon + 10s);
  EXPECT_EQ(signal.since, noon + 10s);
  EXPECT_EQ(signal.degraded_since, noon);
  EXPECT_EQ(signal.failing_since, noon + 10s);
  see(signal, Health::degraded, noon + 20s);
  EXPECT_EQ(signal.degraded_since, noon);
  EXPECT_FALSE(signal.failing_since);
}

TEST(Signal, goes_on_failing_through_silence) {
  Signal signal;
  see(signal, Health::failing, noon);
  see(signal, Health::unknown, noon + 10s);
  EXPECT_EQ(signal.since, noon + 10s);
  EXPECT_EQ(signal.failing_since, noon);
  see(signal, Health::failing, noon + 20s);
  EXPECT_EQ(signal.since, noon + 20s);
  EXPECT_EQ(signal.failing_since, noon);
  EXPECT_EQ(signal.degraded_since, noon);
}

TEST(Signal, forgets_its_failure_once_it_is_ok) {
  Signal signal;
  see(signal, Health::failing, noon);
  see(signal, Health::unknown, noon + 5s);
  see(signal, Health::ok, noon + 10s);
  EXPECT_FALSE(signal.failing_since);
  EXPECT_FALSE(signal.degraded_since);
  see(signal, Health::failing, noon + 20s);
  EXPECT_EQ(signal.failing_since, noon + 20s);
}

TEST(Signal, keeps_what_an_alert_said_when_a_later_word_says_nothing) {
  Signal signal;
  apply(signal,
        {.id = {},
         .health = Health::failing,
         .evidence = {},
         .symptom = {},
         .alert = AlertDetails{noon, {{"a", "b"}}, "url"}},
        noon);
  see(signal, Health::unknown, noon + 10s);
  ASSERT_TRUE(signal.alert);
  EXPECT_EQ(signal.alert->generator_url, "url");
}

TEST(Signal, was_looked_at_also_when_that_showed_nothing) {
  Signal signal;
  EXPECT_FALSE(signal.looked()) << "a probe that has not run";
  see(signal, Health::unknown, noon, "no answer from the resolver");
  EXPECT_TRUE(signal.looked());
  see(signal, Health::ok, noon);
  EXPECT_TRUE(signal.looked());
}

TEST(Health, is_read_and_written_by_name) {
  for (const Health health : {Health::ok, Health::degraded, Health::failing, Health::unknown}) {
    EXPECT_EQ(health_from(to_string(health)), health);
  }
  EXPECT_FALSE(health_from("OK"));
  EXPECT_FALSE(health_from(""));
}

TEST(SignalKind, is_read_and_written_by_name) {
  for (const SignalKind kind : {SignalKind::probe, SignalKind::alert})
    EXPECT_EQ(signal_kind_from(to_string(kind)), kind);
  EXPECT_FALSE(signal_kind_from("slo"));
}

}  // namespace
}  // namespace candor::rules
