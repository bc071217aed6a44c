#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

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

  explicit JsonReader(Source root) : root_(std::move(root)), inside_(root_.line_ > 0) {}

  static Result<Source> read(const std::string& file, const std::string& text) {
    Source root;
    root.file_ = std::make_shared<const std::string>(file);
    return read(std::move(root), text);
  }

  static bool unfold(Source& text) {
    Source root = text;
    root.text_.clear();
    Result<Source> inside = read(std::move(root), text.text_);
    if (inside) text = *std::move(inside);
    return inside.has_value();
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
  static Result<Source> read(Source root, std::string_view text) {
    const std::string file = *root.file_;
    json::basic_parser<JsonReader> parser{json::parse_options{}, std::move(root)};
    JsonReader& reader = parser.handler();
    json::error_code error;
    // Line by line, so that the reader knows where a value stands: nothing in JSON but white space goes over its end.
    for (std::string_view rest = text; !error && !rest.empty();) {
      const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
      const std::size_t parsed = parser.write_some(true, line.data(), line.size(), error);
      if (!error && parsed < line.size()) error = json::error::extra_data;
      rest.remove_prefix(line.size());
      if (!error && line.ends_with('\n')) ++reader.line_;
    }
    if (!error) parser.write_some(false, nullptr, 0, error);
    if (reader.values_ > most_values) return failure(fmt::format("{} holds more than {} values", file, most_values));
    if (error) return failure(fmt::format("{}:{}: not JSON: {}", file, reader.line_, error.message()));
    return std::move(reader.root_);
  }

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
    value.line_ = inside_ ? root_.line_ : line_;
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
      if (Source* const earlier = parent.find(value.key_); earlier != nullptr) {
        std::swap(*earlier, value);
        value.drop("this key stands there twice; the last one counts");
      }
      parent.add_member(std::move(value));
    } else {
      parent.items_.push_back(std::move(value));
    }
    return true;
  }

  Source root_;
  bool inside_;   ///< a text in a file: all that it says stands in the line of the text
  int line_ = 1;  ///< as far as it was read
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

bool unfold_json(Source& text) { return text.kind() == Source::Kind::scalar && JsonReader::unfold(text); }

}  // namespace candor::ctl
