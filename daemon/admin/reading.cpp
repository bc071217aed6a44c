#include "daemon/admin/reading.h"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/reader.h"
#include "base/text.h"
#include "base/utf8.h"

namespace candor::admin {
namespace {

namespace json = boost::json;

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

std::string not_in_range(std::string_view name, std::string_view value, std::size_t least, std::size_t most) {
  return fmt::format("{}: {} is not a whole number from {} to {}", name, value, least, most);
}

/// Of the longest words that an incident takes, each character may be written in six.
constexpr std::size_t most_body_bytes = std::size_t{256} * 1024;
constexpr std::size_t most_told = 20;
/// Of the names that would have been right.
constexpr std::size_t most_names_told = 20;

std::string shortened(std::string_view text) { return shorten_utf8(text, 80); }

std::string listed(const std::vector<std::string>& names) {
  if (names.size() <= most_names_told) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + most_names_told, ", "),
                     names.size() - most_names_told);
}

bool is_json(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  return equal_ignoring_case(type, "application/json");
}

}  // namespace

bool Findings::full() const { return problems_.size() >= most_told; }

void Findings::add(std::string problem) {
  if (full()) {
    ++more_;
  } else {
    problems_.push_back(std::move(problem));
  }
}

void Findings::add(const Findings& others) {
  for (const std::string& problem : others.problems_) add(problem);
  more_ += others.more_;
}

void Findings::add_unknown(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  if (full()) {
    ++more_;
    return;
  }
  const std::optional<std::string> near = nearest(name, known);
  add(fmt::format("{} \"{}\" is not known ({})", what, shortened(name),
                  near            ? fmt::format("did you mean \"{}\"?", *near)
                  : known.empty() ? std::string{"none is known here"}
                                  : fmt::format("known here: {}", listed(known))));
}

http::Response Findings::response() const {
  std::vector<std::string> told = problems_;
  if (more_ > 0) told.push_back(fmt::format("and {} more", more_));
  const json::object body{{"error", fmt::format("{}", fmt::join(told, "; "))},
                          {"problems", json::array(told.begin(), told.end())}};
  return http::Response::json(422, json::serialize(body) + "\n");
}

struct Body::Impl {
  json::object object;
  std::set<std::string, std::less<>> known;
  Findings findings;

  const json::value* ask(std::string_view name) {
    known.emplace(name);
    return object.if_contains(name);
  }
};

Body::Body(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Body::~Body() = default;
Body::Body(Body&&) noexcept = default;
Body& Body::operator=(Body&&) noexcept = default;

std::expected<Body, http::Response> Body::parse(const http::Request& request) {
  auto impl = std::make_unique<Impl>();
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return Body{std::move(impl)};
  if (request.body.size() > most_body_bytes) {
    return std::unexpected(http::Response::error(
        413, fmt::format("the body has {} bytes; at most {} are taken here", request.body.size(), most_body_bytes)));
  }
  const std::string_view type = request.header("content-type");
  if (!type.empty() && !is_json(type)) {
    return std::unexpected(http::Response::error(
        415, "the body must be JSON and say so: send the header Content-Type: application/json (curl --json does)"));
  }
  json::error_code error;
  json::stream_parser parser;
  const std::size_t taken = parser.write_some(request.body, error);
  if (!error) parser.finish(error);
  if (error) {
    return std::unexpected(
        http::Response::error(400, fmt::format("the body is not JSON: {} after {} bytes", error.message(), taken)));
  }
  if (request.body.find_first_not_of(" \t\r\n", taken) != std::string::npos) {
    return std::unexpected(http::Response::error(
        400, fmt::format("the body is not JSON: something follows the value, after {} bytes", taken)));
  }
  json::value value = parser.release();
  if (!value.is_object()) {
    return std::unexpected(http::Response::error(
        400, fmt::format("the body is {}, not an object such as {{\"body\": \"…\"}}", kind_of(value))));
  }
  impl->object = std::move(value.get_object());
  return Body{std::move(impl)};
}

Findings& Body::findings() { return impl_->findings; }

std::optional<std::string> Body::text(std::string_view name) {
  const json::value* value = impl_->ask(name);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) return std::string{text->data(), text->size()};
  findings().add(fmt::format("{} is {}, not a text", name, kind_of(*value)));
  return std::nullopt;
}

std::string Body::required_text(std::string_view name) {
  const bool present = impl_->ask(name) != nullptr;
  const std::optional<std::string> value = text(name);
  if (!present) {
    findings().add(fmt::format("{} is missing", name));
  } else if (value && shows_nothing(*value)) {
    findings().add(fmt::format("{} is empty", name));
  }
  return value.value_or("");
}

std::optional<std::size_t> Body::number(std::string_view name, std::size_t most, std::size_t least) {
  const json::value* value = impl_->ask(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    findings().add(fmt::format("{} is {}, not a number", name, kind_of(*value)));
    return std::nullopt;
  }
  json::error_code error;
  const auto number = value->to_number<std::size_t>(error);
  if (!error && number >= least && number <= most) return number;
  findings().add(not_in_range(name, json::serialize(*value), least, most));
  return std::nullopt;
}

std::map<std::string, std::string> Body::texts_by_name(std::string_view name) {
  std::map<std::string, std::string> values;
  const json::value* value = impl_->ask(name);
  if (value == nullptr) return values;
  const json::object* object = value->if_object();
  if (object == nullptr) {
    findings().add(fmt::format("{} is {}, not an object", name, kind_of(*value)));
    return values;
  }
  for (const auto& [key, item] : *object) {
    const std::string_view key_text{key.data(), key.size()};
    if (const json::string* text = item.if_string()) {
      values.emplace(key_text, std::string_view{text->data(), text->size()});
    } else {
      findings().add(fmt::format("{}.{} is {}, not a text", name, shortened(key_text), kind_of(item)));
    }
  }
  return values;
}

std::optional<http::Response> Body::refusal() {
  const std::vector<std::string> known{impl_->known.begin(), impl_->known.end()};
  for (const auto& [key, value] : impl_->object) {
    const std::string_view name{key.data(), key.size()};
    if (!impl_->known.contains(name)) findings().add_unknown("field", name, known);
  }
  if (findings().empty()) return std::nullopt;
  return findings().response();
}

std::vector<std::string> Query::values(std::string_view name) {
  known_.emplace(name);
  std::vector<std::string> found;
  for (const auto& [key, value] : pairs_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

std::optional<std::string> Query::value(std::string_view name) {
  std::vector<std::string> found = values(name);
  if (found.empty()) return std::nullopt;
  if (found.size() > 1) findings_.add(fmt::format("{} is there {} times", name, found.size()));
  return std::move(found.front());
}

std::optional<bool> Query::boolean(std::string_view name) {
  static const Words<bool> words{{"true", true}, {"false", false}};
  return word(name, words);
}

std::size_t Query::number(std::string_view name, std::size_t absent, std::size_t most, std::size_t least) {
  const std::optional<std::string> text = value(name);
  if (!text) return absent;
  std::size_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc{} && stop == end && number >= least && number <= most) return number;
  findings_.add(not_in_range(name, fmt::format("\"{}\"", shortened(*text)), least, most));
  return absent;
}

std::optional<http::Response> Query::refusal() {
  const std::vector<std::string> known{known_.begin(), known_.end()};
  std::set<std::string> told;
  for (const auto& [key, value] : pairs_) {
    if (!known_.contains(key) && told.insert(key).second) findings_.add_unknown("parameter", key, known);
  }
  if (findings_.empty()) return std::nullopt;
  return findings_.response();
}

}  // namespace candor::admin
