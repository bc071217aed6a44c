#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "probes/probe.h"

namespace candor::probes {

/// Are we the broken one? Some probes ask what has nothing to do with what is watched, nor with each other. While none
/// of them is well, it is candord that cannot see. Pure. Times are of any one clock.
class SelfCheck {
 public:
  using Time = std::chrono::microseconds;
  struct Check {
    std::string name;
    Time began{};  ///< its latest run that ended
    bool looked = false;
    rules::Health health = rules::Health::ok;
    std::string evidence;
  };

  void watch(std::uint64_t probe, const std::string& name) { checks_[probe].name = name; }
  void forget(std::uint64_t probe) { checks_.erase(probe); }
  /// The probe's run that began at `began` ended at `now`.
  void took(std::uint64_t probe, const Outcome& outcome, Time began, Time now);
  /// Some were forgotten: none of those that are left may be well.
  void changed(Time now);

  [[nodiscard]] bool any() const { return !checks_.empty(); }
  [[nodiscard]] const std::map<std::uint64_t, Check>& checks() const { return checks_; }
  [[nodiscard]] bool blind() const;
  /// Whether candord could see what a run that began at `began` found wrong at `found`. It could not where it was blind
  /// in between; it could where a look that began after `found` ended well. Nothing while no look has told.
  [[nodiscard]] std::optional<bool> saw(Time began, Time found) const;

  /// The checks are asked to look out of their turn.
  void asked(Time now) { asked_ = now; }
  /// When they may be asked next: a few times a second, so that an outage there is no flood at those whom they ask.
  [[nodiscard]] Time next_look(Time now) const;

  /// What a run found that candord could not see: that it says nothing of its target.
  [[nodiscard]] Outcome unseen(Outcome outcome) const;
  /// In a sentence: what each of them met when candord was blind last.
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  std::map<std::uint64_t, Check> checks_;
  std::optional<Time> blind_at_;  // the latest instant at which it was known
  std::string why_;
  std::optional<Time> asked_;
};

}  // namespace candor::probes
