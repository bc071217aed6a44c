#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace boost::json {
class value;
}

namespace candor::probes {

/// A place in a JSON document, written in the part of JSONPath (RFC 9535) that names one value:
/// `$.items[0]['a b'].status`. An index below zero counts from the end.
class JsonPath {
 public:
  /// Errors: what is wrong, and at which character.
  [[nodiscard]] static Result<JsonPath> parse(std::string_view text);

  /// Null where the document has no such place. Valid as long as the document.
  [[nodiscard]] const boost::json::value* find(const boost::json::value& document) const;
  /// As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  using Step = std::variant<std::string, std::int64_t>;  // a member's name, or an index
  std::vector<Step> steps_;
  std::string text_;
};

}  // namespace candor::probes
