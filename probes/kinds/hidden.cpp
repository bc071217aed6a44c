#include "probes/kinds/hidden.h"

#include <algorithm>
#include <array>
#include <functional>

#include <openssl/evp.h>

#include "base/net/url.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

constexpr std::size_t least_hidden = 6;

std::size_t size_of(const Secret& secret) { return secret.reveal().size(); }

/// With the escapes that a JSON text cannot do without.
std::string json_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
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

}  // namespace

void Hidden::add(std::string_view secret) {
  if (secret.size() < least_hidden) return;
  add_form(secret);
  for (const std::string& form : {net::percent_encoded(secret), json_escaped(secret)}) {
    if (form != secret) add_form(form);
  }
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
  return text;
}

}  // namespace candor::probes
