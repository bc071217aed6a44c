#include "base/utf8.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace candor {
namespace {

/// What has more is no text.
constexpr std::size_t most_mends = 1'000'000;

/// Of the JSON escape `\uXXXX` at the front of `text`.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + 6;
  const auto [read_to, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc{} && read_to == end ? std::optional{unit} : std::nullopt;
}

bool is_leading(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_trailing(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

std::size_t utf8_length(std::string_view text) {
  const auto in = [text](std::size_t at, unsigned char least, unsigned char most) {
    return at < text.size() && static_cast<unsigned char>(text[at]) >= least &&
           static_cast<unsigned char>(text[at]) <= most;
  };
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  if (first >= 0xC2 && first <= 0xDF) return in(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned char least = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned char most = first == 0xED ? 0x9F : 0xBF;
    return in(1, least, most) && in(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned char least = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xF4 ? 0x8F : 0xBF;
    return in(1, least, most) && in(2, 0x80, 0xBF) && in(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  char32_t point = character.size() == 1 ? first : first & (0x7FU >> character.size());
  for (const char c : character.substr(1)) point = point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return point;
}

std::size_t control_length(std::string_view text) {
  const std::size_t length = utf8_length(text);
  if (length == 0) return 0;
  const char32_t point = code_point(text.substr(0, length));
  const auto in = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
  const bool bidirectional = point == 0x061C || in(0x200E, 0x200F) || in(0x202A, 0x202E) || in(0x2066, 0x2069);
  return in(0x80, 0x9F) || bidirectional || is_separator(point) ? length : 0;
}

bool shows_nothing(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    const char32_t point = code_point(text.substr(0, length));
    const auto in = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
    // The white space of Unicode (White_Space), and what is left out wherever it stands (Default_Ignorable_Code_Point).
    const bool space = point <= 0x20 || point == 0xA0 || point == 0x1680 || in(0x2000, 0x200A) || is_separator(point) ||
                       point == 0x202F || point == 0x205F || point == 0x3000;
    const bool ignored = point == 0xAD || point == 0x034F || in(0x115F, 0x1160) || in(0x17B4, 0x17B5) ||
                         in(0x180B, 0x180F) || in(0x200B, 0x200F) || in(0x2060, 0x206F) || point == 0x3164 ||
                         in(0xFE00, 0xFE0F) || point == 0xFEFF || point == 0xFFA0 || in(0xE0000, 0xE0FFF);
    if (!space && !ignored && point != 0x7F && control_length(text) == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool breaks_line(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char32_t point = length > 0 ? code_point(text.substr(0, length)) : 0;
    if ((point >= '\n' && point <= '\r') || point == 0x85 || is_separator(point)) return true;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return false;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

std::string shorten_utf8(std::string_view text, std::size_t bytes) {
  const std::string_view kept = cut_utf8(text, bytes);
  return kept.size() == text.size() ? std::string{text} : std::string{kept} + "…";
}

std::string to_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t good = std::min(find_invalid_utf8(text), text.size());
    clean += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    clean += "\xEF\xBF\xBD";
    text.remove_prefix(1);
  }
  return clean;
}

std::optional<std::string> mend_json(std::string_view text) {
  std::string mended;
  std::size_t mends = 0;
  std::size_t taken = 0;
  const auto replace = [&](std::size_t at, std::size_t bytes, std::string_view by) {
    if (mends == 0) mended.reserve(text.size());
    ++mends;
    mended += text.substr(taken, at - taken);
    mended += by;
    taken = at + bytes;
  };
  for (std::size_t at = 0; at < text.size() && mends <= most_mends;) {
    const std::string_view rest = text.substr(at);
    std::size_t length = 1;
    if (rest.starts_with("\\u")) {
      const std::optional<unsigned> unit = escaped_unit(rest);
      const std::optional<unsigned> next = escaped_unit(rest.substr(unit ? 6 : 2));
      length = unit ? 6 : 2;
      if (unit && is_leading(*unit) && next && is_trailing(*next)) {
        length = 12;
      } else if (unit && (is_leading(*unit) || is_trailing(*unit))) {
        replace(at, length, "\\ufffd");
      }
    } else if (rest.starts_with("\\\"") || rest.starts_with("\\\\")) {
      length = 2;
    } else if (length = utf8_length(rest); length == 0) {
      replace(at, 1, "\xEF\xBF\xBD");
      length = 1;
    }
    at += length;
  }
  if (mends == 0 || mends > most_mends) return std::nullopt;
  mended += text.substr(taken);
  return mended;
}

}  // namespace candor
