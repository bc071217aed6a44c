#include "rules/matcher.h"

#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/utf8.h"
#include "rules/matcher_syntax.h"

namespace candor::rules {
namespace {

/// Generous for people, and a bound on what compiling and matching may cost.
constexpr std::size_t most_text_bytes = std::size_t{16} * 1024;
constexpr std::int64_t most_regex_bytes = std::int64_t{1024} * 1024;

}  // namespace

Matcher::Matcher(std::string name, Op op, std::string value, std::shared_ptr<const re2::RE2> regex)
    : name_(std::move(name)), op_(op), value_(std::move(value)), regex_(std::move(regex)) {}

Result<Matcher> Matcher::make(std::string name, Op op, std::string value) {
  std::shared_ptr<const re2::RE2> regex;
  if (op == Op::matches || op == Op::not_matches) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(most_regex_bytes);
    regex = std::make_shared<const re2::RE2>(value, options);
    if (!regex->ok()) {
      return failure(fmt::format("\"{}\" is not a regular expression of RE2's syntax: {}", value, regex->error()));
    }
  }
  return Matcher{std::move(name), op, std::move(value), std::move(regex)};
}

bool Matcher::matches(const Labels& labels) const {
  const std::string_view seen = labels.get(name_);
  switch (op_) {
    case Op::equal:
      return seen == value_;
    case Op::not_equal:
      return seen != value_;
    case Op::matches:
      return re2::RE2::FullMatch(re2::StringPiece{seen.data(), seen.size()}, *regex_);
    case Op::not_matches:
      return !re2::RE2::FullMatch(re2::StringPiece{seen.data(), seen.size()}, *regex_);
  }
  return false;
}

std::string Matcher::text() const { return write_matcher(name_, op_, value_); }

bool Matchers::matches(const Labels& labels) const {
  for (const Matcher& matcher : all) {
    if (!matcher.matches(labels)) return false;
  }
  return true;
}

Result<Matchers> parse_matchers(std::string_view text) {
  if (text.size() > most_text_bytes) {
    return failure(fmt::format("the matchers are {} bytes long; at most {} are taken", text.size(), most_text_bytes));
  }
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return failure(at_character(text, bad, "this is not UTF-8"));
  }
  Result<std::vector<WrittenMatcher>> utf8 = parse_utf8_syntax(text);
  const Result<std::vector<WrittenMatcher>> classic = parse_classic_syntax(text);
  Matchers matchers;
  if (!utf8 && !classic) return std::unexpected(std::move(utf8.error()));
  if (!utf8) {
    matchers.warnings.push_back(
        fmt::format("{} is read as Alertmanager's classic syntax only (by the UTF-8 syntax, {}); write {} for both",
                    text, utf8.error().message, write_matchers(*classic)));
  } else if (classic && *classic != *utf8) {
    matchers.warnings.push_back(fmt::format(
        "{} means one thing in Alertmanager's classic syntax and another in its UTF-8 syntax; the classic meaning is "
        "taken: write {} to keep it in both, or {} for the other",
        text, write_matchers(*classic), write_matchers(*utf8)));
  }
  for (const WrittenMatcher& written : classic && !matchers.warnings.empty() ? *classic : *utf8) {
    Result<Matcher> matcher = Matcher::make(written.name, written.op, written.value);
    if (!matcher) return failure(at_character(text, written.value_at, matcher.error().message));
    matchers.all.push_back(*std::move(matcher));
  }
  return matchers;
}

}  // namespace candor::rules
