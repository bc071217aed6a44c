#include "daemon/page/markup.h"

#include <algorithm>
#include <cstddef>

#include "base/utf8.h"

namespace candor::page {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// C0 and C1 controls, DEL, and the two non-characters that XML refuses.
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F;
  if (sequence.size() == 2) return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

/// A character as the page has it; a byte that is none is a control, as it were.
std::string_view shown(std::string_view sequence) {
  if (utf8_length(sequence) == 0 || is_control(sequence)) return replacement;
  if (is_separator(code_point(sequence))) return "\n";
  // What is left of the controls is of bidirectional text: no glyph, but it turns round what is shown behind it.
  return control_length(sequence) > 0 ? std::string_view{} : sequence;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    if (text.starts_with("\r\n")) {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    clean += shown(text.substr(0, length));
    text.remove_prefix(length);
  }
  return clean;
}

Markup& Markup::attribute(Literal name, std::string_view value) {
  html_ += ' ';
  html_ += name.text();
  html_ += "=\"";
  text(value);
  html_ += '"';
  return *this;
}

Markup& Markup::paragraphs(std::string_view text) {
  bool in_paragraph = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_blank(line)) {
      if (in_paragraph) tags("</p>");
      in_paragraph = false;
      continue;
    }
    tags(in_paragraph ? Literal{"<br/>"} : Literal{"<p>"}).text(line);
    in_paragraph = true;
  }
  if (in_paragraph) tags("</p>");
  return *this;
}

Markup& Markup::time(Instant at, std::string_view words) {
  return tags("<time").attribute("datetime", format_rfc3339(at)).tags(">").text(words).tags("</time>");
}

}  // namespace candor::page
