#include <fmt/format.h>

#include "probes/kinds/exchange.h"
#include "probes/kinds/grpc.h"
#include "probes/kinds/grpc_message.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;
using Stage = net::Failure::Stage;

Asked asked_of(const GrpcConfig& config, const GrpcSeen& seen) {
  const std::string service = config.service.empty() ? "" : " of " + in_quotes(config.service);
  return {.what = "gRPC health check" + service,
          .host = config.target.host,
          .authority = config.target.text(),
          .peer = seen.peer,
          .timeout = config.timeout,
          .took = seen.phases.total};
}

Outcome found(Health health, std::string evidence, std::string symptom = {}) {
  return {.health = health, .evidence = std::move(evidence), .symptom = std::move(symptom)};
}

/// Why the answer is none of gRPC's; empty if it is.
std::string flaw(const GrpcSeen& seen) {
  if (!seen.http2) return "an answer without HTTP/2, which is not a gRPC server's";
  if (seen.status != 200) return fmt::format("HTTP {}", seen.status);
  if (!seen.grpc_status && !seen.body_cut) return "an answer without a grpc-status, which is not a gRPC server's";
  return {};
}

/// A grpc-status other than OK.
Outcome judge_error(const std::string& check, const GrpcSeen& seen) {
  const std::string status = grpc_status_words(*seen.grpc_status);
  const std::string after = words_for(seen.phases.total);
  const std::string message =
      seen.grpc_message.empty() ? "" : fmt::format(" ({})", in_quotes(decode_grpc_message(seen.grpc_message), 300));
  if (status == "UNIMPLEMENTED") {
    return found(Health::unknown, fmt::format("{}: UNIMPLEMENTED after {}, the server does not offer "
                                              "grpc.health.v1{}; register the health service there, or watch its port "
                                              "with a tcp probe",
                                              check, after, message));
  }
  if (status == "NOT_FOUND") {
    return found(Health::failing,
                 fmt::format("{}: NOT_FOUND after {}, the server knows no such service{}", check, after, message),
                 "an unavailable service");
  }
  return found(Health::failing, fmt::format("{}: grpc-status {} after {}{}", check, status, after, message), "errors");
}

Outcome judge_serving(const GrpcConfig& config, const GrpcSeen& seen, const std::string& check, Serving serving) {
  const std::string after = words_for(seen.phases.total);
  switch (serving) {
    case Serving::serving:
      break;
    case Serving::not_serving:
      return found(Health::failing, fmt::format("{}: NOT_SERVING after {}", check, after), "an unavailable service");
    case Serving::service_unknown:
      return found(Health::failing, fmt::format("{}: SERVICE_UNKNOWN after {}", check, after),
                   "an unavailable service");
    case Serving::unknown:
      return found(Health::unknown,
                   fmt::format("{}: UNKNOWN after {}; the server has not set this service's health", check, after));
  }
  if (config.degraded_above && seen.phases.total > *config.degraded_above) {
    return found(
        Health::degraded,
        fmt::format("{}: SERVING, answered in {}, slower than {}", check, after, words_for(*config.degraded_above)),
        "slow answers");
  }
  return {.health = Health::ok};
}

Outcome judge_check(const GrpcConfig& config, const GrpcSeen& seen) {
  const Asked asked = asked_of(config, seen);
  if (seen.failure) {
    const Health health = health_of(*seen.failure);
    if (health == Health::unknown) return found(health, failure_words(asked, *seen.failure), {});
    const bool reached = seen.failure->stage == Stage::request || seen.failure->stage == Stage::answer;
    const bool odd = reached && !seen.failure->timed_out;
    const std::string_view question = !odd ? "" : config.tls ? "; is it gRPC?" : "; is it gRPC, and without TLS?";
    return found(health, fmt::format("{}{}", failure_words(asked, *seen.failure), question),
                 failure_symptom(*seen.failure));
  }
  const std::string check = fmt::format("{} at {}", asked.what, address_words(asked));
  if (const std::string why = flaw(seen); !why.empty()) {
    return found(Health::failing, fmt::format("{}: {}{}", check, why, after_words(asked.took)), "unexpected answers");
  }
  if (seen.grpc_status && *seen.grpc_status != "0") return judge_error(check, seen);
  const Result<Serving> serving =
      seen.body_cut ? failure("its message has more than 4 kB") : read_health_answer(seen.body);
  if (serving) return judge_serving(config, seen, check, *serving);
  return found(
      Health::failing,
      fmt::format("{}: the answer cannot be read: {}{}", check, serving.error().message, after_words(asked.took)),
      "unexpected answers");
}

}  // namespace

Outcome judge(const GrpcConfig& config, const GrpcSeen& seen) {
  Outcome outcome = judge_check(config, seen);
  outcome.phases = seen.phases;
  return outcome;
}

}  // namespace candor::probes
