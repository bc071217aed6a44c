#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

using Service = AdminTest;

TEST_F(Service, is_healthy_whatever_happens) {
  operations.why_not_ready = "the disk is full";
  EXPECT_EQ(get("/-/healthy").status, 200U);
}

TEST_F(Service, is_ready_while_it_can_keep_what_comes_in) {
  EXPECT_EQ(get("/-/ready").status, 200U);
  operations.why_not_ready = "the journal cannot be written: No space left on device";
  const Told told = get("/-/ready");
  EXPECT_EQ(told.status, 503U);
  EXPECT_EQ(told.body, "the journal cannot be written: No space left on device\n");
}

TEST_F(Service, reloads_and_says_what_changed) {
  const Told told = post("/-/reload", "");
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.body, "2 rules changed\n");
}

TEST_F(Service, says_every_problem_of_a_configuration_that_it_does_not_load) {
  operations.reloaded = failure("candor.toml:3:1: unknown key \"nmae\"\ncandor.toml:9:2: every is missing");
  const Told told = post("/-/reload", "");
  EXPECT_EQ(told.status, 400U);
  EXPECT_EQ(told.body, "candor.toml:3:1: unknown key \"nmae\"\ncandor.toml:9:2: every is missing\n");
}

TEST_F(Service, shows_its_metrics_in_prometheus_format) {
  const Told told = get("/metrics");
  EXPECT_EQ(told.status, 200U);
  EXPECT_EQ(told.body, "candor_up 1\n");
  EXPECT_EQ(told.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(Service, lets_no_cache_keep_an_answer) {
  for (const char* path : {"/-/healthy", "/-/ready", "/metrics", "/api/v1/status", "/api/v1/incidents", "/api/v1/pages",
                           "/api/v1/incidents/incidentopen", "/api/v1/incidents/nosuchthing0", "/api/v1/signals",
                           "/api/v1/deliveries", "/api/v1/openapi.json", "/api/v1/signals?health=bad"}) {
    const Told told = get(path);
    EXPECT_EQ(told.header("Cache-Control"), "no-store") << path;
    EXPECT_EQ(told.header("X-Content-Type-Options"), "nosniff") << path;
  }
}

}  // namespace
}  // namespace candor::admin
