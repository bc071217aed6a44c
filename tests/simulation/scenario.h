#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "daemon/incident/policy.h"
#include "moment.h"
#include "rules/signal.h"

namespace candor::simulation {

/// Everything that one seed draws.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  std::uint64_t any() { return random_(); }
  /// Below `below`, which is not 0.
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  bool percent(unsigned of_a_hundred) { return draw(100) < of_a_hundred; }
  bool once_in(std::uint64_t times) { return draw(times) == 0; }
  Duration seconds(std::uint64_t least, std::uint64_t most) {
    return std::chrono::seconds{least + draw(most - least + 1)};
  }
  template <class Range>
  auto& pick(Range& range) {
    return *std::next(range.begin(), static_cast<std::ptrdiff_t>(draw(range.size())));
  }

 private:
  std::mt19937_64 random_;
};

/// A rule with one plain condition, so that what it must do can be said without the engine.
struct PlainRule {
  std::string name;
  std::string component;  ///< any of whose probes makes it hold
  Duration hold{};
  Duration resolve_after{};
  bool may_be_explained = false;
  bool always_there = false;  ///< in any scenario
};

/// What the daemon is configured with for a while.
struct Scenario {
  incident::Policy policy;
  std::vector<PlainRule> plain;
};

/// When a decision was made, and by what.
struct Decided {
  Elapsed at{};
  Elapsed began{};  ///< the daemon was started, went on after a standstill, or began to go by the scenario
  std::shared_ptr<const Scenario> scenario;
};

/// Components with probes and alerts, rules of every kind over them, two people; other waits with each draw. `whole`:
/// no rule is left out.
[[nodiscard]] Scenario draw_scenario(Chance& chance, bool whole);

/// What no draw exceeds.
constexpr Duration longest_step = std::chrono::minutes{10};
constexpr Duration longest_holding = std::chrono::minutes{10};
constexpr Duration longest_hold = std::chrono::seconds{90};

/// The true health of what probes watch.
using World = std::map<rules::SignalId, rules::Health>;

/// Four probes, all well.
[[nodiscard]] World quiet_world();

[[nodiscard]] rules::Observation observation(const rules::SignalId& id, rules::Health health);

/// Where messages go, in any scenario.
inline const std::vector<std::string> destinations{"contact:ana/1", "contact:ana/2", "contact:bo/1"};

}  // namespace candor::simulation
