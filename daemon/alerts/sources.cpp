#include "daemon/alerts/sources.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/net/easy.h"
#include "base/net/url.h"

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_name_bytes = 64;

bool is_name(const std::string& text) {
  return text.size() <= most_name_bytes && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

std::string read_name(const Table& table, std::string_view prefix) {
  const std::string name = table.required_text("name");
  if (!is_name(name)) {
    table.refuse("name", fmt::format("\"{}\" is not a name for a source", name),
                 "up to 64 letters, digits, '-', '_' and '.'");
  }
  return fmt::format("{}:{}", prefix, name);
}

std::string read_url(const Table& table, std::string_view example) {
  std::string text = table.required_text("url");
  if (text.empty()) return text;
  const std::string hint = fmt::format("the address that its pages are at, such as \"{}\"", example);
  const Result<net::Url> url = net::parse_url(text);
  if (!url) {
    table.refuse("url", url.error().message, hint);
  } else if (text.find_first_of("?#") != std::string::npos) {
    table.refuse("url", "the URL of a source has no query and no fragment", hint);
  } else if (url->path.ends_with("/api/v1/alerts") || url->path.ends_with("/api/v2/alerts")) {
    table.refuse("url", "the API's path is added by candord", hint);
  }
  while (text.ends_with('/')) text.pop_back();
  return text;
}

SourceConfig read(const Table& table, SourceConfig::Kind kind, std::string_view prefix, std::string_view example) {
  SourceConfig source;
  source.kind = kind;
  source.name = read_name(table, prefix);
  source.url = read_url(table, example);
  source.every = table.duration("every", 200ms, 1h).value_or(source.every);
  source.timeout = table.duration("timeout", 100ms, 1min).value_or(source.timeout);
  source.bearer = table.secret("bearer").value_or(Secret{});
  if (!net::is_header_value(source.bearer.reveal()))
    table.refuse("bearer", "bearer holds a line break or another control character", "a token is one line");
  return source;
}

}  // namespace

SourceConfig read_prometheus(const Table& table) {
  return read(table, SourceConfig::Kind::prometheus, "prometheus", "http://127.0.0.1:9090");
}

SourceConfig read_alertmanager(const Table& table) {
  return read(table, SourceConfig::Kind::alertmanager, "alertmanager", "http://127.0.0.1:9093");
}

}  // namespace candor::alerts
