#include <fmt/format.h>
#include <re2/re2.h>

#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/http.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

std::string request_words(const HttpConfig& config) {
  constexpr std::size_t most = 200;
  return fmt::format("{} {}", config.method, shorten_utf8(config.url.shown(), most));
}

std::string no_answer_words(const HttpConfig& config, const HttpSeen& seen) {
  const Asked asked{request_words(config), seen.asked, seen.asked_port, seen.peer, config.timeout};
  if (seen.failure->stage != net::Failure::Stage::redirect) return failure_words(asked, *seen.failure);
  return fmt::format("{}: {} (HTTP {} from {} after {}, up to {} are followed)", asked.what, seen.failure->reason,
                     seen.status, address_words(asked), words_for(seen.phases.total), config.redirects);
}

/// "HTTP 503 from 10.0.0.7:443 after 12 ms"
std::string answer_words(const HttpSeen& seen) {
  return fmt::format("HTTP {} from {} after {}{}", seen.status, seen.peer, words_for(seen.phases.total),
                     seen.redirected_to.empty() ? "" : fmt::format(", redirected to {}", seen.redirected_to));
}

bool body_fits(const HttpConfig& config, const HttpSeen& seen) {
  return !config.body_matches ||
         RE2::PartialMatch(re2::StringPiece{seen.body.data(), seen.body.size()}, *config.body_matches);
}

bool is_slow(const HttpConfig& config, const HttpSeen& seen) {
  return config.degraded_above && seen.phases.total > *config.degraded_above;
}

}  // namespace

bool is_as_expected(const HttpConfig& config, const HttpSeen& seen) {
  return !seen.failure && config.status.contains(seen.status) && body_fits(config, seen) && !is_slow(config, seen);
}

Outcome judge(const HttpConfig& config, const HttpSeen& seen) {
  if (is_as_expected(config, seen)) return {.health = rules::Health::ok, .phases = seen.phases};
  Outcome outcome{.health = rules::Health::failing, .phases = seen.phases};
  if (seen.failure) {
    outcome.evidence = no_answer_words(config, seen);
    outcome.symptom = failure_symptom(*seen.failure);
  } else if (!config.status.contains(seen.status)) {
    outcome.evidence =
        fmt::format("{}: {}, expected {}", request_words(config), answer_words(seen), config.status.text());
    outcome.symptom = seen.status >= 400 ? fmt::format("errors (HTTP {})", seen.status) : "unexpected answers";
  } else if (!body_fits(config, seen)) {
    outcome.evidence = fmt::format("{}: body does not match {} ({}, {}{} bytes read)", request_words(config),
                                   in_quotes(config.body_matches->pattern()), answer_words(seen),
                                   seen.body_cut ? "only the first " : "", seen.body.size());
    outcome.symptom = "unexpected answers";
  } else {
    outcome.health = rules::Health::degraded;
    outcome.evidence =
        fmt::format("{}: HTTP {} from {}, answered in {}, slower than {}", request_words(config), seen.status,
                    seen.peer, words_for(seen.phases.total), words_for(*config.degraded_above));
    outcome.symptom = "slow answers";
  }
  return outcome;
}

}  // namespace candor::probes
