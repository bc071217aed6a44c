#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/admin/operations.h"

namespace candor::admin {

// What the API shows, as JSON. Instants are RFC 3339 in UTC with milliseconds; what is not there is null; identifiers
// and words are those of the configuration and of Statuspage. openapi_schemas.cpp describes the shapes.

/// The whole house at a glance.
[[nodiscard]] std::string view_status(const Operations& operations);

/// Everything about one incident, the internal parts included.
[[nodiscard]] std::string view_incident(const incident::Incident& incident);
/// `{"incidents": […], "more": …}`: each in short; `more` says that some were left off.
[[nodiscard]] std::string view_incidents(const std::vector<const incident::Incident*>& incidents, bool more);
/// `{"pages": […]}`: the escalations of these incidents.
[[nodiscard]] std::string view_pages(const std::vector<const incident::Incident*>& incidents);

using SignalEntry = rules::Signals::value_type;
/// `{"signals": […], "more": …}`
[[nodiscard]] std::string view_signals(const std::vector<const SignalEntry*>& signals, bool more);
/// `{"probes": […], "more": …}`
[[nodiscard]] std::string view_probes(const std::vector<ProbeNow>& probes, bool more);
/// One probe with its roll-ups. Without `probe` it is no longer configured; without a history, why is said.
[[nodiscard]] std::string view_probe(const HistoryQuestion& question, const std::optional<ProbeNow>& probe,
                                     const Result<ProbeHistory>& history);
/// `{"deliveries": […]}`
[[nodiscard]] std::string view_deliveries(const std::vector<DeliveryStatus>& deliveries);

}  // namespace candor::admin
