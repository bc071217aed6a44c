#include "daemon/http/wrong_tokens.h"

#include <fmt/format.h>

#include "base/log.h"

namespace candor::http {
namespace {

constexpr double a_second = 0.1;
constexpr double at_once = 10;
constexpr std::size_t most_addresses = 4096;
constexpr std::size_t most_known = 64;
constexpr Duration over_after = std::chrono::minutes{10};
constexpr Duration between_lines = std::chrono::minutes{10};

}  // namespace

WrongTokens::WrongTokens() : limiter_(a_second, at_once, most_addresses) {}

bool WrongTokens::take(const std::string& peer, Instant now) {
  ++total_;
  const std::string address = network_of(peer);
  if (limiter_.take(address, now.time_since_epoch())) return true;
  slow_down(address, now);
  return false;
}

void WrongTokens::slow_down(const std::string& address, Instant now) {
  std::erase_if(slowed_, [&](const auto& entry) { return has_passed(entry.second.latest, over_after, now); });
  // One that is known keeps its place, or addresses without end would have a line each in the log.
  if (slowed_.size() == most_known && !slowed_.contains(address)) return;
  Slowed& one = slowed_.try_emplace(address, Slowed{.since = now}).first->second;
  one.latest = now;
  ++one.times;
  if (one.times > 1 && !has_passed(one.logged, between_lines, now)) return;
  one.logged = now;
  log::warning("wrong_tokens", {{"address", address}, {"slowed_down", fmt::to_string(one.times)}},
               "somebody guesses tokens there, or a program has one that is no longer configured");
}

std::optional<WrongTokens::Guessing> WrongTokens::guessing(Instant now) const {
  std::optional<Guessing> most;
  for (const auto& [address, one] : slowed_) {
    if (has_passed(one.latest, over_after, now) || (most && most->slowed_down >= one.times)) continue;
    most = {.address = address, .since = one.since, .slowed_down = one.times};
  }
  return most;
}

}  // namespace candor::http
