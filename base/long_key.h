#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace candor {

/// The most parts of a TOML key, such as the three of a.b.c: far more than any table of a configuration has.
constexpr std::size_t most_key_parts = 16;

struct LongKey {
  std::uint32_t line = 0;
  std::uint32_t column = 0;  ///< in characters
};

/// Where the first key or table header of a TOML text begins that has more parts. Each is a level of a parser's
/// recursion and of that of whoever walks or destroys what it made; toml++ bounds the nesting of values only. The text
/// may be anything; what is no TOML is left to the parser.
[[nodiscard]] std::optional<LongKey> find_long_key(std::string_view toml);

}  // namespace candor
