#include "rules/rule_graph.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace candor::rules {
namespace {

using Edges = std::vector<std::vector<std::size_t>>;

/// The rules that a condition names, and where each stands first.
using Named = std::map<std::string, Position>;

void collect(const Condition& condition, Named& names) {
  if (const auto* leaf = std::get_if<RuleLeaf>(&condition.node)) {
    if (!leaf->rule.empty()) names.try_emplace(leaf->rule, leaf->at);
  } else if (const auto* group = std::get_if<Group>(&condition.node)) {
    for (const Condition& part : group->parts) collect(part, names);
  }
}

std::map<std::string, std::size_t, std::less<>> by_name(const std::vector<Rule>& rules) {
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < rules.size(); ++i) places.try_emplace(rules[i].name, i);
  return places;
}

/// A circle as its rules' places in the order in which they name each other, if `from` leads to one that is not known
/// yet. Depth first, without recursion: a chain may be as long as there are rules.
std::vector<std::vector<std::size_t>> circles_of(const Edges& edges) {
  enum class Mark { fresh, open, done };
  struct Visit {
    std::size_t rule;
    std::size_t next = 0;
  };
  std::vector<Mark> marks(edges.size(), Mark::fresh);
  std::vector<std::vector<std::size_t>> circles;
  for (std::size_t start = 0; start < edges.size(); ++start) {
    if (marks[start] != Mark::fresh) continue;
    std::vector<Visit> path{{start}};
    marks[start] = Mark::open;
    while (!path.empty()) {
      Visit& here = path.back();
      if (here.next == edges[here.rule].size()) {
        marks[here.rule] = Mark::done;
        path.pop_back();
        continue;
      }
      const std::size_t next = edges[here.rule][here.next++];
      if (marks[next] == Mark::open) {
        const auto begin = std::ranges::find(path, next, &Visit::rule);
        std::vector<std::size_t>& circle = circles.emplace_back();
        for (auto visit = begin; visit != path.end(); ++visit) circle.push_back(visit->rule);
      } else if (marks[next] == Mark::fresh) {
        marks[next] = Mark::open;
        path.push_back({next});
      }
    }
  }
  return circles;
}

Named references_of(const Rule& rule) {
  Named names;
  collect(rule.when, names);
  if (rule.unless) collect(*rule.unless, names);
  return names;
}

/// Where the reference stands; rules that were not read from a file have no better place than their own.
const Position& place_of(const Position& reference, const Rule& rule) {
  return reference.file.empty() ? rule.at : reference;
}

}  // namespace

std::vector<std::string> named_rules(const Rule& rule) {
  std::vector<std::string> names;
  for (const auto& [name, at] : references_of(rule)) names.push_back(name);
  return names;
}

std::vector<std::uint32_t> levels_of(const std::vector<Rule>& rules) {
  const auto places = by_name(rules);
  if (places.size() != rules.size()) throw std::invalid_argument("two rules have one name");
  Edges named_by(rules.size());
  std::vector<std::size_t> waits_for(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const std::string& name : named_rules(rules[i])) {
      const auto found = places.find(name);
      if (found == places.end()) throw std::invalid_argument("no rule is named " + name);
      named_by[found->second].push_back(i);
      ++waits_for[i];
    }
  }
  std::vector<std::uint32_t> levels(rules.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (waits_for[i] == 0) ready.push_back(i);
  }
  std::size_t placed = 0;
  for (; placed < ready.size(); ++placed) {
    const std::size_t rule = ready[placed];
    for (const std::size_t user : named_by[rule]) {
      levels[user] = std::max(levels[user], levels[rule] + 1);
      if (--waits_for[user] == 0) ready.push_back(user);
    }
  }
  if (placed != rules.size()) throw std::invalid_argument("rules name each other in a circle");
  return levels;
}

void check_rules(const std::vector<Rule>& rules, Problems& problems) {
  const auto places = by_name(rules);
  std::vector<std::string> known;
  for (const auto& [name, place] : places) {
    if (!name.empty()) known.push_back(name);
  }
  Edges edges(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    if (const std::size_t first = places.at(rule.name); first != i && !rule.name.empty()) {
      const Position& at = rules[first].at;
      problems.add(rule.at, fmt::format("two rules are named \"{}\"", rule.name),
                   fmt::format("the other is at {}:{}:{}", at.file, at.line, at.column));
    }
    for (const auto& [name, at] : references_of(rule)) {
      if (const auto found = places.find(name); found != places.end()) {
        edges[i].push_back(found->second);
        continue;
      }
      std::vector<std::string> others = known;
      std::erase(others, rule.name);  // naming itself would be a circle
      const std::optional<std::string> near = nearest(name, others);
      problems.add(place_of(at, rule),
                   fmt::format("rule \"{}\" names rule \"{}\", which does not exist", rule.name, name),
                   near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }
  }
  for (const std::vector<std::size_t>& circle : circles_of(edges)) {
    std::vector<std::string_view> names;
    for (const std::size_t place : circle) names.push_back(rules[place].name);
    names.push_back(names.front());
    const Rule& first = rules[circle.front()];
    problems.add(place_of(references_of(first).at(std::string{names[1]}), first),
                 fmt::format("rules name each other in a circle: {}", fmt::join(names, " → ")),
                 "each would wait for the other; take one of the rule conditions out");
  }
}

}  // namespace candor::rules
