#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/dialogue_config.h"
#include "probes/kinds/settings.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using What = DialogueStep::What;

constexpr std::size_t most_steps = 50;

/// Has "$" stand before "\r\n" too, with which lines of most protocols end: RE2 knows "\n" alone.
std::string with_crlf(const std::string& pattern) {
  static const RE2 piece{R"((?s)(\\Q.*?(?:\\E|\z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|.))"};
  std::string result;
  re2::StringPiece rest{pattern};
  for (std::string one; RE2::Consume(&rest, piece, &one);) result += one == "$" ? R"((?:\r?$))" : one;
  return result;
}

/// Line by line: "^" is the beginning of any line, since an answer may have several.
std::optional<DialogueStep> read_expect(const Table& table) {
  const std::string pattern = table.required_text("expect");
  if (pattern.empty()) return std::nullopt;
  const RE2 written{pattern, RE2::Quiet};
  auto regex = std::make_shared<const RE2>("(?m)" + with_crlf(pattern), RE2::Quiet);
  if (!written.ok() || !regex->ok()) {
    const std::string& error = written.ok() ? regex->error() : written.error();
    table.refuse("expect", fmt::format("expect is not a regular expression: {}", error), "RE2 syntax");
    return std::nullopt;
  }
  return DialogueStep{.what = What::expect, .pattern = std::move(regex), .wanted = in_quotes(pattern)};
}

void read_dialogue(const Table& table, DialogueConfig& config) {
  const std::vector<Table> steps = table.tables("dialogue");
  if (steps.size() > most_steps) {
    table.refuse("dialogue", fmt::format("the dialogue has {} steps", steps.size()),
                 fmt::format("at most {}", most_steps));
  }
  for (const Table& step : steps) {
    const std::optional<Secret> text = step.secret("send");
    if (step.has("expect") == step.has("send")) {
      step.refuse("", "a step of a dialogue has exactly one of expect and send",
                  "such as { expect = \"^220 \" } or { send = \"QUIT\\r\\n\" }");
      if (step.has("expect")) (void)step.text("expect");
    } else if (step.has("expect")) {
      if (std::optional<DialogueStep> wanted = read_expect(step)) config.steps.push_back(*std::move(wanted));
    } else if (text) {
      if (step.is_table("send")) config.hidden.add_words(text->reveal());
      config.steps.push_back({.what = What::send, .text = *text});
    }
  }
}

}  // namespace

KindConfig read_tcp(const Table& table, const ProbeConfig& common) {
  DialogueConfig config;
  config.target = read_target(table, "address");
  config.timeout = common.timeout;
  config.degraded_above = read_degraded_above(table, common.timeout);
  const bool at_once = table.boolean("tls").value_or(false);
  const std::optional<StartTls> starttls = read_starttls(table);
  if (at_once && starttls) table.refuse("tls", "tls and starttls exclude each other", "starttls begins TLS later");
  if (at_once) config.steps.push_back(begin_tls());
  if (starttls) config.steps = starttls_steps(*starttls);
  config.given = config.steps.size();
  read_dialogue(table, config);
  const std::string tls = read_tls_keys(table, config, at_once || starttls.has_value(), true);
  return finish_dialogue(std::move(config), tls);
}

KindConfig read_tls(const Table& table, const ProbeConfig& common) {
  using namespace std::chrono_literals;
  DialogueConfig config;
  config.target = read_target(table, "address", 443);
  config.timeout = common.timeout;
  config.degraded_above = read_degraded_above(table, common.timeout);
  config.steps = {begin_tls()};
  if (const std::optional<StartTls> starttls = read_starttls(table)) config.steps = starttls_steps(*starttls);
  config.given = config.steps.size();
  config.versions = TlsVersions::any;
  config.wanted.minimum = table.choice<int>("minimum", {{"1.2", 12}, {"1.3", 13}}).value_or(12);
  config.wanted.degraded_below = 21 * 24h;
  config.wanted.failing_below = 3 * 24h;
  const std::string tls = read_tls_keys(table, config, true, false);
  return finish_dialogue(std::move(config), tls);
}

}  // namespace candor::probes
