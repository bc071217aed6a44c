#include "daemon/incident/agenda.h"

#include <algorithm>

namespace candor::incident {

void Agenda::put(const std::string& incident, std::optional<Instant> due) {
  const auto known = by_incident_.find(incident);
  if (known != by_incident_.end()) {
    if (due == known->second) return;
    by_instant_.erase({known->second, incident});
    by_incident_.erase(known);
  }
  if (!due) return;
  by_incident_.emplace(incident, *due);
  by_instant_.emplace(*due, incident);
}

void Agenda::clear() {
  by_incident_.clear();
  by_instant_.clear();
}

std::optional<Instant> Agenda::earliest() const {
  return by_instant_.empty() ? std::nullopt : std::optional{by_instant_.begin()->first};
}

std::vector<std::string> Agenda::due(Instant now) const {
  std::vector<std::string> incidents;
  for (const auto& [instant, incident] : by_instant_) {
    if (instant > now) break;
    incidents.push_back(incident);
  }
  std::ranges::sort(incidents);
  return incidents;
}

}  // namespace candor::incident
