#include "daemon/operations.h"

#include <fmt/format.h>

#include "base/reader.h"
#include "base/text.h"
#include "daemon/incident/engine.h"
#include "daemon/incident/left.h"

namespace candor {
namespace {

using incident::DeadDelivery;
using incident::Incident;

constexpr Duration remember_dead = std::chrono::hours{24};

/// Those that still matter: of an open incident, or of the last day.
std::vector<DeadDelivery> dead_deliveries(const incident::State& state) {
  std::vector<DeadDelivery> list;
  for (const DeadDelivery& dead : state.dead) {
    if (state.open.contains(dead.incident) || dead.at > wall_now() - remember_dead) list.push_back(dead);
  }
  return list;
}

void add_incident_troubles(const Incident& it, const incident::Policy& policy, std::vector<admin::Trouble>& troubles) {
  if (const std::string lost = incident::lost_escalation(it, policy); !lost.empty()) {
    troubles.push_back(
        {fmt::format("incident {} ({}) paged along escalation \"{}\", which is no longer configured: nobody is "
                     "paged further; page somebody by hand, then candorctl ack {}",
                     it.id, it.title, lost, it.id),
         it.updated_at});
  } else if (it.escalation.exhausted && !it.escalation.acked_at) {
    troubles.push_back({fmt::format("nobody acked incident {} ({}): page somebody by hand, then candorctl ack {}",
                                    it.id, it.title, it.id),
                        it.updated_at});
  }
  if (!it.rule.empty() && !policy.responses.contains(it.rule)) {
    troubles.push_back({fmt::format("rule {} of open incident {} is no longer configured: resolve the incident by hand",
                                    it.rule, it.id),
                        it.opened_at});
  }
}

/// Those whose rule was taken out are told by that.
void add_left_to_humans(const incident::State& state, const incident::Policy& policy,
                        std::vector<admin::Trouble>& troubles) {
  for (const std::string& id : incident::left_to_humans(state, policy)) {
    const Incident& it = state.incidents.at(id);
    if (!policy.responses.contains(it.rule)) continue;
    troubles.push_back(
        {fmt::format("nobody saw the end of what rule {} of open incident {} ({}) held by, since that was "
                     "changed or taken out of the configuration: resolve the incident by hand, unless "
                     "the rule holds again and then ends",
                     it.rule, id, it.title),
         state.verdicts.at(it.rule).since});
  }
}

}  // namespace

Instant Operations::now() const { return wall_now(); }
const incident::State& Operations::state() const { return desk_.state(); }
const incident::Policy& Operations::policy() const { return desk_.policy(); }

void Operations::command(incident::Command command, incident::Actor actor, Commanded done) {
  desk_.command(command, actor, std::move(done));
}

void Operations::heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Beaten done) {
  using incident::Rejection;
  const std::set<std::string> known = actions_.heartbeats();
  if (!known.contains(probe)) {
    const std::optional<std::string> meant = nearest(probe, {known.begin(), known.end()});
    done(std::unexpected(Rejection{Rejection::Kind::not_found,
                                   fmt::format("there is no heartbeat probe \"{}\"{}", one_line(probe),
                                               meant ? fmt::format("; did you mean \"{}\"?", *meant) : "")}));
    return;
  }
  desk_.heartbeat(probe, status, message, [done = std::move(done)](const Result<void>& taken) mutable {
    if (taken) return done({});
    done(std::unexpected(Rejection{Rejection::Kind::unavailable, taken.error().message}));
  });
}

std::string Operations::not_ready() const { return desk_.trouble(); }
Result<std::string> Operations::reload() { return actions_.reload(); }

std::vector<admin::Trouble> Operations::troubles() const {
  std::vector<admin::Trouble> troubles = actions_.troubles();
  if (!desk_.trouble().empty()) troubles.push_back({desk_.trouble(), desk_.trouble_since()});
  const incident::State& state = desk_.state();
  for (const auto& [name, source] : state.sources) {
    if (source.answering || source.evidence == incident::not_answered_yet) continue;
    troubles.push_back(
        {fmt::format("source {} is silent, its alerts are unknown: {}", name, evidence(name)), source.since});
  }
  for (const auto& [rule, verdict] : state.verdicts) {
    if (verdict.finding == rules::Finding::unknown) {
      troubles.push_back(
          {fmt::format("rule {} cannot be judged: signals that it needs are silent", rule), verdict.since});
    }
    const incident::Incident* const latest = state.latest_of(rule);
    if (verdict.finding == rules::Finding::holds && latest != nullptr && latest->resolved_at) {
      troubles.push_back({fmt::format("rule {} holds still, though incident {} was resolved: nobody is paged before it "
                                      "has been quiet; candorctl incident update {} --status investigating --body "
                                      "\"…\" reopens it",
                                      rule, latest->id, latest->id),
                          *latest->resolved_at});
    }
  }
  for (const std::string& id : state.open) add_incident_troubles(state.incidents.at(id), desk_.policy(), troubles);
  add_left_to_humans(state, desk_.policy(), troubles);
  for (const DeadDelivery& dead : dead_deliveries(desk_.state())) {
    troubles.push_back({fmt::format("the {} to {} for incident {} could not be delivered: {}", to_string(dead.kind),
                                    dead.destination, dead.incident, dead.why),
                        dead.at});
  }
  return troubles;
}

std::string Operations::evidence(const std::string& source) const {
  const auto& known = desk_.state().sources.at(source);
  if (known.unheard) return "it answered before candord was away, and has not answered since";
  std::string latest = known.answering ? std::string{} : actions_.silence(source);
  return latest.empty() ? known.evidence : latest;
}

std::vector<admin::DeliveryStatus> Operations::deliveries() const {
  std::vector<admin::DeliveryStatus> list;
  for (const store::OutboxRow& row : worker_.rows()) {
    list.push_back({.id = row.delivery.id,
                    .incident = row.delivery.incident,
                    .destination = row.delivery.destination,
                    .kind = std::string{to_string(row.delivery.kind)},
                    .attempts = row.attempts,
                    .not_before = row.not_before,
                    .last_error = row.last_error});
  }
  for (const DeadDelivery& dead : dead_deliveries(desk_.state())) {
    list.push_back({.id = dead.id,
                    .incident = dead.incident,
                    .destination = dead.destination,
                    .kind = std::string{to_string(dead.kind)},
                    .not_before = dead.at,
                    .last_error = dead.why,
                    .dead = true});
  }
  return list;
}

}  // namespace candor
