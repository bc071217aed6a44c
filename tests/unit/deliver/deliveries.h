#pragma once

#include <string>
#include <vector>

#include "daemon/incident/delivery.h"
#include "daemon/store/journal.h"

namespace candor::deliver {

inline const Instant start = from_ms(1'790'000'000'000);

[[nodiscard]] inline incident::Delivery page(const std::string& id, const std::string& destination = "contact:ana/1",
                                             const std::string& incident = "inc000000001", Instant at = start) {
  incident::Delivery delivery;
  delivery.id = id;
  delivery.kind = incident::Delivery::Kind::page;
  delivery.destination = destination;
  delivery.incident = incident;
  delivery.at = at;
  delivery.message.title = "Checkout is having problems";
  delivery.message.incident_path = "/incidents/" + incident;
  return delivery;
}

[[nodiscard]] inline store::OutboxRow row(incident::Delivery delivery, std::uint32_t attempts = 0,
                                          Instant not_before = {}) {
  return {.delivery = std::move(delivery), .attempts = attempts, .not_before = not_before, .last_error = {}};
}

[[nodiscard]] inline std::vector<std::string> ids_of(const std::vector<store::OutboxRow>& rows) {
  std::vector<std::string> ids;
  for (const store::OutboxRow& it : rows) ids.push_back(it.delivery.id);
  return ids;
}

}  // namespace candor::deliver
