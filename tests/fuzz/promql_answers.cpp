// What a Prometheus, or whatever stands where it should be, answers to a query.
#include "probes/kinds/promql.h"
#include "probes/kinds/promql_answer.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

void check_samples(std::string_view body) {
  const Result<std::vector<Sample>> samples = read_promql_answer(body);
  if (!samples) {
    const std::string& words = samples.error().message;
    require(!words.empty() && words.size() <= 1200, "an error is bounded");
    return require(fuzz::is_harmless(words) && fuzz::is_utf8(words), "an error is harmless");
  }
  for (const Sample& sample : *samples) {
    require(sample.series.size() <= 203, "the words of a series are bounded");
    require(fuzz::is_harmless(sample.series) && fuzz::is_utf8(sample.series), "the words of a series are harmless");
  }
}

void check_outcome(std::string_view body, int status) {
  const PromqlConfig config{.shown = "http://p", .query = "up", .limits = {.failing_above = 2, .degraded_below = 1}};
  const Outcome outcome = judge(config, {.status = status, .body = body, .peer = "10.0.0.7:9090"});
  require(outcome.evidence.empty() == (outcome.health == rules::Health::ok), "what is not ok is explained");
  require(status == 200 || outcome.health == rules::Health::unknown, "an error says nothing of values");
  require(outcome.evidence.size() <= 2000 && fuzz::is_harmless(outcome.evidence), "evidence is bounded and harmless");
  require(outcome.readings.size() <= 2, "readings are few");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = candor::fuzz::text_of(data, size);
  candor::probes::check_samples(body);
  candor::probes::check_outcome(body, 200);
  candor::probes::check_outcome(body, 422);
  return 0;
}
