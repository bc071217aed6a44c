#pragma once

#include <cstddef>
#include <string>

namespace candor {

/// Lengths of words in packed text: seven bits a byte, the lowest first, the top bit where more follow. Nearly all are
/// below 128 and take one byte, of which a hundred thousand alerts have some millions.
[[nodiscard]] inline std::size_t bytes_of_length(std::size_t length) {
  std::size_t bytes = 1;
  for (; length > 0x7F; length >>= 7U) ++bytes;
  return bytes;
}

inline void append_length(std::string& packed, std::size_t length) {
  for (; length > 0x7F; length >>= 7U) packed += static_cast<char>((length & 0x7FU) | 0x80U);
  packed += static_cast<char>(length);
}

/// Reads the length at `at`, which append_length() wrote, and moves behind it.
[[nodiscard]] inline std::size_t take_length(const char*& at) {
  std::size_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    length |= (byte & std::size_t{0x7F}) << shift;
    if (byte < 0x80U) return length;
  }
}

}  // namespace candor
