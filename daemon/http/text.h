#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace candor::http {

/// What a percent-encoded text stands for (RFC 3986, section 2.1). Nothing where a `%` is not followed by two
/// hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// As above for a query's names and values: `+` is a space too, and a lone `%` stands for itself, as browsers read it.
[[nodiscard]] std::string decode_query_part(std::string_view text);

}  // namespace candor::http
