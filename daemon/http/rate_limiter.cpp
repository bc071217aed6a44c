#include "daemon/http/rate_limiter.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>

namespace candor::http {
namespace {

/// A sweep looks at every bucket, so a flood of new addresses must not cause one each.
constexpr Duration between_sweeps = std::chrono::seconds{1};

}  // namespace

RateLimiter::RateLimiter(double a_second, double burst, std::size_t most_addresses)
    : a_second_(a_second), burst_(burst), most_addresses_(std::max<std::size_t>(most_addresses, 1)) {}

double RateLimiter::tokens(const Bucket& bucket, Duration now) const {
  const double seconds = std::max(std::chrono::duration<double>(now - bucket.at).count(), 0.0);
  return std::min(bucket.tokens + seconds * a_second_, burst_);
}

bool RateLimiter::take(std::string_view address, Duration now) {
  auto found = buckets_.find(address);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_addresses_) make_room(now);
    found = buckets_.emplace(std::string{address}, Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = tokens(bucket, now);
  bucket.at = std::max(bucket.at, now);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void RateLimiter::make_room(Duration now) {
  if (now - swept_at_ >= between_sweeps || now < swept_at_) {
    swept_at_ = now;
    std::erase_if(buckets_, [&](const auto& entry) { return tokens(entry.second, now) >= burst_; });
  }
  if (buckets_.size() >= most_addresses_) buckets_.erase(buckets_.begin());
}

std::string network_of(const std::string& address) {
  in6_addr parsed{};
  if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address;
  std::fill(std::begin(parsed.s6_addr) + 8, std::end(parsed.s6_addr), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &parsed, text.data(), text.size());
  return std::string{text.data()} + "/64";
}

}  // namespace candor::http
