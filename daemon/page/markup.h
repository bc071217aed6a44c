#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace candor::page {

/// For text and for attributes in double quotes: & < > " ' become references.
[[nodiscard]] std::string escape_html(std::string_view text);

/// Valid UTF-8 without control characters but line breaks and tabs: those of bidirectional text (UAX 9, section 2) are
/// left out, anything else becomes U+FFFD, CR LF becomes LF.
[[nodiscard]] std::string clean_text(std::string_view text);

/// HTML in the making. Tags are literals of our own source; whatever comes from elsewhere can only go in escaped. The
/// output is XHTML-compatible: every element is closed, every attribute has a value.
class Markup {
 public:
  /// Known when compiling, so it cannot carry what a user wrote.
  class Literal {
   public:
    consteval Literal(const char* text) : text_(text) {}       // NOLINT(google-explicit-constructor)
    consteval Literal(std::string_view text) : text_(text) {}  // NOLINT(google-explicit-constructor)
    [[nodiscard]] constexpr std::string_view text() const { return text_; }

   private:
    std::string_view text_;
  };

  Markup& tags(Literal literal) {
    html_ += literal.text();
    return *this;
  }
  Markup& text(std::string_view text) {
    html_ += escape_html(text);
    return *this;
  }
  /// ` name="value"`
  Markup& attribute(Literal name, std::string_view value);
  Markup& add(const Markup& other) {
    html_ += other.html_;
    return *this;
  }
  /// Plain text as paragraphs: an empty line parts them, a single line break is a line break.
  Markup& paragraphs(std::string_view text);
  /// A `<time>` that machines can read, with `words` for people.
  Markup& time(Instant at, std::string_view words);

  [[nodiscard]] const std::string& html() const { return html_; }
  [[nodiscard]] std::string take() { return std::move(html_); }

 private:
  std::string html_;
};

}  // namespace candor::page
