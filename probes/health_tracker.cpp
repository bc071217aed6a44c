#include "probes/health_tracker.h"

#include <utility>

namespace candor::probes {

using rules::Health;

namespace {

constexpr std::size_t ok = 0;
constexpr std::size_t degraded = 1;
constexpr std::size_t failing = 2;
static_assert(std::to_underlying(Health::ok) == ok && std::to_underlying(Health::degraded) == degraded &&
              std::to_underlying(Health::failing) == failing);

}  // namespace

bool HealthTracker::add(Health outcome) {
  const bool as_well = outcome != Health::unknown && std::to_underlying(outcome) <= std::to_underlying(health_);
  less_well_ = as_well ? 0 : less_well_ + 1;
  if (outcome == Health::unknown) {
    at_least_as_bad_ = {};
    at_most_as_bad_ = {};
    ++unknown_;
  } else {
    const auto badness = std::to_underlying(outcome);
    for (std::size_t level = ok; level <= failing; ++level) {
      at_least_as_bad_.at(level) = badness >= level ? at_least_as_bad_.at(level) + 1 : 0;
      at_most_as_bad_.at(level) = badness <= level ? at_most_as_bad_.at(level) + 1 : 0;
    }
    unknown_ = 0;
  }
  const bool changed = std::exchange(health_, judge()) != health_;
  if (changed) less_well_ = 0;
  return changed;
}

Health HealthTracker::judge() const {
  if (unknown_ >= fall_) return Health::unknown;
  const bool known = health_ != Health::unknown;
  const std::size_t now = known ? std::to_underlying(health_) : ok;
  for (std::size_t level = failing; level > now; --level) {
    if (at_least_as_bad_.at(level) >= fall_) return static_cast<Health>(level);
  }
  if (!known) return at_most_as_bad_.at(ok) >= rise_ ? Health::ok : Health::unknown;
  if (less_well_ >= fall_) return Health::unknown;
  for (std::size_t level = ok; level < now; ++level) {
    if (at_most_as_bad_.at(level) >= rise_) return static_cast<Health>(level);
  }
  return health_;
}

}  // namespace candor::probes
