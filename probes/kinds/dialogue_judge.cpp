#include <fmt/format.h>

#include "probes/kinds/dialogue.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using Stage = net::Failure::Stage;
using What = DialogueStep::What;

constexpr std::size_t most_quoted = 200;

/// "10.0.0.7:25 (mail.acme.example)"
std::string address_words(const DialogueConfig& config, const DialogueSeen& seen) {
  if (seen.peer.empty()) return config.target.text();
  const std::string& host = config.wanted.name.empty() ? config.target.host : config.wanted.name;
  const bool known = seen.peer == config.target.text() && host == config.target.host;
  return known ? seen.peer : fmt::format("{} ({})", seen.peer, host);
}

/// With what no text has in it as hexadecimal numbers: "\x02\x00\x05" is all that some services say.
std::string with_codes(std::string_view said) {
  std::string shown;
  for (const char c : said) {
    const bool code = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n';
    shown += code ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return shown;
}

/// "got "554 no"", "got nothing"
std::string said_words(const DialogueConfig& config, const DialogueSeen& seen) {
  if (seen.said.empty()) return "got nothing";
  if (!seen.meaning.empty()) return "got " + in_quotes(config.hidden.out_of(seen.meaning), most_quoted);
  const std::string said = config.hidden.out_of(std::string{seen.said.substr(0, 4096)});
  std::string_view rest{said};
  while (!rest.empty() && (rest.back() == '\n' || rest.back() == '\r')) rest.remove_suffix(1);
  return "got " + in_quotes(with_codes(rest), most_quoted);
}

/// What was expected and did not come.
std::string unheard_words(const DialogueConfig& config, const DialogueSeen& seen) {
  const std::string what =
      fmt::format("expected {} from {}", config.steps[seen.step].wanted, address_words(config, seen));
  const std::string said = said_words(config, seen);
  if (seen.refused) return fmt::format("{}, {} after {}", what, said, words_for(seen.phases.total));
  if (seen.too_much) {
    return fmt::format("{}, {} and {} kB in all without it{}", what, said, most_said >> 10U,
                       after_words(seen.phases.total));
  }
  if (seen.failure->timed_out) return fmt::format("{} within {}, {}", what, words_for(config.timeout), said);
  return fmt::format("{}, {}, and after {}: {}", what, said, words_for(seen.phases.total), seen.failure->reason);
}

Outcome failed(const DialogueConfig& config, const DialogueSeen& seen) {
  Outcome outcome{.health = Health::failing, .symptom = "failing connections"};
  const std::string address = address_words(config, seen);
  const bool expects = seen.step < config.steps.size() && config.steps[seen.step].what == What::expect;
  const bool connected =
      !seen.failure || (seen.failure->stage != Stage::connect && seen.failure->stage != Stage::name_lookup);
  if (expects && connected) {
    outcome.evidence = unheard_words(config, seen);
    outcome.symptom = seen.said.empty() ? "requests without an answer" : "unexpected answers";
    return outcome;
  }
  const std::string how = how_words(*seen.failure, config.timeout, seen.phases.total);
  switch (seen.failure->stage) {
    case Stage::name_lookup:
      outcome.evidence = fmt::format("look up {}{}", config.target.host, how);
      break;
    case Stage::connect:
      outcome.evidence = fmt::format("connect to {}{}", address, how);
      break;
    case Stage::tls:
      outcome.evidence = fmt::format("TLS handshake with {}{}", address, how);
      break;
    case Stage::certificate:
      outcome.evidence = fmt::format("certificate of {} was refused{}", address, how);
      outcome.symptom = "a certificate problem";
      break;
    default:
      outcome.evidence = seen.step < config.given ? fmt::format("beginning TLS with {}, sending{}", address, how)
                                                  : fmt::format("step {} of the dialogue with {}, sending{}",
                                                                seen.step - config.given + 1, address, how);
  }
  return outcome;
}

/// CVE-2011-0411 and its kin: what is said before TLS and taken for a part of it.
Outcome injected(const DialogueConfig& config, const DialogueSeen& seen) {
  return {
      .health = Health::failing,
      .evidence = fmt::format("beginning TLS with {}: behind the consent to it {} in clear{}, as somebody on the "
                              "way would inject it",
                              address_words(config, seen), said_words(config, seen), after_words(seen.phases.total)),
      .symptom = "unexpected answers"};
}

bool is_slow(const DialogueConfig& config, const DialogueSeen& seen) {
  return config.degraded_above && seen.phases.total > *config.degraded_above;
}

Outcome slow(const DialogueConfig& config, const DialogueSeen& seen) {
  const bool silent = config.steps.size() == config.given;
  return {.health = Health::degraded,
          .evidence =
              fmt::format("{} {} took {}, slower than {}", silent ? "connecting to" : "the dialogue with",
                          address_words(config, seen), words_for(seen.phases.total), words_for(*config.degraded_above)),
          .symptom = silent ? "slow connections" : "slow answers"};
}

Outcome find(const DialogueConfig& config, const DialogueSeen& seen, Instant now) {
  if (seen.failure && seen.failure->ours) {
    return {.health = Health::unknown,
            .evidence = own_failure_words(*seen.failure, config.target.host, address_words(config, seen))};
  }
  if (seen.failure || seen.refused || seen.too_much) return failed(config, seen);
  if (seen.in_clear) return injected(config, seen);
  if (seen.tls.version != 0) {
    TlsVerdict verdict = judge_tls(config.wanted, seen.tls, address_words(config, seen), seen.phases.total, now);
    const bool old = seen.tls.version < config.wanted.minimum && seen.tls.flaws.empty();
    if (verdict.health != Health::ok) {
      return {.health = verdict.health,
              .evidence = std::move(verdict.evidence),
              .symptom = old ? "outdated encryption" : "a certificate problem"};
    }
  }
  if (is_slow(config, seen)) return slow(config, seen);
  return {.health = Health::ok};
}

}  // namespace

Outcome judge(const DialogueConfig& config, const DialogueSeen& seen, Instant now) {
  Outcome outcome = find(config, seen, now);
  outcome.phases = seen.phases;
  outcome.certificates = seen.tls.shown;
  return outcome;
}

}  // namespace candor::probes
