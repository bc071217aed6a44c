#include <iterator>
#include <map>

#include "tests/unit/incident/world.h"
#include "tests/unit/rules/draw.h"

// A reload of the same configuration changes nothing: two engines see the same, and one of them is reloaded all the
// time.

namespace candor::incident {
namespace {

using rules::Draw;
using rules::Health;

Policy drawn_policy(Draw& draw) {
  Policy policy = shop_policy();
  policy.rules = draw.rules();
  policy.holdings["slow"] = default_holding();
  policy.holdings["slow"].after = 1min;
  const Response response = policy.responses.at("checkout-down");
  policy.responses.clear();
  for (const rules::Rule& rule : policy.rules) {
    Response& its = policy.responses[rule.name] = response;
    its.component = draw.of<std::string>({"checkout", "search"});
    its.holding = draw.of<std::string>({"default", "slow"});
    its.resolve_after = draw.of<Duration>({0s, 1min});
    its.reopen_within = draw.of<Duration>({0s, 10min});
  }
  return policy;
}

/// What people notice: incidents, pages and words, by rule and in order.
std::vector<std::string> told(const World& world) {
  std::vector<std::string> told;
  for (const Event& event : world.events) {
    if (event.incident.empty() || std::holds_alternative<VerdictChanged>(event.change)) continue;
    const std::string& rule = world.engine.state().incidents.at(event.incident).rule;
    told.push_back(format_rfc3339(event.at) + " " + rule + " " + std::string{token(event.change)});
  }
  std::ranges::sort(told);  // the ids of incidents differ, and with them which one of an instant comes first
  return told;
}

/// Two engines under the same rules.
struct Twins {
  explicit Twins(std::uint64_t seed) : draw(seed), policy(drawn_policy(draw)), undisturbed(policy), disturbed(policy) {
    for (int i = 0; i < 12; ++i) signals[draw.signal()] = Health::ok;
    for (const auto& [signal, health] : signals) see(signal);
  }

  void see(const rules::SignalId& signal) {
    Health health = draw.health();
    if (health == Health::unknown && signal.kind == rules::SignalKind::alert && !alerts_fall_silent)
      health = Health::ok;
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
  World undisturbed;
  World disturbed;
  std::map<rules::SignalId, Health> signals;
  bool alerts_fall_silent = true;
};

TEST(Reload, of_the_same_configuration_changes_nothing) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Twins twins{seed};
    for (int step = 0; step < 60; ++step) {
      twins.see_one();
      twins.pass(std::chrono::seconds{twins.draw.one_in(8) ? 600 : twins.draw.below(40)});
      if (twins.draw.one_in(3)) {
        World& world = twins.disturbed;
        world.take(world.engine.reconfigure(twins.policy, world.now));
      }
    }
    twins.pass(1h);
    ASSERT_EQ(told(twins.undisturbed), told(twins.disturbed)) << "seed " << seed;
  }
}

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
    twins.alerts_fall_silent = false;  // with an incident that a human ends silent alerts are let go of
    World& world = twins.disturbed;
    for (int step = 0; step < 40; ++step) {
      twins.see_one();
      if (twins.draw.one_in(8)) end_by_hand(twins);
      const Duration time = std::chrono::seconds{twins.draw.one_in(8) ? 600 : twins.draw.below(40)};
      if (!twins.draw.one_in(4)) {
        twins.pass(time);
        continue;
      }
      const Instant since = world.now;
      twins.undisturbed.pass(time);
      world.now += time;
      if (twins.draw.one_in(2)) {
        world.take(world.engine.stood_still(time, world.now));
      } else {
        world.engine = Engine{twins.policy, world.engine.state()};
        world.take(world.engine.begin(seed, world.now, since));
      }
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
