#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

/// How many bytes the well-formed UTF-8 character at the front of `text` has (RFC 3629, section 4); 0 if there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// The offset of the first byte that is not UTF-8; npos where all is well.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);

/// Of a whole, well-formed character.
[[nodiscard]] char32_t code_point(std::string_view character);

/// The separators of lines and of paragraphs (UAX 14: BK), beside the controls that end lines.
[[nodiscard]] constexpr bool is_separator(char32_t point) { return point == 0x2028 || point == 0x2029; }

/// How many bytes the control character beyond ASCII at the front of `text` has, 0 if there is none: C1 (U+0080 to
/// U+009F), of which terminals take U+009B for the beginning of an escape sequence, those of bidirectional text (UAX 9,
/// section 2), which show what follows in another order, and is_separator().
[[nodiscard]] std::size_t control_length(std::string_view text);

/// Whether nobody sees anything of the text: it has only blanks, what has no width, and controls.
[[nodiscard]] bool shows_nothing(std::string_view text);

/// Whether it is more than one line, by whatever Unicode ends lines with (UAX 14: BK, CR, LF and NL).
[[nodiscard]] bool breaks_line(std::string_view text);

/// At most `bytes` of a text, whole characters.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes);

/// The same, with "…" behind where something was cut off.
[[nodiscard]] std::string shorten_utf8(std::string_view text, std::size_t bytes);

/// The text with U+FFFD for each byte that is not UTF-8.
[[nodiscard]] std::string to_utf8(std::string_view text);

/// A JSON text as Go's decoder reads it (encoding/json, unquote): with U+FFFD for each byte that is not UTF-8 and for
/// each escaped half of a surrogate pair that stands alone. Nothing where there are none of them, or over a million.
[[nodiscard]] std::optional<std::string> mend_json(std::string_view text);

}  // namespace candor
