#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/incident/engine.h"

namespace candor::incident {

using namespace std::chrono_literals;

inline const Instant noon = from_ms(1'795'000'000'000 / 86'400'000 * 86'400'000 + 12 * 3'600'000);

/// A rule over one probe, with a page and a holding response: what most tests need.
inline Policy shop_policy() {
  Policy policy;
  policy.components = {{.id = "checkout", .name = "Checkout"}, {.id = "search", .name = "Search"}};
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(R"(component="checkout")");
  leaf.hold = 30s;
  policy.rules.push_back({.name = "checkout-down", .when = {leaf}});
  policy.responses["checkout-down"] = {.component = "checkout",
                                       .status = ComponentStatus::major_outage,
                                       .impact = Impact::critical,
                                       .resolve_after = 2min,
                                       .reopen_within = 30min,
                                       .holding = "default",
                                       .escalation = "payments"};
  policy.holdings["default"] = default_holding();
  policy.cadence = {{Impact::critical, 15min}, {Impact::major, 30min}, {Impact::minor, 60min}};
  policy.oncall.contacts["ana"] = {.name = "ana", .methods = {"webhook"}};
  policy.oncall.contacts["bo"] = {.name = "bo", .methods = {"webhook", "webhook"}};
  policy.oncall.escalations["payments"] = {
      .name = "payments", .steps = {{{"ana"}, 5min}, {{"bo"}, 10min}}, .repeat = 2};
  return policy;
}

inline rules::Observation checkout(rules::Health health) {
  return {.id = {rules::SignalKind::probe, "probe", {{"probe", "checkout-http"}, {"component", "checkout"}}},
          .health = health,
          .evidence = health == rules::Health::ok ? "" : "GET https://pay.internal/healthz: HTTP 503",
          .symptom = health == rules::Health::ok ? "" : "errors (HTTP 503)"};
}

inline ComponentStatus component_status(const State& state, std::string_view component) {
  return component_statuses(state)[component];
}

/// An engine on virtual time that remembers what it decided.
class World {
 public:
  explicit World(Policy policy = shop_policy(), Instant start = noon) : now(start), engine(std::move(policy), {}) {
    take(engine.begin(42, now));
  }

  void see(rules::Health health) { take(engine.observe({checkout(health)}, now)); }

  /// Lets time pass, doing what is due when it is due.
  void pass(Duration time) {
    const Instant end = now + time;
    while (engine.due() && *engine.due() <= end) {
      now = std::max(now, *engine.due());
      take(engine.tick(now));
    }
    now = end;
  }

  std::expected<std::string, Rejection> ask(const Command& command, const Actor& actor = {"contact:ana", true}) {
    auto accepted = engine.command(command, actor, now);
    if (!accepted) return std::unexpected(accepted.error());
    take(std::move(accepted->decision));
    return accepted->incident;
  }

  void end_delivery(const std::string& id, DeliveryEnd end) {
    take(engine.delivery_ended(id, end, end == DeliveryEnd::dead ? "HTTP 404" : "", now));
  }

  void take(Decision decision) {
    for (Event& event : decision.events) events.push_back(std::move(event));
    for (Delivery& delivery : decision.deliveries) deliveries.push_back(std::move(delivery));
  }

  /// The only incident; a failure where there is none or more.
  const Incident& incident() const {
    EXPECT_EQ(engine.state().incidents.size(), 1U);
    static const Incident none;
    return engine.state().incidents.empty() ? none : engine.state().incidents.begin()->second;
  }

  template <class T>
  std::vector<T> changes() const {
    std::vector<T> found;
    for (const Event& event : events) {
      if (const auto* change = std::get_if<T>(&event.change)) found.push_back(*change);
    }
    return found;
  }

  /// Where pages went, in order.
  std::vector<std::string> pages() const {
    std::vector<std::string> to;
    for (const Delivery& delivery : deliveries) {
      if (delivery.kind == Delivery::Kind::page) to.push_back(delivery.destination);
    }
    return to;
  }

  /// The last words customers read.
  std::string last_words() const { return incident().updates.empty() ? "" : incident().updates.back().body; }

  Instant now;
  Engine engine;
  std::vector<Event> events;
  std::vector<Delivery> deliveries;
};

/// Ways to have been away.
enum class Way : std::uint8_t { off, stood_still, disk_full, off_and_set_back };

inline void be_away(World& world, const Policy& policy, Way way, Duration time) {
  const Instant since = world.now;
  world.now += way == Way::off_and_set_back ? -time : time;
  switch (way) {
    case Way::off:
    case Way::off_and_set_back:
      world.engine = Engine{policy, world.engine.state()};
      world.take(world.engine.begin(43, world.now, since));
      break;
    case Way::stood_still:
      world.take(world.engine.stood_still(time, world.now));
      break;
    case Way::disk_full:
      world.take(world.engine.heard_nothing(since, world.now));
      break;
  }
}

/// With an incident that has just opened.
inline World broken(const Policy& policy = shop_policy()) {
  World world{policy};
  world.see(rules::Health::failing);
  world.pass(30s);
  return world;
}

}  // namespace candor::incident
