#include "daemon/incident/left.h"

#include "daemon/incident/turn.h"

namespace candor::incident {

std::vector<Lost> lost_components(const State& state, const Policy& policy) {
  std::vector<Lost> lost;
  for (const std::string& id : state.open) {
    for (const auto& [component, status] : state.incidents.at(id).components) {
      const bool gone = policy.component(component) == nullptr;
      if (gone && status != ComponentStatus::operational) lost.push_back({id, component});
    }
  }
  return lost;
}

std::string lost_escalation(const Incident& incident, const Policy& policy) {
  const oncall::Progress& progress = incident.escalation;
  if (!incident.open() || progress.acked_at || !incident.lead.empty() || progress.round == 0) return {};
  return escalation_of(incident, policy) == nullptr ? progress.escalation : std::string{};
}

std::vector<Lost> lost_escalations(const State& state, const Policy& policy) {
  std::vector<Lost> lost;
  for (const std::string& id : state.open) {
    std::string name = lost_escalation(state.incidents.at(id), policy);
    if (!name.empty()) lost.push_back({id, std::move(name)});
  }
  return lost;
}

}  // namespace candor::incident
