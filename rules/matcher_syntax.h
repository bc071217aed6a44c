#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/matcher.h"

namespace candor::rules {

/// A matcher as it is written, before its regular expression is compiled.
struct WrittenMatcher {
  std::string name;
  Matcher::Op op = Matcher::Op::equal;
  std::string value;
  std::size_t value_at = 0;  ///< offset of the value in the text

  friend bool operator==(const WrittenMatcher& a, const WrittenMatcher& b) {
    return a.name == b.name && a.op == b.op && a.value == b.value;
  }
};

/// Alertmanager's two syntaxes (matcher/parse and pkg/labels/parse.go); rules/matcher.h chooses between them.
/// Errors begin with the place, counted in characters from 1: "at character 7: …".
[[nodiscard]] Result<std::vector<WrittenMatcher>> parse_utf8_syntax(std::string_view text);
[[nodiscard]] Result<std::vector<WrittenMatcher>> parse_classic_syntax(std::string_view text);

/// As the UTF-8 syntax writes it, so that both syntaxes read it alike where they can and parse_matchers() reads every
/// matcher as the same.
[[nodiscard]] std::string write_matcher(std::string_view name, Matcher::Op op, std::string_view value);
[[nodiscard]] std::string write_matchers(const std::vector<WrittenMatcher>& matchers);

/// "at character 7: what": `offset` in bytes, the message in characters.
[[nodiscard]] std::string at_character(std::string_view text, std::size_t offset, std::string_view what);

}  // namespace candor::rules
