#include "base/net/url.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <new>
#include <optional>

#include <curl/curl.h>
#include <fmt/format.h>

namespace candor::net {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextDeleter {
  void operator()(char* text) const { curl_free(text); }
};
using Parsed = std::unique_ptr<CURLU, UrlDeleter>;

std::optional<std::string> part(const Parsed& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, TextDeleter> owner{text};
  return std::string{text};
}

/// Whether the host is percent-encoded: curl decodes it and may read what comes out as another host the next time. A
/// zone of an IPv6 address, in brackets, has a % too.
bool hides_host(std::string_view text, std::size_t after_scheme) {
  std::string_view authority = text.substr(after_scheme, text.find_first_of("/?#", after_scheme) - after_scheme);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  return !authority.starts_with('[') && authority.find('%') != std::string_view::npos;
}

bool present(const Parsed& url, CURLUPart which) { return part(url, which).has_value(); }

}  // namespace

std::string Url::authority() const { return fmt::format("{}:{}", host, port); }

std::string Url::shown() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  return fmt::format("{}://{}{}", scheme, usual ? host : authority(), secret ? "" : path);
}

Result<Url> parse_url(const std::string& text) {
  const std::size_t host = text.find("://");
  if (host == std::string::npos || text.find(':') != host) return failure("is not an absolute URL");
  if (text.size() <= host + 3 || text[host + 3] == '/') return failure("names no host");  // curl skips a third slash
  if (hides_host(text, host + 3)) return failure("has a percent-encoded host; write it as it is");
  const Parsed parsed{curl_url()};
  if (!parsed) throw std::bad_alloc{};
  // curl reads a C string: what follows a NUL would go unseen.
  if (text.find('\0') != std::string::npos) return failure("is not a URL: it holds a NUL character");
  if (const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK) {
    return failure(fmt::format("is not a URL: {}", curl_url_strerror(code)));
  }
  Url url;
  url.scheme = part(parsed, CURLUPART_SCHEME).value_or("");
  if (url.scheme != "http" && url.scheme != "https") return failure("is not an http or https URL");
  url.host = part(parsed, CURLUPART_HOST).value_or("");
  if (url.host.empty()) return failure("names no host");
  if (!is_ascii(url.host)) return failure(std::string{not_in_ascii});
  for (const auto& [which, into] : {std::pair{CURLUPART_USER, &url.user}, {CURLUPART_PASSWORD, &url.password}}) {
    std::optional<std::string> decoded = part(parsed, which, CURLU_URLDECODE);
    if (!decoded && present(parsed, which)) return failure("has a user or password that holds control characters");
    *into = std::move(decoded).value_or("");
  }
  const std::string port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  if (std::from_chars(port.data(), port.data() + port.size(), url.port).ec != std::errc{} || url.port == 0) {
    return failure("has no usable port");
  }
  url.path = part(parsed, CURLUPART_PATH).value_or("/");
  for (const CURLUPart dropped : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
    curl_url_set(parsed.get(), dropped, nullptr, 0);
  }
  url.request = part(parsed, CURLUPART_URL).value_or(text);
  return url;
}

bool is_ascii(std::string_view host) {
  return std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::optional<char> percent_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  unsigned char byte = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
  if (error != std::errc{} || end != text.data() + 3) return std::nullopt;
  return static_cast<char>(byte);
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::optional<char> byte = percent_byte(text.substr(at));
    decoded += byte.value_or(text[at]);
    if (byte) at += 2;
  }
  return decoded;
}

}  // namespace candor::net
