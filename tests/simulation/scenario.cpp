#include "scenario.h"

#include <fmt/format.h>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;

rules::Condition leaf(rules::SignalKind kind, const std::string& matchers, Duration hold, std::uint32_t at_least = 1) {
  rules::SignalLeaf leaf;
  leaf.kind = kind;
  leaf.matchers = *rules::parse_matchers(matchers);
  leaf.hold = hold;
  leaf.at_least.count = at_least;
  return {leaf};
}

rules::Condition leaf(const std::string& rule, Duration hold) {
  rules::RuleLeaf leaf;
  leaf.rule = rule;
  leaf.hold = hold;
  return {leaf};
}

rules::Rule& add_rule(Scenario& scenario, const std::string& name, rules::Condition when, incident::Response response) {
  scenario.policy.responses[name] = std::move(response);
  rules::Rule& rule = scenario.policy.rules.emplace_back();
  rule.name = name;
  rule.when = std::move(when);
  return rule;
}

incident::Response draw_response(Chance& chance, const std::string& component) {
  return {.component = component,
          .impact = chance.percent(50) ? incident::Impact::critical : incident::Impact::minor,
          .resolve_after = chance.seconds(0, 180),
          .reopen_within = chance.seconds(0, 1800),
          .holding = chance.percent(50) ? "default" : "later",
          .escalation = "all"};
}

}  // namespace

Scenario draw_scenario(Chance& chance, bool whole) {
  Scenario drawn;
  incident::Policy& policy = drawn.policy;
  policy.restart_grace = 30s;
  policy.holdings["default"] = incident::default_holding();
  policy.holdings["later"] = incident::default_holding();
  policy.holdings["later"].after = chance.seconds(10, 600);
  policy.cadence = {
      {incident::Impact::critical, 15min}, {incident::Impact::major, 30min}, {incident::Impact::minor, 60min}};
  policy.oncall.contacts["ana"] = {.name = "ana", .methods = {"webhook", "webhook"}};
  policy.oncall.contacts["bo"] = {.name = "bo", .methods = {"webhook"}};
  policy.oncall.escalations["all"] = {
      .name = "all",
      .steps = {{{"ana"}, chance.seconds(30, 600)}, {{"bo", "ana"}, chance.seconds(30, 600)}},
      .repeat = 3};
  for (const std::string component : {"database", "checkout", "search", "alerts"}) {
    policy.components.push_back({.id = component, .name = component});
  }
  for (const std::string component : {"database", "checkout", "search"}) {
    const bool always = component != "search";
    if (!whole && !always && chance.percent(30)) continue;
    const Duration hold = chance.seconds(0, 90);
    const std::string name = component + "-down";
    const bool explained = component == "checkout";
    incident::Response response = draw_response(chance, component);
    drawn.plain.push_back({name, component, hold, response.resolve_after, explained, always});
    rules::Rule& rule = add_rule(
        drawn, name, leaf(rules::SignalKind::probe, fmt::format("component=\"{}\"", component), hold), response);
    if (explained) rule.unless = leaf("database-down", 0s);
  }
  const std::string paging = "severity=\"page\"";
  add_rule(drawn, "many-alerts", leaf(rules::SignalKind::alert, paging, chance.seconds(0, 60), 3),
           draw_response(chance, "alerts"));
  rules::Group both;
  both.parts.push_back(leaf("checkout-down", chance.seconds(0, 60)));
  both.parts.push_back(leaf(rules::SignalKind::alert, paging, 0s));
  add_rule(drawn, "checkout-and-alerts", {std::move(both)}, draw_response(chance, ""));
  return drawn;
}

World quiet_world() {
  World world;
  for (const std::string probe : {"database-a", "checkout-a", "checkout-b", "search-a"}) {
    world[{rules::SignalKind::probe, "probe", {{"probe", probe}, {"component", probe.substr(0, probe.find('-'))}}}] =
        rules::Health::ok;
  }
  return world;
}

rules::Observation observation(const rules::SignalId& id, rules::Health health) {
  const bool well = health == rules::Health::ok;
  return {.id = id, .health = health, .evidence = well ? "" : "HTTP 503", .symptom = well ? "" : "errors", .alert = {}};
}

}  // namespace candor::simulation
