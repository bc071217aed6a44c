#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/reader.h"
#include "probes/kinds/json_path.h"
#include "probes/kinds/settings.h"

namespace candor::probes {

/// What one value of a JSON document must be.
struct JsonWanted {
  JsonPath path;
  std::optional<std::variant<bool, std::int64_t, double, std::string>> equals;
  std::shared_ptr<const re2::RE2>
      matches;  ///< searched for in a text, or in a number, true or false as JSON writes them
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::optional<bool> exists;
};

/// Reads `json`, a list of tables, and adds all of it to `settings`.
[[nodiscard]] std::vector<JsonWanted> read_json_wanted(const Table& table, Settings& settings);

/// `path`, a JSON path; nothing where it is absent or wrong, which is recorded.
[[nodiscard]] std::optional<JsonPath> read_json_path(const Table& table, std::string_view key);

/// A text as it is, numbers (the shortest that is the same), true and false as JSON writes them; nothing for null,
/// lists and objects.
[[nodiscard]] std::optional<std::string> plain_text(const boost::json::value& value);

/// How a text of the document is put into a sentence.
using Quote = std::function<std::string(std::string_view text)>;

/// The first that does not hold: `$.status is "down", expected "ok"`. Nothing where all hold. Pure.
[[nodiscard]] std::optional<std::string> find_misfit(const std::vector<JsonWanted>& wanted, std::string_view body,
                                                     const Quote& quote);

}  // namespace candor::probes
