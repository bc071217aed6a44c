#include "base/secret.h"

namespace candor {

std::string redact_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "…";
  const std::size_t host = scheme + 3;
  const std::size_t path = url.find_first_of("/?#", host);
  std::string authority = url.substr(host, path == std::string::npos ? path : path - host);
  if (const std::size_t at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  // What is no port is the rest of something else, such as a password with a slash in it.
  if (const std::size_t colon = authority.rfind(':');
      colon != std::string::npos && authority.find_first_not_of("0123456789", colon + 1) != std::string::npos &&
      !authority.ends_with(']')) {
    return url.substr(0, host) + "…";
  }
  const bool more = path != std::string::npos && path + 1 < url.size();
  return url.substr(0, host) + authority + (more ? "/…" : "");
}

}  // namespace candor
