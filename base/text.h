#pragma once

#include <string>
#include <string_view>

namespace candor {

/// Of ASCII: all below the blank, and DEL. Those beyond ASCII are longer than a char: control_length() in base/utf8.h.
[[nodiscard]] constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// Letters of ASCII as small ones: names of headers, schemes, hosts.
[[nodiscard]] constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Without what `spaces` names at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text, std::string_view spaces = " \t");

/// A blank for each control character, those beyond ASCII too: a text that forges no line of a log and no colour of a
/// terminal.
[[nodiscard]] std::string one_line(std::string_view text);

/// Whether it has a control character of ASCII, such as a line break.
[[nodiscard]] bool holds_controls(std::string_view text);

}  // namespace candor
