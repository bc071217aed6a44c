#include "daemon/deliver/channels/retry_after.h"

#include <algorithm>
#include <charconv>
#include <time.h>

#include "base/text.h"

namespace candor::deliver {
namespace {

std::optional<Duration> parse_seconds(std::string_view text) {
  constexpr std::int64_t most = 1'000'000'000;
  const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // Only too large a number is left to fail.
  if (error != std::errc{}) seconds = most;
  return std::chrono::seconds{std::min(seconds, most)};
}

}  // namespace

std::optional<Instant> parse_http_date(std::string_view text) {
  const std::string date{text};
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm fields{};
    const char* end = strptime(date.c_str(), form, &fields);
    if (end == nullptr || *end != '\0') continue;
    return Instant{std::chrono::seconds{timegm(&fields)}};
  }
  return std::nullopt;
}

std::optional<Duration> retry_after(const std::map<std::string, std::string>& headers, Instant now) {
  const auto found = headers.find("retry-after");
  if (found == headers.end()) return std::nullopt;
  const std::string_view value = trimmed(found->second);
  if (const std::optional<Duration> seconds = parse_seconds(value)) return seconds;
  const std::optional<Instant> until = parse_http_date(value);
  if (!until) return std::nullopt;
  const auto date = headers.find("date");
  const Instant from = date == headers.end() ? now : parse_http_date(trimmed(date->second)).value_or(now);
  return std::max(*until - from, Duration{0});
}

}  // namespace candor::deliver
