#pragma once

#include <optional>
#include <string>

#include "base/labels.h"
#include "base/time.h"

namespace candor::alerts {

/// One alert as a sender describes it.
struct Alert {
  Labels labels;  ///< at least one
  Labels annotations;
  Instant starts_at{};
  std::optional<Instant> ends_at;  ///< nothing where the sender names no end
  std::string generator_url;       ///< may be empty; not checked to be an URL

  friend bool operator==(const Alert&, const Alert&) = default;
};

}  // namespace candor::alerts
