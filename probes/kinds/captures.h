#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/reader.h"
#include "probes/kinds/json_path.h"
#include "probes/kinds/settings.h"

namespace candor::probes {

/// A `capture` of a step: a value of the answer that later steps use as `{{name}}`.
struct Capture {
  struct Header {
    std::string name;
  };
  using Pattern = std::shared_ptr<const re2::RE2>;  ///< its first group, or all of the match where it has none

  std::string name;
  std::variant<JsonPath, Header, Pattern> from;
};

/// By name. They may be secret, so no sentence repeats them.
using Captured = std::map<std::string, std::string, std::less<>>;

/// Reads `capture`, a list of tables, and adds all of it to `settings`.
[[nodiscard]] std::vector<Capture> read_captures(const Table& table, Settings& settings);

/// The names that stand as `{{name}}` in a text.
[[nodiscard]] std::set<std::string> variables_in(std::string_view text);

/// What looks like a variable but is none, such as `{{Token}}`, `{{ token }}` or `{{token}`; nothing where all is well.
[[nodiscard]] std::optional<std::string> misspelled_in(std::string_view text);

enum class Fill : unsigned char { as_is, percent_encoded };

/// The text with its variables filled in; one that was not captured stays as it is.
[[nodiscard]] std::string fill(std::string_view text, const Captured& captured, Fill how);

/// From a body, or with Capture::Header from that header's value, null where there is none.
/// Errors: a sentence such as "$.token is absent".
[[nodiscard]] Result<std::string> take(const Capture& capture, std::string_view body, const std::string* header);

}  // namespace candor::probes
