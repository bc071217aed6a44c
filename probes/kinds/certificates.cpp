#include "probes/kinds/certificates.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using What = TlsFlaw::What;

constexpr Duration day = std::chrono::hours{24};

std::string date_of(Instant instant) { return format_rfc3339(instant).substr(0, 10); }

/// "6 days", "1 hour", "less than a minute"
std::string span_words(Duration span) {
  const auto count = [](std::int64_t number, std::string_view unit) {
    return fmt::format("{} {}{}", number, unit, number == 1 ? "" : "s");
  };
  if (span >= 2 * day) return count(span / day, "day");
  if (span >= std::chrono::hours{1}) return count(span / std::chrono::hours{1}, "hour");
  if (span >= std::chrono::minutes{1}) return count(span / std::chrono::minutes{1}, "minute");
  return "less than a minute";
}

std::string_view place_words(const TlsSeen& seen, std::size_t depth) {
  if (depth == 0) return "certificate";
  const bool root = depth < seen.chain.size() && seen.chain[depth].place == ChainLink::Place::root;
  return root ? "root certificate" : "intermediate certificate";
}

/// "certificate CN=pay.acme.example of 10.0.0.7:443 (pay.acme.example)"
std::string certificate_words(const TlsSeen& seen, std::size_t depth, const std::string& subject,
                              const std::string& address) {
  return fmt::format("{} {} of {}", place_words(seen, depth), subject, address);
}

std::string expiry_words(Instant expires, Instant now) {
  if (expires > now) return fmt::format("expires in {}, on {}", span_words(expires - now), date_of(expires));
  return fmt::format("expired {} ago, on {}", span_words(now - expires), date_of(expires));
}

std::string names_words(const std::vector<std::string>& names, std::size_t more_names) {
  constexpr std::size_t most = 3;
  if (names.empty()) return "is for no host at all";
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  const std::string more = names.size() > most ? fmt::format(" and {} more", names.size() - most + more_names) : "";
  return fmt::format("is for {}{}", fmt::join(names.begin(), end, ", "), more);
}

std::string flaw_words(const TlsWanted& wanted, const TlsSeen& seen, const TlsFlaw& flaw, Instant now) {
  const ChainLink* const link = flaw.depth < seen.chain.size() ? &seen.chain[flaw.depth] : nullptr;
  switch (flaw.what) {
    case What::expired:
      if (link != nullptr) return expiry_words(link->expires, now);
      break;
    case What::not_yet_valid:
      if (link != nullptr) return fmt::format("is not valid before {}", date_of(link->begins));
      break;
    case What::wrong_name: {
      const bool common = !seen.names.empty() && lower_case(flaw.subject) == "cn=" + lower_case(wanted.name);
      return fmt::format("{}, not for {}{}", names_words(seen.names, seen.more_names), wanted.name,
                         common ? ": its CN does not count" : "");
    }
    case What::no_issuer:
      return fmt::format("was refused: its issuer {} is neither trusted nor among the certificates sent", flaw.issuer);
    case What::other:
      break;
  }
  return "was refused: " + flaw.reason;
}

const TlsFlaw& worst(const std::vector<TlsFlaw>& flaws) {
  for (const What what : {What::expired, What::not_yet_valid, What::wrong_name}) {
    const auto found = std::ranges::find(flaws, what, &TlsFlaw::what);
    if (found != flaws.end()) return *found;
  }
  return flaws.front();
}

TlsVerdict find_worst(const TlsWanted& wanted, const TlsSeen& seen, const std::string& address, Instant now) {
  if (seen.version == 0) return {};
  if (wanted.verify && !seen.flaws.empty()) {
    const TlsFlaw& flaw = worst(seen.flaws);
    return {Health::failing,
            certificate_words(seen, flaw.depth, flaw.subject, address) + " " + flaw_words(wanted, seen, flaw, now)};
  }
  if (seen.version < wanted.minimum) {
    return {Health::failing, fmt::format("{} speaks TLS 1.{} and no newer, expected at least TLS 1.{}", address,
                                         seen.version - 10, wanted.minimum - 10)};
  }
  const auto first = std::ranges::min_element(seen.chain, {}, &ChainLink::expires);
  if (first == seen.chain.end()) return {};
  const auto below = [&](const std::optional<Duration>& limit) { return limit && first->expires - now < *limit; };
  const Health health = below(wanted.failing_below)    ? Health::failing
                        : below(wanted.degraded_below) ? Health::degraded
                                                       : Health::ok;
  if (health == Health::ok) return {};
  const auto depth = static_cast<std::size_t>(first - seen.chain.begin());
  return {health, certificate_words(seen, depth, first->subject, address) + " " + expiry_words(first->expires, now)};
}

}  // namespace

TlsVerdict judge_tls(const TlsWanted& wanted, const TlsSeen& seen, const std::string& address,
                     std::chrono::microseconds took, Instant now) {
  TlsVerdict verdict = find_worst(wanted, seen, address, now);
  if (verdict.health != Health::ok) verdict.evidence += fmt::format(" (seen after {})", words_for(took));
  return verdict;
}

void read_cert_limits(const Table& table, TlsWanted& wanted, bool secured, std::string_view how) {
  const auto degraded = table.duration("cert_degraded_below", 1h, 24h * 3650);
  const auto failing = table.duration("cert_failing_below", 1h, 24h * 3650);
  if (degraded) wanted.degraded_below = degraded;
  // What was asked to be degraded is not failing by a default.
  if (degraded && wanted.failing_below) wanted.failing_below = std::min(*wanted.failing_below, *degraded);
  if (failing) wanted.failing_below = failing;
  if (degraded && failing && *failing >= *degraded) {
    table.refuse("cert_failing_below", "cert_degraded_below is never reached",
                 "cert_failing_below comes first: give it the shorter time");
  }
  for (const std::string_view key : {"cert_degraded_below", "cert_failing_below"}) {
    if (!secured && table.has(key)) {
      table.refuse(key, fmt::format("{} has no use without TLS", key), std::string{how});
    }
  }
}

}  // namespace candor::probes
