#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/ntp.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using std::chrono::microseconds;

constexpr std::string_view failing_words = "failing time synchronization";
constexpr std::string_view wrong_words = "clocks that differ";
constexpr std::string_view unexpected_words = "unexpected answers";

std::string host_words(const NtpConfig& config) { return shorten_utf8(one_line(config.target.host), 200); }

/// "ask 10.0.0.7:123 (time.acme.example) for the time"
std::string question_words(const NtpConfig& config, const NtpSeen& seen) {
  const std::string written = shorten_utf8(one_line(config.target.text()), 200);
  const std::string& peer = seen.peer.empty() ? written : seen.peer;
  const std::string name = peer == written ? "" : fmt::format(" ({})", host_words(config));
  return fmt::format("ask {}{} for the time", peer, name);
}

/// Of two clocks that are further apart than the limit: "12 ms", "1.243 s", "3h20m5s", and in more digits where those
/// would be no more than it.
std::string apart_words(Nanoseconds apart, Duration limit) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(apart);
  if (seconds >= 2min && seconds > limit) return format_duration(seconds);
  const auto ms = std::chrono::round<Duration>(apart);
  if (ms > limit) return words_for(ms);
  const auto us = static_cast<double>(std::chrono::ceil<microseconds>(apart).count());
  return apart < 1s ? fmt::format("{} ms", us / 1e3) : fmt::format("{} s", us / 1e6);
}

/// The codes that RFC 5905, section 7.4, explains.
std::string code_words(const std::string& code) {
  struct Word {
    std::string_view code;
    std::string_view meaning;
  };
  static constexpr std::array<Word, 5> known{{{"DENY", "it refuses to serve this machine"},
                                              {"RSTR", "it refuses to serve this machine"},
                                              {"RATE", "it is asked more often than it wants"},
                                              {"INIT", "it has not found the time yet since it was started"},
                                              {"STEP", "its clock was set, and it has not found the time again yet"}}};
  const auto* const found = std::ranges::find(known, code, &Word::code);
  if (found != known.end()) return fmt::format("{} ({})", found->meaning, code);
  return fmt::format("it is not synchronized{}", code.empty() ? "" : fmt::format(" ({})", in_quotes(code)));
}

/// Why the server's time is none, after its own words.
std::optional<std::string> unfit(const NtpConfig& config, const NtpAnswer& answer) {
  if (answer.stratum == 0) return code_words(answer.code);
  if (answer.unsynchronized || answer.stratum > 15) {
    return fmt::format("it is not synchronized (stratum {}{})", answer.stratum,
                       answer.unsynchronized ? ", leap indicator 3" : "");
  }
  if (answer.received == 0 || answer.sent == 0) return "it answers without a time";
  if (answer.stratum <= config.stratum_at_most) return std::nullopt;
  return fmt::format("it is {} steps from a reference clock (its stratum), more than {}", answer.stratum,
                     config.stratum_at_most);
}

/// Why the server's times cannot be: it sent before it received, or kept the question for longer than the answer took.
std::optional<std::string> contradiction(const NtpSeen& seen) {
  constexpr Nanoseconds tolerated = 1ms;  // of clocks in coarse steps
  const Nanoseconds inside = ntp_between(seen.answer->received, seen.answer->sent);
  const Nanoseconds around = seen.came - seen.went;
  const auto words = [](Nanoseconds time) { return words_for(std::chrono::round<microseconds>(time)); };
  const std::string_view what = "answers with times that contradict each other";
  if (inside < -tolerated) return fmt::format("it {}: it sent {} before it received", what, words(-inside));
  if (inside <= around + tolerated) return std::nullopt;
  return fmt::format("it {}: it sent {} after it received", what, words(inside));
}

std::string no_answer_words(const NtpConfig& config, const NtpSeen& seen) {
  if (!seen.error.empty()) return seen.error + after_words(seen.phases.total);
  std::string words = "no answer within " + words_for(config.timeout);
  if (seen.asked > 1) words += fmt::format(", asked {} times", seen.asked);
  if (seen.strays > 0) words += fmt::format("; packets that came and were no answer to it: {}", seen.strays);
  return words;
}

/// Above a limit, "its clock is 1.243 s ahead of this machine's, more than 500 ms"; which one is right, no one of them
/// can tell.
void judge_offset(const NtpConfig& config, const NtpSeen& seen, const NtpComparison& clocks, Outcome& outcome) {
  const Nanoseconds apart = clocks.offset < 0ns ? -clocks.offset : clocks.offset;
  const bool failing = config.offset_failing_above && apart > *config.offset_failing_above;
  if (!failing && !(config.offset_degraded_above && apart > *config.offset_degraded_above)) return;
  const Duration limit = failing ? *config.offset_failing_above : *config.offset_degraded_above;
  outcome.health = failing ? Health::failing : Health::degraded;
  outcome.symptom = wrong_words;
  outcome.evidence = fmt::format(
      "{}: its clock is {} {} this machine's, more than {} (stratum {}, there and back {}); either of them may be the "
      "wrong one",
      question_words(config, seen), apart_words(apart, limit), clocks.offset < 0ns ? "behind" : "ahead of",
      words_for(limit), seen.answer->stratum, words_for(std::chrono::round<microseconds>(clocks.delay)));
}

Outcome judge_answer(const NtpConfig& config, const NtpSeen& seen) {
  const NtpAnswer& answer = *seen.answer;
  const auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
  Outcome outcome{.health = Health::ok};
  outcome.readings.push_back({"stratum", static_cast<double>(answer.stratum), ""});
  std::optional<std::string> why = unfit(config, answer);
  const bool without_time = why.has_value();
  if (!why) why = contradiction(seen);
  if (why) {
    outcome.health = Health::failing;
    outcome.evidence = fmt::format("{}: answered after {}, but {}", question_words(config, seen),
                                   words_for(seen.phases.first_byte), *why);
    outcome.symptom = without_time ? failing_words : unexpected_words;
    return outcome;
  }
  const NtpComparison clocks = compare_clocks(answer, seen.went, seen.came);
  outcome.readings.push_back({"offset", seconds(clocks.offset), "s"});
  outcome.readings.push_back({"delay", seconds(clocks.delay), "s"});
  outcome.readings.push_back({"root_delay", seconds(answer.root_delay), "s"});
  outcome.readings.push_back({"root_dispersion", seconds(answer.root_dispersion), "s"});
  judge_offset(config, seen, clocks, outcome);
  return outcome;
}

Outcome judge_no_answer(const NtpConfig& config, const NtpSeen& seen) {
  const std::string question = question_words(config, seen);
  if (!seen.impossible.empty()) {
    return {.evidence = fmt::format("{}: this machine could not: {}", question, seen.impossible)};
  }
  if (seen.no_address)
    return judge_lookup(*seen.no_address, host_words(config), config.timeout, seen.phases, failing_words);
  return {.health = Health::failing,
          .evidence = fmt::format("{}: {}", question, no_answer_words(config, seen)),
          .symptom = std::string{failing_words}};
}

}  // namespace

Outcome judge(const NtpConfig& config, const NtpSeen& seen) {
  Outcome outcome = seen.answer ? judge_answer(config, seen) : judge_no_answer(config, seen);
  outcome.phases = seen.phases;
  return outcome;
}

}  // namespace candor::probes
