#include "rules/rule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/refused_key.h"
#include "base/text.h"

namespace candor::rules {
namespace {

constexpr int most_depth = 32;
constexpr std::size_t most_parts = 1000;
constexpr std::size_t most_name_bytes = 200;
constexpr std::int64_t most_signals = 1'000'000;
constexpr Duration longest_hold = std::chrono::days{31};

/// The keys that say what a condition is; each table has exactly one of them.
constexpr std::array<std::string_view, 6> kinds{"probe", "alert", "rule", "all", "any", "not"};

const std::vector<std::pair<std::string_view, Health>> healths{
    {"ok", Health::ok}, {"degraded", Health::degraded}, {"failing", Health::failing}, {"unknown", Health::unknown}};

/// What is wrong is in the document's problems already.
Condition incomplete() { return {}; }

Condition read_condition(const Table& table, int depth);

void refuse_misfit(const Table& table, std::string_view kind, std::string_view key, std::string_view hint) {
  if (table.has(key)) table.refuse(key, fmt::format("{} does not go with {}", key, kind), std::string{hint});
}

Quorum read_quorum(const Table& table) {
  constexpr std::string_view key = "at_least";
  constexpr std::string_view hint = "a count such as 2, or a share such as \"50%\"";
  const auto value = table.integer_or_text(key);
  if (!value) return {};
  if (const auto* count = std::get_if<std::int64_t>(&*value)) {
    if (*count >= 1 && *count <= most_signals) return {static_cast<std::uint32_t>(*count), false};
    table.refuse(key, fmt::format("at_least = {} is out of range", *count), fmt::format("1 to {}", most_signals));
    return {};
  }
  const std::string& text = std::get<std::string>(*value);
  std::uint32_t percent = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, percent);
  if (error != std::errc{} || std::string_view{end, last} != "%") {
    table.refuse(key, fmt::format("at_least = \"{}\" is neither a count nor a share", text), std::string{hint});
    return {};
  }
  if (percent < 1 || percent > 100) {
    table.refuse(key, fmt::format("at_least = \"{}\" is out of range", text), "\"1%\" to \"100%\"");
    return {};
  }
  return {percent, true};
}

Duration read_hold(const Table& table) {
  return table.duration("for", Duration{0}, longest_hold).value_or(Duration{0});
}

Matchers read_matchers(const Table& table, std::string_view key) {
  const std::string_view label = key == "probe" ? "probe" : "alertname";
  const std::optional<std::string> text = table.text(key);
  if (!text) return {};
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    table.refuse(key, fmt::format("{} names no signals", key),
                 fmt::format("write {}='{}=~\".+\"' for all", key, label));
    return {};
  }
  Result<Matchers> matchers = parse_matchers(*text);
  if (matchers) return *std::move(matchers);
  // Most often somebody wrote the bare name.
  const bool bare = text->find_first_of("=!~{}\"',\\`") == std::string::npos;
  table.refuse(
      key, fmt::format("{}: {}", key, matchers.error().message),
      bare ? fmt::format("write {}='{}=\"{}\"'", key, label, *text)
           : fmt::format("Alertmanager's matchers, such as '{}=\"checkout\",severity=~\"page|critical\"'", label));
  return {};
}

Condition read_signal_leaf(const Table& table, SignalKind kind) {
  const std::string_view key = to_string(kind);
  SignalLeaf leaf{
      .kind = kind, .matchers = read_matchers(table, key), .at_least = read_quorum(table), .hold = read_hold(table)};
  if (kind == SignalKind::probe) {
    leaf.health = table.choice("health", healths).value_or(Health::failing);
  } else {
    refuse_misfit(table, key, "health", "an alert is failing while it fires");
  }
  return {std::move(leaf)};
}

Condition read_rule_leaf(const Table& table) {
  refuse_misfit(table, "rule", "health", "a rule holds or does not");
  refuse_misfit(table, "rule", "at_least", "a rule is one; join several with any");
  return {RuleLeaf{.rule = table.required_text("rule"), .hold = read_hold(table), .at = table.position("rule")}};
}

Condition read_group(const Table& table, std::string_view key, int depth) {
  refuse_misfit(table, key, "health", "put it in the probe conditions inside");
  refuse_misfit(table, key, "at_least", "put it in the conditions inside");
  refuse_misfit(table, key, "for", "put it in the conditions inside");
  Group group{.kind = key == "all"   ? Group::Kind::all
                      : key == "any" ? Group::Kind::any
                                     : Group::Kind::negation,
              .parts = {}};
  if (key == "not") {
    if (const std::optional<Table> part = table.table(key)) group.parts.push_back(read_condition(*part, depth + 1));
    return {std::move(group)};
  }
  const std::vector<Table> parts = table.tables(key);
  if (parts.empty()) {
    table.refuse(key, fmt::format("{} needs at least one condition", key),
                 fmt::format("such as {} = [{{ probe = 'component=\"checkout\"' }}]", key));
  }
  if (parts.size() > most_parts) {
    table.refuse(key, fmt::format("{} has {} conditions", key, parts.size()), fmt::format("at most {}", most_parts));
    return incomplete();
  }
  for (const Table& part : parts) group.parts.push_back(read_condition(part, depth + 1));
  return {std::move(group)};
}

Condition read_condition(const Table& table, int depth) {
  std::vector<std::string_view> present;
  for (const std::string_view kind : kinds) {
    if (table.has(kind)) present.push_back(kind);
  }
  // Asked for, so that they are not called unknown where nothing is read.
  const auto leave_the_rest = [&table] {
    for (const std::string_view key : {"health", "at_least", "for"}) static_cast<void>(table.has(key));
    return incomplete();
  };
  if (refuse_if_present(table, "slo", "slo conditions are not supported by this version",
                        "use a probe, alert or rule condition")) {
    return leave_the_rest();
  }
  const std::string_view first = present.empty() ? std::string_view{} : present.front();
  if (present.size() != 1) {
    table.refuse(first,
                 present.empty()
                     ? "a condition says what it is about"
                     : fmt::format("a condition is about one thing, not about {}", fmt::join(present, " and ")),
                 present.empty() ? "one of probe, alert, rule, all, any, not" : "join several with all or any");
    return leave_the_rest();
  }
  if (depth > most_depth) {
    table.refuse(first, "conditions are nested too deeply", fmt::format("at most {} levels", most_depth));
    return incomplete();
  }
  if (first == "probe") return read_signal_leaf(table, SignalKind::probe);
  if (first == "alert") return read_signal_leaf(table, SignalKind::alert);
  if (first == "rule") return read_rule_leaf(table);
  return read_group(table, first, depth);
}

}  // namespace

Rule read_rule(const Table& table) {
  Rule rule;
  rule.name = table.required_text("name");
  rule.at = table.position("name");
  if (rule.name.size() > most_name_bytes) {
    table.refuse("name", "this name is too long", fmt::format("at most {} bytes", most_name_bytes));
  }
  if (holds_controls(rule.name)) {
    table.refuse("name", "a name holds no control characters");
  }
  if (!table.has("when")) {
    table.refuse("when", fmt::format("rule \"{}\" says nothing about when it holds", rule.name),
                 "such as when = { probe = 'component=\"checkout\"', for = \"30s\" }");
  } else if (const std::optional<Table> when = table.table("when")) {
    rule.when = read_condition(*when, 1);
  }
  if (const std::optional<Table> unless = table.table("unless")) rule.unless = read_condition(*unless, 1);
  return rule;
}

}  // namespace candor::rules
