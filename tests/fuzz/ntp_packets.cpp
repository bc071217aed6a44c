// Answers of time servers. The input's first 16 bytes are when the question went and when its answer came; the rest is
// the answer.
#include <chrono>
#include <cstring>
#include <string>

#include "probes/kinds/ntp.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using fuzz::require;

/// Within what clocks tell.
Nanoseconds instant_of(std::string_view bytes) {
  std::int64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return Nanoseconds{number / 4};
}

void check(std::string_view packet, Nanoseconds went, Nanoseconds came) {
  const Result<NtpAnswer> answer = read_ntp_answer(packet);
  if (!answer) {
    require(!answer.error().message.empty() && answer.error().message.size() < 100, "an error is a few words");
    return;
  }
  require(packet.size() >= 48, "no answer is shorter");
  require(answer->stratum >= 0 && answer->stratum <= 255, "a stratum is bounded");
  require(answer->code.size() <= 4 && fuzz::is_harmless(answer->code) && fuzz::is_utf8(answer->code),
          "a code is harmless");
  require(answer->root_delay >= 0s && answer->root_delay < 65536s && answer->root_dispersion >= 0s &&
              answer->root_dispersion < 65536s,
          "what leads to the reference clock is bounded");
  const NtpComparison clocks = compare_clocks(*answer, went, came);
  require(clocks.delay >= 0ns, "no way takes less than no time");
  require(clocks.offset <= 2'147'483'648s && clocks.offset >= -2'147'483'648s, "an offset is half an era at most");

  const NtpConfig config{.target = {.host = "time.example", .port = 123}, .offset_degraded_above = 1s, .timeout = 1s};
  const NtpSeen seen{.peer = "192.0.2.1:123", .asked = 1, .answer = *answer, .went = went, .came = came};
  const Outcome outcome = judge(config, seen);
  require(outcome.health != rules::Health::unknown, "what was answered is judged");
  require(outcome.evidence.empty() == (outcome.health == rules::Health::ok), "what is wrong is told");
  require(outcome.evidence.size() < 500 && fuzz::is_harmless(outcome.evidence), "evidence is a harmless sentence");
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::probes;
  if (size < 16) return 0;
  const std::string_view bytes = candor::fuzz::text_of(data, size);
  const Nanoseconds went = instant_of(bytes);
  check(bytes.substr(16), went, std::max(went, instant_of(bytes.substr(8))));
  candor::fuzz::require(!read_ntp_answer(make_ntp_question(ntp_time(went))), "a question is no answer");
  return 0;
}
