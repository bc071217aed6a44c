#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "probes/probe.h"

namespace candor::probes {

/// Are we the broken one? Some probes ask what has nothing to do with what is watched, nor with each other. While every
/// one of them fails, it is candord that cannot see. Pure. Times are of any one clock.
class SelfCheck {
 public:
  using Time = std::chrono::microseconds;
  struct Check {
    std::string name;
    std::optional<Time> ended;  ///< its latest run
    bool failing = false;
    std::string evidence;
  };

  void watch(std::uint64_t probe, const std::string& name) { checks_[probe].name = name; }
  void forget(std::uint64_t probe) { checks_.erase(probe); }
  /// The probe's run ended at `now`. Answers whether sight was lost or came back by that.
  bool took(std::uint64_t probe, const Outcome& outcome, Time now);

  [[nodiscard]] bool any() const { return !checks_.empty(); }
  [[nodiscard]] const std::map<std::uint64_t, Check>& checks() const { return checks_; }
  /// Whether each of them has ended a run since `began`, or just before, so that blind() speaks of that time too.
  [[nodiscard]] bool knows_of(Time began) const;
  [[nodiscard]] bool is_fresh(std::uint64_t probe, Time began) const;
  [[nodiscard]] bool blind() const;
  /// What a run found while blind: that it says nothing of its target.
  [[nodiscard]] Outcome unseen(Outcome outcome) const;
  /// In a sentence, while blind.
  [[nodiscard]] std::string why() const;

 private:
  std::map<std::uint64_t, Check> checks_;
};

}  // namespace candor::probes
