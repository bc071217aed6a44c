#include "daemon/ctl/probes.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::ctl {
namespace {

using boost::json::parse;

TEST(ProbeList, begins_with_how_many_are_in_which_health) {
  EXPECT_EQ(probe_list_text(parse(R"json({"more": false, "probes": [
    {"name": "a", "kind": "http", "component": "shop", "health": "failing", "since": "2026-11-23T05:44:01.250Z",
     "latest": {"health": "failing", "evidence": "GET http://a/: HTTP 503", "phases_ms": {"total": 51.0}}},
    {"name": "b", "kind": "http", "component": null, "health": "ok", "since": "2026-11-23T05:44:01.250Z",
     "latest": {"health": "ok", "evidence": null, "phases_ms": {"connect": 1.26, "total": 51.4}}},
    {"name": "c", "kind": "unit", "component": null, "health": "unknown", "since": null, "latest": null}]})json")),
            "3 probes: 1 ok, 1 failing, 1 unknown.\n\n"
            "PROBE  HEALTH   SINCE (UTC)          KIND  COMPONENT  LATEST RUN\n"
            "a      failing  2026-11-23 05:44:01  http  shop       GET http://a/: HTTP 503\n"
            "b      ok       2026-11-23 05:44:01  http             51 ms\n"
            "c      unknown                       unit             has not run yet\n");
}

TEST(ProbeList, says_how_to_go_on_where_there_are_more) {
  const std::string text =
      probe_list_text(parse(R"json({"more": true, "probes": [{"name": "a", "health": "ok"}]})json"));
  EXPECT_THAT(text, testing::EndsWith("\nThere are more: --after a\n"));
  EXPECT_EQ(probe_list_text(parse(R"json({"more": false, "probes": []})json")), "No probes.\n");
}

constexpr const char* whole = R"json({"name": "a", "kind": "http", "component": "shop", "health": "ok",
  "since": "2026-11-23T05:44:01.250Z", "runs": 7, "latest": {"health": "failing", "evidence": "GET http://a/: HTTP 503",
  "symptom": "errors (HTTP 503)",
                     "phases_ms" : {"connect" : 1.26, "total" : 51.4},
                     "certificates"
    : [ {"subject" : "CN=a", "issuer" : "CN=acme", "expires" : "2027-01-02T03:04:05.000Z"} ],
                     "readings"
    : [ {"name" : "load", "value" : 0.5, "unit" : "%"}, {"name" : "odd", "value" : null, "unit" : ""} ]
}
, "configured" : true,
                 "resolution" : "hour",
                                "from" : "2026-11-23T00:00:00.000Z",
                                         "to" : "2026-11-23T05:44:30.000Z",
                                                "history_trouble" : null,
                                                                    "roll_ups"
    : [
      {
        "begin" : "2026-11-23T04:00:00.000Z",
        "runs" : {"ok" : 358, "degraded" : 2, "failing" : 0, "unknown" : 0},
        "answered" : 360,
        "p50_ms" : 4.06,
        "p90_ms" : 9.96,
        "p99_ms" : 120.4,
        "max_ms" : 1203.2
      },
      {
        "begin" : "2026-11-23T05:00:00.000Z",
        "runs" : {"ok" : 0, "degraded" : 0, "failing" : 264, "unknown" : 0},
        "answered" : 0,
        "p50_ms" : null,
        "p90_ms" : null,
        "p99_ms" : null,
        "max_ms" : null
      }
    ]
})json";

TEST(ProbeShown, tells_how_it_does_now_and_how_it_did) {
  EXPECT_EQ(probe_text(parse(whole)),
            "probe     a\n"
            "kind      http\n"
            "component shop\n"
            "health    ok since 2026-11-23 05:44:01\n"
            "latest    failing\n"
            "evidence  GET http://a/: HTTP 503\n"
            "customers errors (HTTP 503)\n"
            "times     connect 1.3 ms, total 51 ms\n"
            "expires   2027-01-02 03:04:05: CN=a, issued by CN=acme\n"
            "reading   load 0.5%\n"
            "reading   odd no number\n"
            "\n"
            "HOUR (UTC)        OK   DEGRADED  FAILING  UNKNOWN  P50 MS  P90 MS  P99 MS  MAX MS\n"
            "2026-11-23 04:00  358  2         -        -        4.1     10.0    120     1203\n"
            "2026-11-23 05:00  -    -         264      -        -       -       -       -\n");
}

TEST(ProbeShown, makes_what_targets_say_harmless) {
  const std::string text = probe_text(parse(R"json({"name": "a", "health": "failing", "configured": true,
    "latest": {"health": "failing", "evidence": "said \u001b[31m"}})json"));
  EXPECT_THAT(text, testing::HasSubstr("evidence  said \\x1b[31m\n"));
}

TEST(ProbeShown, says_that_it_is_no_longer_configured_and_that_there_is_no_history) {
  const std::string gone = probe_text(parse(R"json({"name": "a", "kind": null, "health": null, "configured": false,
    "from": "2026-11-23T04:00:00.000Z", "to": "2026-11-23T05:44:30.000Z", "roll_ups": [], "history_trouble": null})json"));
  EXPECT_EQ(gone,
            "probe     a\n"
            "health    no longer configured; its history stays until it has aged\n"
            "\n"
            "No run from 2026-11-23 04:00:00 to 2026-11-23 05:44:30.\n");
  const std::string blind = probe_text(parse(R"json({"name": "a", "health": "ok", "configured": true, "latest": null,
    "roll_ups": [], "history_trouble": "the history of probes is not kept: …"})json"));
  EXPECT_EQ(blind, "probe     a\nhealth    ok\nlatest    has not run yet\n\nthe history of probes is not kept: …\n");
}

}  // namespace
}  // namespace candor::ctl
