#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/observations.h"
#include "daemon/http/message.h"

namespace candor::alerts {

/// Messages of alerts that were refused before they were read, because they were too large or came too slowly: whoever
/// sends alerts gives such a one up, and nobody may hear of them again. Thread: the loop's.
class RefusedBodies {
 public:
  /// `advice` says how to have less sent at once.
  explicit RefusedBodies(std::string advice);

  /// One with this head. The first from an address to a path is logged, and then one in ten minutes.
  void note(const http::Request& head, http::BodyFault fault, Instant now);

  /// One for each address and path whose latest is of the last six hours; of those with the latest, 16.
  [[nodiscard]] std::vector<Trouble> troubles(Instant now) const;

 private:
  struct Refused {
    std::string address;
    std::string path;
    Trouble trouble;
    Instant latest{};
    std::optional<Instant> logged;
  };
  [[nodiscard]] Refused& of(const http::Request& head);

  std::string advice_;
  std::vector<Refused> refused_;
};

}  // namespace candor::alerts
