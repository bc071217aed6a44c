#include "daemon/incident/model.h"

#include <array>

namespace candor::incident {
namespace {

constexpr std::array<std::string_view, 5> status_names{"investigating", "identified", "monitoring", "resolved",
                                                       "postmortem"};
constexpr std::array<std::string_view, 4> impact_names{"none", "minor", "major", "critical"};
constexpr std::array<std::string_view, 5> component_status_names{
    "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"};

template <class Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view text) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names.at(i) == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Status status) { return status_names.at(static_cast<std::size_t>(status)); }
std::string_view to_string(Impact impact) { return impact_names.at(static_cast<std::size_t>(impact)); }
std::string_view to_string(ComponentStatus status) {
  return component_status_names.at(static_cast<std::size_t>(status));
}
std::optional<Status> status_from(std::string_view text) { return find<Status>(status_names, text); }
std::optional<Impact> impact_from(std::string_view text) { return find<Impact>(impact_names, text); }
std::optional<ComponentStatus> component_status_from(std::string_view text) {
  return find<ComponentStatus>(component_status_names, text);
}

}  // namespace candor::incident
