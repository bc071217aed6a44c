#include "probes/kinds/hidden.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include <openssl/evp.h>

#include "base/net/url.h"
#include "base/signature.h"
#include "base/text.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

constexpr std::size_t least_hidden = 6;
/// Of quoted texts within quoted texts, such as JSON in a string of JSON.
constexpr int most_levels = 4;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view field_ends = " \t\r\n,;&{}[]<>()";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Calls take(piece) for each that stands between any of `ends`.
template <class Take>
void each_piece(std::string_view text, std::string_view ends, const Take& take) {
  for (std::size_t at = text.find_first_not_of(ends); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(ends, at), text.size());
    take(text.substr(at, end - at));
    at = text.find_first_not_of(ends, end);
  }
}

/// Where the quotes end that begin at `begin`; npos where they do not.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == quote) return at;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

/// Whether what stands in front of this is a name, as in JSON.
bool is_behind_name(std::string_view text) {
  const std::size_t at = text.find_first_not_of(blanks);
  return at != std::string_view::npos && text[at] == ':';
}

/// "c3dvcmRmaXNo12==": its "=" ends no name.
bool is_padded(std::string_view field) {
  if (!field.ends_with('=') || field.find('=') != field.find_last_not_of('=') + 1) return false;
  return field.ends_with("==") || (field.size() % 4 == 0 && std::ranges::any_of(field, &is_digit));
}

/// The bytes that a secret begins with, as 16 bits; `text` has at least as many.
std::size_t mark_of(const char* text) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, least_hidden);
  return (bytes * 0x9E3779B97F4A7C15U) >> 48U;
}

/// UTF-8, also of half a surrogate pair.
void append_character(std::string& text, char32_t point) {
  const auto tail = [point](unsigned shift) { return static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += {static_cast<char>(0xC0U | (point >> 6U)), tail(0)};
  } else if (point < 0x10000) {
    text += {static_cast<char>(0xE0U | (point >> 12U)), tail(6), tail(0)};
  } else {
    text += {static_cast<char>(0xF0U | ((point >> 18U) & 0x07U)), tail(12), tail(6), tail(0)};
  }
}

/// The number that `text` begins with, of exactly so many digits.
std::optional<char32_t> number_at_front(std::string_view text, std::size_t digits, int base) {
  std::uint32_t number = 0;
  if (text.size() < digits) return std::nullopt;
  const char* const end = text.data() + digits;
  const auto [behind, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc{} || behind != end) return std::nullopt;
  return number;
}

/// Of "\u00fc": appends what it stands for, of two halves of a pair their one character, and answers its size; 0 where
/// it is none.
std::size_t read_unicode_escape(std::string_view text, std::string& read) {
  const std::size_t digits = text[1] == 'u' ? 4 : 8;
  constexpr std::size_t half = 6;  // "\ud83d"
  const auto point = number_at_front(text.substr(2), digits, 16);
  if (!point) return 0;
  const bool high = *point >= 0xD800 && *point < 0xDC00 && text.substr(half).starts_with("\\u");
  const auto low = high ? number_at_front(text.substr(half + 2), 4, 16) : std::nullopt;
  if (low >= 0xDC00 && low < 0xE000) {
    append_character(read, 0x10000 + ((*point - 0xD800) << 10U) + (*low - 0xDC00));
    return 2 * half;
  }
  append_character(read, *point);
  return 2 + digits;
}

/// Appends the byte or the character that `text`, which is not empty, begins with, and answers how many bytes that
/// took: more than one where it is written with a backslash, as JSON, Python and shells do it.
std::size_t read_character(std::string_view text, std::string& read) {
  constexpr std::string_view letters = "abfnrtv";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
  if (text.size() < 2 || text.front() != '\\') {
    read += text.front();
    return 1;
  }
  const char kind = text[1];
  if (kind == 'u' || kind == 'U') {
    if (const std::size_t size = read_unicode_escape(text, read); size > 0) return size;
  }
  const auto byte = kind == 'x' ? number_at_front(text.substr(2), 2, 16) : number_at_front(text.substr(1), 3, 8);
  if (byte && *byte <= 0xFF) {
    read += static_cast<char>(*byte);
    return 4;
  }
  const std::size_t letter = letters.find(kind);
  read += letter == std::string_view::npos ? kind : meanings[letter];
  return 2;
}

std::string unescaped(std::string_view text) {
  std::string read;
  for (std::size_t at = 0; at < text.size();) at += read_character(text.substr(at), read);
  return read;
}

/// With "***" for what is one of the secrets in `read`, which is the text once its escapes are read.
std::string without_escaped(std::string_view text, std::string_view read,
                            const std::vector<std::string_view>& secrets) {
  std::vector<bool> secret_at(read.size());
  for (const std::string_view value : secrets) {
    for (std::size_t at = 0; (at = read.find(value, at)) != std::string::npos; at += value.size()) {
      std::fill_n(secret_at.begin() + static_cast<std::ptrdiff_t>(at), value.size(), true);
    }
  }
  std::string shown;
  std::string one;
  bool before = false;
  for (std::size_t at = 0, in_read = 0; at < text.size(); in_read += one.size()) {
    one.clear();
    const std::size_t size = read_character(text.substr(at), one);
    const bool secret = secret_at[in_read];
    if (!secret) shown += text.substr(at, size);
    if (secret && !before) shown += "***";
    before = secret;
    at += size;
  }
  return shown;
}

std::string base64(const std::string& text) {
  std::string encoded(4 * ((text.size() + 2) / 3), '\0');
  // It writes a NUL behind the last character, where the string has its own.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  return encoded;
}

/// `name` is in lower case. What a server answers to those who have no credentials, such as WWW-Authenticate, is none.
bool holds_credentials(std::string_view name) {
  constexpr std::array words{"auth", "cookie", "credential", "key", "password", "secret", "session", "token"};
  return !name.ends_with("-authenticate") &&
         std::ranges::any_of(words, [name](const char* word) { return name.find(word) != std::string_view::npos; });
}

/// `name` is in lower case. What stands beside the cookie's own value (RFC 6265, section 4.1, and its successor's
/// drafts).
bool is_attribute(std::string_view name) {
  constexpr std::array names{"domain", "expires",  "httponly", "max-age", "partitioned",
                             "path",   "priority", "samesite", "secure"};
  return std::ranges::find(names, name) != names.end();
}

std::string_view without(std::string_view ends, std::string_view text) {
  const std::size_t begin = text.find_first_not_of(ends);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(ends) - begin + 1);
}

/// "ana:swordfish" of "Basic YW5hOnN3b3JkZmlzaA==" (RFC 7617), which a target may show decoded.
std::optional<std::string> basic_credentials(std::string_view header) {
  constexpr std::string_view scheme = "basic ";
  if (!lower_case(header).starts_with(scheme)) return std::nullopt;
  std::string encoded{without(" =", header.substr(scheme.size()))};
  std::ranges::replace(encoded, '+', '-');
  std::ranges::replace(encoded, '/', '_');
  return decode_base64url(encoded);
}

}  // namespace

bool Hidden::Longer::operator()(const Secret& a, const Secret& b) const {
  const std::string& one = a.reveal();
  const std::string& other = b.reveal();
  return one.size() != other.size() ? one.size() > other.size() : one < other;
}

void Hidden::add(std::string_view secret) {
  if (secret.size() < least_hidden) return;
  add_form(secret);
  if (const std::string form = net::percent_encoded(secret); form != secret) add_form(form);
}

void Hidden::add_form(std::string_view secret) { all_.insert(Secret{std::string{secret}}); }

void Hidden::add_basic(const std::string& user, const std::string& password) {
  add(password);
  if (!user.empty() || !password.empty()) add(base64(user + ":" + password));
}

void Hidden::add_words(std::string_view secret) { add_text(secret, most_levels); }

void Hidden::add_text(std::string_view text, int levels) {
  const auto add_fields = [this](std::string_view part) {
    each_piece(part, field_ends, [this](std::string_view field) { add_field(field); });
  };
  const auto add_each_word = [this](std::string_view part) {
    each_piece(part, blanks, [this](std::string_view word) { add(word); });
  };
  add_each_word(text);
  const char quote = text.contains('"') ? '"' : '\'';
  std::size_t begin = 0;  // of what is in no quotes
  for (std::size_t at = text.find(quote); at != std::string_view::npos; at = text.find(quote, at)) {
    const char before = at > 0 ? text[at - 1] : ' ';
    if (quote == '\'' && (is_letter(before) || is_digit(before))) {  // an apostrophe
      ++at;
      continue;
    }
    const std::size_t end = end_of_quoted(text, at);
    if (end == std::string_view::npos) break;
    add_fields(text.substr(begin, at - begin));
    const std::string_view quoted = text.substr(at + 1, end - at - 1);
    begin = at = end + 1;
    if (is_behind_name(text.substr(begin))) continue;
    const std::string read = unescaped(quoted);
    add(quoted);
    add(read);
    add_each_word(quoted);
    if (levels > 0) add_text(read, levels - 1);
  }
  add_fields(text.substr(begin));
}

/// Of "password=swordfish" only what stands behind the name.
void Hidden::add_field(std::string_view field) {
  const std::size_t equals = field.find('=');
  const bool named = equals != std::string_view::npos && !is_padded(field);
  if (named) add_value(field.substr(equals + 1));
  if (!named || field.find(':') < equals) add_value(field);
}

void Hidden::add_value(std::string_view value) {
  add_encoded(value);
  each_piece(value, ":", [this](std::string_view part) { add_encoded(part); });
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos) return;
  std::string_view authority = value.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t colon = authority.find(':');
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos && colon < at) add_encoded(authority.substr(colon + 1, at - colon - 1));
}

void Hidden::add_header(std::string_view name, std::string_view value) {
  const std::string key = lower_case(name);
  if (!holds_credentials(key)) return;
  key.find("cookie") != std::string::npos ? add_cookies(value) : add_words(value);
  if (const std::optional<std::string> both = basic_credentials(value)) {
    add(*both);
    if (const std::size_t colon = both->find(':'); colon != std::string::npos) add(both->substr(colon + 1));
  }
}

/// Several Set-Cookie are one list here, and a value may have a comma too: what is no attribute counts as a cookie's.
void Hidden::add_cookies(std::string_view header) {
  bool first = true;   // which is a cookie whatever its name
  bool dated = false;  // "Expires=Wed, 21 Oct 2026 07:28:00 GMT" goes on behind its comma
  while (!header.empty()) {
    const std::size_t end = std::min(header.find_first_of(";,"), header.size());
    const std::string_view piece = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = piece.find('=');
    const std::string name = lower_case(without(" ", piece.substr(0, equals)));
    const bool attribute = !first && (is_attribute(name) || (dated && equals == std::string_view::npos));
    first = false;
    dated = name == "expires";
    if (!attribute) add(without(" \"", equals == std::string_view::npos ? piece : piece.substr(equals + 1)));
  }
}

void Hidden::add_query(std::string_view url) {
  for (std::size_t at = url.find('?'); at != std::string_view::npos; at = url.find('&', at + 1)) {
    const std::string_view field = url.substr(at + 1, url.find_first_of("&#", at + 1) - at - 1);
    if (const std::size_t equals = field.find('='); equals != std::string_view::npos)
      add_encoded(field.substr(equals + 1));
  }
}

void Hidden::add_path_and_query(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return;
  const std::size_t begin = std::min(url.find_first_of("/?", scheme + 3), url.size());
  const std::string_view secret = url.substr(begin, url.find('#', begin) - begin);
  add_encoded(secret);
  add_encoded(secret.substr(0, secret.find('?')));
  for (std::size_t at = 0; at < secret.size();) {
    const std::size_t end = std::min(secret.find_first_of("/?&", at), secret.size());
    add_encoded(secret.substr(at, end - at));
    at = end + 1;
  }
  add_query(secret);
}

/// Of a URL: as it stands there, and as it is read. A form's "+" is a space.
void Hidden::add_encoded(std::string_view part) {
  add(part);
  std::string spaced{part};
  std::ranges::replace(spaced, '+', ' ');
  std::string before{part};
  for (const std::string_view read : {part, std::string_view{spaced}}) {
    std::string decoded = net::percent_decoded(read);
    if (decoded == before) continue;
    add(decoded);
    before = std::move(decoded);
  }
}

void Hidden::add(const Hidden& more) { all_.insert(more.all_.begin(), more.all_.end()); }

/// Those of which the first bytes may stand in the text, so that thousands need not each be searched for; the longest
/// first.
std::vector<std::string_view> Hidden::candidates_for(std::string_view text, const Hidden& more) const {
  constexpr std::size_t few = 50;
  const bool takes_all = all_.size() + more.all_.size() <= few;
  std::vector<bool> marks(takes_all ? 0 : std::size_t{1} << 16U);
  for (std::size_t at = 0; !takes_all && at + least_hidden <= text.size(); ++at)
    marks[mark_of(text.data() + at)] = true;
  std::vector<std::string_view> found;
  for (const auto* const secrets : {&all_, &more.all_}) {
    for (const Secret& secret : *secrets) {
      if (takes_all || marks[mark_of(secret.reveal().data())]) found.emplace_back(secret.reveal());
    }
  }
  std::ranges::stable_sort(found, std::greater{}, &std::string_view::size);
  return found;
}

std::string Hidden::out_of(std::string text) const { return out_of(std::move(text), Hidden{}); }

std::string Hidden::out_of(std::string text, const Hidden& more) const {
  for (const std::string_view value : candidates_for(text, more)) {
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;) text.replace(at, value.size(), "***");
  }
  if (!text.contains('\\')) return text;
  const std::string read = unescaped(text);
  return without_escaped(text, read, candidates_for(read, more));
}

}  // namespace candor::probes
