#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/http/rate_limiter.h"

namespace candor::http {

/// Who keeps sending wrong tokens: an address is slowed down, and so long as one is, it is known and logged, a line in
/// ten minutes. Thread: the loop's.
class WrongTokens {
 public:
  WrongTokens();

  /// Counts one from `peer`; whether it may still be told that it is wrong, or is to wait.
  [[nodiscard]] bool take(const std::string& peer, Instant now);

  struct Guessing {
    std::string address;  ///< that was slowed down last
    Instant since{};
    std::uint64_t slowed_down = 0;  ///< since then
  };
  /// Nothing where no address was slowed down in the last ten minutes.
  [[nodiscard]] std::optional<Guessing> guessing(Instant now) const;
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  void slow_down(std::string address, Instant now);

  RateLimiter limiter_;
  std::uint64_t total_ = 0;
  std::optional<Guessing> guessing_;
  Instant latest_{};
  std::optional<Instant> logged_;
};

}  // namespace candor::http
