#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "daemon/incident/state.h"
#include "rules/look.h"

namespace candor::incident {

/// When candord was there to look, and how long what is known from before is only memory. Pure. Of absences it knows
/// what the state does.
class Presence {
 public:
  /// `grace`: in which every probe and source can speak after a start.
  explicit Presence(Duration grace) : grace_{grace} {}
  /// Another `grace` from now on.
  void follow(Duration grace) { grace_ = grace; }

  /// Since when nobody looked. An event of the future: the clock was set back meanwhile, and nobody knows for how long
  /// that was. More than a restart, for all that rests on it. A sign of the future tells nothing.
  [[nodiscard]] static Instant off_since(const State& state, Instant last_sign, Instant now);
  /// Whether that is more than a restart, or goes on with what was.
  [[nodiscard]] bool was_away(const State& state, Instant since, Instant now) const;

  /// What is known now is memory: it ends nothing, and is not told, before everything could be seen again.
  void look_again(const State& state, Instant off_since, Instant now);
  /// What a reload brings is looked at from then on; but a whole look is a minute at most.
  void look_longer(Instant now);
  void clock_set(Duration by);

  /// The latest, over or not.
  [[nodiscard]] const std::optional<rules::Look>& look() const { return look_; }
  /// How long until everything is seen again, after an absence and after the end of what explained it.
  [[nodiscard]] Duration whole_look() const { return std::min(grace_, longest_look); }

  /// Whether an incident was open when it could begin to look: what is known of that rests on what was seen before.
  [[nodiscard]] bool is_from_before(const std::string& incident) const { return from_before_.contains(incident); }
  /// When each probe and source has had the time to speak since.
  [[nodiscard]] Instant all_have_spoken_at() const { return begun_ + grace_; }

 private:
  [[nodiscard]] Duration look_after(Duration absence) const;
  [[nodiscard]] Instant seen_again_at(const State& state) const;
  [[nodiscard]] bool is_unseen_still(const State& state, Instant until) const;

  Duration grace_;
  Instant begun_{};                    ///< when it could begin to look
  std::set<std::string> from_before_;  ///< incidents that were open then
  std::optional<rules::Look> look_;
};

}  // namespace candor::incident
