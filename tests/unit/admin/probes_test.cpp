#include <gmock/gmock.h>

#include "house.h"

namespace candor::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Probes : public AdminTest {
 protected:
  std::vector<std::string> names(const std::string& query = {}) {
    std::vector<std::string> found;
    const json::value list = get("/api/v1/probes" + query).value();
    for (const json::value& probe : list.at("probes").as_array()) {
      found.emplace_back(probe.at("name").as_string());
    }
    return found;
  }
  /// What was asked of the history for this query.
  HistoryQuestion asked_for(const std::string& query) {
    EXPECT_EQ(get("/api/v1/probes/checkout-http" + query).status, 200U) << query;
    return operations.questions.back();
  }
};

TEST_F(Probes, are_listed_with_what_their_latest_run_found) {
  const json::value list = get("/api/v1/probes").value();
  EXPECT_EQ(list.at("more"), false);
  EXPECT_EQ(list.at("probes").at(0),
            json::parse(R"json({"name": "checkout-http", "kind": "http", "component": "checkout", "health": "failing",
              "since": "2026-11-18T11:00:40.250Z", "runs": 12, "latest": {"health": "failing",
              "evidence": "GET https://pay.internal/healthz: HTTP 503", "symptom": "errors (HTTP 503)",
              "phases_ms": {"connect": 1.5, "total": 51.0},
              "certificates": [{"subject": "CN=pay", "issuer": "CN=acme", "expires": "2026-11-28T11:06:40.250Z"}],
              "readings": [{"name": "restarts", "value": 2.0, "unit": ""},
                           {"name": "load", "value": null, "unit": "%"}]
}
})json"));
  EXPECT_EQ(list.at("probes").at(1), json::parse(R"json({"name": "search-http", "kind": "http", "component": null,
              "health": "unknown", "since": null, "runs": 0, "latest": null})json"));
}

TEST_F(Probes, are_listed_by_health_and_in_parts) {
  EXPECT_THAT(names("?health=failing"), ElementsAre("checkout-http"));
  EXPECT_THAT(names("?limit=1"), ElementsAre("checkout-http"));
  EXPECT_EQ(get("/api/v1/probes?limit=1").value().at("more"), true);
  EXPECT_THAT(names("?limit=1&after=checkout-http"), ElementsAre("search-http"));
  EXPECT_EQ(get("/api/v1/probes?limit=1&after=checkout-http").value().at("more"), false);
  EXPECT_EQ(get("/api/v1/probes?health=bad").status, 422U);
  EXPECT_EQ(get("/api/v1/probes?limit=1001").status, 422U);
}

TEST_F(Probes, are_shown_with_their_history) {
  operations.the_history =
      ProbeHistory{true,
                   {{.begin = noon - 1h, .runs = {118, 1, 1, 0}, .answered = 119, .p50 = 50ms, .max = 1200ms},
                    {.begin = noon, .runs = {0, 0, 7, 0}}}};
  const json::value shown = get("/api/v1/probes/checkout-http").value();
  EXPECT_EQ(shown.at("health"), "failing");
  EXPECT_EQ(shown.at("configured"), true);
  EXPECT_EQ(shown.at("resolution"), "hour");
  EXPECT_TRUE(shown.at("history_trouble").is_null());
  EXPECT_EQ(shown.at("roll_ups").at(0), json::parse(R"json({"begin": "2026-11-18T10:06:40.250Z",
              "runs": {"ok": 118, "degraded": 1, "failing": 1, "unknown": 0}, "answered": 119, "p50_ms": 50.0,
              "p90_ms": 0.0, "p99_ms": 0.0, "max_ms": 1200.0})json"));
  EXPECT_TRUE(shown.at("roll_ups").at(1).at("p50_ms").is_null());
}

TEST_F(Probes, are_asked_about_the_last_while_unless_another_is_named) {
  EXPECT_EQ(asked_for("").from, noon - 48h);
  EXPECT_EQ(asked_for("").to, noon);
  EXPECT_EQ(asked_for("?resolution=minute").from, noon - 1h);
  EXPECT_EQ(asked_for("?resolution=day").from, noon - 24h * 30);
  const HistoryQuestion asked = asked_for("?resolution=day&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z");
  EXPECT_EQ(asked.probe, "checkout-http");
  EXPECT_EQ(asked.resolution, Resolution::day);
  EXPECT_EQ(asked.from, *parse_rfc3339("2026-11-01T00:00:00Z"));
  EXPECT_EQ(asked.to, *parse_rfc3339("2026-11-02T00:00:00Z"));
  EXPECT_EQ(asked_for("?to=2027-01-01T00:00:00Z").to, noon);
}

TEST_F(Probes, are_not_asked_in_words_that_mean_nothing) {
  for (const std::string query : {"?resolution=week", "?from=yesterday", "?to=1", "?until=now",
                                  "?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "?from=2027-01-01T00:00:00Z"}) {
    EXPECT_EQ(get("/api/v1/probes/checkout-http" + query).status, 422U) << query;
  }
  EXPECT_TRUE(operations.questions.empty());
}

TEST_F(Probes, that_were_taken_out_of_the_configuration_still_have_their_history) {
  operations.the_history = ProbeHistory{true, {{.begin = noon - 1h, .runs = {1, 0, 0, 0}}}};
  const json::value shown = get("/api/v1/probes/gone").value();
  EXPECT_EQ(shown.at("configured"), false);
  EXPECT_TRUE(shown.at("health").is_null());
  EXPECT_EQ(shown.at("roll_ups").as_array().size(), 1U);
}

TEST_F(Probes, that_nobody_ever_knew_are_not_found) {
  const Told told = get("/api/v1/probes/gone");
  EXPECT_EQ(told.status, 404U);
  EXPECT_THAT(told.body, HasSubstr("there is no probe"));
}

TEST_F(Probes, are_shown_also_while_the_history_cannot_be_read) {
  operations.the_history = failure("the disk is broken");
  const json::value shown = get("/api/v1/probes/checkout-http").value();
  EXPECT_EQ(shown.at("health"), "failing");
  EXPECT_EQ(shown.at("history_trouble"), "the disk is broken");
  EXPECT_EQ(get("/api/v1/probes/gone").status, 503U);
}

}  // namespace
}  // namespace candor::admin
