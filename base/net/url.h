#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace candor::net {

/// An http or https URL taken apart by libcurl's own parser, so that what is checked and shown is what is asked for.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string user;    ///< decoded; usually empty
  std::string password;
  std::string host;  ///< an IPv6 address in brackets
  std::uint16_t port = 0;
  std::string path;     ///< begins with a slash
  std::string request;  ///< the URL to ask for: without user, password and fragment
  bool secret = false;  ///< as a whole: for people it ends behind the host

  /// "pay.acme.example:443"
  [[nodiscard]] std::string authority() const;
  /// For people: scheme, host, a port other than the scheme's own, and the path of one that is not secret; neither
  /// credentials nor query.
  [[nodiscard]] std::string shown() const;
};

/// Errors: not an absolute URL, a scheme other than http and https, no host, one that is not in ASCII. The message does
/// not repeat the text, which may hold a secret.
[[nodiscard]] Result<Url> parse_url(const std::string& text);

/// Name servers know hosts in ASCII only, international ones by their A-labels (RFC 5890, section 2.3.2.1).
[[nodiscard]] bool is_ascii(std::string_view host);
/// What is said of a host that is not.
inline constexpr std::string_view not_in_ascii = "has a host that is not in ASCII; write its ASCII form (xn--…)";

/// All but what RFC 3986 (section 2.3) calls unreserved as "%2F": the text as a part of a URL.
[[nodiscard]] std::string percent_encoded(std::string_view text);
/// The byte that "%2F" at the beginning of the text stands for; nothing where that is none.
[[nodiscard]] std::optional<char> percent_byte(std::string_view text);
/// What the text stands for. A "%" that is not followed by two hexadecimal digits stands for itself, as browsers read
/// it.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace candor::net
