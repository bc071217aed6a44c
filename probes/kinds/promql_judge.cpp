#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/promql.h"
#include "probes/kinds/promql_answer.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using rules::Health;

/// "query "up == 0" at http://127.0.0.1:9090"
std::string query_words(const PromqlConfig& config) {
  return fmt::format("query {} at {}", in_quotes(config.query), shorten_utf8(one_line(config.shown), 200));
}

/// One limit of the four.
struct Limit {
  std::optional<double> at;
  bool above = false;
  Health health = Health::failing;

  /// How far a value lies beyond it; negative within.
  [[nodiscard]] double beyond(double value) const { return above ? value - *at : *at - value; }
  [[nodiscard]] bool passed_by(double value) const { return at && (above ? value > *at : value < *at); }
};

/// The worse ones first.
std::array<Limit, 4> all_limits(const PromqlLimits& limits) {
  return {{{limits.failing_above, true, Health::failing},
           {limits.failing_below, false, Health::failing},
           {limits.degraded_above, true, Health::degraded},
           {limits.degraded_below, false, Health::degraded}}};
}

struct Judged {
  Health health = Health::ok;
  double beyond = 0;             ///< the limit that is nearest, or farthest exceeded
  std::optional<Limit> limit{};  ///< that was passed
};

/// A value of which nothing can be said is worse than a good one: nobody knows whether it is.
int badness(Health health) {
  switch (health) {
    case Health::ok:
      return 0;
    case Health::unknown:
      return 1;
    case Health::degraded:
      return 2;
    case Health::failing:
      return 3;
  }
  return 0;
}

Judged judge_value(const PromqlLimits& limits, double value) {
  if (std::isnan(value)) return {.health = Health::unknown};
  Judged judged{.beyond = -std::numeric_limits<double>::infinity()};
  for (const Limit& limit : all_limits(limits)) {
    if (limit.at) judged.beyond = std::max(judged.beyond, limit.beyond(value));
    if (judged.limit || !limit.passed_by(value)) continue;
    judged.health = limit.health;
    judged.limit = limit;
  }
  return judged;
}

/// In as many digits as one reads, or in as many as it takes to tell it from `limit`.
std::string number_words(double value, double limit) {
  std::string words = fmt::format("{:.6g}", value);
  return words == fmt::format("{:.6g}", limit) && value != limit ? fmt::to_string(value) : words;
}

/// Infinite ones and NaN are no readings.
std::vector<Reading> readings_of(double value, std::size_t series) {
  std::vector<Reading> readings;
  if (std::isfinite(value)) readings.push_back({"value", value, ""});
  if (series > 1) readings.push_back({"series", static_cast<double>(series), ""});
  return readings;
}

Outcome judge_samples(const PromqlConfig& config, const PromqlSeen& seen, const std::vector<Sample>& samples) {
  const Sample* worst = &samples.front();
  Judged verdict = judge_value(config.limits, worst->value);
  for (const Sample& sample : samples) {
    const Judged judged = judge_value(config.limits, sample.value);
    // The order of a vector's series is not specified: of equals the first by name, so that the evidence stays.
    const auto rank = [](const Judged& of) { return std::tuple{badness(of.health), of.beyond}; };
    if (rank(judged) < rank(verdict) || (rank(judged) == rank(verdict) && sample.series >= worst->series)) continue;
    worst = &sample;
    verdict = judged;
  }
  Outcome outcome{.health = verdict.health, .readings = readings_of(worst->value, samples.size())};
  const std::string of = worst->series.empty() || worst->series == "{}" ? "" : " of " + worst->series;
  const std::string after = after_words(seen.phases.total);
  const std::string rank = samples.size() > 1 ? fmt::format(", the worst of {} series", samples.size()) : "";
  if (verdict.limit) {
    const double limit = *verdict.limit->at;
    outcome.evidence =
        fmt::format("{}: {}{}{}, {} {}{}", query_words(config), number_words(worst->value, limit), of, rank,
                    verdict.limit->above ? "above" : "below", number_words(limit, worst->value), after);
  } else if (verdict.health == Health::unknown) {
    outcome.evidence = fmt::format(
        "{}: NaN{}{}, which cannot be judged{}; where that is to be expected, such as 0/0 "
        "without traffic, let the query leave it out",
        query_words(config), of, rank, after);
  }
  return outcome;
}

/// What to do about a status; empty where that is not known.
std::string_view hint(int status) {
  if (status == 401 || status == 403) return "; does it need a bearer, or a user in url?";
  if (status == 404 || status / 100 == 3) return "; is url where Prometheus's pages are?";
  return "";
}

/// Why there is no value; empty where there are samples.
std::string trouble(const PromqlConfig& config, const PromqlSeen& seen, const Result<std::vector<Sample>>& samples) {
  const std::string query = query_words(config);
  const std::string after = words_for(seen.phases.total);
  if (seen.failure) {
    const Asked asked{query, config.url.host, config.url.authority(), seen.peer, config.timeout, seen.phases.total};
    const std::string why = failure_words(asked, *seen.failure);
    return why.starts_with(query) ? why : fmt::format("{}: {}", query, why);
  }
  if (seen.body_cut) {
    return fmt::format("{}: more than 1 MB of series from {} after {}; let the query aggregate them", query, seen.peer,
                       after);
  }
  if (!samples || seen.status != 200) {
    const std::string why = samples ? "" : ": " + samples.error().message;
    return fmt::format("{}: HTTP {} from {} after {}{}{}", query, seen.status, seen.peer, after, why,
                       hint(seen.status));
  }
  if (!samples->empty()) return {};
  return fmt::format("{}: no data after {}; is what it selects still measured?", query, after);
}

}  // namespace

/// What a query measures is in no name that customers know: their words are the component's `symptoms`.
Outcome judge(const PromqlConfig& config, const PromqlSeen& seen) {
  const Result<std::vector<Sample>> samples = read_promql_answer(seen.failure ? "" : seen.body, config.hidden);
  const std::string why = trouble(config, seen, samples);
  Outcome outcome = why.empty() ? judge_samples(config, seen, *samples) : Outcome{.evidence = why};
  // The series that is missing may be the bad one.
  const std::string warning = outcome.health == Health::ok ? read_promql_warning(seen.body, config.hidden) : "";
  if (!warning.empty()) {
    outcome.health = Health::unknown;
    outcome.evidence = fmt::format("{}: the answer may not be whole, it warns {}{}", query_words(config), warning,
                                   after_words(seen.phases.total));
  }
  outcome.phases = seen.phases;
  return outcome;
}

}  // namespace candor::probes
