#include "rules/filter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/utf8.h"
#include "rules/matcher_syntax.h"

namespace candor::rules {
namespace {

constexpr std::size_t most_matchers = 20;
/// Compiling costs up to some 50 µs a byte before RE2 finds that it is too much.
constexpr std::size_t most_regex_text_bytes = 2000;
/// RE2 takes some 2,700 instructions then, and each byte of a label may cost a step for each.
constexpr std::int64_t most_regex_bytes = std::int64_t{32} * 1024;

std::string too_large(std::string_view regex, std::string_view than) {
  return fmt::format("the regular expression \"{}\" is too large: {}; shorten it, or repeat less in it",
                     shorten_utf8(regex, 80), than);
}

/// Why not, or nothing. What is no regular expression at all is left to parse_matchers().
std::string refuse_regex(const std::string& regex) {
  if (regex.size() > most_regex_text_bytes) {
    return too_large(regex, fmt::format("at most {} bytes are taken in a request", most_regex_text_bytes));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_regex_bytes);
  const re2::RE2 compiled{regex, options};
  if (compiled.error_code() != re2::RE2::ErrorPatternTooLarge) return {};
  return too_large(regex, fmt::format("compiled it may take {} KiB in a request", most_regex_bytes / 1024));
}

using Written = Result<std::vector<WrittenMatcher>>;

std::string refuse_regexes(const Written& written) {
  if (!written) return {};
  for (const WrittenMatcher& each : *written) {
    if (each.op != Matcher::Op::matches && each.op != Matcher::Op::not_matches) continue;
    if (std::string why = refuse_regex(each.value); !why.empty()) return why;
  }
  return {};
}

}  // namespace

Result<Matchers> parse_filter(const std::vector<std::string>& texts) {
  Matchers whole;
  std::size_t count = 0;
  for (const std::string& text : texts) {
    if (find_invalid_utf8(text) == std::string_view::npos) {
      const Written utf8 = parse_utf8_syntax(text);
      const Written classic = parse_classic_syntax(text);
      count += std::max(utf8 ? utf8->size() : 0, classic ? classic->size() : 0);
      if (count > most_matchers)
        return failure(fmt::format("at most {} matchers are taken in a request", most_matchers));
      if (std::string why = refuse_regexes(utf8); !why.empty()) return failure(std::move(why));
      if (std::string why = refuse_regexes(classic); !why.empty()) return failure(std::move(why));
    }
    Result<Matchers> read = parse_matchers(text);
    if (!read) return read;
    std::ranges::move(read->all, std::back_inserter(whole.all));
    std::ranges::move(read->warnings, std::back_inserter(whole.warnings));
  }
  return whole;
}

Result<Matcher> parse_filter_regex(std::string name, const std::string& regex) {
  if (std::string why = refuse_regex(regex); !why.empty()) return failure(std::move(why));
  return Matcher::make(std::move(name), Matcher::Op::matches, regex);
}

std::string filtering_took_too_long() {
  return fmt::format(
      "filter: trying it on every signal takes longer than {}; compare with = rather than =~ where you can, put what "
      "few "
      "signals match first, or repeat less in its regular expressions",
      format_duration(longest_filtering));
}

}  // namespace candor::rules
