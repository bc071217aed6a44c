#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"

namespace candor::http {

/// A token bucket for each address, in a table of bounded size. Time comes as `now`, counted from any fixed instant;
/// where it steps back, nothing is refilled until it has caught up.
class RateLimiter {
 public:
  /// A new address may do `burst` things at once, and `a_second` of them a second in the long run.
  RateLimiter(double a_second, double burst, std::size_t most_addresses = 65'536);

  /// Whether the address may do one more thing now; counts it if so.
  [[nodiscard]] bool take(std::string_view address, Duration now);

  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    Duration at{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  [[nodiscard]] double tokens(const Bucket& bucket, Duration now) const;
  void make_room(Duration now);

  double a_second_;
  double burst_;
  std::size_t most_addresses_;
  Duration swept_at_{};
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
};

/// Whom a limit holds to account: an IPv4 address itself; of an IPv6 address its /64, which is one customer's.
[[nodiscard]] std::string network_of(const std::string& address);

}  // namespace candor::http
