#include "daemon/incident/presence.h"

#include <algorithm>

namespace candor::incident {

Instant Presence::off_since(const State& state, Instant last_sign, Instant now) {
  if (state.last_at > now) return now - 2 * short_absence;
  return last_sign <= now ? std::max(state.last_at, last_sign) : state.last_at;
}

bool Presence::was_away(const State& state, Instant since, Instant now) const {
  return now - since > short_absence || is_unseen_still(state, since);
}

void Presence::look_again(const State& state, Instant off_since, Instant now) {
  begun_ = now;
  from_before_ = state.open;
  if (is_unseen_still(state, now)) {
    const Absence& latest = state.absences.back();
    look_ = {latest.from, latest.back, seen_again_at(state), off_since, now};
  } else {  // a restart, of which the journal knows nothing
    look_ = {off_since, now, now + look_after(now - off_since), off_since, now};
  }
}

void Presence::look_longer(Instant now) {
  if (!look_ || look_->until <= now || look_->until < look_->back + whole_look()) return;
  look_->until = std::clamp(now + whole_look(), look_->until, std::max(look_->until, look_->back + longest_look));
}

void Presence::clock_set(Duration by) {
  begun_ += by;
  if (!look_) return;
  look_ = {look_->from + by, look_->back + by, look_->until + by, look_->there + by, look_->again + by};
}

/// How long what is known is memory after an absence: as long as that took, where it took no longer than a restart.
Duration Presence::look_after(Duration absence) const {
  return absence > short_absence ? whole_look() : std::min(absence, whole_look());
}

/// When everything was, or will be, seen again after the latest absence: short ones since put it off for no longer.
Instant Presence::seen_again_at(const State& state) const {
  if (state.absences.empty()) return Instant::min();
  const Absence& latest = state.absences.back();
  return std::min(latest.until + look_after(latest.back - latest.from), latest.back + longest_look);
}

/// Whether it was not there for a whole look since it came back from an absence.
bool Presence::is_unseen_still(const State& state, Instant until) const { return until < seen_again_at(state); }

}  // namespace candor::incident
