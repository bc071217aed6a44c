#include "probes/self_check.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::probes {
namespace {

constexpr SelfCheck::Time between_looks = std::chrono::milliseconds{200};

/// One that cannot look does not see: this machine's network may be what it lacks.
bool is_well(const SelfCheck::Check& check) {
  return check.health == rules::Health::ok || check.health == rules::Health::degraded;
}

}  // namespace

void SelfCheck::took(std::uint64_t probe, const Outcome& outcome, Time began, Time now) {
  const bool was_blind = blind();
  Check& check = checks_[probe];
  check.began = began;
  check.looked = true;
  check.health = outcome.health;
  check.evidence = outcome.evidence;
  changed(now);
  if (was_blind && !blind()) blind_at_ = began;  // until this look nobody knows
}

void SelfCheck::changed(Time now) {
  if (!blind()) return;
  blind_at_ = now;
  why_.clear();
  for (const auto& [id, each] : checks_) {
    const std::string_view what = each.health == rules::Health::unknown ? "cannot look" : "fails";
    why_ += fmt::format("{}self check {} {}: {}", why_.empty() ? "" : "; ", each.name, what, each.evidence);
  }
}

bool SelfCheck::blind() const {
  return any() && std::ranges::all_of(checks_, [](const auto& check) { return !is_well(check.second); });
}

/// A look that began before something wrong was found proves nothing: whatever made that fail may have come in between.
std::optional<bool> SelfCheck::saw(Time began, Time found) const {
  if (!any()) return true;
  if (blind_at_ && *blind_at_ >= began) return false;
  const bool sees = std::ranges::any_of(checks_, [found](const auto& each) {
    const Check& check = each.second;
    return check.looked && is_well(check) && check.began >= found;
  });
  return sees ? std::optional{true} : std::nullopt;
}

SelfCheck::Time SelfCheck::next_look(Time now) const { return asked_ ? std::max(now, *asked_ + between_looks) : now; }

Outcome SelfCheck::unseen(Outcome outcome) const {
  outcome.health = rules::Health::unknown;
  outcome.evidence = fmt::format("candord {} see ({}), so this says nothing of the target: {}",
                                 blind() ? "cannot" : "could not", why_, outcome.evidence);
  outcome.symptom.clear();
  return outcome;
}

}  // namespace candor::probes
