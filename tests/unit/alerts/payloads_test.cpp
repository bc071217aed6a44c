#include "daemon/alerts/payloads.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/alerts/world.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// As Prometheus 2.42 sends it.
constexpr std::string_view pushed_by_prometheus = R"([{
  "annotations": {"summary": "checkout answers 5xx"},
  "endsAt": "2026-11-23T12:04:00.125Z",
  "startsAt": "2026-11-23T12:00:00.125Z",
  "generatorURL": "http://prom.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
  "labels": {"alertname": "CheckoutErrors", "instance": "pay-1:443", "severity": "page"}
}])";

TEST(PushPayload, reads_what_prometheus_sends) {
  const auto pushed = parse_push(pushed_by_prometheus, noon);
  ASSERT_TRUE(pushed);
  EXPECT_THAT(pushed->errors, IsEmpty());
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  const Alert& alert = pushed->alerts.front();
  EXPECT_EQ(alert.labels, (Labels{{"alertname", "CheckoutErrors"}, {"instance", "pay-1:443"}, {"severity", "page"}}));
  EXPECT_EQ(alert.annotations.get("summary"), "checkout answers 5xx");
  EXPECT_EQ(alert.starts_at, noon + 125ms);
  EXPECT_EQ(alert.ends_at, noon + 4min + 125ms);
  EXPECT_THAT(alert.generator_url, StartsWith("http://prom.example:9090/graph?"));
}

TEST(PushPayload, takes_goes_zero_time_and_null_for_missing) {
  const auto pushed = parse_push(
      R"([{"labels":{"a":"1"},"startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00Z"},
          {"labels":{"a":"2"},"startsAt":null,"endsAt":null,"annotations":null,"generatorURL":null}])",
      noon);
  ASSERT_TRUE(pushed);
  ASSERT_THAT(pushed->alerts, SizeIs(2));
  for (const Alert& alert : pushed->alerts) {
    EXPECT_EQ(alert.starts_at, noon);
    EXPECT_EQ(alert.ends_at, std::nullopt);
  }
}

TEST(PushPayload, lets_an_alert_with_only_an_end_start_there) {
  const auto pushed = parse_push(R"([{"labels":{"a":"1"},"endsAt":"2026-11-23T11:00:00Z"}])", noon);
  ASSERT_TRUE(pushed);
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  EXPECT_EQ(pushed->alerts.front().starts_at, noon - 1h);
}

TEST(PushPayload, leaves_out_labels_with_an_empty_value) {
  const auto pushed = parse_push(R"([{"labels":{"a":"1","b":""},"annotations":{"c":"","d":"x"}}])", noon);
  ASSERT_TRUE(pushed);
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  EXPECT_EQ(pushed->alerts.front().labels, (Labels{{"a", "1"}}));
  EXPECT_EQ(pushed->alerts.front().annotations, (Labels{{"d", "x"}}));
}

TEST(PushPayload, lets_the_last_of_two_labels_of_one_name_count_as_go_does) {
  const auto pushed = parse_push(R"([{"labels":{"a":"1","b":"2","a":"3"},"annotations":{"c":"1","c":"2"}}])", noon);
  ASSERT_TRUE(pushed);
  EXPECT_THAT(pushed->errors, IsEmpty());
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  EXPECT_EQ(pushed->alerts.front().labels, (Labels{{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(pushed->alerts.front().annotations, (Labels{{"c", "2"}}));
}

TEST(PushPayload, keeps_the_valid_ones_and_names_the_place_of_the_others) {
  const auto pushed = parse_push(
      R"([{"labels":{"a":"1"}},
          {"labels":{}},
          {"labels":{"a":""}},
          {"annotations":{"a":"1"}},
          7,
          {"labels":{"a":1}},
          {"labels":{"":"x"}},
          {"labels":{"a":"1"},"startsAt":"yesterday"},
          {"labels":{"a":"1"},"startsAt":"2026-11-23T12:00:00Z","endsAt":"2026-11-23T11:00:00Z"},
          {"labels":{"a":"2"}}])",
      noon);
  ASSERT_TRUE(pushed);
  EXPECT_THAT(pushed->alerts, SizeIs(2));
  EXPECT_THAT(pushed->errors,
              ElementsAre(StartsWith("alert 1: labels: at least one"), StartsWith("alert 2: labels: at least one"),
                          StartsWith("alert 3: labels: an object"), "alert 4: not an object",
                          "alert 5: labels: the value of \"a\" is not a text", "alert 6: labels: a name is empty",
                          AllOf(StartsWith("alert 7: startsAt: "), HasSubstr("yesterday")),
                          AllOf(StartsWith("alert 8: endsAt "), HasSubstr("is before startsAt"))));
}

TEST(PushPayload, refuses_what_is_no_list) {
  for (const std::string_view body : {"", "{}", "null", "[", "[{}", "alerts", "[]x", "{\"labels\":{\"a\":\"1\"}}"}) {
    EXPECT_FALSE(parse_push(body, noon)) << body;
  }
  EXPECT_TRUE(parse_push("[]", noon));
}

TEST(PushPayload, reads_what_is_not_utf8_as_go_does) {
  for (const std::string_view text : {"caf\xe9", R"(caf\ud83d)"}) {
    const std::string alert = fmt::format(R"({{"labels":{{"a":"{0}"}},"annotations":{{"summary":"{0}"}}}})", text);
    const auto pushed = parse_push(fmt::format(R"([{{"labels":{{"a":"1"}}}},{}])", alert), noon);
    ASSERT_TRUE(pushed) << pushed.error().message;
    ASSERT_THAT(pushed->alerts, SizeIs(2));
    EXPECT_EQ(pushed->alerts.back().labels.get("a"), "caf\uFFFD");
    EXPECT_EQ(pushed->alerts.back().annotations.get("summary"), "caf\uFFFD");
    EXPECT_EQ(parse_alertmanager_alerts("[" + alert + "]", noon)->alerts.front().alert.labels.get("a"), "caf\uFFFD");
    EXPECT_THAT(parse_webhook(R"({"version":"4","alerts":[{"status":"firing",)" + alert.substr(1) + "]}", noon)->firing,
                SizeIs(1));
  }
  EXPECT_FALSE(parse_push("\xff\xfe", noon));
}

TEST(PushPayload, refuses_deep_nesting) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FALSE(parse_push(deep, noon));
  const std::string inside = "[{\"labels\":{\"a\":\"1\"},\"x\":" + std::string(50, '[') + std::string(50, ']') + "}]";
  EXPECT_FALSE(parse_push(inside, noon));
}

TEST(PushPayload, refuses_labels_beyond_the_bounds) {
  std::string many = "[{\"labels\":{";
  for (int i = 0; i < 129; ++i) many += fmt::format("{}\"l{}\":\"x\"", i > 0 ? "," : "", i);
  many += "}}]";
  const std::vector<std::string> bodies{many, fmt::format(R"([{{"labels":{{"{}":"v"}}}}])", std::string(257, 'n'))};
  for (const std::string& body : bodies) {
    const auto pushed = parse_push(body, noon);
    ASSERT_TRUE(pushed);
    EXPECT_THAT(pushed->alerts, IsEmpty());
    ASSERT_THAT(pushed->errors, SizeIs(1));
    EXPECT_LT(pushed->errors.front().size(), 200U);
  }
  EXPECT_THAT(
      parse_push(fmt::format(R"([{{"labels":{{"{}":"{}"}}}}])", std::string(256, 'n'), std::string(4096, 'v')), noon)
          ->alerts,
      SizeIs(1));
}

TEST(PushPayload, cuts_long_values_of_labels_and_goes_on_to_tell_them_apart) {
  const auto value = [](const std::string& text) {
    const auto pushed = parse_push(fmt::format(R"([{{"labels":{{"path":"{}"}}}}])", text), noon);
    EXPECT_TRUE(pushed && pushed->errors.empty() && pushed->alerts.size() == 1) << text.size();
    return std::string{pushed->alerts.front().labels.get("path")};
  };
  const std::string longest(4096, 'v');
  EXPECT_EQ(value(longest), longest);
  const std::string cut = value(longest + "a");
  EXPECT_EQ(cut.size(), 4096U);
  EXPECT_THAT(cut, StartsWith(longest.substr(0, 4077) + "…"));
  EXPECT_EQ(value(longest + "a"), cut);
  EXPECT_NE(value(longest + "b"), cut);
}

TEST(PrometheusAlerts, that_cannot_be_read_may_be_those_whose_long_values_were_cut) {
  const std::string labels = fmt::format(R"("labels":{{"path":"{}"}})", std::string(5000, 'v'));
  const auto pulled = parse_alertmanager_alerts(fmt::format(R"([{{{0}}},{{{0},"endsAt":7}}])", labels), noon);
  ASSERT_TRUE(pulled);
  ASSERT_THAT(pulled->alerts, SizeIs(1));
  EXPECT_THAT(pulled->unreadable, ElementsAre(pulled->alerts.front().alert.labels));
}

TEST(PushPayload, cuts_long_annotations_between_characters) {
  const auto pushed = parse_push(fmt::format(R"([{{"labels":{{"a":"1"}},"annotations":{{"summary":"x{}"}}}}])",
                                             [] {
                                               std::string text;
                                               for (int i = 0; i < 3000; ++i) text += "é";
                                               return text;
                                             }()),
                                 noon);
  ASSERT_TRUE(pushed);
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  const std::string_view summary = pushed->alerts.front().annotations.get("summary");
  EXPECT_EQ(summary.size(), 4095U);
  EXPECT_TRUE(summary.ends_with("é"));
}

TEST(PushPayload, reads_any_utf8_in_names_and_values) {
  const auto pushed = parse_push(R"([{"labels":{"dienst.ü":"Kasse \u20ac \"1\"\n"}}])", noon);
  ASSERT_TRUE(pushed);
  ASSERT_THAT(pushed->alerts, SizeIs(1));
  EXPECT_EQ(pushed->alerts.front().labels.get("dienst.ü"), "Kasse € \"1\"\n");
}

TEST(PushPayload, tells_the_first_few_errors) {
  std::string body = "[7";
  for (int i = 1; i < 13; ++i) body += ",7";
  const auto pushed = parse_push(body + "]", noon);
  ASSERT_TRUE(pushed);
  EXPECT_EQ(pushed->unread, 13U);
  EXPECT_THAT(join_errors(pushed->errors, pushed->unread),
              AllOf(StartsWith("alert 0: not an object; alert 1: not"), testing::EndsWith("; and 3 more")));
  EXPECT_EQ(join_errors({}, 0), "");
}

/// A list that ends after `items` of them.
std::string list_of(std::string_view item, std::size_t items) {
  std::string list = "[";
  for (std::size_t i = 0; i < items; ++i) {
    if (i > 0) list += ',';
    list += item;
  }
  return list + "]";
}

TEST(Payloads, of_which_too_much_cannot_be_read_are_refused_whole) {
  for (const auto& [items, taken] : {std::pair{1000, true}, std::pair{1001, false}, std::pair{1'000'000, false}}) {
    const std::string list = list_of("{}", static_cast<std::size_t>(items));
    const auto pushed = parse_push(list, noon);
    EXPECT_EQ(pushed.has_value(), taken);
    if (!taken) {
      EXPECT_THAT(pushed.error().message, HasSubstr("more than 1000 alerts cannot be read, such as alert 0"));
    }
    const auto pulled = parse_prometheus_alerts(R"({"status":"success","data":{"alerts":)" + list + "}}", noon);
    EXPECT_EQ(pulled.has_value(), taken);
    if (taken) {
      EXPECT_THAT(pulled->unreadable, ElementsAre(Labels{}));
    }
    EXPECT_EQ(parse_alertmanager_alerts(list, noon).has_value(), taken);
    EXPECT_EQ(parse_webhook(R"({"version":"4","alerts":)" + list + "}", noon).has_value(), taken);
  }
}

TEST(Payloads, of_too_many_values_are_refused_before_they_are_read) {
  const std::string text = R"({"status":"success","data":{"alerts":)" + list_of("7", 5'000'000) + "}}";
  EXPECT_THAT(parse_prometheus_alerts(text, noon).error().message, HasSubstr("more than 5000000 values"));
  EXPECT_THAT(parse_prometheus_rules(text).error().message, HasSubstr("more than 5000000 values"));
  const std::string prose =
      R"([{"labels":{"alertname":"A"},"annotations":{"summary":"\")" + std::string(6'000'000, ',') + R"("}}])";
  EXPECT_TRUE(parse_push(prose, noon)) << "a text is one value";
}

/// As Prometheus 2.42 answers.
constexpr std::string_view prometheus_alerts = R"({"status":"success","data":{"alerts":[
  {"labels":{"alertname":"Down","instance":"a:80"},"annotations":{"summary":"a:80 is down"},"state":"firing",
   "activeAt":"2026-11-23T11:58:12.123456789Z","value":"0e+00"},
  {"labels":{"alertname":"Slow"},"annotations":{},"state":"pending","activeAt":"2026-11-23T11:59:00Z","value":"1e+00"},
  {"labels":{"alertname":"Old"},"annotations":{},"state":"inactive","value":"0"}]}})";

TEST(PrometheusAlerts, are_read_with_their_state) {
  const auto pulled = parse_prometheus_alerts(prometheus_alerts, noon);
  ASSERT_TRUE(pulled);
  ASSERT_THAT(pulled->alerts, SizeIs(2));
  EXPECT_EQ(pulled->alerts[0].state, PulledAlert::State::firing);
  EXPECT_EQ(pulled->alerts[0].alert.starts_at, noon - 108s + 123ms);
  EXPECT_EQ(pulled->alerts[0].alert.ends_at, std::nullopt);
  EXPECT_EQ(pulled->alerts[0].alert.annotations.get("summary"), "a:80 is down");
  EXPECT_EQ(pulled->alerts[1].state, PulledAlert::State::pending);
}

TEST(PrometheusAlerts, with_a_state_from_the_future_neither_begin_nor_end) {
  const auto pulled = parse_prometheus_alerts(
      R"({"status":"success","data":{"alerts":[{"labels":{"alertname":"A"},"state":"keeping"}]}})", noon);
  ASSERT_TRUE(pulled);
  ASSERT_THAT(pulled->alerts, SizeIs(1));
  EXPECT_EQ(pulled->alerts[0].state, PulledAlert::State::pending);
}

TEST(PrometheusAlerts, are_refused_whole_when_the_envelope_is_another) {
  for (const std::string_view body :
       {R"([])", R"({})", R"({"status":"success"})", R"({"status":"success","data":[]})", "<html>",
        R"({"status":"success","data":{"alerts":null}})", R"({"status":"error","errorType":"x","error":"no TSDB"})"}) {
    EXPECT_FALSE(parse_prometheus_alerts(body, noon)) << body;
  }
  EXPECT_THAT(parse_prometheus_alerts(R"({"status":"error","errorType":"x","error":"no TSDB"})", noon).error().message,
              HasSubstr("no TSDB"));
}

TEST(PrometheusAlerts, that_cannot_be_read_leave_the_others) {
  const auto pulled = parse_prometheus_alerts(
      R"({"status":"success","data":{"alerts":[{"state":"firing"},{"labels":{"a":"1"},"state":"firing"}]}})", noon);
  ASSERT_TRUE(pulled);
  EXPECT_THAT(pulled->alerts, SizeIs(1));
  EXPECT_THAT(pulled->errors, ElementsAre(StartsWith("alert 0: labels")));
}

TEST(PrometheusAlerts, tells_what_an_alert_that_cannot_be_read_may_be) {
  const auto pulled = parse_prometheus_alerts(R"({"status":"success","data":{"alerts":[
      {"labels":{"alertname":"A","job":"x","shard":7},"state":"firing"}, {"labels":{"alertname":1}}, 7,
      {"labels":{"alertname":"B"},"state":"firing","activeAt":"yesterday"}]}})",
                                              noon);
  ASSERT_TRUE(pulled);
  EXPECT_THAT(pulled->unreadable,
              ElementsAre(Labels{{"alertname", "A"}, {"job", "x"}}, Labels{}, Labels{}, Labels{{"alertname", "B"}}));
  std::string many = R"({"labels":{"alertname":"A","shard":7}})";
  for (int i = 0; i < 50; ++i) many += R"(,{"labels":{"alertname":"A","shard":7}})";
  const auto too_many = parse_prometheus_alerts(R"({"status":"success","data":{"alerts":[)" + many + "]}}", noon);
  ASSERT_TRUE(too_many);
  EXPECT_THAT(too_many->unreadable, ElementsAre(Labels{})) << "any";
  EXPECT_THAT(too_many->errors, SizeIs(10));
  EXPECT_EQ(too_many->unread, 51U);
}

TEST(AlertmanagerAlerts, are_read_with_their_status) {
  const auto pulled = parse_alertmanager_alerts(R"([
    {"annotations":{},"endsAt":"2026-11-23T12:04:00.000Z","fingerprint":"3fff2c2d7595e046","receivers":[{"name":"web"}],
     "startsAt":"2026-11-23T11:00:00.000Z","status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},
     "updatedAt":"2026-11-23T12:00:00.000Z","generatorURL":"http://p:9090/graph","labels":{"foo":"bar"}},
    {"labels":{"foo":"new"},"startsAt":"2026-11-23T11:00:00.000Z","status":{"state":"unprocessed"}},
    {"labels":{"foo":"quiet"},"startsAt":"2026-11-23T11:00:00.000Z","status":{"silencedBy":["x"],"state":"suppressed"}}])",
                                                noon);
  ASSERT_TRUE(pulled);
  ASSERT_THAT(pulled->alerts, SizeIs(3));
  EXPECT_EQ(pulled->alerts[0].state, PulledAlert::State::firing);
  EXPECT_EQ(pulled->alerts[0].alert.generator_url, "http://p:9090/graph");
  EXPECT_EQ(pulled->alerts[0].alert.ends_at, noon + 4min);
  EXPECT_EQ(pulled->alerts[0].updated_at, noon);
  EXPECT_EQ(pulled->alerts[1].updated_at, std::nullopt);
  EXPECT_EQ(format_fingerprint(pulled->alerts[0].alert.labels.fingerprint()), "3fff2c2d7595e046");
  EXPECT_EQ(pulled->alerts[1].state, PulledAlert::State::firing);
  EXPECT_EQ(pulled->alerts[2].state, PulledAlert::State::suppressed);
}

TEST(AlertmanagerAlerts, are_refused_when_they_are_no_list) {
  EXPECT_FALSE(parse_alertmanager_alerts(R"("context deadline exceeded")", noon));
  EXPECT_FALSE(parse_alertmanager_alerts(prometheus_alerts, noon));
}

TEST(PrometheusRules, tell_which_have_been_evaluated_and_what_is_active) {
  const auto rules = parse_prometheus_rules(R"({"status":"success","data":{"groups":[{"name":"g","rules":[
    {"type":"alerting","name":"Seen","health":"ok","lastEvaluation":"2026-11-23T12:00:00Z",
     "alerts":[{"labels":{"alertname":"Seen","i":"1"},"state":"pending"}]},
    {"type":"alerting","name":"Waits","health":"unknown","lastEvaluation":"0001-01-01T00:00:00Z","alerts":[]},
    {"type":"alerting","name":"Fails","health":"err","lastEvaluation":"2026-11-23T12:00:00Z"},
    {"type":"recording","name":"r","health":"unknown"}]},
    {"name":"h","rules":[
    {"type":"alerting","name":"Fails","health":"ok","lastEvaluation":"2026-11-23T12:00:00Z"}]}]}})");
  ASSERT_TRUE(rules);
  EXPECT_THAT(rules->evaluated,
              ElementsAre(testing::Pair("Fails", false), testing::Pair("Seen", true), testing::Pair("Waits", false)));
  EXPECT_THAT(rules->active, ElementsAre(Labels{{"alertname", "Seen"}, {"i", "1"}}));
}

TEST(AlertmanagerStatus, tells_when_it_was_started) {
  EXPECT_EQ(parse_alertmanager_start(R"({"cluster":{"status":"ready"},"uptime":"2026-11-23T11:59:00.000Z"})").value(),
            noon - 1min);
  EXPECT_EQ(parse_alertmanager_start("{}").value(), std::nullopt) << "it does not say";
  EXPECT_FALSE(parse_alertmanager_start("[]"));
  EXPECT_FALSE(parse_alertmanager_start(R"({"uptime":"long"})"));
}

TEST(PrometheusStart, is_told_in_its_runtime_information) {
  EXPECT_EQ(parse_prometheus_start(
                R"({"status":"success","data":{"startTime":"2026-11-23T11:59:00.5Z","CWD":"/","serverTime":""}})")
                .value(),
            noon - 59500ms);
  EXPECT_EQ(parse_prometheus_start(R"({"status":"success","data":{}})").value(), std::nullopt);
  EXPECT_FALSE(parse_prometheus_start(R"({"status":"error","error":"starting"})"));
  EXPECT_FALSE(parse_prometheus_start("<html>"));
}

/// As Alertmanager 0.25 sends it.
constexpr std::string_view webhook = R"({"receiver":"candor","status":"firing","alerts":[
  {"status":"firing","labels":{"alertname":"Down"},"annotations":{"summary":"down"},"startsAt":"2026-11-23T11:50:00Z",
   "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p:9090/graph","fingerprint":"c9ad2a0a42c5a3c3"},
  {"status":"resolved","labels":{"alertname":"Slow"},"annotations":{},"startsAt":"2026-11-23T11:50:00Z",
   "endsAt":"2026-11-23T11:59:00Z","generatorURL":"","fingerprint":"x"}],
  "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093","version":"4",
  "groupKey":"{}:{}","truncatedAlerts":3,"notification_reason":"first notification"})";

TEST(WebhookPayload, is_read) {
  const auto message = parse_webhook(webhook, noon);
  ASSERT_TRUE(message);
  ASSERT_THAT(message->firing, SizeIs(1));
  ASSERT_THAT(message->resolved, SizeIs(1));
  EXPECT_EQ(message->firing.front().ends_at, std::nullopt);
  EXPECT_EQ(message->resolved.front().ends_at, noon - 1min);
  EXPECT_EQ(message->truncated, 3U);
  EXPECT_EQ(message->receiver, "candor");
}

TEST(WebhookPayload, of_another_version_or_shape_is_refused) {
  for (const std::string_view body : {"", "[]", "{}", R"({"version":"3","alerts":[]})", R"({"version":4,"alerts":[]})",
                                      R"({"version":"4"})", R"({"version":"4","alerts":{}})"}) {
    EXPECT_FALSE(parse_webhook(body, noon)) << body;
  }
}

TEST(WebhookPayload, ignores_a_number_that_is_none) {
  for (const std::string_view number : {"-1", "1e300", "\"3\"", "2.5", "99999999999999999999999"}) {
    const auto message =
        parse_webhook(fmt::format(R"({{"version":"4","alerts":[],"truncatedAlerts":{}}})", number), noon);
    ASSERT_TRUE(message) << number;
    EXPECT_EQ(message->truncated, 0U) << number;
  }
}

TEST(WebhookPayload, names_the_alerts_that_it_cannot_read) {
  const auto message = parse_webhook(
      R"({"version":"4","alerts":[{"status":"firing","labels":{"a":"1"}},{"status":"burning","labels":{"a":"1"}},
          {"status":"firing"}]})",
      noon);
  ASSERT_TRUE(message);
  EXPECT_THAT(message->firing, SizeIs(1));
  EXPECT_THAT(message->errors, ElementsAre(HasSubstr("\"burning\""), StartsWith("alert 2: labels")));
}

}  // namespace
}  // namespace candor::alerts
