#include "probes/kinds/captures.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <re2/re2.h>

#include "base/net/easy.h"
#include "base/net/request_headers.h"
#include "base/net/url.h"
#include "base/utf8.h"
#include "probes/kinds/json_wanted.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_value = 8192;

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && name.size() <= 40 && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// A `{{name}}` in a text.
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;  ///< behind the braces
  std::string_view name;
};

std::optional<Place> next_place(std::string_view text, std::size_t from) {
  for (std::size_t open = text.find("{{", from); open != std::string_view::npos; open = text.find("{{", open + 1)) {
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(open + 2, close - open - 2);
    if (is_variable_name(name)) return Place{open, close + 2, name};
  }
  return std::nullopt;
}

Result<std::string> take_json(const JsonPath& path, std::string_view body) {
  json::monotonic_resource memory;
  json::error_code error;
  const json::value document = json::parse({body.data(), body.size()}, error, &memory);
  if (error) return failure(fmt::format("the body is no JSON ({})", error.message()));
  const json::value* const found = path.find(document);
  if (found == nullptr) return failure(path.text() + " is absent");
  if (std::optional<std::string> text = plain_text(*found)) return *std::move(text);
  return failure(path.text() + " is neither text, number, true nor false");
}

Result<std::string> take_match(const RE2& pattern, std::string_view body) {
  std::string value;
  const re2::StringPiece text{body.data(), body.size()};
  if (pattern.NumberOfCapturingGroups() > 0) {
    if (RE2::PartialMatch(text, pattern, &value)) return value;
  } else if (re2::StringPiece whole; pattern.Match(text, 0, text.size(), RE2::UNANCHORED, &whole, 1)) {
    return std::string{whole};
  }
  return failure("nothing in the body matches " + in_quotes(pattern.pattern()));
}

std::optional<Capture> read_one(const Table& item, Settings& settings) {
  Capture capture{.name = item.required_text("name"), .from = {}};
  if (!capture.name.empty() && !is_variable_name(capture.name)) {
    item.refuse("name", fmt::format("\"{}\" is not a variable's name", capture.name),
                "lower case letters, digits and _, no digit first, at most 40");
  }
  const bool from_json = item.has("json");
  const std::optional<std::string> header = item.text("header");
  const Capture::Pattern pattern = read_pattern(item, "matches");
  if ((from_json ? 1 : 0) + (item.has("header") ? 1 : 0) + (item.has("matches") ? 1 : 0) != 1) {
    item.refuse("", "a capture takes its value from one of json, header and matches",
                "such as { name = \"token\", json = \"$.token\" }");
  }
  settings.add(capture.name).add(header.value_or("")).add(pattern ? "matches " + pattern->pattern() : "");
  if (from_json) {
    std::optional<JsonPath> path = read_json_path(item, "json");
    if (!path) return std::nullopt;
    settings.add(path->text());
    capture.from = *std::move(path);
  } else if (pattern) {
    capture.from = pattern;
  } else if (header && net::is_token(*header)) {
    capture.from = Capture::Header{*header};
  } else if (header) {
    net::refuse_header_name(item, "header");
  }
  return capture;
}

}  // namespace

std::vector<Capture> read_captures(const Table& table, Settings& settings) {
  std::vector<Capture> all;
  for (const Table& item : table.tables("capture")) {
    if (std::optional<Capture> capture = read_one(item, settings)) all.push_back(*std::move(capture));
  }
  return all;
}

std::set<std::string> variables_in(std::string_view text) {
  std::set<std::string> names;
  for (std::optional<Place> place = next_place(text, 0); place; place = next_place(text, place->end)) {
    names.emplace(place->name);
  }
  return names;
}

std::optional<std::string> misspelled_in(std::string_view text) {
  static const RE2 near{R"((\{\{\s*[A-Za-z0-9_][A-Za-z0-9_.-]*\s*\}{0,2}))"};
  re2::StringPiece rest{text.data(), text.size()};
  for (std::string found; RE2::FindAndConsume(&rest, near, &found);) {
    const std::optional<Place> place = next_place(found, 0);
    if (!place || place->end != found.size()) return shorten_utf8(found, 60);
  }
  return std::nullopt;
}

std::string fill(std::string_view text, const Captured& captured, Fill how) {
  std::string filled;
  std::size_t at = 0;
  for (std::optional<Place> place = next_place(text, 0); place; place = next_place(text, place->end)) {
    const auto value = captured.find(place->name);
    if (value == captured.end()) continue;
    filled += text.substr(at, place->begin - at);
    filled += how == Fill::as_is ? value->second : net::percent_encoded(value->second);
    at = place->end;
  }
  return filled.append(text.substr(at));
}

Result<std::string> take(const Capture& capture, std::string_view body, const std::string* header) {
  Result<std::string> value = failure("");
  if (const auto* path = std::get_if<JsonPath>(&capture.from)) {
    value = take_json(*path, body);
  } else if (const auto* pattern = std::get_if<Capture::Pattern>(&capture.from)) {
    value = take_match(**pattern, body);
  } else if (header != nullptr) {
    value = *header;
  } else {
    value = failure(fmt::format("there is no header {}", std::get<Capture::Header>(capture.from).name));
  }
  if (value && value->size() > longest_value) return failure(fmt::format("it is longer than {} bytes", longest_value));
  // What a target says must not end a line of our next request.
  if (value && !net::is_header_value(*value)) return failure("it holds a line break or another control character");
  return value;
}

}  // namespace candor::probes
