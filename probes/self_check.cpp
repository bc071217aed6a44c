#include "probes/self_check.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::probes {
namespace {

/// A check that ended this long before still speaks of a run.
constexpr SelfCheck::Time just_before = std::chrono::seconds{1};

bool is_fresh(const SelfCheck::Check& check, SelfCheck::Time began) {
  return check.ended && *check.ended >= began - just_before;
}

}  // namespace

bool SelfCheck::took(std::uint64_t probe, const Outcome& outcome, Time now) {
  const bool before = blind();
  Check& check = checks_[probe];
  check.ended = now;
  check.failing = outcome.health == rules::Health::failing;
  check.evidence = outcome.evidence;
  return blind() != before;
}

bool SelfCheck::is_fresh(std::uint64_t probe, Time began) const {
  const auto found = checks_.find(probe);
  return found != checks_.end() && probes::is_fresh(found->second, began);
}

bool SelfCheck::knows_of(Time began) const {
  return std::ranges::all_of(checks_, [began](const auto& check) { return probes::is_fresh(check.second, began); });
}

bool SelfCheck::blind() const {
  return any() && std::ranges::all_of(checks_, [](const auto& check) { return check.second.failing; });
}

Outcome SelfCheck::unseen(Outcome outcome) const {
  outcome.health = rules::Health::unknown;
  outcome.evidence =
      fmt::format("candord cannot see ({}), so this says nothing of the target: {}", why(), outcome.evidence);
  outcome.symptom.clear();
  return outcome;
}

std::string SelfCheck::why() const {
  std::string text;
  for (const auto& [probe, check] : checks_) {
    text += fmt::format("{}self check {} fails: {}", text.empty() ? "" : "; ", check.name, check.evidence);
  }
  return text;
}

}  // namespace candor::probes
