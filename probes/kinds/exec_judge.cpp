#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/exec.h"
#include "probes/kinds/perfdata.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using What = ExecSeen::What;

constexpr std::size_t most_quoted = 300;

struct Meaning {
  Health health;
  std::string_view word;  ///< as plugins write it
  std::string_view symptom;
};

constexpr std::array<Meaning, 4> meanings{{
    {Health::ok, "OK", ""},
    {Health::degraded, "WARNING", "warnings from checks"},
    {Health::failing, "CRITICAL", "failing checks"},
    {Health::unknown, "UNKNOWN", ""},
}};

/// Arguments may hold what not everybody should read.
std::string program_words(const ExecConfig& config) {
  return shorten_utf8(one_line(config.start.command.front()), 200);
}

/// ": "DISK CRITICAL - free space: / 100 MiB"", empty where nothing was said. It is read as UTF-8; the program may have
/// written anything.
std::string said(const ExecConfig& config, const ProgramEnd& end) {
  const auto first_line = [&](const std::string& written) {
    return to_utf8(read_plugin_output(config.hidden.out_of(written)).text);
  };
  if (const std::string out = first_line(end.out); !out.empty()) return ": " + in_quotes(out, most_quoted);
  const std::string err = first_line(end.err);
  return err.empty() ? "" : ": " + in_quotes(err, most_quoted) + " on standard error";
}

/// "12 (Segmentation fault)"
std::string signal_words(int number) {
  const char* description = ::sigdescr_np(number);
  return description != nullptr ? fmt::format("{} ({})", number, description) : fmt::to_string(number);
}

Outcome judge_end(const ExecConfig& config, const ExecSeen& seen) {
  std::string words = said(config, seen.end);
  if (words.empty()) words = ", without a word";
  const std::string after = words_for(seen.took);
  const std::string program = program_words(config);
  if (seen.end.flooded) {
    return {.evidence = fmt::format("{} was killed after {}: it wrote more than 1 MB", program, after)};
  }
  if (seen.end.signalled) {
    return {.evidence =
                fmt::format("{} died of signal {} after {}{}", program, signal_words(seen.end.status), after, words)};
  }
  const auto status = static_cast<std::size_t>(seen.end.status);
  if (status >= meanings.size()) {
    return {.evidence = fmt::format("{} ended with exit status {} after {}, which is no plugin's (0 to 3){}", program,
                                    status, after, words)};
  }
  const Meaning& meaning = meanings[status];
  Outcome outcome{.health = meaning.health, .symptom = std::string{meaning.symptom}, .answered = true};
  outcome.readings = read_plugin_output(config.hidden.out_of(seen.end.out), seen.end.out_cut).readings;
  if (outcome.health != Health::ok) {
    outcome.evidence = fmt::format("{} says {} after {}{}", program, meaning.word, after, words);
  }
  return outcome;
}

}  // namespace

Outcome judge(const ExecConfig& config, const ExecSeen& seen) {
  Outcome outcome;
  const std::string limit = words_for(config.timeout);
  switch (seen.what) {
    case What::ended:
      outcome = judge_end(config, seen);
      break;
    case What::not_started:
      outcome.evidence =
          fmt::format("{} cannot be started: {}; {}", program_words(config), error_words(seen.error), seen.repair);
      break;
    case What::timed_out:
      outcome.health = Health::failing;
      outcome.evidence = fmt::format("{} did not end within {} and was killed{}", program_words(config), limit,
                                     said(config, seen.end));
      outcome.symptom = "checks without an answer";
      break;
    case What::stuck:
      outcome.health = Health::failing;
      outcome.evidence = fmt::format(
          "{} was killed in an earlier run and has not ended for another {}: it waits for a disk or a file server",
          program_words(config), limit);
      outcome.symptom = "checks without an answer";
      break;
  }
  outcome.phases.total = seen.took;
  return outcome;
}

}  // namespace candor::probes
