#include <limits>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "daemon/ctl/import_source.h"

namespace candor::ctl {

namespace json = boost::json;

/// What Boost's parser calls as it goes: its own tree keeps no trace of a key that stands there twice.
class JsonReader {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  explicit JsonReader(const std::string& file) { root_.file_ = std::make_shared<const std::string>(file); }

  static Result<Source> read(const std::string& file, const std::string& text) {
    json::basic_parser<JsonReader> parser{json::parse_options{}, file};
    json::error_code error;
    const std::size_t parsed = parser.write_some(false, text.data(), text.size(), error);
    if (!error && parsed < text.size()) error = json::error::extra_data;
    JsonReader& reader = parser.handler();
    if (reader.values_ > most_values) return failure(fmt::format("{} holds more than {} values", file, most_values));
    if (error) return failure(fmt::format("{}: not JSON: {}", file, error.message()));
    return std::move(reader.root_);
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) { return open(Source::Kind::map, error); }
  bool on_object_end(std::size_t, json::error_code&) { return close(); }
  bool on_array_begin(json::error_code& error) { return open(Source::Kind::list, error); }
  bool on_array_end(std::size_t, json::error_code&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return append(key_, part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) { return append(key_, part); }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return append(text_, part); }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    append(text_, part);
    return add_scalar(std::exchange(text_, {}), error);
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code& error) {
    return add_scalar(fmt::format("{}", number), error);
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code& error) {
    return add_scalar(fmt::format("{}", number), error);
  }
  bool on_double(double number, json::string_view, json::error_code& error) {
    return add_scalar(fmt::format("{}", number), error);
  }
  bool on_bool(bool flag, json::error_code& error) { return add_scalar(flag ? "true" : "false", error); }
  bool on_null(json::error_code& error) { return open(Source::Kind::null, error) && close(); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  static bool append(std::string& to, json::string_view part) {
    to.append(part.data(), part.size());
    return true;
  }

  bool open(Source::Kind kind, json::error_code& error) {
    if (++values_ > most_values) {
      error = json::error::array_too_large;
      return false;
    }
    Source value = root_;
    if (!open_.empty()) {
      const Source& parent = open_.back();
      value = parent.is_map() ? parent.child(std::exchange(key_, {})) : parent.child(parent.items_.size());
    }
    value.kind_ = kind;
    open_.push_back(std::move(value));
    return true;
  }

  bool add_scalar(std::string text, json::error_code& error) {
    if (!open(Source::Kind::scalar, error)) return false;
    open_.back().text_ = std::move(text);
    return close();
  }

  bool close() {
    Source value = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Source& parent = open_.back(); parent.is_map()) {
      // JSON.parse() of JavaScript, which wrote and reads such files, takes the last one.
      if (Source* const earlier = parent.find(value.key_); earlier != nullptr) std::swap(*earlier, value);
      parent.add_member(std::move(value));
    } else {
      parent.items_.push_back(std::move(value));
    }
    return true;
  }

  Source root_;
  std::vector<Source> open_;
  std::string key_;
  std::string text_;
  std::size_t values_ = 0;
};

Result<Source> load_json(const std::string& file) {
  const Result<std::string> text = read_source_file(file);
  if (!text) return std::unexpected(text.error());
  return JsonReader::read(file, *text);
}

}  // namespace candor::ctl
