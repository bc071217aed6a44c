#include "probes/kinds/json_path.h"

#include <charconv>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace candor::probes {
namespace {

namespace json = boost::json;

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_in_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

/// Walks over the text of a path.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool sees(char c) const { return !at_end() && text_[at_] == c; }
  bool take(char c) {
    if (!sees(c)) return false;
    ++at_;
    return true;
  }

  /// `name` after a point.
  [[nodiscard]] std::optional<std::string> name() {
    if (at_end() || !begins_name(text_[at_])) return std::nullopt;
    const std::size_t begin = at_;
    while (!at_end() && is_in_name(text_[at_])) ++at_;
    return std::string{text_.substr(begin, at_ - begin)};
  }

  /// 'name' or "name", with \ before a quote or another \.
  [[nodiscard]] std::optional<std::string> quoted() {
    const char quote = text_[at_++];
    std::string name;
    for (; !at_end(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return name;
      }
      if (c == '\\') {
        if (++at_ == text_.size()) break;
        c = text_[at_];
        if (c != '\\' && c != '\'' && c != '"') return std::nullopt;
      }
      name += c;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::int64_t> index() {
    std::int64_t number = 0;
    const char* const end = text_.data() + text_.size();
    const auto [rest, error] = std::from_chars(text_.data() + at_, end, number);
    if (error != std::errc{}) return std::nullopt;
    at_ = static_cast<std::size_t>(rest - text_.data());
    return number;
  }

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const {
    return failure(fmt::format("is not a JSON path: {} at character {}", what, at_ + 1));
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

const json::value* item(const json::value& of, std::int64_t index) {
  const json::array* const items = of.if_array();
  if (items == nullptr) return nullptr;
  const auto size = static_cast<std::int64_t>(items->size());
  const std::int64_t place = index < 0 ? index + size : index;
  return place >= 0 && place < size ? &(*items)[static_cast<std::size_t>(place)] : nullptr;
}

const json::value* member(const json::value& of, const std::string& name) {
  const json::object* const object = of.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  Cursor cursor{text};
  JsonPath path;
  path.text_ = text;
  if (!cursor.take('$')) return cursor.wrong("no $");
  while (!cursor.at_end()) {
    if (cursor.take('.')) {
      std::optional<std::string> name = cursor.name();
      if (!name) return cursor.wrong("no name, which other than of letters, digits and _ stands in ['…'],");
      path.steps_.emplace_back(*std::move(name));
      continue;
    }
    if (!cursor.take('[')) return cursor.wrong("neither . nor [");
    if (cursor.sees('\'') || cursor.sees('"')) {
      std::optional<std::string> name = cursor.quoted();
      if (!name) return cursor.wrong("no end of the name in quotation marks");
      path.steps_.emplace_back(*std::move(name));
    } else if (const std::optional<std::int64_t> index = cursor.index()) {
      path.steps_.emplace_back(*index);
    } else {
      return cursor.wrong("neither an index nor a name in quotation marks");
    }
    if (!cursor.take(']')) return cursor.wrong("no ]");
  }
  return path;
}

const json::value* JsonPath::find(const json::value& document) const {
  const json::value* found = &document;
  for (const Step& step : steps_) {
    const auto* const name = std::get_if<std::string>(&step);
    found = name != nullptr ? member(*found, *name) : item(*found, std::get<std::int64_t>(step));
    if (found == nullptr) return nullptr;
  }
  return found;
}

}  // namespace candor::probes
