// Matchers, as rules have them and as strangers may send them in Alertmanager's API: what is read can be written and is
// read again as the same.
#include <algorithm>
#include <string>

#include "base/labels.h"
#include "rules/matcher.h"
#include "rules/matcher_syntax.h"
#include "tests/fuzz/check.h"

namespace candor::rules {
namespace {

using fuzz::require;
using Written = std::vector<WrittenMatcher>;

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }

/// Whether the classic syntax can say it too: it knows no other names, and of escapes only the line end's.
bool fits_classic(const WrittenMatcher& matcher) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  };
  const bool digit_first = !matcher.name.empty() && matcher.name[0] >= '0' && matcher.name[0] <= '9';
  return !digit_first && std::ranges::all_of(matcher.name, in_name) && fuzz::is_utf8(matcher.value) &&
         std::ranges::all_of(matcher.value, [](char c) { return is_plain(c) || c == '\n'; });
}

void check_written(const Written& read, std::string_view text) {
  const std::string again = write_matchers(read);
  const Result<Written> back = parse_utf8_syntax(again);
  require(back && *back == read, "what is written is read again as the same");
  require(fuzz::is_utf8(again), "what is written is UTF-8");
  for (const WrittenMatcher& matcher : read) {
    require(!matcher.name.empty(), "a matcher has a name");
    require(matcher.value_at <= text.size(), "the value stands within the text");
  }
  if (!std::ranges::all_of(read, fits_classic)) return;
  const Result<Written> classic = parse_classic_syntax(again);
  require(classic && *classic == read, "both syntaxes read what is written alike");
}

/// By the reader that chooses between both syntaxes; unless escapes make more of it than is taken.
void check_kept(const Matchers& matchers) {
  std::string again;
  for (const Matcher& matcher : matchers.all) again += (again.empty() ? "" : ",") + matcher.text();
  if (again.size() > 16 * 1024) return;
  const Result<Matchers> back = parse_matchers(again);
  require(back && back->all == matchers.all, "matchers are written so that they are read again as the same");
  require(back->warnings.empty(), "nobody is warned of what is written");
}

void check(std::string_view text) {
  for (const Result<Written>& read : {parse_utf8_syntax(text), parse_classic_syntax(text)}) {
    if (read) {
      check_written(*read, text);
    } else {
      require(read.error().message.starts_with("at character "), "an error names its place");
    }
  }
  const Result<Matchers> matchers = parse_matchers(text);
  if (!matchers) {
    require(matchers.error().message.starts_with("at character ") || text.size() > 16 * 1024,
            "an error names its place");
    require(matchers.error().message.size() < 2 * text.size() + 512, "an error is bounded");
    return;
  }
  require(matchers->warnings.size() <= 1, "one warning at most");
  check_kept(*matchers);
  const Labels labels{{"alertname", "Down"}, {"severity", "page"}, {"a", "b"}};
  bool all = true;
  for (const Matcher& matcher : matchers->all) {
    const bool matches = matcher.matches(labels);
    all = all && matches;
    const Matcher::Op opposite = matcher.op() == Matcher::Op::equal       ? Matcher::Op::not_equal
                                 : matcher.op() == Matcher::Op::not_equal ? Matcher::Op::equal
                                 : matcher.op() == Matcher::Op::matches   ? Matcher::Op::not_matches
                                                                          : Matcher::Op::matches;
    const Result<Matcher> other = Matcher::make(matcher.name(), opposite, matcher.value());
    require(other && other->matches(labels) != matches, "a matcher and its opposite differ on all labels");
  }
  require(all == matchers->matches(labels), "matchers match when each one does");
}

}  // namespace
}  // namespace candor::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  candor::rules::check(candor::fuzz::text_of(data, size));
  return 0;
}
