#include "probes/kinds/hidden.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>

#include <openssl/evp.h>

#include "base/net/url.h"
#include "base/signature.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

constexpr std::size_t least_hidden = 6;

std::size_t size_of(const Secret& secret) { return secret.reveal().size(); }

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

/// With "***" for what is a secret once its escapes are read.
std::string without_escaped(std::string_view text, const std::vector<Secret>& secrets) {
  std::string read;
  for (std::size_t at = 0; at < text.size();) at += read_character(text.substr(at), read);
  std::vector<bool> secret_at(read.size());
  for (const Secret& secret : secrets) {
    const std::string& value = secret.reveal();
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

void Hidden::add(std::string_view secret) {
  if (secret.size() < least_hidden) return;
  add_form(secret);
  if (const std::string form = net::percent_encoded(secret); form != secret) add_form(form);
}

void Hidden::add_form(std::string_view secret) {
  all_.insert(std::ranges::lower_bound(all_, secret.size(), std::greater{}, &size_of), Secret{std::string{secret}});
}

void Hidden::add_basic(const std::string& user, const std::string& password) {
  add(password);
  if (!user.empty() || !password.empty()) add(base64(user + ":" + password));
}

void Hidden::add_words(std::string_view secret) {
  constexpr std::string_view space = " \t\r\n";
  for (std::size_t at = secret.find_first_not_of(space); at != std::string_view::npos;) {
    const std::size_t end = std::min(secret.find_first_of(space, at), secret.size());
    add(secret.substr(at, end - at));
    at = secret.find_first_not_of(space, end);
  }
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

void Hidden::add(const Hidden& more) {
  for (const Secret& secret : more.all_) add_form(secret.reveal());
}

std::string Hidden::out_of(std::string text) const {
  for (const Secret& secret : all_) {
    const std::string& value = secret.reveal();
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;) text.replace(at, value.size(), "***");
  }
  return text.contains('\\') ? without_escaped(text, all_) : text;
}

}  // namespace candor::probes
