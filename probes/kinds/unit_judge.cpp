#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/unit.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;

/// A word of systemd's.
std::string word(std::string_view text) { return shorten_utf8(one_line(to_utf8(text)), 60); }

/// ", exit status 1", ", signal 9 (Killed)", or nothing.
std::string exit_words(const UnitState& state) {
  if (state.exit_code == CLD_EXITED) return fmt::format(", exit status {}", state.exit_status);
  if (state.exit_code != CLD_KILLED && state.exit_code != CLD_DUMPED) return {};
  const char* description = ::sigdescr_np(state.exit_status);
  return fmt::format(", signal {}{}", state.exit_status,
                     description != nullptr ? fmt::format(" ({})", description) : std::string{});
}

/// "failed (Result=exit-code, exit status 1) since 23 November 2026, 05:44 UTC"
std::string state_words(const UnitState& state) {
  std::string words = word(state.active);
  if (!state.result.empty() && state.result != "success") {
    words += fmt::format(" (Result={}{})", word(state.result), exit_words(state));
  } else if (!state.sub.empty() && state.sub != state.active) {
    words += fmt::format(" ({})", word(state.sub));
  }
  if (state.since > Instant{}) words += " since " + format_for_people(state.since);
  return words;
}

Outcome failing(std::string evidence) {
  return {.health = Health::failing, .evidence = std::move(evidence), .symptom = "an unavailable service"};
}

Outcome degraded(std::string evidence) {
  return {.health = Health::degraded, .evidence = std::move(evidence), .symptom = "interruptions"};
}

Outcome judge_state(const UnitConfig& config, const UnitSeen& seen) {
  const UnitState& state = *seen.state;
  if (state.active == "active") {
    if (!config.degraded_above_restarts || seen.restarts <= *config.degraded_above_restarts) return {Health::ok};
    const int least = *config.degraded_above_restarts + 1;
    return degraded(fmt::format("unit {} was restarted {} or more within {}; now it is {}", config.name,
                                least == 1 ? std::string{"once"} : fmt::format("{} times", least),
                                format_duration(config.restarts_within), state_words(state)));
  }
  if (state.active == "failed") return failing(fmt::format("unit {} is {}", config.name, state_words(state)));
  if (state.active == "inactive") {
    if (state.load != "loaded" && !state.load.empty()) {
      return failing(fmt::format("unit {} is inactive: systemd finds it {}", config.name, word(state.load)));
    }
    return failing(fmt::format("unit {} is {}", config.name, state_words(state)));
  }
  return degraded(fmt::format("unit {} is {}", config.name, state_words(state)));
}

}  // namespace

Outcome judge(const UnitConfig& config, const UnitSeen& seen) {
  Outcome outcome;
  if (seen.state) {
    outcome = judge_state(config, seen);
    if (seen.state->restarts) {
      outcome.readings.push_back({"restarts", static_cast<double>(*seen.state->restarts), ""});
    }
  } else if (seen.no_such_unit) {
    outcome = failing(fmt::format("unit {} is not known to systemd", config.name));
  } else {
    outcome.evidence = fmt::format("state of unit {}: {}", config.name, shorten_utf8(one_line(seen.untold), 300));
  }
  if ((seen.state || seen.no_such_unit) && !outcome.evidence.empty()) {
    outcome.evidence += fmt::format(" (systemd's answer after {})", words_for(seen.took));
  }
  outcome.phases.total = seen.took;
  return outcome;
}

}  // namespace candor::probes
