#include "daemon/page/settings.h"

#include <string_view>

#include <fmt/format.h>

#include "base/utf8.h"

namespace candor::page {
namespace {

constexpr std::size_t most_name_bytes = 100;
constexpr std::size_t most_url_bytes = 500;

/// What is wrong with the characters of a URL; empty when nothing is.
std::string check_characters(std::string_view url) {
  if (url.size() > most_url_bytes) return fmt::format("is longer than {} bytes", most_url_bytes);
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || std::string_view{"\"'<>\\^`{|}"}.find(c) != std::string_view::npos) {
      return "has a character that a URL cannot have";
    }
  }
  return {};
}

std::string check_http(std::string_view url) {
  const std::size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (host == 0) return "does not begin with http:// or https://";
  const std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  if (authority.empty() || authority.front() == ':') return "names no host";
  if (authority.find('@') != std::string_view::npos) return "has a user name in it";
  return check_characters(url);
}

/// An address as a message may show it: whoever writes a user name into one may have added a password.
std::string shown(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t at = url.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos || at < scheme) return url;
  return url.substr(0, scheme + 3) + "***" + url.substr(at);
}

std::string check_mail(std::string_view url) {
  const std::size_t at = url.find('@');
  if (at == std::string_view::npos || at == std::string_view{"mailto:"}.size() || at + 1 == url.size()) {
    return "names no mailbox";
  }
  return check_characters(url);
}

std::string read_url(const Table& table) {
  const std::optional<std::string> url = table.text("url");
  if (!url) return {};
  std::string wrong = check_http(*url);
  if (wrong.empty() && url->find_first_of("?#") != std::string::npos) wrong = "has a query or a fragment";
  if (wrong.empty() && url->ends_with('/')) wrong = "ends with a slash";
  if (wrong.empty()) return *url;
  table.refuse("url", fmt::format("the page's address \"{}\" {}", shown(*url), wrong),
               "such as https://status.acme.example");
  return {};
}

std::optional<std::string> read_support_url(const Table& table) {
  std::optional<std::string> url = table.text("support_url");
  if (!url) return std::nullopt;
  const std::string wrong = url->starts_with("mailto:") ? check_mail(*url) : check_http(*url);
  if (wrong.empty()) return url;
  table.refuse("support_url", fmt::format("the support address \"{}\" {}", shown(*url), wrong),
               "such as https://acme.example/help or mailto:help@acme.example");
  return std::nullopt;
}

}  // namespace

std::string PageSettings::path_prefix() const {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  return path == std::string::npos ? std::string{} : url.substr(path);
}

PageSettings read_page(const std::optional<Table>& table) {
  PageSettings settings;
  if (!table) return settings;
  if (const std::optional<std::string> name = table->text("name")) {
    if (shows_nothing(*name)) {
      table->refuse("name", "the page's name is empty", "such as \"Acme Status\"");
    } else if (name->size() > most_name_bytes) {
      table->refuse("name", fmt::format("the page's name is longer than {} bytes", most_name_bytes));
    } else {
      settings.name = *name;
    }
  }
  settings.url = read_url(*table);
  settings.support_url = read_support_url(*table);
  settings.unseen_after =
      table->duration("unseen_after", std::chrono::seconds{1}, std::chrono::hours{24}).value_or(settings.unseen_after);
  return settings;
}

}  // namespace candor::page
