#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/admin/admin.h"

namespace candor::admin {

using namespace std::chrono_literals;
namespace json = boost::json;

inline const Instant noon = from_ms(1'795'000'000'250);

/// A daemon made by hand: a state to show, and a record of what it was asked to do.
class FakeOperations final : public Operations {
 public:
  Instant now() const override { return at; }
  const incident::State& state() const override { return the_state; }
  const incident::Policy& policy() const override { return the_policy; }
  void command(incident::Command command, incident::Actor actor, Commanded done) override {
    commands.push_back(std::move(command));
    actors.push_back(std::move(actor));
    if (hold_back) {
      waiting.push_back(std::move(done));
    } else {
      done(outcome);
    }
  }
  void heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Beaten done) override {
    beats.push_back(probe + " " + std::to_string(status) + " " + message);
    done(beaten);
  }
  std::string not_ready() const override { return why_not_ready; }
  Result<std::string> reload() override { return reloaded; }
  std::vector<Trouble> troubles() const override { return the_troubles; }
  std::map<std::string, Instant> unseen() const override { return the_unseen; }
  std::string evidence(const std::string& source) const override { return the_state.sources.at(source).evidence; }
  std::vector<DeliveryStatus> deliveries() const override { return the_deliveries; }
  void metrics(std::move_only_function<void(Result<std::string>)> done) override { done(the_metrics); }
  std::vector<ProbeNow> probes(const std::string& after, std::size_t most,
                               std::optional<rules::Health> health) const override {
    std::vector<ProbeNow> found;
    for (const ProbeNow& each : the_probes) {
      if (each.name > after && (!health || each.health == *health) && found.size() < most) found.push_back(each);
    }
    return found;
  }
  std::optional<ProbeNow> probe(const std::string& name) const override {
    const auto found = std::ranges::find(the_probes, name, &ProbeNow::name);
    return found == the_probes.end() ? std::nullopt : std::optional{*found};
  }
  void history(HistoryQuestion question, std::move_only_function<void(Result<ProbeHistory>)> done) override {
    questions.push_back(std::move(question));
    done(the_history);
  }

  Instant at = noon;
  incident::State the_state;
  incident::Policy the_policy;
  std::vector<incident::Command> commands;
  std::vector<incident::Actor> actors;
  std::expected<std::string, incident::Rejection> outcome = "incidentopen";
  bool hold_back = false;
  std::vector<Commanded> waiting;
  std::vector<std::string> beats;
  std::expected<void, incident::Rejection> beaten;
  std::string why_not_ready;
  Result<std::string> reloaded = "2 rules changed";
  std::vector<Trouble> the_troubles;
  std::map<std::string, Instant> the_unseen;
  std::vector<DeliveryStatus> the_deliveries;
  Result<std::string> the_metrics = "candor_up 1\n";
  std::vector<ProbeNow> the_probes;  ///< in the order of their names
  std::vector<HistoryQuestion> questions;
  Result<ProbeHistory> the_history;
};

inline incident::Incident open_incident() {
  return {.id = "incidentopen",
          .rule = "checkout-down",
          .title = "Checkout is having problems",
          .status = incident::Status::identified,
          .impact = incident::Impact::critical,
          .components = {{"checkout", incident::ComponentStatus::major_outage}},
          .opened_by = {"rule:checkout-down", false},
          .opened_at = noon - 10min,
          .failing_since = noon - 11min,
          .updated_at = noon - 1min,
          .published_at = noon - 9min,
          .evidence = "GET https://pay.internal/healthz: HTTP 503",
          .symptom = "errors (HTTP 503)",
          .playbook = incident::Playbook{"https://runbooks.example/checkout", "2026-09-01"},
          .lead = "ana",
          .in_human_hands = true,
          .holding = {.stage = incident::Holding::Stage::waiting,
                      .due = noon + 1min,
                      .title = "Checkout is having problems",
                      .body = "We are looking into it.",
                      .support = "Say that we know.",
                      .edited_by = "contact:ana"},
          .escalation = {.escalation = "payments",
                         .round = 1,
                         .step = 2,
                         .due = noon + 5min,
                         .paged = {"ana", "bo"},
                         .reached = true},
          .next_update = noon + 14min,
          .updates = {{.id = "update000001",
                       .status = incident::Status::investigating,
                       .body = "We see errors.",
                       .at = noon - 9min,
                       .actor = {"contact:ana", true},
                       .components = {{"checkout", incident::ComponentStatus::major_outage}},
                       .next_update = noon + 6min}},
          .timeline = {{noon - 10min, "rule:checkout-down", "incident_opened", "Checkout is having problems"}}};
}

inline incident::Incident ended_incident() {
  return {.id = "incidentover",
          .title = "Search was slow",
          .status = incident::Status::resolved,
          .impact = incident::Impact::minor,
          .opened_by = {"token:ana", true},
          .opened_at = noon - 48h,
          .failing_since = noon - 48h,
          .updated_at = noon - 47h,
          .resolved_at = noon - 47h};
}

inline void add_signal(incident::State& state, rules::SignalId id, rules::Health health) {
  rules::Signal signal{.health = health, .since = noon - 5min, .evidence = "seen", .symptom = "slow"};
  if (health == rules::Health::failing) signal.degraded_since = signal.failing_since = noon - 6min;
  if (id.kind == rules::SignalKind::alert) {
    signal.alert = rules::AlertDetails{noon - 7min, {{"summary", "It burns"}}, "http://prometheus.internal/graph"};
  }
  state.signals.emplace(std::move(id), std::move(signal));
}

inline std::vector<ProbeNow> two_probes() {
  ProbeRun bad{.health = rules::Health::failing,
               .evidence = "GET https://pay.internal/healthz: HTTP 503",
               .symptom = "errors (HTTP 503)",
               .phases = {{"connect", 1500us}, {"total", 51ms}},
               .certificates = {{"CN=pay", "CN=acme", noon + 240h}},
               .readings = {{"restarts", 2, ""}, {"load", std::numeric_limits<double>::infinity(), "%"}}};
  return {{.name = "checkout-http",
           .kind = "http",
           .component = "checkout",
           .health = rules::Health::failing,
           .since = noon - 6min,
           .runs = 12,
           .latest = std::move(bad)},
          {.name = "search-http", .kind = "http"}};
}

/// A small house in trouble: an open and an ended incident, three signals, two probes, a silent source.
inline void fill(FakeOperations& operations) {
  incident::State& state = operations.the_state;
  state.incidents["incidentopen"] = open_incident();
  state.incidents["incidentover"] = ended_incident();
  state.open = {"incidentopen"};
  add_signal(state, {rules::SignalKind::probe, "probe", {{"probe", "checkout-http"}, {"location", "fra1"}}},
             rules::Health::failing);
  add_signal(state, {rules::SignalKind::probe, "probe", {{"probe", "search-http"}, {"location", "fra1"}}},
             rules::Health::ok);
  add_signal(state, {rules::SignalKind::alert, "prometheus:main", {{"alertname", "Errors"}, {"severity", "page"}}},
             rules::Health::failing);
  operations.the_probes = two_probes();
  state.sources["prometheus:main"] = {false, noon - 2min, "connect to 127.0.0.1:9090: Connection refused"};
  operations.the_policy.components = {{.id = "checkout", .name = "Checkout", .group = "Shop"},
                                      {.id = "search", .name = "Search"}};
  operations.the_policy.oncall.contacts["ana"] = {.name = "ana"};
  operations.the_policy.oncall.contacts["bo"] = {.name = "bo"};
  operations.the_policy.oncall.escalations["payments"] = {.name = "payments"};
  operations.the_troubles = {{"the source prometheus:main is silent", noon - 2min}};
  operations.the_deliveries = {{.id = "delivery0001",
                                .incident = "incidentopen",
                                .destination = "contact:ana/1",
                                .kind = "page",
                                .attempts = 2,
                                .not_before = noon + 10s,
                                .last_error = "HTTP 503"},
                               {.id = "delivery0002",
                                .incident = "incidentopen",
                                .destination = "contact:bo/1",
                                .kind = "page",
                                .attempts = 1,
                                .last_error = "HTTP 404",
                                .dead = true}};
}

struct Told {
  unsigned status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  [[nodiscard]] json::value value() const {
    json::error_code error;
    json::value parsed = json::parse(body, error);
    EXPECT_FALSE(error) << body;
    return parsed;
  }
};

/// The admin listener without the listener.
class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    fill(operations);
    admin.add_routes(router);
  }

  Told ask(http::Request request) {
    if (request.header("host").empty()) request.headers.emplace_back("host", "localhost:9180");
    if (request.peer.empty()) request.peer = "127.0.0.1";
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    if (const std::size_t mark = request.path.find('?'); mark != std::string::npos) {
      request.query = request.path.substr(mark + 1);
      request.path.resize(mark);
    }
    auto told = std::make_shared<Told>();
    router.dispatch(std::move(request), [told](const http::Response& response) {
      *told = {response.status, response.body ? *response.body : "", response.headers};
    });
    last = told;
    return *told;
  }
  Told get(std::string path) { return ask({.method = "GET", .path = std::move(path)}); }
  Told send(std::string method, std::string path, std::string body) {
    return ask({.method = std::move(method),
                .path = std::move(path),
                .headers = {{"content-type", "application/json"}},
                .body = std::move(body)});
  }
  Told post(std::string path, std::string body) { return send("POST", std::move(path), std::move(body)); }

  FakeOperations operations;
  http::Guard guard{{}, [this] { return operations.at; }};
  Admin admin{operations, guard};
  http::Router router;
  std::string token;
  std::shared_ptr<Told> last;  ///< also of what is answered later
};

}  // namespace candor::admin
