#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/reader.h"
#include "daemon/incident/model.h"
#include "daemon/oncall/oncall.h"
#include "rules/rule.h"

namespace candor::incident {

/// Of a component's id and name, and of a group.
inline constexpr std::size_t most_name_bytes = 200;

/// A thing that customers know by name.
struct Component {
  std::string id;
  std::string name;
  std::string description;
  std::string group;
  std::vector<std::string> depends_on;
  std::vector<std::string> symptoms;  ///< what customers see when it is broken
};

/// What customers read that they see where neither a signal nor a component has a word for it.
inline constexpr std::string_view unnamed_symptom = "problems";

/// What follows when a rule holds.
struct Response {
  std::string component;  ///< id; empty: none is named
  ComponentStatus status = ComponentStatus::major_outage;
  Impact impact = Impact::major;
  Duration resolve_after{};  ///< quiet this long before it ends
  Duration reopen_within{};  ///< a relapse this soon after the end continues the same incident
  std::string holding;       ///< name of a HoldingText
  std::string escalation;    ///< empty: nobody is paged
  std::optional<Playbook> playbook;
};

/// The first words, as templates of mustache: {{component}}, {{symptom}}, {{since}}, {{next_update}}.
struct HoldingText {
  Duration after{};
  std::string title;
  std::string body;     ///< TOML `public`
  std::string support;  ///< what agents may tell customers
};

/// The longest silence allowed, by impact. `none` has no cadence.
using Cadence = std::map<Impact, Duration>;

/// What the engine goes by: the part of the configuration that decides about incidents.
struct Policy {
  std::vector<Component> components;          ///< in the order of the configuration
  std::vector<rules::Rule> rules;             ///< checked
  std::map<std::string, Response> responses;  ///< by rule
  std::map<std::string, HoldingText> holdings;
  Cadence cadence;
  oncall::Directory oncall;
  /// After a start no incident from before it is resolved sooner than this: time for every probe and source to speak.
  Duration restart_grace = std::chrono::seconds{30};

  [[nodiscard]] const Component* component(const std::string& id) const;
};

[[nodiscard]] Component read_component(const Table& table);
/// The parts of a `[[rule]]` that rules::read_rule() leaves. What it names must be in `policy` already.
[[nodiscard]] Response read_response(const Table& table, const Policy& policy);
/// Refuses templates that name unknown variables or skip escaping.
[[nodiscard]] std::pair<std::string, HoldingText> read_holding(const Table& table);
[[nodiscard]] Cadence read_cadence(const std::optional<Table>& table);

/// The holding text of a rule that names none.
[[nodiscard]] HoldingText default_holding();

}  // namespace candor::incident
