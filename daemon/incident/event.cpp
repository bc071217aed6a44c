#include "daemon/incident/event.h"

#include <array>

namespace candor::incident {
namespace {

constexpr std::array<std::string_view, 2> kind_names{"page", "resolved"};
constexpr std::array<std::string_view, 3> end_names{"delivered", "superseded", "dead"};

/// In the order of Change's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<Change>> tokens{"journal_begun",
                                                                           "signal_changed",
                                                                           "signal_forgotten",
                                                                           "source_changed",
                                                                           "source_forgotten",
                                                                           "verdict_changed",
                                                                           "rule_forgotten",
                                                                           "incident_opened",
                                                                           "holding_drafted",
                                                                           "holding_edited",
                                                                           "holding_vetoed",
                                                                           "update_posted",
                                                                           "status_changed",
                                                                           "impact_changed",
                                                                           "title_changed",
                                                                           "component_status_changed",
                                                                           "incident_reopened",
                                                                           "lead_taken",
                                                                           "paged",
                                                                           "page_acked",
                                                                           "escalation_exhausted",
                                                                           "delivery_queued",
                                                                           "delivery_ended",
                                                                           "clock_set",
                                                                           "heartbeat_received",
                                                                           "heartbeat_forgotten",
                                                                           "returned"};

}  // namespace

std::string_view token(const Change& change) { return tokens.at(change.index()); }

std::string_view to_string(Delivery::Kind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

std::optional<Delivery::Kind> delivery_kind_from(std::string_view text) {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names.at(i) == text) return static_cast<Delivery::Kind>(i);
  }
  return std::nullopt;
}

std::string_view to_string(DeliveryEnd end) { return end_names.at(static_cast<std::size_t>(end)); }

std::optional<DeliveryEnd> delivery_end_from(std::string_view text) {
  for (std::size_t i = 0; i < end_names.size(); ++i) {
    if (end_names.at(i) == text) return static_cast<DeliveryEnd>(i);
  }
  return std::nullopt;
}

}  // namespace candor::incident
