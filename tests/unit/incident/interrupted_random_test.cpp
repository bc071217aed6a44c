#include <iterator>
#include <map>

#include "tests/unit/incident/drawn_life.h"

// An absence is over once everything was looked at: two engines see the same, and one of them is away now and then.

namespace candor::incident {
namespace {

using rules::Draw;
using rules::Health;

/// Two engines under the same rules.
struct Twins {
  explicit Twins(std::uint64_t seed) : draw(seed), policy(drawn_policy(draw)), undisturbed(policy), disturbed(policy) {
    for (int i = 0; i < 12; ++i) signals[draw.signal()] = Health::ok;
    for (const auto& [signal, health] : signals) see(signal);
  }

  void see(const rules::SignalId& signal) {
    Health health = draw.health();
    // With an incident that a human ends silent alerts are let go of.
    if (health == Health::unknown && signal.kind == rules::SignalKind::alert) health = Health::ok;
    signals[signal] = health;
    const rules::Observation seen{.id = signal, .health = health};
    for (World* world : {&undisturbed, &disturbed}) world->take(world->engine.observe({seen}, world->now));
  }
  void see_one() {
    auto signal = signals.begin();
    std::advance(signal, draw.below(static_cast<int>(signals.size())));
    see(signal->first);
  }
  void pass(Duration time) {
    undisturbed.pass(time);
    disturbed.pass(time);
  }

  Draw draw;
  Policy policy;
  Living undisturbed;
  Living disturbed;
  std::map<rules::SignalId, Health> signals;
};

/// By rule.
std::map<std::string, std::string> findings(const World& world) {
  std::map<std::string, std::string> found;
  for (const auto& [rule, verdict] : world.engine.state().verdicts) {
    if (verdict.finding != rules::Finding::quiet) found.emplace(rule, to_string(verdict.finding));
  }
  return found;
}

/// Humans take the incidents of a rule for over, in both.
void end_by_hand(Twins& twins) {
  const std::string rule = twins.draw.of(twins.policy.rules).name;
  const auto holds = [&rule](const World& world) {
    const State& state = world.engine.state();
    const Incident* const latest = state.latest_of(rule);
    return latest != nullptr && latest->open() && state.verdicts.at(rule).finding == rules::Finding::holds;
  };
  if (!holds(twins.undisturbed) || !holds(twins.disturbed)) return;
  for (World* world : {&twins.undisturbed, &twins.disturbed}) {
    ASSERT_TRUE(world->ask(ResolveIncident{world->engine.state().latest_of(rule)->id, "A false alarm."}));
  }
}

TEST(Absence, leaves_nothing_behind_once_everything_was_looked_at) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Twins twins{seed};
    Living& world = twins.disturbed;
    for (int step = 0; step < 40; ++step) {
      twins.see_one();
      if (twins.draw.one_in(8)) end_by_hand(twins);
      const Duration time = std::chrono::seconds{twins.draw.one_in(8) ? 600 : twins.draw.below(40)};
      if (!twins.draw.one_in(4)) {
        twins.pass(time);
        continue;
      }
      twins.undisturbed.pass(time);
      twins.draw.one_in(2) ? world.stand_still(time) : world.restart(time);
      for (const auto& [signal, health] : twins.signals) {
        if (twins.draw.one_in(3)) world.take(world.engine.observe({{.id = signal, .health = health}}, world.now));
      }
    }
    twins.pass(1h);
    ASSERT_EQ(findings(twins.undisturbed), findings(world)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace candor::incident
