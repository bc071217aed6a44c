#include "simulation.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/incident/codec.h"

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using incident::Incident;
using rules::Health;

constexpr Instant begin_at = from_ms(1'795'000'000'000);

rules::Condition probe_failing(const std::string& component, Duration hold) {
  rules::SignalLeaf leaf;
  leaf.matchers = *rules::parse_matchers(fmt::format("component=\"{}\"", component));
  leaf.hold = hold;
  return {leaf};
}

rules::Observation observation(const std::string& probe, Health health) {
  return {
      .id = {rules::SignalKind::probe, "probe", {{"probe", probe}, {"component", probe.substr(0, probe.find('-'))}}},
      .health = health,
      .evidence = health == Health::ok ? "" : "HTTP 503",
      .symptom = health == Health::ok ? "" : "errors"};
}

/// Three components, each with a rule; one explained by another; two people.
incident::Policy draw_policy(std::mt19937_64& random) {
  const auto seconds = [&random](std::uint64_t least, std::uint64_t most) {
    return std::chrono::seconds{least + random() % (most - least + 1)};
  };
  incident::Policy policy;
  policy.holdings["default"] = incident::default_holding();
  policy.holdings["later"] = incident::default_holding();
  policy.holdings["later"].after = seconds(10, 600);
  policy.cadence = {
      {incident::Impact::critical, 15min}, {incident::Impact::major, 30min}, {incident::Impact::minor, 60min}};
  policy.oncall.contacts["ana"] = {.name = "ana", .methods = {"webhook", "webhook"}};
  policy.oncall.contacts["bo"] = {.name = "bo", .methods = {"webhook"}};
  policy.oncall.escalations["all"] = {
      .name = "all", .steps = {{{"ana"}, seconds(30, 600)}, {{"bo", "ana"}, seconds(30, 600)}}, .repeat = 3};
  for (const std::string component : {"database", "checkout", "search"}) {
    policy.components.push_back({.id = component, .name = component});
    rules::Rule rule{.name = component + "-down", .when = probe_failing(component, seconds(0, 90))};
    if (component == "checkout") rule.unless = rules::Condition{rules::RuleLeaf{.rule = "database-down"}};
    policy.rules.push_back(std::move(rule));
    policy.responses[component + "-down"] = {.component = component,
                                             .impact = incident::Impact::critical,
                                             .resolve_after = seconds(0, 180),
                                             .reopen_within = seconds(0, 1800),
                                             .holding = random() % 2 == 0 ? "default" : "later",
                                             .escalation = "all"};
  }
  return policy;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : random_(seed), now_(begin_at), down_until_(begin_at), policy_(draw_policy(random_)) {
  for (const std::string probe : {"database-a", "checkout-a", "checkout-b", "search-a"}) world_[probe] = Health::ok;
  for (const std::string to : {"contact:ana/1", "contact:ana/2", "contact:bo/1"}) destination_up_[to] = true;
}

Simulation::Figures Simulation::figures() const { return figures_; }

void Simulation::broken(std::string what) {
  broken_.push_back(fmt::format("{}: {}", format_rfc3339(now_), std::move(what)));
}

std::vector<std::string> Simulation::run(int hours) {
  const Instant end = begin_at + std::chrono::hours{hours};
  while (now_ < end && broken_.empty()) {
    try {
      if (!engine_) start();
      act();
      step_to(now_ + std::chrono::seconds{1 + draw(240)});
    } catch (const Crash&) {
      ++figures_.crashes;
      engine_.reset();
      outbox_.reset();
      now_ += std::chrono::seconds{draw(chance(10) ? 7200 : 30)};
    }
    check();
  }
  faults_ = false;
  for (auto& [to, up] : destination_up_) up = true;
  for (auto& [probe, health] : world_) health = Health::ok;
  if (!engine_) start();
  for (const auto& [probe, health] : world_) commit(engine_->observe(std::vector{observation(probe, health)}, now_));
  step_to(now_ + 48h);
  check();
  if (!folded_.pending.empty()) broken(fmt::format("{} deliveries never ended", folded_.pending.size()));
  for (const auto& [id, it] : folded_.incidents) {
    if (it.open() && !it.in_human_hands) broken(fmt::format("incident {} never ended", id));
  }
  figures_.events = journal_.size();
  figures_.incidents = folded_.incidents.size();
  return broken_;
}

/// Turns the machine on: state from the journal alone, deliveries from the outbox's rows.
void Simulation::start() {
  incident::State state;
  for (const incident::Event& event : journal_) apply(state, event);
  if (!(state == folded_)) broken("replaying the journal from its start gives another state");
  engine_.emplace(policy_, std::move(state));
  outbox_.emplace(deliver::Backoff{});
  for (const std::string& id : row_order_) {
    if (const auto row = rows_.find(id); row != rows_.end()) outbox_->add(row->second);
  }
  commit(engine_->begin(draw(UINT64_MAX), now_));
  for (const auto& [probe, health] : world_) commit(engine_->observe(std::vector{observation(probe, health)}, now_));
}

void Simulation::act() {
  switch (draw(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
      flip_a_probe();
      break;
    case 4:
      speak_as_a_human();
      break;
    case 5: {
      auto destination = destination_up_.begin();
      std::advance(destination, static_cast<std::ptrdiff_t>(draw(destination_up_.size())));
      destination->second = !destination->second;
      break;
    }
    default:
      break;
  }
}

void Simulation::flip_a_probe() {
  auto probe = world_.begin();
  std::advance(probe, static_cast<std::ptrdiff_t>(draw(world_.size())));
  constexpr std::array choices{Health::ok,      Health::ok,       Health::failing,
                               Health::failing, Health::degraded, Health::unknown};
  probe->second = choices.at(draw(choices.size()));
  commit(engine_->observe(std::vector{observation(probe->first, probe->second)}, now_));
}

void Simulation::speak_as_a_human() {
  if (folded_.open.empty()) return;
  auto picked = folded_.open.begin();
  std::advance(picked, static_cast<std::ptrdiff_t>(draw(folded_.open.size())));
  const incident::Actor ana{"contact:ana", true};
  incident::Command command = incident::AckPage{*picked, "api"};
  if (chance(20))
    command = incident::PostUpdate{.incident = *picked, .body = "We found it.", .status = incident::Status::identified};
  if (chance(20)) command = incident::ResolveIncident{*picked, "Over."};
  if (chance(20)) command = incident::VetoHolding{*picked, "known"};
  auto accepted = engine_->command(command, ana, now_);
  if (accepted) commit(std::move(accepted->decision));
}

/// Lets virtual time pass, doing what is due when it is due.
void Simulation::step_to(Instant end) {
  for (int i = 0; i < 100'000; ++i) {
    work();
    std::optional<Instant> next = engine_->due();
    if (const auto due = outbox_->due(); due && (!next || *due < *next)) next = due;
    if (!next || *next > end) {
      now_ = end;
      return;
    }
    now_ = std::max(now_, *next);
  }
  broken("time does not pass: something is due again and again");
}

void Simulation::work() {
  if (engine_->due() && *engine_->due() <= now_) commit(engine_->tick(now_));
  for (const store::OutboxRow& row : outbox_->take_due(now_)) send(row);
}

/// The transaction. A crash before it loses the whole decision, one after it nothing.
void Simulation::commit(incident::Decision decision) {
  if (faults_ && draw(400) == 0) throw Crash{};
  for (const incident::Delivery& delivery : decision.deliveries) {
    rows_[delivery.id] = {.delivery = delivery, .not_before = now_};
    row_order_.push_back(delivery.id);
    decided_[delivery.id] = decided_.size();
  }
  for (const incident::Event& event : decision.events) {
    journal_.push_back(event);
    apply(folded_, event);
    if (const auto* ended = std::get_if<incident::DeliveryEnded>(&event.change)) rows_.erase(ended->delivery);
  }
  if (faults_ && draw(400) == 0) throw Crash{};
  for (const incident::Event& event : decision.events) {
    if (const auto* ended = std::get_if<incident::DeliveryEnded>(&event.change)) outbox_->remove(ended->delivery);
  }
  for (const incident::Delivery& delivery : decision.deliveries) {
    if (rows_.contains(delivery.id)) outbox_->add(rows_.at(delivery.id));
  }
}

void Simulation::send(const store::OutboxRow& row) {
  const incident::Delivery& delivery = row.delivery;
  const bool up = destination_up_.at(delivery.destination);
  const bool dead = up && faults_ && draw(200) == 0;
  const bool answer_lost = up && faults_ && chance(3);
  if (up && !dead) check_received(delivery);
  if (faults_ && draw(400) == 0) throw Crash{};

  deliver::Attempt attempt{.result = deliver::Attempt::Result::delivered};
  if (!up || answer_lost) attempt = {.result = deliver::Attempt::Result::retry, .what = "no answer"};
  if (dead) attempt = {.result = deliver::Attempt::Result::dead, .what = "HTTP 410"};
  const auto outcome = outbox_->ended(delivery.id, attempt, now_, random_());
  if (!outcome) return;
  if (outcome->retry) {
    store::OutboxRow& stored = rows_.at(delivery.id);
    stored.attempts = outcome->retry->attempts;
    stored.not_before = outcome->retry->not_before;
  }
  if (outcome->end) commit(engine_->delivery_ended(delivery.id, *outcome->end, outcome->why, now_));
}

void Simulation::check_received(const incident::Delivery& delivery) {
  const std::string body = encode(delivery);
  const auto [known, first] = received_.try_emplace(delivery.id, body);
  if (!first && known->second != body) broken("one idempotency key, two bodies");
  const std::size_t place = decided_.at(delivery.id);
  std::size_t& last = last_received_[{delivery.destination, delivery.incident}];
  if (first && place < last) broken(fmt::format("delivery {} overtook an earlier one", delivery.id));
  last = std::max(last, place);
  const Incident& it = folded_.incidents.at(delivery.incident);
  if (delivery.kind == incident::Delivery::Kind::page) {
    ++figures_.pages;
    if (it.escalation.acked_at) broken(fmt::format("a page for {} went out after its ack", it.id));
  }
}

void Simulation::check() {
  std::set<std::string> rules_with_open;
  for (const std::string& id : folded_.open) {
    const Incident& it = folded_.incidents.at(id);
    if (!it.rule.empty() && !rules_with_open.insert(it.rule).second) broken(it.rule + " has two open incidents");
    const bool silent = it.holding.stage == incident::Holding::Stage::waiting;
    if (engine_ && silent && it.holding.due < now_ - 1s) broken("the holding response of " + id + " is late");
    if (engine_ && it.published_at && it.next_update && *it.next_update < now_ - 1s) {
      broken("a promised update of " + id + " is late");
    }
  }
  if (rows_.size() != folded_.pending.size()) broken("outbox and journal disagree on what is pending");
  if (engine_ && !(engine_->state() == folded_)) broken("the engine's state is not the fold of its journal");
}

}  // namespace candor::simulation
