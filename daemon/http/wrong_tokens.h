#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "daemon/http/rate_limiter.h"

namespace candor::http {

/// Who keeps sending wrong tokens: an address is slowed down, and so long as it is, it is known and logged, a line in
/// ten minutes. Of many addresses at once the first 64 are known. Thread: the loop's.
class WrongTokens {
 public:
  WrongTokens();

  /// Counts one from `peer`; whether it may still be told that it is wrong, or is to wait.
  [[nodiscard]] bool take(const std::string& peer, Instant now);

  struct Guessing {
    std::string address;
    Instant since{};
    std::uint64_t slowed_down = 0;  ///< since then
  };
  /// Who was slowed down most often of those that were in the last ten minutes; nothing where nobody was.
  [[nodiscard]] std::optional<Guessing> guessing(Instant now) const;
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  struct Slowed {
    Instant since{};
    Instant latest{};
    Instant logged{};
    std::uint64_t times = 0;
  };
  void slow_down(const std::string& address, Instant now);

  RateLimiter limiter_;
  std::uint64_t total_ = 0;
  std::map<std::string, Slowed> slowed_;  ///< by address
};

}  // namespace candor::http
