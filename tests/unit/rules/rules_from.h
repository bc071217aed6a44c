#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "rules/rule.h"

namespace candor::rules {

/// What a configuration of `[[rule]]` tables reads as, and what is wrong with it.
struct ReadRules {
  std::vector<Rule> rules;
  std::vector<Problem> problems;

  /// All problems, a line each, as `line:column: what (hint)`.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const Problem& problem : problems) text += problem.text().substr(std::string_view{"test.toml:"}.size()) + "\n";
    return text;
  }
};

inline ReadRules read_rules(std::string_view toml) {
  Problems problems;
  ReadRules read;
  if (const std::optional<Document> document = Document::parse(toml, "test.toml", problems)) {
    for (const Table& table : document->root().tables("rule")) read.rules.push_back(read_rule(table));
    document->refuse_unknown();
  }
  check_rules(read.rules, problems);
  read.problems = problems.list();
  return read;
}

/// Rules that must be right.
inline std::vector<Rule> rules_from(std::string_view toml) {
  ReadRules read = read_rules(toml);
  EXPECT_EQ(read.text(), "");
  return std::move(read.rules);
}

}  // namespace candor::rules
