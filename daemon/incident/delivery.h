#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/incident/model.h"

namespace candor::incident {

/// What a message says, frozen when it was decided, so that every attempt to send it says the same.
struct Message {
  std::string title;
  std::string status;
  std::string impact;
  std::string rule;
  std::vector<std::string> components;  ///< names
  std::string evidence;
  std::string lead;
  Instant opened_at{};
  std::optional<Playbook> playbook;
  std::string incident_path;  ///< `/incidents/ID` below the page's url; empty while customers see nothing of it
  std::uint32_t round = 0;    ///< of the escalation
  std::uint32_t step = 0;

  friend bool operator==(const Message&, const Message&) = default;
};

/// One message on its way to one destination. Its id tells receivers that one which comes again is the same.
struct Delivery {
  enum class Kind : std::uint8_t {
    page,      ///< asks a contact to take the lead; void once somebody acked
    resolved,  ///< tells a paged contact that it is over
  };
  std::string id;
  Kind kind = Kind::page;
  std::string destination;  ///< `contact:NAME/N`: the contact's Nth method, from 1
  std::string incident;
  Instant at{};  ///< when it was decided
  /// Of the incident, from 1, as outbreak_of() counts; 0 where it was decided before they were counted.
  std::uint32_t outbreak = 0;
  Message message;

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// `NAME` of `contact:NAME/N`.
[[nodiscard]] constexpr std::string_view contact_of(std::string_view destination) {
  const std::string_view contact = destination.substr(0, destination.rfind('/'));
  return contact.substr(contact.find(':') + 1);
}

[[nodiscard]] std::string_view to_string(Delivery::Kind kind);
[[nodiscard]] std::optional<Delivery::Kind> delivery_kind_from(std::string_view text);

/// How a delivery ended.
enum class DeliveryEnd : std::uint8_t { delivered, superseded, dead };

[[nodiscard]] std::string_view to_string(DeliveryEnd end);
[[nodiscard]] std::optional<DeliveryEnd> delivery_end_from(std::string_view text);

}  // namespace candor::incident
