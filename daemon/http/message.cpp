#include "daemon/http/message.h"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "base/utf8.h"
#include "daemon/http/text.h"

namespace candor::http {
namespace {

/// A JSON text, whatever bytes a client smuggled into the message.
std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string{to_utf8(text)}); }

}  // namespace

std::string_view Request::header(std::string_view name) const {
  const auto found =
      std::ranges::find(headers, name, [](const auto& header) { return std::string_view{header.first}; });
  return found != headers.end() ? std::string_view{found->second} : std::string_view{};
}

std::vector<std::pair<std::string, std::string>> Request::query_pairs() const {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    pairs.emplace_back(decode_query_part(part.substr(0, equals)),
                       decode_query_part(part.substr(std::min(equals + 1, part.size()))));
  }
  return pairs;
}

std::vector<std::string> Request::query_values(std::string_view name) const {
  std::vector<std::string> values;
  for (auto& [key, value] : query_pairs()) {
    if (key == name) values.push_back(std::move(value));
  }
  return values;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (auto& [key, value] : query_pairs()) {
    if (key == name) return std::move(value);
  }
  return std::nullopt;
}

Response Response::text(unsigned status, std::string body, std::string_view type) {
  return {.status = status,
          .headers = {{"Content-Type", std::string{type}}},
          .body = std::make_shared<const std::string>(std::move(body))};
}

Response Response::json(unsigned status, std::string body) {
  return text(status, std::move(body), "application/json; charset=utf-8");
}

Response Response::error(unsigned status, std::string_view message) {
  Response response = json(status, "{\"error\":" + quoted(message) + "}\n");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace candor::http
