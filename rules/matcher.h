#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

namespace re2 {
class RE2;
}

namespace candor::rules {

/// One comparison of a label with a value, as Alertmanager writes it (docs/configuration.md#matcher). Regular
/// expressions are RE2 and match the whole value; an absent label equals "".
class Matcher {
 public:
  enum class Op : std::uint8_t { equal, not_equal, matches, not_matches };

  /// Errors: a regular expression that RE2 does not take.
  [[nodiscard]] static Result<Matcher> make(std::string name, Op op, std::string value);

  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Op op() const { return op_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  /// As the UTF-8 syntax writes it, the value in quotation marks.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.name_ == b.name_ && a.op_ == b.op_ && a.value_ == b.value_;
  }

 private:
  Matcher(std::string name, Op op, std::string value, std::shared_ptr<const re2::RE2> regex);
  std::string name_;
  Op op_;
  std::string value_;
  std::shared_ptr<const re2::RE2> regex_;
};

struct Matchers {
  std::vector<Matcher> all;  ///< a label set matches when every one does
  std::vector<std::string>
      warnings;  ///< where the classic and the UTF-8 syntax disagree: what was taken, how to say it clearly

  [[nodiscard]] bool matches(const Labels& labels) const;
};

/// Reads `a="b",c=~"d|e"`, with or without braces, as Alertmanager's fallback mode does: UTF-8 syntax first, else the
/// classic one with a warning; if both parse and differ, the classic one wins, with a warning. An empty list matches
/// all. Errors name the place in the text ("at character 7: …").
[[nodiscard]] Result<Matchers> parse_matchers(std::string_view text);

}  // namespace candor::rules
