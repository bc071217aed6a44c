#include "daemon/http/wrong_tokens.h"

#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace candor::http {
namespace {

constexpr double a_second = 0.1;
constexpr double at_once = 10;
constexpr std::size_t most_addresses = 4096;
constexpr Duration over_after = std::chrono::minutes{10};
constexpr Duration between_lines = std::chrono::minutes{10};

}  // namespace

WrongTokens::WrongTokens() : limiter_(a_second, at_once, most_addresses) {}

bool WrongTokens::take(const std::string& peer, Instant now) {
  ++total_;
  std::string address = network_of(peer);
  if (limiter_.take(address, now.time_since_epoch())) return true;
  slow_down(std::move(address), now);
  return false;
}

void WrongTokens::slow_down(std::string address, Instant now) {
  if (!guessing(now)) guessing_ = Guessing{.since = now};
  guessing_->address = std::move(address);
  ++guessing_->slowed_down;
  latest_ = now;
  if (logged_ && !has_passed(*logged_, between_lines, now)) return;
  logged_ = now;
  log::warning("wrong_tokens",
               {{"address", guessing_->address}, {"slowed_down", fmt::to_string(guessing_->slowed_down)}},
               "somebody guesses tokens there, or a program has one that is no longer configured");
}

std::optional<WrongTokens::Guessing> WrongTokens::guessing(Instant now) const {
  return guessing_ && !has_passed(latest_, over_after, now) ? guessing_ : std::nullopt;
}

}  // namespace candor::http
