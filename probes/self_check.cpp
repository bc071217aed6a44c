#include "probes/self_check.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::probes {
namespace {

constexpr SelfCheck::Time between_looks = std::chrono::milliseconds{200};

}  // namespace

void SelfCheck::took(std::uint64_t probe, const Outcome& outcome, Time began, Time now) {
  Check& check = checks_[probe];
  check.began = began;
  check.looked = true;
  check.failing = outcome.health == rules::Health::failing;
  check.evidence = outcome.evidence;
  changed(now);
}

void SelfCheck::changed(Time now) {
  if (!blind()) return;
  blind_at_ = now;
  why_.clear();
  for (const auto& [id, each] : checks_) {
    why_ += fmt::format("{}self check {} fails: {}", why_.empty() ? "" : "; ", each.name, each.evidence);
  }
}

bool SelfCheck::blind() const {
  return any() && std::ranges::all_of(checks_, [](const auto& check) { return check.second.failing; });
}

/// A look that began before something wrong was found proves nothing: whatever made that fail may have come in between.
std::optional<bool> SelfCheck::saw(Time began, Time found) const {
  if (!any()) return true;
  if (blind_at_ && *blind_at_ >= began) return false;
  const bool sees = std::ranges::any_of(checks_, [found](const auto& each) {
    const Check& check = each.second;
    return check.looked && !check.failing && check.began >= found;
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
