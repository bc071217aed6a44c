#include "rules/matcher_syntax.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace candor::rules {
namespace {

using Written = std::vector<WrittenMatcher>;

constexpr std::string_view spaces = " \t\n\v\f\r";
constexpr std::string_view reserved = "{}!=~,\\\"'`";
constexpr std::array<std::string_view, 4> operators{"=", "!=", "=~", "!~"};
constexpr std::string_view missing_operator = "expected an operator (=, !=, =~ or !~)";

bool among(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

bool ends_bare_word(char c) { return among(spaces, c) || among(reserved, c); }

bool begins_classic_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }

bool continues_classic_name(char c) { return begins_classic_name(c) || (c >= '0' && c <= '9'); }

/// Walks over a text and remembers where it is, for errors.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::string_view since(std::size_t offset) const { return text_.substr(offset, at_ - offset); }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  void skip(std::size_t bytes = 1) { at_ += bytes; }
  void skip_spaces() {
    while (!at_end() && among(spaces, peek())) ++at_;
  }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  std::optional<Matcher::Op> take_operator() {
    // The longer ones first: "=~" begins with "=".
    for (const std::size_t i : {3U, 2U, 1U, 0U}) {
      if (!rest().starts_with(operators.at(i))) continue;
      skip(operators.at(i).size());
      return static_cast<Matcher::Op>(i);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::unexpected<Error> refuse(std::size_t offset, std::string_view what) const {
    return failure(at_character(text_, offset, what));
  }
  [[nodiscard]] std::unexpected<Error> refuse_here(std::string_view expected) const {
    if (at_end()) return refuse(at_, fmt::format("{}, but the text ends", expected));
    // A whole character, not its first byte.
    std::size_t length = 1;
    while (at_ + length < text_.size() && (static_cast<unsigned char>(text_[at_ + length]) & 0xC0U) == 0x80U) ++length;
    return refuse(at_, fmt::format("{}, found '{}'", expected, text_.substr(at_, length)));
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&text](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0U | (code >> 6U));
    add(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    add(0xE0U | (code >> 12U));
    add(0x80U | ((code >> 6U) & 0x3FU));
    add(0x80U | (code & 0x3FU));
  } else {
    add(0xF0U | (code >> 18U));
    add(0x80U | ((code >> 12U) & 0x3FU));
    add(0x80U | ((code >> 6U) & 0x3FU));
    add(0x80U | (code & 0x3FU));
  }
}

std::optional<std::uint32_t> take_digits(Cursor& cursor, std::uint32_t base, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = cursor.peek();
    std::uint32_t digit = base;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
    if (cursor.at_end() || digit >= base) return std::nullopt;
    value = value * base + digit;
    cursor.skip();
  }
  return value;
}

/// Takes what follows a backslash in a Go string (go.dev/ref/spec#Rune_literals) and appends what it stands for.
bool take_go_escape(Cursor& cursor, std::string& value) {
  constexpr std::string_view letters = "abfnrtv\\\"";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"";
  const char c = cursor.peek();
  if (cursor.at_end()) return false;
  if (const std::size_t letter = letters.find(c); letter != std::string_view::npos) {
    value += meanings[letter];
    cursor.skip();
    return true;
  }
  if (c >= '0' && c <= '7') {
    const std::optional<std::uint32_t> byte = take_digits(cursor, 8, 3);
    if (!byte || *byte > 0xFF) return false;
    value += static_cast<char>(static_cast<unsigned char>(*byte));
    return true;
  }
  const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return false;
  cursor.skip();
  const std::optional<std::uint32_t> code = take_digits(cursor, 16, digits);
  if (!code) return false;
  if (c == 'x') {
    value += static_cast<char>(static_cast<unsigned char>(*code));
    return true;
  }
  if (*code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) return false;
  append_utf8(value, *code);
  return true;
}

/// A name or a value of the UTF-8 syntax: bare or in double quotation marks.
Result<std::string> take_word(Cursor& cursor, std::string_view expected) {
  const std::size_t begin = cursor.offset();
  if (!cursor.take('"')) {
    while (!cursor.at_end() && !ends_bare_word(cursor.peek())) cursor.skip();
    if (cursor.offset() == begin) return cursor.refuse_here(expected);
    return std::string{cursor.since(begin)};
  }
  std::string value;
  while (!cursor.at_end()) {
    const std::size_t here = cursor.offset();
    const char c = cursor.peek();
    cursor.skip();
    if (c == '"') return value;
    if (c == '\n') return cursor.refuse(here, "a line ends inside quotation marks; write it as \\n");
    if (c != '\\') {
      value += c;
    } else if (!take_go_escape(cursor, value)) {
      return cursor.refuse(here, "this backslash begins no known escape; write \\\\ for a backslash");
    }
  }
  return cursor.refuse(begin, "this quotation mark is never closed");
}

Result<WrittenMatcher> take_utf8_matcher(Cursor& cursor) {
  const std::size_t begin = cursor.offset();
  Result<std::string> name = take_word(cursor, "expected a label name");
  if (!name) return std::unexpected(std::move(name.error()));
  if (name->empty()) return cursor.refuse(begin, "a label name cannot be empty");
  cursor.skip_spaces();
  const std::optional<Matcher::Op> op = cursor.take_operator();
  if (!op) return cursor.refuse_here(missing_operator);
  cursor.skip_spaces();
  const std::size_t value_at = cursor.offset();
  Result<std::string> value = take_word(cursor, "expected a value; write \"\" for an empty one");
  if (!value) return std::unexpected(std::move(value.error()));
  return WrittenMatcher{*std::move(name), *op, *std::move(value), value_at};
}

/// A value of the classic syntax, quotation marks included: OpenMetrics' escapes, any other backslash is one.
/// Answers the offset of a quotation mark that must not be there as the error.
std::expected<std::string, std::size_t> unescape_classic(std::string_view raw) {
  const bool quoted = raw.starts_with('"');
  std::string value;
  for (std::size_t i = quoted ? 1 : 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '"') {
      if (quoted && i + 1 == raw.size()) return value;
      return std::unexpected(i);
    }
    const char next = c == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == 'n' || next == '"' || next == '\\') {
      value += next == 'n' ? '\n' : next;
      ++i;
    } else {
      value += c;
    }
  }
  if (quoted) return std::unexpected(std::size_t{0});
  return value;
}

/// Where the matcher that begins at the cursor ends: at a comma outside quotation marks, or with the text.
std::size_t end_of_classic_matcher(std::string_view text, std::size_t begin) {
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      // Hides a quotation mark or another backslash, never a comma.
      if (i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      return i;
    }
  }
  return text.size();
}

/// Whether something in it has no other escape than its bytes.
bool needs_hex(std::string_view word) {
  return find_invalid_utf8(word) != std::string_view::npos ||
         std::ranges::any_of(word, [](char c) { return is_control(c) && c != '\n'; });
}

bool is_bare_word(std::string_view word) {
  return !word.empty() && !needs_hex(word) && std::ranges::none_of(word, ends_bare_word);
}

/// What begins a word in the way it stands between quotation marks, and how many of its bytes that is.
std::pair<std::string, std::size_t> escaped_front(std::string_view word) {
  const char c = word.front();
  if (c == '"' || c == '\\') return {{'\\', c}, 1};
  if (c == '\n') return {"\\n", 1};
  const std::size_t length = utf8_length(word);
  if (is_control(c) || length == 0) return {fmt::format("\\x{:02x}", static_cast<unsigned char>(c)), 1};
  return {std::string{word.substr(0, length)}, length};
}

std::string quoted(std::string_view word) {
  std::string text = "\"";
  while (!word.empty()) {
    const auto [written, bytes] = escaped_front(word);
    text += written;
    word.remove_prefix(bytes);
  }
  return text += '"';
}

}  // namespace

std::string at_character(std::string_view text, std::size_t offset, std::string_view what) {
  std::size_t character = 1;
  for (const char c : text.substr(0, offset)) character += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return fmt::format("at character {}: {}", character, what);
}

Result<Written> parse_utf8_syntax(std::string_view text) {
  Cursor cursor{text};
  Written all;
  cursor.skip_spaces();
  const std::size_t opened = cursor.offset();
  const bool braced = cursor.take('{');
  cursor.skip_spaces();
  while (!cursor.at_end() && cursor.peek() != '}') {
    Result<WrittenMatcher> written = take_utf8_matcher(cursor);
    if (!written) return std::unexpected(std::move(written.error()));
    all.push_back(*std::move(written));
    cursor.skip_spaces();
    if (cursor.at_end() || cursor.peek() == '}') break;
    if (!cursor.take(',')) return cursor.refuse_here("expected a comma between matchers");
    cursor.skip_spaces();
  }
  if (!braced && cursor.peek() == '}') return cursor.refuse(cursor.offset(), "this brace was never opened");
  if (braced && !cursor.take('}')) return cursor.refuse(opened, "this brace is never closed");
  cursor.skip_spaces();
  if (!cursor.at_end()) return cursor.refuse_here("expected nothing more behind the closing brace");
  return all;
}

Result<Written> parse_classic_syntax(std::string_view text) {
  std::string_view body = trimmed(text, spaces);
  const bool opens = body.starts_with('{');
  if (opens != body.ends_with('}')) return failure(at_character(text, 0, "a brace at one end only"));
  if (opens) body = body.substr(1, body.size() - 2);
  const std::size_t shift = static_cast<std::size_t>(body.data() - text.data());
  Written all;
  for (std::size_t begin = 0; !trimmed(body.substr(begin), spaces).empty();) {
    const std::size_t end = end_of_classic_matcher(body, begin);
    Cursor cursor{body.substr(0, end)};
    const auto refuse = [&](std::size_t offset, std::string_view what) {
      return failure(at_character(text, shift + offset, what));
    };
    cursor.skip(begin);
    cursor.skip_spaces();
    const std::size_t name_begin = cursor.offset();
    if (!begins_classic_name(cursor.peek())) return refuse(name_begin, "expected a label name");
    while (continues_classic_name(cursor.peek())) cursor.skip();
    WrittenMatcher written;
    written.name = cursor.since(name_begin);
    cursor.skip_spaces();
    const std::optional<Matcher::Op> op = cursor.take_operator();
    if (!op) return refuse(cursor.offset(), missing_operator);
    written.op = *op;
    cursor.skip_spaces();
    std::expected<std::string, std::size_t> value = unescape_classic(trimmed(cursor.rest(), spaces));
    if (!value) return refuse(cursor.offset() + value.error(), "a quotation mark where none may be; write it as \\\"");
    written.value = *std::move(value);
    written.value_at = shift + cursor.offset();
    all.push_back(std::move(written));
    begin = end + (end < body.size() ? 1 : 0);
  }
  return all;
}

std::string write_matcher(std::string_view name, Matcher::Op op, std::string_view value) {
  // The classic syntax takes \xff for four characters, and wins where it reads anything. It reads no quoted name.
  const bool bare = is_bare_word(name) && !needs_hex(value);
  return fmt::format("{}{}{}", bare ? std::string{name} : quoted(name), operators.at(static_cast<std::size_t>(op)),
                     quoted(value));
}

std::string write_matchers(const Written& matchers) {
  std::string text;
  for (const WrittenMatcher& matcher : matchers) {
    if (!text.empty()) text += ',';
    text += write_matcher(matcher.name, matcher.op, matcher.value);
  }
  return text.empty() ? "{}" : text;
}

}  // namespace candor::rules
