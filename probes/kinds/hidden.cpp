#include "probes/kinds/hidden.h"

#include <algorithm>
#include <functional>

#include <openssl/evp.h>

#include "base/net/url.h"

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

void Hidden::add_query(std::string_view url) {
  for (std::size_t at = url.find('?'); at != std::string_view::npos; at = url.find('&', at + 1)) {
    const std::string_view field = url.substr(at + 1, url.find_first_of("&#", at + 1) - at - 1);
    if (const std::size_t equals = field.find('='); equals != std::string_view::npos) add(field.substr(equals + 1));
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
