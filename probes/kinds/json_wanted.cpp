#include "probes/kinds/json_wanted.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <re2/re2.h>

#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace json = boost::json;
using Scalar = std::variant<bool, std::int64_t, double, std::string>;

std::string scalar_words(
    const Scalar& scalar, const Quote& quote = [](std::string_view text) { return in_quotes(text); }) {
  return std::visit(
      [&](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) return quote(value);
        return fmt::format("{}", value);
      },
      scalar);
}

/// Numbers, true, false and texts; nothing for null, lists and objects.
std::optional<Scalar> scalar_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64();
    case json::kind::uint64:
      return static_cast<double>(value.get_uint64());
    case json::kind::double_:
      return value.get_double();
    case json::kind::string:
      return std::string{value.get_string()};
    default:
      return std::nullopt;
  }
}

std::string value_words(const json::value& value, const Quote& quote) {
  if (const std::uint64_t* whole = value.if_uint64()) return fmt::format("{}", *whole);
  if (const std::optional<Scalar> scalar = scalar_of(value)) return scalar_words(*scalar, quote);
  if (value.is_null()) return "null";
  return value.is_array() ? "a list" : "an object";
}

std::optional<double> number_of(const Scalar& scalar) {
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&scalar)) return *number;
  return std::nullopt;
}

/// 1 and 1.0 are the same number (RFC 8259, section 6).
bool are_equal(const Scalar& a, const Scalar& b) {
  if (a.index() == b.index()) return a == b;
  const std::optional<double> left = number_of(a);
  return left && left == number_of(b);
}

std::string plain(const Scalar& scalar) {
  const auto* const text = std::get_if<std::string>(&scalar);
  return text != nullptr ? *text : scalar_words(scalar);
}

std::optional<std::string> misfit(const JsonWanted& wanted, const json::value& document, const Quote& quote) {
  const json::value* const found = wanted.path.find(document);
  if (wanted.exists == false) {
    if (found == nullptr) return std::nullopt;
    return fmt::format("{} is {}, expected to be absent", wanted.path.text(), value_words(*found, quote));
  }
  if (found == nullptr) return wanted.path.text() + " is absent";
  const std::optional<Scalar> scalar = scalar_of(*found);
  const std::optional<double> number = scalar ? number_of(*scalar) : std::nullopt;
  const auto tell = [&](const std::string& expected) {
    return fmt::format("{} is {}, expected {}", wanted.path.text(), value_words(*found, quote), expected);
  };
  if (wanted.equals && !(scalar && are_equal(*scalar, *wanted.equals))) return tell(scalar_words(*wanted.equals));
  if (wanted.matches && !(scalar && RE2::PartialMatch(*plain_text(*found), *wanted.matches))) {
    return tell("what matches " + in_quotes(wanted.matches->pattern()));
  }
  if (wanted.at_least && !(number && *number >= *wanted.at_least))
    return tell(fmt::format("at least {}", *wanted.at_least));
  if (wanted.at_most && !(number && *number <= *wanted.at_most))
    return tell(fmt::format("at most {}", *wanted.at_most));
  return std::nullopt;
}

std::optional<JsonWanted> read_one(const Table& item, Settings& settings) {
  JsonWanted wanted;
  std::optional<JsonPath> path = read_json_path(item, "path");
  wanted.equals = item.scalar("equals");
  wanted.matches = read_pattern(item, "matches");
  wanted.at_least = item.number("at_least");
  wanted.at_most = item.number("at_most");
  wanted.exists = item.boolean("exists");
  const bool compares = item.has("equals") || item.has("matches") || item.has("at_least") || item.has("at_most");
  if (!compares && !item.has("exists")) {
    item.refuse("", "the path is held to nothing", "add equals, matches, at_least, at_most or exists");
  } else if (compares && wanted.exists == false) {
    item.refuse("exists", "exists = false leaves no value to compare",
                "leave it out, or what the value is compared with");
  }
  if (wanted.at_least && wanted.at_most && *wanted.at_least > *wanted.at_most) {
    item.refuse("at_most", fmt::format("at_most = {} is below at_least = {}", *wanted.at_most, *wanted.at_least),
                "at_least is the smaller one");
  }
  if (!path) return std::nullopt;
  wanted.path = *std::move(path);
  const auto limit = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "none"; };
  settings.add(wanted.path.text()).add(wanted.equals ? scalar_words(*wanted.equals) + plain(*wanted.equals) : "any");
  settings.add(wanted.matches ? "matches " + wanted.matches->pattern() : "any");
  settings.add(limit(wanted.at_least)).add(limit(wanted.at_most));
  settings.add(!wanted.exists ? "any" : *wanted.exists ? "exists" : "absent");
  return wanted;
}

}  // namespace

std::optional<std::string> plain_text(const json::value& value) {
  if (const std::uint64_t* whole = value.if_uint64()) return fmt::format("{}", *whole);
  const std::optional<Scalar> scalar = scalar_of(value);
  return scalar ? std::optional{plain(*scalar)} : std::nullopt;
}

std::optional<JsonPath> read_json_path(const Table& table, std::string_view key) {
  const std::optional<std::string> text = table.text(key);
  if (!text) {
    if (!table.has(key)) table.refuse(key, fmt::format("{} is missing", key), "such as \"$.status\"");
    return std::nullopt;
  }
  Result<JsonPath> path = JsonPath::parse(*text);
  if (path) return *std::move(path);
  table.refuse(key, fmt::format("{} {}", key, path.error().message), "such as \"$.items[0].status\"");
  return std::nullopt;
}

std::vector<JsonWanted> read_json_wanted(const Table& table, Settings& settings) {
  std::vector<JsonWanted> all;
  for (const Table& item : table.tables("json")) {
    if (std::optional<JsonWanted> wanted = read_one(item, settings)) all.push_back(*std::move(wanted));
  }
  return all;
}

std::optional<std::string> find_misfit(const std::vector<JsonWanted>& wanted, std::string_view body,
                                       const Quote& quote) {
  if (wanted.empty()) return std::nullopt;
  json::monotonic_resource memory;
  json::error_code error;
  const json::value document = json::parse({body.data(), body.size()}, error, &memory);
  if (error) return fmt::format("the body is no JSON ({})", error.message());
  for (const JsonWanted& one : wanted) {
    if (std::optional<std::string> words = misfit(one, document, quote)) return words;
  }
  return std::nullopt;
}

}  // namespace candor::probes
