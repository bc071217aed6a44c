#pragma once

#include <optional>

#include "daemon/admin/operations.h"
#include "daemon/http/message.h"

namespace candor {

/// Messages that may be taken in, and were refused before they were read because they were too large or came too
/// slowly: whoever sends alerts gives such a one up, and nobody may hear of them again. Thread: the loop's.
class RefusedBodies {
 public:
  /// One with this head. The first is logged, and then one in ten minutes.
  void note(const http::Request& head, http::BodyFault fault, Instant now);

  /// While the latest is of the last six hours.
  [[nodiscard]] std::optional<admin::Trouble> trouble(Instant now) const;

 private:
  std::optional<admin::Trouble> trouble_;
  Instant latest_{};
  std::optional<Instant> logged_;
};

}  // namespace candor
