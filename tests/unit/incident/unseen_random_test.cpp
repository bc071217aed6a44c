#include <map>
#include <optional>
#include <set>

#include "tests/unit/incident/drawn_life.h"
#include "tests/unit/rules/naive_evaluator.h"

// The page beside a naive model of who looked at what: nothing is said to work that may be broken for all that anybody
// has seen since the latest absence, and nothing is said to be unseen that everybody looked at.

namespace candor::incident {
namespace {

using rules::Condition;
using rules::Draw;
using rules::Finding;
using rules::Group;
using rules::Health;
using rules::SignalId;

constexpr const char* prometheus = "prometheus:main";

/// What an alert would be that a silent source may know of.
const SignalId unheard_alert{rules::SignalKind::alert, prometheus, {{"alertname", "Unheard"}}};

/// Which conditions a model of them can judge.
enum class Shape : std::uint8_t {
  monotone,  ///< the more fails, the more rules hold: also rules that name rules
  any,       ///< over signals alone
};

void shape(Condition& condition, Shape as, Draw& draw) {
  if (auto* const group = std::get_if<Group>(&condition.node)) {
    const bool negates = group->kind == Group::Kind::negation;
    if (negates && as == Shape::monotone) group->kind = Group::Kind::all;
    for (Condition& part : group->parts) shape(part, as, draw);
  } else if (auto* const leaf = std::get_if<rules::SignalLeaf>(&condition.node)) {
    const bool fails = leaf->health == Health::failing || leaf->health == Health::degraded;
    if (!fails && as == Shape::monotone) leaf->health = Health::failing;
  } else if (as == Shape::any) {
    condition = draw.condition({}, 0);
  } else {
    std::get<rules::RuleLeaf>(condition.node).hold = 0s;
  }
}

/// Each rule has a component of its name.
Policy drawn_policy_of(Draw& draw, Shape as) {
  Policy policy = drawn_policy(draw);
  policy.components.clear();
  for (rules::Rule& rule : policy.rules) {
    shape(rule.when, as, draw);
    rule.unless.reset();
    policy.components.push_back({.id = rule.name, .name = rule.name});
    policy.responses[rule.name].component = rule.name;
  }
  return policy;
}

/// The only alert there may be is the unheard one.
void replace_alerts(Condition& condition) {
  if (auto* const group = std::get_if<Group>(&condition.node)) {
    for (Condition& part : group->parts) replace_alerts(part);
  } else if (auto* const leaf = std::get_if<rules::SignalLeaf>(&condition.node)) {
    if (leaf->kind != rules::SignalKind::alert) return;
    *leaf = {.kind = rules::SignalKind::alert, .matchers = *rules::parse_matchers("alertname=Unheard")};
  }
}

std::vector<rules::Rule> rules_of_the_model(const Policy& policy) {
  std::vector<rules::Rule> rules = policy.rules;
  std::ranges::sort(rules, {}, &rules::Rule::name);  // which names only rules before it
  for (rules::Rule& rule : rules) replace_alerts(rule.when);
  return rules;
}

class Watched {
 public:
  Watched(std::uint64_t seed, Shape as) : draw_(seed), as_(as), world_(drawn_policy_of(draw_, as)) {
    answers(true);
    while (health_.size() < 10) {
      const SignalId id = draw_.signal();
      if (id.kind == rules::SignalKind::probe && !health_.contains(id))
        see(id, draw_.of<Health>({Health::ok, Health::failing}));
    }
  }

  void go_on() {
    world_.pass(std::chrono::seconds{draw_.below(30)});
    if (draw_.one_in(12)) return is_away();
    if (draw_.one_in(8)) return world_.reload();
    if (draw_.one_in(8)) return world_.set_clock(std::chrono::seconds{draw_.below(600) - 300});
    if (draw_.one_in(12)) return answers(!answers_);
    auto known = health_.begin();
    std::advance(known, draw_.below(static_cast<int>(health_.size())));
    see(known->first, draw_.of<Health>({known->second, known->second, Health::ok, Health::failing, Health::degraded,
                                        Health::unknown}));
  }

  /// Rules that may hold, and whose components are said to work.
  [[nodiscard]] std::vector<std::string> wrongly_said_to_work() const {
    const Unseen unseen = world_.engine.unseen(15s);
    std::vector<std::string> wrong;
    for (const std::string& rule : may_hold()) {
      if (!unseen.components.contains(rule)) wrong.push_back(rule);
    }
    return wrong;
  }
  [[nodiscard]] std::vector<std::string> wrongly_unseen() const {
    std::vector<std::string> wrong;
    const bool sees_all = answers_ && heard_ && missed_.empty() && std::ranges::none_of(health_, [](const auto& item) {
                            return item.second == Health::unknown;
                          });
    if (!sees_all) return wrong;
    for (const auto& [component, since] : world_.engine.unseen(15s).components) wrong.push_back(component);
    return wrong;
  }

 private:
  void see(const SignalId& id, Health health) {
    world_.take(world_.engine.observe({{.id = id, .health = health, .evidence = "seen"}}, world_.now));
    const bool was_unknown = std::exchange(health_[id], health) == Health::unknown;
    if (health != Health::unknown || was_unknown) missed_.erase(id);
    world_.do_what_is_due();
  }
  void answers(bool answers) {
    answers_ = heard_ = answers;
    world_.take(world_.engine.source_changed(prometheus, answers, answers ? "" : "connection refused", world_.now));
  }
  /// A restart would forget what was looked at, and was as before.
  void is_away() {
    const Duration away = draw_.of<Duration>({20s, 5min});
    draw_.one_in(2) ? world_.stand_still(away) : world_.hear_nothing(away);
    for (const auto& [id, health] : health_) missed_.insert(id);
    heard_ = false;
    world_.do_what_is_due();
  }

  /// What the rules find where all that nobody could look at is of one health.
  [[nodiscard]] std::map<std::string, Finding> findings(Health unseen) const {
    rules::NaiveEvaluator model{rules_of_the_model(world_.policy)};
    const auto show = [&](const SignalId& id, Health health) {
      rules::Signal signal;
      apply(signal, {.id = id, .health = health}, world_.now - 1h);
      model.update(id, signal);
    };
    for (const auto& [id, health] : health_) {
      missed_.contains(id) ? show(id, unseen) : model.update(id, world_.engine.state().signals.at(id));
    }
    show(unheard_alert, answers_ ? Health::ok : unseen);
    std::map<std::string, Finding> found;
    for (const rules::VerdictChange& change : model.settle(world_.now)) found[change.rule] = change.verdict.finding;
    return found;
  }

  /// Rules that are silent, and may be so for want of a look alone.
  [[nodiscard]] std::vector<std::string> may_hold() const {
    const std::map<std::string, Finding> at_worst = findings(as_ == Shape::any ? Health::unknown : Health::failing);
    const std::map<std::string, Finding> at_best = findings(Health::ok);
    const auto is = [](const std::map<std::string, Finding>& findings, const std::string& rule, Finding finding) {
      const auto found = findings.find(rule);
      return (found == findings.end() ? Finding::quiet : found->second) == finding;
    };
    std::vector<std::string> names;
    for (const rules::Rule& rule : world_.policy.rules) {
      if (!is_silent(rule.name)) continue;
      const bool may = as_ == Shape::any
                           ? is(at_worst, rule.name, Finding::unknown)
                           : is(at_worst, rule.name, Finding::holds) && !is(at_best, rule.name, Finding::holds);
      if (may) names.push_back(rule.name);
    }
    return names;
  }
  [[nodiscard]] bool is_silent(const std::string& rule) const {
    const auto verdict = world_.engine.state().verdicts.find(rule);
    return verdict == world_.engine.state().verdicts.end() || !rules::holds(verdict->second.finding);
  }

  Draw draw_;
  Shape as_;
  Living world_;
  std::map<SignalId, Health> health_;
  std::set<SignalId> missed_;
  bool answers_ = true;
  bool heard_ = false;  ///< since the latest absence
};

TEST(Unseen, is_all_that_may_be_broken_for_all_that_was_seen) {
  for (const Shape as : {Shape::monotone, Shape::any}) {
    for (std::uint64_t seed = 1; seed <= 80; ++seed) {
      Watched watched{seed, as};
      for (int step = 0; step < 60; ++step) {
        watched.go_on();
        ASSERT_EQ(watched.wrongly_said_to_work(), std::vector<std::string>{})
            << "seed " << seed << ", step " << step << ", shape " << static_cast<int>(as);
        ASSERT_EQ(watched.wrongly_unseen(), std::vector<std::string>{}) << "seed " << seed << ", step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace candor::incident
