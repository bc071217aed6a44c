#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
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
  return shorten_utf8(log::one_line(config.start.command.front()), 200);
}

/// ": "DISK CRITICAL - free space: / 100 MiB"", or that nothing was said.
std::string said(std::string_view out, std::string_view err) {
  if (!out.empty()) return ": " + in_quotes(out, most_quoted);
  if (!err.empty()) return ": " + in_quotes(err, most_quoted) + " on standard error";
  return ", without a word";
}

/// "12 (Segmentation fault)"
std::string signal_words(int number) {
  const char* description = ::sigdescr_np(number);
  return description != nullptr ? fmt::format("{} ({})", number, description) : fmt::to_string(number);
}

/// What it said is read as UTF-8; the program may have written anything.
Outcome judge_end(const ExecConfig& config, const ExecSeen& seen) {
  const std::string out = config.hidden.out_of(seen.end.out);
  const std::string err = to_utf8(read_plugin_output(config.hidden.out_of(seen.end.err)).text);
  PluginOutput output = read_plugin_output(out, seen.end.out_cut);
  const std::string words = said(to_utf8(output.text), err);
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
  Outcome outcome{.health = meaning.health, .symptom = std::string{meaning.symptom}};
  outcome.readings = std::move(output.readings);
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
      outcome.evidence = fmt::format("{} did not end within {} and was killed", program_words(config), limit);
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
