#include "daemon/ctl/import_gatus_conditions.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "daemon/ctl/import_words.h"
#include "probes/kinds/json_path.h"

namespace candor::ctl {
namespace {

using namespace std::chrono_literals;

constexpr int least_status = 100;
constexpr int most_status = 599;
constexpr const char* one_only = "there is one such condition for a probe";

std::optional<GatusCondition> parse(const std::string& text) {
  GatusCondition it;
  const bool form = RE2::FullMatch(text, R"(\s*(.+?)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*)", &it.left, &it.sign, &it.right);
  return form ? std::optional{it} : std::nullopt;
}

bool compares(int a, const std::string& sign, int b) {
  if (sign == "==") return a == b;
  if (sign == "!=") return a != b;
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  return sign == ">" ? a > b : a >= b;
}

/// Gatus puts in what a placeholder stands for on both sides.
bool begins_with_placeholder(const std::string& text) {
  return RE2::PartialMatch(text, R"(^(?:len\(|has\(|age\()?(?i:\[(?:BODY|CERTIFICATE_EXPIRATION|CONNECTED|CONTEXT|)"
                                 R"(DNS_RCODE|DOMAIN_EXPIRATION|HEADER|IP|RESPONSE_TIME|STATUS)\]))");
}

/// As Gatus compares them: "[1 2]", "map[a:1]", and patterns for such.
bool is_printed_list_or_map(const std::string& text) {
  return RE2::PartialMatch(text, R"(^(?:(?:map)?\[|pat\((?:map)?(?:\\\[|\[\[\])))");
}

/// Of the pattern for a whole text.
struct Ends {
  std::string_view begin = "^";
  std::string_view end = "$";
};

/// Gatus takes white space off a body before it compares. In a dialogue, "^" and "$" are the ends of a line.
constexpr Ends body_ends{.begin = R"(^\s*)", .end = R"(\s*$)"};
constexpr Ends dialogue_ends{.begin = R"(\A\s*)", .end = R"(\s*\z)"};

/// `pat(…)` as a regular expression: it is Go's filepath.Match, with * ? [a-z] [^a-z] and \\. A plain text as one that
/// is the whole.
std::string pattern_of(const std::string& text, const Ends& ends = {}) {
  std::string inner;
  if (!RE2::FullMatch(text, R"(pat\((.*)\))", &inner))
    return fmt::format("{}{}{}", ends.begin, quoted_pattern(text), ends.end);
  std::string pattern = inner.starts_with('*') ? "" : std::string{ends.begin};
  re2::StringPiece rest{inner};
  std::string part;
  while (!rest.empty()) {
    if (RE2::Consume(&rest, R"(\*+)")) {
      pattern += ".*";
    } else if (RE2::Consume(&rest, R"(\?)")) {
      pattern += '.';
    } else if (RE2::Consume(&rest, R"((\[\^?(?:[^\]\[\\]|\\.)+\]))", &part)) {
      pattern += part;
    } else if (RE2::Consume(&rest, R"((?s)\\?(.))", &part)) {
      pattern += quoted_pattern(part);
    }
  }
  if (!inner.ends_with('*')) pattern += ends.end;
  while (pattern.starts_with(".*")) pattern.erase(0, 2);
  while (pattern.ends_with(".*")) pattern.resize(pattern.size() - 2);
  return "(?s)" + pattern;
}

/// A url that is a variable may be anything.
bool names_plain_http(const DraftProbe& probe) {
  return std::ranges::any_of(probe.settings, [](const auto& setting) {
    return setting.first == "url" && setting.second.starts_with("\"http://");
  });
}

}  // namespace

GatusConditions::GatusConditions(DraftProbe& probe, const std::string& sent) : probe_(probe) {
  statuses_.set();
  if (!sent.empty()) dialogue_.push_back(fmt::format("{{ send = {} }}", secret_literal(probe, "body", sent)));
}

std::string GatusConditions::add(const std::string& text) {
  if (holds_variable(probe_, text)) return "it holds a variable";
  const std::optional<GatusCondition> condition = parse(without_escapes(probe_, text));
  if (!condition) return "it cannot be read";
  if (begins_with_placeholder(condition->right)) return "what it is compared with is a placeholder too";
  const std::string& left = condition->left;
  if (left == "[CONNECTED]") return add_connected(*condition);
  if (left == "[STATUS]") return add_status(*condition);
  if (left == "[RESPONSE_TIME]") return add_time(*condition);
  if (left == "[CERTIFICATE_EXPIRATION]") return add_certificate(*condition);
  if (left == "[DNS_RCODE]" && is("dns")) return add_code(*condition);
  if (left == "[BODY]") return add_body(*condition);
  std::string path;
  if (RE2::FullMatch(left, R"(\[BODY\](.+))", &path)) return add_field(path, *condition);
  if (RE2::FullMatch(left, R"(has\(\[BODY\](.+)\))", &path)) return add_presence(path, *condition);
  return "it has no counterpart";
}

std::string GatusConditions::add_connected(const GatusCondition& condition) {
  const bool wanted = (condition.sign == "==") == (condition.right == "true");
  if (!wanted) probe_.unfit.emplace_back("a probe that is ok while its target cannot be reached has no counterpart");
  return {};
}

std::string GatusConditions::add_code(const GatusCondition& condition) {
  if (probe_.has("rcode")) return one_only;
  if (condition.sign != "==" || !RE2::FullMatch(condition.right, "NOERROR|NXDOMAIN|REFUSED")) {
    probe_.unfit.emplace_back("of what DNS answers, NOERROR, NXDOMAIN and REFUSED can be expected, and nothing else");
    return {};
  }
  probe_.set("rcode", toml_text(condition.right));
  return {};
}

std::string GatusConditions::add_status(const GatusCondition& condition) {
  if (!is("http")) return "only http has a status";
  std::vector<int> values;
  std::string list = condition.right;
  RE2::FullMatch(condition.right, R"(any\((.*)\))", &list);
  re2::StringPiece rest{list};
  std::string number;
  while (RE2::Consume(&rest, R"(\s*(\d{1,4})\s*,?)", &number)) values.push_back(std::stoi(number));
  if (values.empty() || !rest.empty()) return "it compares with something else than numbers";
  if (values.size() > 1 && condition.sign != "==") return "a list can only be equal";
  for (int status = least_status; status <= most_status; ++status) {
    const bool fits = std::ranges::any_of(values, [&](int value) { return compares(status, condition.sign, value); });
    if (!fits) statuses_.reset(static_cast<std::size_t>(status));
  }
  return {};
}

std::string GatusConditions::add_time(const GatusCondition& condition) {
  int ms = 0;
  if (!condition.sign.starts_with('<') || !RE2::FullMatch(condition.right, R"((\d{1,9}))", &ms)) {
    return "only an upper limit has a counterpart";
  }
  if (probe_.has("degraded_above")) return one_only;
  probe_.set_degraded_above(Duration{ms});
  return {};
}

std::string GatusConditions::add_body(const GatusCondition& condition) {
  if (condition.sign != "==") return "only == has a counterpart";
  if (condition.right.starts_with("any(")) return "of several values none is the one to expect";
  if (body_) return one_only;
  body_ = true;
  if (is("dns")) return add_record(condition.right);
  const std::string pattern = pattern_of(condition.right, is("tcp") ? dialogue_ends : body_ends);
  if (is("websocket")) {
    probe_.set("expect", toml_text(pattern));
  } else if (is("tcp")) {
    dialogue_.push_back(fmt::format("{{ expect = {} }}", toml_text(pattern)));
  } else if (is("http")) {
    set_body_matches(probe_, pattern);
  } else {
    return "only http, dns, tcp and websocket have a body";
  }
  return {};
}

/// Gatus shows the host alone of MX and SRV, and a name's last dot.
std::string GatusConditions::add_record(std::string text) {
  const bool behind_numbers = std::ranges::any_of(probe_.settings, [](const auto& setting) {
    return setting.first == "type" && (setting.second == "\"MX\"" || setting.second == "\"SRV\"");
  });
  if (text.starts_with("pat(") && text.ends_with(".)")) text.erase(text.size() - 2, 1);
  if (!text.starts_with("pat(") && text.ends_with('.')) text.pop_back();
  if (!text.starts_with("pat(") && !behind_numbers) {
    probe_.set("contains", toml_list({toml_text(text)}));
    return {};
  }
  std::string pattern = pattern_of(text);
  const std::size_t begin = pattern.find('^');
  if (behind_numbers && (begin == 0 || begin == 4)) pattern[begin] = ' ';
  probe_.set("matches", toml_text(pattern));
  return {};
}

/// Gatus compares all values as texts, and Candor tells 3 from "3": where it may be either, a pattern takes both.
std::string GatusConditions::add_field(const std::string& path, const GatusCondition& condition) {
  if (!is("http")) return "only http has values of JSON";
  if (!probes::JsonPath::parse("$" + path)) return "the path is none that names one value";
  const std::string& right = condition.right;
  const bool number = RE2::FullMatch(right, R"(-?\d+(\.\d+)?)");
  // As TOML writes numbers, and none that a double does not hold.
  const bool limit = RE2::FullMatch(right, R"(-?(0|[1-9]\d{0,14})(\.\d{1,15})?)");
  std::string wanted;
  if (limit && (condition.sign == ">=" || condition.sign == "<=")) {
    wanted = fmt::format("{} = {}", condition.sign == ">=" ? "at_least" : "at_most", right);
  } else if (condition.sign != "==" || right.starts_with("any(")) {
    return "of a value of JSON, ==, and >= and <= with numbers have a counterpart";
  } else if (is_printed_list_or_map(right)) {
    return "it is a list or a map, which is no text here";
  } else if (number || right == "true" || right == "false" || right.starts_with("pat(")) {
    wanted = "matches = " + toml_text(pattern_of(right));
  } else {
    wanted = "equals = " + toml_text(right);
  }
  fields_.push_back(fmt::format("{{ path = {}, {} }}", toml_text("$" + path), wanted));
  return {};
}

std::string GatusConditions::add_presence(const std::string& path, const GatusCondition& condition) {
  const bool plain = condition.sign == "==" && (condition.right == "true" || condition.right == "false");
  if (!is("http") || !plain || !probes::JsonPath::parse("$" + path)) return "it has no counterpart";
  fields_.push_back(fmt::format("{{ path = {}, exists = {} }}", toml_text("$" + path), condition.right));
  return {};
}

std::string GatusConditions::add_certificate(const GatusCondition& condition) {
  const std::optional<Duration> least = read_go_duration(condition.right);
  if (!condition.sign.starts_with('>') || !least || *least < 1h || *least > 24h * 3650) {
    return "only a lower limit from an hour to ten years has a counterpart";
  }
  const bool secured = is("tls") || (is("http") && !names_plain_http(probe_));
  if (!secured) return "there are certificates where https and tls are spoken only";
  if (least_valid_) return one_only;
  least_valid_ = least;
  probe_.set("cert_failing_below", toml_duration(*least));
  return {};
}

/// A tls probe has limits also where it is given none.
void GatusConditions::tell_usual_limits() {
  if (least_valid_ >= 24h * 21) return;
  probe_.changed.push_back(fmt::format("a certificate that is valid for less than 21d is degraded{}",
                                       least_valid_ ? "" : ", for less than 3d failing"));
}

/// Gatus asks only what its conditions say of an answer.
void GatusConditions::tell_usual_answer() {
  if (!body_ && !probe_.has("rcode")) probe_.changed.emplace_back("an answer of any code was ok; here it has NOERROR");
  tell_of_empty_answers(probe_);
}

/// Gatus says something, be it nothing, and is connected once it has read a message.
void GatusConditions::expect_message() {
  if (!probe_.has("expect")) probe_.set("expect", toml_text(""));
  if (!probe_.has("send")) probe_.changed.emplace_back("an empty message was said first; here none is");
}

std::vector<std::string> GatusConditions::status_ranges() const {
  std::vector<std::string> ranges;
  for (int first = least_status; first <= most_status; ++first) {
    if (!statuses_.test(static_cast<std::size_t>(first))) continue;
    int last = first;
    while (last < most_status && statuses_.test(static_cast<std::size_t>(last) + 1)) ++last;
    ranges.push_back(toml_text(first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last)));
    first = last;
  }
  return ranges;
}

void GatusConditions::end() {
  if (!fields_.empty()) probe_.set("json", toml_list(fields_));
  if (!dialogue_.empty()) probe_.set("dialogue", toml_list(dialogue_));
  if (is("tls")) tell_usual_limits();
  if (is("websocket")) expect_message();
  if (is("dns")) tell_usual_answer();
  if (!is("http")) return;
  const std::vector<std::string> ranges = status_ranges();
  if (ranges.empty()) {
    probe_.unfit.emplace_back("no status fits all conditions");
  } else {
    probe_.set("status", toml_list(ranges));
  }
}

}  // namespace candor::ctl
