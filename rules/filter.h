#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "rules/matcher.h"

namespace candor::rules {

/// Reads the texts of one request, each as parse_matchers() does, as one list, and bounds what trying it on every
/// signal costs. Errors: those of parse_matchers(); more than 20 matchers; a regular expression of more than 2,000
/// bytes or one that takes more than 32 KiB, such as ".{1000}".
[[nodiscard]] Result<Matchers> parse_filter(const std::vector<std::string>& texts);

/// One regular expression of a request, within the same bounds.
[[nodiscard]] Result<Matcher> parse_filter_regex(std::string name, const std::string& regex);

/// For so long may the matchers of one request be tried on signals, while everything else waits.
constexpr Duration longest_filtering = std::chrono::milliseconds{200};
/// What to say then.
[[nodiscard]] std::string filtering_took_too_long();

}  // namespace candor::rules
