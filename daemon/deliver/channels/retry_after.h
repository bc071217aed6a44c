#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace candor::deliver {

/// An HTTP date in any of the three forms that a recipient must accept (RFC 9110, section 5.6.7).
[[nodiscard]] std::optional<Instant> parse_http_date(std::string_view text);

/// How long an answer asks to wait: its Retry-After (RFC 9110, section 10.2.3), in seconds or as a date, which counts
/// from the answer's own Date or, without one, from `now`. Nothing where it asks for nothing that can be read. Header
/// names are in lower case.
[[nodiscard]] std::optional<Duration> retry_after(const std::map<std::string, std::string>& headers, Instant now);

}  // namespace candor::deliver
