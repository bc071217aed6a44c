#include "tests/unit/incident/world.h"
#include "tests/unit/rules/draw.h"

// A reload of the same configuration changes nothing: two engines see the same, and one of them is reloaded all the
// time.

namespace candor::incident {
namespace {

using rules::Draw;

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

TEST(Reload, of_the_same_configuration_changes_nothing) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Draw draw{seed};
    const Policy policy = drawn_policy(draw);
    std::vector<rules::SignalId> signals;
    for (int i = 0; i < 12; ++i) signals.push_back(draw.signal());
    World undisturbed{policy};
    World reloaded{policy};
    const auto see = [&](const rules::SignalId& signal) {
      const rules::Observation seen{.id = signal, .health = draw.health()};
      undisturbed.take(undisturbed.engine.observe({seen}, undisturbed.now));
      reloaded.take(reloaded.engine.observe({seen}, reloaded.now));
    };
    const auto pass = [&](Duration time) {
      undisturbed.pass(time);
      reloaded.pass(time);
    };
    for (const rules::SignalId& signal : signals) see(signal);
    for (int step = 0; step < 60; ++step) {
      see(draw.of(signals));
      pass(Duration{1000 * (draw.one_in(8) ? 600 : draw.below(40))});
      if (draw.one_in(3)) reloaded.take(reloaded.engine.reconfigure(policy, reloaded.now));
    }
    pass(1h);
    ASSERT_EQ(told(undisturbed), told(reloaded)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace candor::incident
