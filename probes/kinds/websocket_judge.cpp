#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/websocket.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using Stage = net::Failure::Stage;
using Step = WebsocketSeen::Step;

Asked asked_of(const WebsocketConfig& config, const WebsocketSeen& seen) {
  return {.what = shorten_utf8(one_line(config.shown), 200),
          .host = config.target.host,
          .authority = config.target.text(),
          .peer = seen.peer,
          .timeout = config.timeout,
          .took = seen.phases.total};
}

Outcome failing(std::string evidence, std::string symptom) {
  return {.health = Health::failing, .evidence = std::move(evidence), .symptom = std::move(symptom)};
}

/// What was waited for.
std::string_view wanted_words(Step step) {
  switch (step) {
    case Step::upgrade:
      return "no upgrade by";
    case Step::send:
      return "the message was not taken by";
    case Step::answer:
      return "no message from";
    case Step::connect:
    case Step::done:
      break;
  }
  return "no answer from";
}

Outcome judge_failure(const Asked& asked, const WebsocketSeen& seen) {
  const net::Failure& failure = *seen.failure;
  if (failure.ours) return {.evidence = failure_words(asked, failure)};
  if (seen.step == Step::connect) return failing(failure_words(asked, failure), failure_symptom(failure));
  const std::string how =
      failure.timed_out ? " within " + words_for(asked.timeout) : how_words(failure, asked.timeout, asked.took);
  return failing(fmt::format("{}: {} {}{}", asked.what, wanted_words(seen.step), address_words(asked), how),
                 seen.step == Step::upgrade ? "failing connections" : "requests without an answer");
}

/// What the peer said in place of what was asked of it.
std::optional<Outcome> judge_answer(const WebsocketConfig& config, const Asked& asked, const WebsocketSeen& seen) {
  const std::string address = address_words(asked);
  const std::string after = words_for(asked.took);
  if (!seen.breach.empty()) {
    return failing(fmt::format("{}: {} of {} cannot be read: {}{}", asked.what,
                               seen.step == Step::answer ? "the message" : "the upgrade", address, seen.breach,
                               after_words(asked.took)),
                   "unexpected answers");
  }
  if (seen.status != 0) {
    return failing(fmt::format("{}: HTTP {} from {} after {}, and no upgrade", asked.what, seen.status, address, after),
                   seen.status >= 400 ? fmt::format("errors (HTTP {})", seen.status) : "unexpected answers");
  }
  if (seen.closed) {
    const std::string code = seen.close_code == 0 ? "" : fmt::format(" with code {}", seen.close_code);
    const std::string reason =
        seen.reason.empty() ? "" : fmt::format(" ({})", in_quotes(config.hidden.out_of(seen.reason)));
    return failing(
        fmt::format("{}: closed by {} after {}{}{}, without a message", asked.what, address, after, code, reason),
        "requests without an answer");
  }
  return std::nullopt;
}

bool is_expected(const WebsocketConfig& config, const std::string& message) {
  return !config.expect || RE2::PartialMatch(re2::StringPiece{message.data(), message.size()}, *config.expect);
}

Outcome find(const WebsocketConfig& config, const WebsocketSeen& seen, Instant now) {
  const Asked asked = asked_of(config, seen);
  const std::string address = address_words(asked);
  if (seen.tls.version != 0) {
    TlsVerdict verdict = judge_tls(config.wanted, seen.tls, address, asked.took, now);
    if (verdict.health != Health::ok) {
      return {.health = verdict.health, .evidence = std::move(verdict.evidence), .symptom = "a certificate problem"};
    }
  }
  if (seen.failure) return judge_failure(asked, seen);
  if (std::optional<Outcome> other = judge_answer(config, asked, seen)) return *std::move(other);
  if (!is_expected(config, seen.message)) {
    return failing(fmt::format("{}: the message {} of {} does not match {}{}", asked.what,
                               in_quotes(config.hidden.out_of(seen.message), 200), address,
                               in_quotes(config.expect->pattern()), after_words(asked.took)),
                   "unexpected answers");
  }
  if (config.degraded_above && seen.phases.total > *config.degraded_above) {
    return {.health = Health::degraded,
            .evidence = fmt::format("{}: {} took {}, slower than {}", asked.what, address, words_for(seen.phases.total),
                                    words_for(*config.degraded_above)),
            .symptom = "slow answers"};
  }
  return {.health = Health::ok};
}

}  // namespace

Outcome judge(const WebsocketConfig& config, const WebsocketSeen& seen, Instant now) {
  Outcome outcome = find(config, seen, now);
  outcome.phases = seen.phases;
  outcome.certificates = seen.tls.shown;
  return outcome;
}

}  // namespace candor::probes
