#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "rules/rule.h"
#include "rules/signal.h"

namespace candor::rules {

/// Draws rules, signals and what happens to them, all from one seed.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  int below(int end) { return std::uniform_int_distribution<int>{0, end - 1}(random_); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::ranges::shuffle(list, random_);
  }

  Duration hold() { return one_in(2) ? Duration{0} : Duration{std::chrono::seconds{1 + below(30)}}; }

  Condition condition(const std::vector<std::string>& named, int depth) {
    const int kind = below(depth > 0 ? 7 : 4);
    if (kind == 3 && !named.empty()) return {RuleLeaf{.rule = of(named), .hold = hold()}};
    if (kind < 4) return {leaf()};
    Group group{.kind = kind == 4   ? Group::Kind::all
                        : kind == 5 ? Group::Kind::any
                                    : Group::Kind::negation,
                .parts = {}};
    const int parts = kind == 6 ? 1 : 1 + below(3);
    for (int i = 0; i < parts; ++i) group.parts.push_back(condition(named, depth - 1));
    return {std::move(group)};
  }

  /// Each names only rules before it; those of one level of dependence stand in name order, as settle() answers.
  std::vector<Rule> rules() {
    std::vector<Rule> rules;
    std::vector<std::string> named;
    for (int level = 0; level < 4; ++level) {
      std::vector<std::string> names;
      for (int i = 0; i < 4; ++i) {
        Rule rule;
        rule.name = std::string{static_cast<char>('a' + level)} + std::to_string(i);
        rule.when = condition(named, 2);
        if (one_in(3)) rule.unless = condition(named, 1);
        // Holds the rule at its level, so that the order of both evaluators is the same.
        if (level > 0) {
          Group both{.kind = Group::Kind::any, .parts = {}};
          both.parts.push_back(std::move(rule.when));
          both.parts.push_back({Group{Group::Kind::all, {{RuleLeaf{named.back(), hold()}}, condition(named, 0)}}});
          rule.when = {std::move(both)};
        }
        names.push_back(rule.name);
        rules.push_back(std::move(rule));
      }
      named.insert(named.end(), names.begin(), names.end());
    }
    return rules;
  }

  SignalId signal() {
    const SignalKind kind = one_in(3) ? SignalKind::alert : SignalKind::probe;
    Labels labels{{"zone", of<std::string>({"x", "y", "z"})}};
    labels.set(kind == SignalKind::probe ? "probe" : "alertname", of<std::string>({"p", "q", "r", "s"}));
    if (!one_in(4)) labels.set("component", of<std::string>({"c", "d"}));
    return {kind, kind == SignalKind::probe ? "probe" : of<std::string>({"push", "webhook"}), std::move(labels)};
  }

  Health health() {
    return of<Health>({Health::ok, Health::ok, Health::degraded, Health::failing, Health::failing, Health::unknown});
  }

 private:
  SignalLeaf leaf() {
    SignalLeaf leaf;
    leaf.kind = one_in(3) ? SignalKind::alert : SignalKind::probe;
    const std::string name = leaf.kind == SignalKind::probe ? "probe" : "alertname";
    const std::string text = of<std::string>(
        {name + "=p", name + "=~\"q|r\"", name + "!=p", "component=c", "component=\"\"", "component=~\"c|\"", "zone=x",
         "zone=~\"x|y\",component=d", "zone!~\"x.*\"", name + "=s,zone!=z", "component=c," + name + "=~\"p|q|r\""});
    leaf.matchers = parse_matchers(text).value();
    leaf.health = of<Health>({Health::failing, Health::failing, Health::degraded, Health::ok, Health::unknown});
    leaf.at_least = one_in(3) ? Quorum{static_cast<std::uint32_t>(1 + below(100)), true}
                              : Quorum{static_cast<std::uint32_t>(1 + below(4)), false};
    leaf.hold = hold();
    return leaf;
  }

  std::mt19937_64 random_;
};

}  // namespace candor::rules
