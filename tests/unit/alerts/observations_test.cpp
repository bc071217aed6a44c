#include "daemon/alerts/observations.h"

#include <gtest/gtest.h>

#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;

TEST(AlertObservation, takes_its_evidence_from_the_best_annotation) {
  Alert alert = make_alert("Down");
  EXPECT_EQ(fires("push", alert).evidence, "Down");
  alert.annotations.set("description", "instance a:80 has been down");
  EXPECT_EQ(fires("push", alert).evidence, "instance a:80 has been down");
  alert.annotations.set("summary", "a:80 is\ndown");
  EXPECT_EQ(fires("push", alert).evidence, "a:80 is down");
  alert = {.labels = {{"job", "x"}}};
  EXPECT_FALSE(fires("push", alert).evidence.empty());
}

TEST(AlertObservation, is_of_failing_health_and_says_nothing_to_customers) {
  Alert alert = make_alert("Down");
  alert.annotations = {{"summary", "db-7.internal is down"}};
  alert.generator_url = "http://p:9090/graph";
  const rules::Observation seen = fires("push", alert);
  EXPECT_EQ(seen.id, id_of("push", "Down"));
  EXPECT_EQ(seen.health, Health::failing);
  EXPECT_EQ(seen.symptom, "");
  ASSERT_TRUE(seen.alert);
  EXPECT_EQ(seen.alert->starts_at, noon);
  EXPECT_EQ(seen.alert->annotations, alert.annotations);
  EXPECT_EQ(seen.alert->generator_url, alert.generator_url);
}

TEST(AlertObservation, bounds_its_evidence) {
  Alert alert = make_alert("Down");
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "é";
  alert.annotations.set("summary", text);
  const std::string evidence = fires("push", alert).evidence;
  EXPECT_LE(evidence.size(), 510U);
  EXPECT_TRUE(evidence.ends_with("é…"));
}

struct NoveltyTest : testing::Test {
  rules::Signals signals;
  Alert alert = make_alert("Down");
  NoveltyTest() {
    alert.annotations = {{"summary", "down"}};
    alert.generator_url = "http://prom-a:9090/graph";
    fold(signals, fires("push", alert), noon);
  }
  [[nodiscard]] Novelty of(const Alert& again) const { return novelty(signals.begin()->second, fires("push", again)); }
};

TEST_F(NoveltyTest, is_none_in_a_repetition) { EXPECT_EQ(of(alert), Novelty::nothing); }

TEST_F(NoveltyTest, is_in_annotations_and_starts) {
  Alert again = alert;
  again.annotations.set("summary", "still down");
  EXPECT_EQ(of(again), Novelty::annotations);
  again.starts_at += 1s;
  EXPECT_EQ(of(again), Novelty::state);
}

TEST_F(NoveltyTest, is_not_in_which_replica_speaks) {
  Alert again = alert;
  again.generator_url = "http://prom-b:9090/graph";
  EXPECT_EQ(of(again), Novelty::nothing);
  again.generator_url = "";
  EXPECT_EQ(of(again), Novelty::state);
}

TEST_F(NoveltyTest, is_in_a_health_but_not_in_the_end_of_what_nobody_knows) {
  EXPECT_TRUE(is_news(signals, ended(id_of("push", "Down"), "")));
  EXPECT_TRUE(is_news(signals, unheard(id_of("push", "Down"), "")));
  EXPECT_FALSE(is_news(signals, ended(id_of("push", "Other"), "")));
  EXPECT_TRUE(is_news(signals, fires("push", make_alert("Other"))));
}

TEST(AlertsOf, are_those_of_one_source_only) {
  rules::Signals signals;
  for (const char* source : {"alertmanager:am", "prometheus:a", "prometheus:ab", "prometheus:b", "push", "webhook"}) {
    fold(signals, fires(source, make_alert("A")), noon);
    fold(signals, fires(source, make_alert("B")), noon);
  }
  rules::Observation probe;
  probe.id = {rules::SignalKind::probe, "push", {{"probe", "x"}}};
  probe.health = Health::failing;
  fold(signals, probe, noon);
  int found = 0;
  for (const auto& [id, signal] : alerts_of(signals, "prometheus:a")) {
    EXPECT_EQ(id.source, "prometheus:a");
    ++found;
  }
  EXPECT_EQ(found, 2);
  EXPECT_TRUE(alerts_of(signals, "prometheus:").empty());
  EXPECT_EQ(std::ranges::distance(alerts_of(signals, "push")), 2);
}

}  // namespace
}  // namespace candor::alerts
