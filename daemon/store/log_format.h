#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// A SQLite write-ahead log as it is on the disk: https://www.sqlite.org/fileformat.html#the_write_ahead_log
namespace candor::store {

constexpr std::size_t log_header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;  ///< before each page

/// The number in the four bytes from there on, as SQLite's files have them.
[[nodiscard]] constexpr std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8U | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// Whether a log begins so.
[[nodiscard]] constexpr bool is_log_header(std::string_view header) {
  return (big_endian(header, 0) & ~1U) == 0x377F0682;
}
/// Of such a header: the order of the bytes in the words that its checksums add.
[[nodiscard]] constexpr bool has_big_endian_checksums(std::string_view header) {
  return (big_endian(header, 0) & 1U) != 0;
}

}  // namespace candor::store
