#include "daemon/ctl/checks.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "daemon/config/config.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;

json::array to_json(const std::vector<Problem>& problems) {
  json::array list;
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.at.file},
                    {"line", problem.at.line},
                    {"column", problem.at.column},
                    {"what", problem.what},
                    {"hint", problem.hint}});
  }
  return list;
}

std::string summary(const rules::SignalLeaf& leaf) {
  std::string matchers;
  for (const rules::Matcher& matcher : leaf.matchers.all) matchers += (matchers.empty() ? "" : ",") + matcher.text();
  const std::string quorum = fmt::format("{}{}", leaf.at_least.count, leaf.at_least.percent ? "%" : "");
  return fmt::format("at least {} {}{{{}}} {}{}", quorum, to_string(leaf.kind), matchers, to_string(leaf.health),
                     leaf.hold.count() == 0 ? "" : " for " + format_duration(leaf.hold));
}

/// The condition in one line, as it was understood.
std::string summary(const rules::Condition& condition) {
  if (const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node)) return summary(*leaf);
  if (const auto* leaf = std::get_if<rules::RuleLeaf>(&condition.node)) {
    return fmt::format("rule {} holds{}", leaf->rule,
                       leaf->hold.count() == 0 ? "" : " for " + format_duration(leaf->hold));
  }
  const auto& group = std::get<rules::Group>(condition.node);
  if (group.kind == rules::Group::Kind::negation) return "not (" + summary(group.parts.front()) + ")";
  std::string text;
  for (const rules::Condition& part : group.parts) {
    if (!text.empty()) text += group.kind == rules::Group::Kind::all ? " and " : " or ";
    text += "(" + summary(part) + ")";
  }
  return text;
}

void gather_warnings(const rules::Condition& condition, const std::string& rule, std::vector<std::string>& warnings) {
  if (const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node)) {
    for (const std::string& warning : leaf->matchers.warnings) warnings.push_back(rule + ": " + warning);
  } else if (const auto* group = std::get_if<rules::Group>(&condition.node)) {
    for (const rules::Condition& part : group->parts) gather_warnings(part, rule, warnings);
  }
}

std::vector<std::string> warnings_of(const std::vector<rules::Rule>& rules) {
  std::vector<std::string> warnings;
  for (const rules::Rule& rule : rules) {
    gather_warnings(rule.when, rule.name, warnings);
    if (rule.unless) gather_warnings(*rule.unless, rule.name, warnings);
  }
  return warnings;
}

/// Leaves over probes that no configured probe can ever match: a typo, and a rule that never holds.
void gather_unmatched(const rules::Condition& condition, const std::string& rule, const config::Config& config,
                      std::vector<std::string>& warnings) {
  if (const auto* group = std::get_if<rules::Group>(&condition.node)) {
    for (const rules::Condition& part : group->parts) gather_unmatched(part, rule, config, warnings);
  }
  const auto* leaf = std::get_if<rules::SignalLeaf>(&condition.node);
  if (leaf == nullptr || leaf->kind != rules::SignalKind::probe) return;
  const bool matched = std::ranges::any_of(config.probes, [&](const probes::ProbeConfig& probe) {
    return leaf->matchers.matches(probe.signal_labels(config.location));
  });
  if (!matched) warnings.push_back(fmt::format("{}: no configured probe matches \"{}\"", rule, summary(*leaf)));
}

}  // namespace

Exit report(const Problems& problems, bool as_json) {
  const std::vector<Problem> list = problems.list();
  if (as_json) {
    fmt::print("{}\n", printable_json(json::serialize(json::object{{"good", false}, {"problems", to_json(list)}})));
  } else {
    for (const Problem& problem : list) say_error(printable(problem.text()));
    say_error(fmt::format("{} mistake{}", list.size(), list.size() == 1 ? "" : "s"));
  }
  return Exit::config;
}

Exit check_config(const std::filesystem::path& file, bool as_json) {
  Problems problems;
  const std::optional<config::Config> config = config::load(file, problems);
  if (!config) return report(problems, as_json);
  std::vector<std::string> warnings = warnings_of(config->policy.rules);
  for (const rules::Rule& rule : config->policy.rules) gather_unmatched(rule.when, rule.name, *config, warnings);
  if (as_json) {
    fmt::print("{}\n", printable_json(
                           json::serialize(json::object{{"good", true},
                                                        {"probes", config->probes.size()},
                                                        {"sources", config->sources.size()},
                                                        {"rules", config->policy.rules.size()},
                                                        {"components", config->policy.components.size()},
                                                        {"warnings", json::array(warnings.begin(), warnings.end())}})));
    return Exit::ok;
  }
  for (const std::string& warning : warnings) say_error(fmt::format("warning: {}", printable(warning)));
  fmt::print("{}: good: {} probes, {} sources, {} rules, {} components\n", file.string(), config->probes.size(),
             config->sources.size(), config->policy.rules.size(), config->policy.components.size());
  return Exit::ok;
}

Exit check_rules(const std::vector<std::filesystem::path>& files, bool as_json) {
  Problems problems;
  const std::optional<incident::Policy> policy = config::load_rules(files, problems);
  if (!policy) return report(problems, as_json);
  const std::vector<std::string> warnings = warnings_of(policy->rules);
  if (as_json) {
    json::array list;
    for (const rules::Rule& rule : policy->rules) {
      list.push_back({{"name", rule.name},
                      {"when", summary(rule.when)},
                      {"unless", rule.unless ? json::value(summary(*rule.unless)) : json::value()}});
    }
    fmt::print(
        "{}\n",
        printable_json(json::serialize(json::object{
            {"good", true}, {"rules", std::move(list)}, {"warnings", json::array(warnings.begin(), warnings.end())}})));
    return Exit::ok;
  }
  for (const std::string& warning : warnings) say_error(fmt::format("warning: {}", printable(warning)));
  for (const rules::Rule& rule : policy->rules) {
    fmt::print("{}\n  when    {}\n", printable(rule.name), printable(summary(rule.when)));
    if (rule.unless) fmt::print("  unless  {}\n", printable(summary(*rule.unless)));
  }
  fmt::print("{} rule{}, good\n", policy->rules.size(), policy->rules.size() == 1 ? "" : "s");
  return Exit::ok;
}

Exit list_keys(bool as_json) {
  json::object tables;
  for (const auto& [table, keys] : config::known_keys()) {
    if (as_json) {
      tables[table] = json::array(keys.begin(), keys.end());
      continue;
    }
    for (const std::string& key : keys) fmt::print("{}{}{}\n", table, table.empty() ? "" : ".", key);
  }
  if (as_json) fmt::print("{}\n", printable_json(json::serialize(tables)));
  return Exit::ok;
}

}  // namespace candor::ctl
