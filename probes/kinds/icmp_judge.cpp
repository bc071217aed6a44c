#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/exchange.h"
#include "probes/kinds/icmp.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using std::chrono::microseconds;

/// "ping 10.0.0.7 (db.acme.example)"
std::string ping_words(const IcmpConfig& config, const IcmpSeen& seen) {
  const std::string host = shorten_utf8(one_line(config.host), 200);
  if (seen.address.empty() || seen.address == config.host) return "ping " + host;
  return fmt::format("ping {} ({})", seen.address, host);
}

microseconds average(const std::vector<microseconds>& all) {
  return std::accumulate(all.begin(), all.end(), microseconds{0}) / static_cast<microseconds::rep>(all.size());
}

int lost(const IcmpSeen& seen) { return seen.sent - static_cast<int>(seen.answered.size()); }

std::vector<Reading> readings_of(const IcmpSeen& seen) {
  std::vector<Reading> readings;
  readings.reserve(4);
  readings.push_back({"loss", 100.0 * lost(seen) / seen.sent, "%"});
  if (seen.answered.empty()) return readings;
  const auto seconds = [](microseconds time) { return std::chrono::duration<double>(time).count(); };
  readings.push_back({"rtt_min", seconds(*std::ranges::min_element(seen.answered)), "s"});
  readings.push_back({"rtt_avg", seconds(average(seen.answered)), "s"});
  readings.push_back({"rtt_max", seconds(*std::ranges::max_element(seen.answered)), "s"});
  return readings;
}

/// "2 of 3 packets lost within 5 s (67%, failing at 50%): No route to host"; earlier where no answer can come any more.
std::string loss_words(const IcmpConfig& config, const IcmpSeen& seen, std::string_view limit, int percent) {
  std::string words = fmt::format("{} of {} packets lost ", lost(seen), seen.sent);
  words += seen.phases.total < config.timeout ? "after " + words_for(seen.phases.total)
                                              : "within " + words_for(config.timeout);
  if (!seen.answered.empty()) words += fmt::format(" ({}%, {} at {}%)", 100 * lost(seen) / seen.sent, limit, percent);
  return seen.error.empty() ? words : fmt::format("{}: {}", words, seen.error);
}

/// Where no packet could be sent.
Outcome judge_no_packets(const IcmpConfig& config, const IcmpSeen& seen) {
  if (!seen.forbidden.empty()) {
    return {.evidence = fmt::format("{}: {}", ping_words(config, seen), seen.forbidden)};
  }
  return judge_lookup(*seen.no_address, shorten_utf8(one_line(config.host), 200), config.timeout, seen.phases,
                      "failing connections");
}

Outcome judge_packets(const IcmpConfig& config, const IcmpSeen& seen) {
  Outcome outcome{.health = rules::Health::ok, .readings = readings_of(seen)};
  const auto lost_at_least = [&](int percent) { return 100 * lost(seen) >= percent * seen.sent; };
  const auto ping = [&] { return ping_words(config, seen); };
  if (lost_at_least(config.failing_at_loss)) {
    outcome.health = rules::Health::failing;
    outcome.evidence = fmt::format("{}: {}", ping(), loss_words(config, seen, "failing", config.failing_at_loss));
    outcome.symptom = "failing connections";
  } else if (config.degraded_at_loss && lost_at_least(*config.degraded_at_loss)) {
    outcome.health = rules::Health::degraded;
    outcome.evidence = fmt::format("{}: {}", ping(), loss_words(config, seen, "degraded", *config.degraded_at_loss));
    outcome.symptom = "unstable connections";
  } else if (config.degraded_above && average(seen.answered) > *config.degraded_above) {
    outcome.health = rules::Health::degraded;
    outcome.evidence =
        fmt::format("{}: {} of {} packets answered, in {} on average, slower than {}", ping(), seen.answered.size(),
                    seen.sent, words_for(average(seen.answered)), words_for(*config.degraded_above));
    outcome.symptom = "slow answers";
  }
  return outcome;
}

}  // namespace

Outcome judge(const IcmpConfig& config, const IcmpSeen& seen) {
  const bool none = seen.sent == 0 || !seen.forbidden.empty();
  Outcome outcome = none ? judge_no_packets(config, seen) : judge_packets(config, seen);
  outcome.phases = seen.phases;
  return outcome;
}

}  // namespace candor::probes
