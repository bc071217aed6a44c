#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/reader.h"
#include "rules/matcher.h"
#include "rules/signal.h"

namespace candor::rules {

/// At least so many of the signals that a leaf matches.
struct Quorum {
  std::uint32_t count = 1;
  bool percent = false;  ///< `count` is a percentage of the matching signals, rounded up, at least one
};

/// Holds while at least `at_least` of the matching signals have been this bad for `hold`. `degraded` counts `failing`
/// signals too; `ok` and `unknown` count only their own.
struct SignalLeaf {
  SignalKind kind = SignalKind::probe;
  Matchers matchers;
  Health health = Health::failing;
  Quorum at_least;
  Duration hold{};  ///< TOML `for`
};

/// Holds while the other rule has held (explained or not) for `hold`. As with signals, silence in between does not
/// restart it: only a quiet rule begins anew.
struct RuleLeaf {
  std::string rule;
  Duration hold{};
  Position at{};  ///< where the name stands
};

struct Condition;

struct Group {
  enum class Kind : std::uint8_t { all, any, negation };
  Kind kind = Kind::all;
  std::vector<Condition> parts;  ///< one for a negation, at least one otherwise
};

/// Nested as it stands in the configuration.
struct Condition {
  std::variant<SignalLeaf, RuleLeaf, Group> node;
};

/// The condition of one `[[rule]]`; what follows when it holds is the incident room's to read from the same table.
struct Rule {
  std::string name;
  Position at;
  Condition when;
  std::optional<Condition> unless;
};

/// Reads `name`, `when` and `unless` of a `[[rule]]`. Problems are recorded in the table's document; the rule is then
/// not complete and must not be used.
[[nodiscard]] Rule read_rule(const Table& table);

/// Checks what only all rules together show: names twice, unknown ones in `rule` leaves (nearest name as hint),
/// circles.
void check_rules(const std::vector<Rule>& rules, Problems& problems);

}  // namespace candor::rules
