#pragma once

#include <string>
#include <vector>

#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"

namespace candor::incident {

/// An open incident, and what it names that is no longer configured.
struct Lost {
  std::string incident;
  std::string name;

  friend bool operator==(const Lost&, const Lost&) = default;
};

/// Components that open incidents say are not well: customers do not see them.
[[nodiscard]] std::vector<Lost> lost_components(const State& state, const Policy& policy);

/// The escalation along which the incident paged, where it is gone and its rule has no other: nobody is paged further.
/// Empty where it is there, or somebody leads.
[[nodiscard]] std::string lost_escalation(const Incident& incident, const Policy& policy);
[[nodiscard]] std::vector<Lost> lost_escalations(const State& state, const Policy& policy);

}  // namespace candor::incident
