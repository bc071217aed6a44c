#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/oncall/oncall.h"

namespace candor::incident {

/// Statuspage's words, in its order.
enum class Status : std::uint8_t { investigating, identified, monitoring, resolved, postmortem };
enum class Impact : std::uint8_t { none, minor, major, critical };
enum class ComponentStatus : std::uint8_t {
  operational,
  under_maintenance,
  degraded_performance,
  partial_outage,
  major_outage,
};

[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::string_view to_string(Impact impact);
[[nodiscard]] std::string_view to_string(ComponentStatus status);
[[nodiscard]] std::optional<Status> status_from(std::string_view text);
[[nodiscard]] std::optional<Impact> impact_from(std::string_view text);
[[nodiscard]] std::optional<ComponentStatus> component_status_from(std::string_view text);

/// Who did something: `rule:NAME`, `contact:NAME`, `token:NAME`, or `candor` for the daemon on its own account.
struct Actor {
  std::string name;
  bool human = false;

  friend bool operator==(const Actor&, const Actor&) = default;
};

using ComponentStatuses = std::map<std::string, ComponentStatus>;  ///< by component id

/// Words that customers read.
struct Update {
  std::string id;
  Status status = Status::investigating;
  std::string body;
  Instant at{};
  Actor actor;
  ComponentStatuses components;        ///< what the incident said of its components at that moment
  std::optional<Instant> next_update;  ///< the promise made in it

  friend bool operator==(const Update&, const Update&) = default;
};

/// The first words, on their way.
struct Holding {
  enum class Stage : std::uint8_t { none, waiting, posted, vetoed };
  Stage stage = Stage::none;
  Instant due{};  ///< when they are posted unless a responder edits or vetoes them before
  std::string title;
  std::string body;
  std::string support;  ///< what agents may tell customers
  std::string edited_by;
  std::string reason;  ///< of the veto

  friend bool operator==(const Holding&, const Holding&) = default;
};

/// One line of what happened, for responders. The journal has the whole.
struct TimelineEntry {
  Instant at{};
  std::string actor;
  std::string what;  ///< the event's token, such as `update_posted`
  std::string text;

  friend bool operator==(const TimelineEntry&, const TimelineEntry&) = default;
};

struct Playbook {
  std::string url;
  std::string reviewed;  ///< a date

  friend bool operator==(const Playbook&, const Playbook&) = default;
};

struct Incident {
  std::string id;    ///< twelve characters
  std::string rule;  ///< empty: a human opened it
  std::string title;
  Status status = Status::investigating;
  Impact impact = Impact::none;
  ComponentStatuses components;
  Actor opened_by;
  Instant opened_at{};
  Instant failing_since{};  ///< the first failing observation
  Instant updated_at{};
  std::optional<Instant> published_at;  ///< the first public words; customers see nothing of it before
  std::optional<Instant> monitoring_at;
  std::optional<Instant> resolved_at;
  std::optional<Instant> quiet_since;  ///< while it is open and its rule quiet
  Duration longest_quiet{};            ///< of its rule, before, since that last held
  std::string evidence;                ///< for responders
  std::string symptom;                 ///< for customers
  std::optional<Playbook> playbook;
  std::string lead;             ///< contact or token name; empty is the visible state `unowned`
  bool in_human_hands = false;  ///< a human spoke, decided or opened it: only a human changes or ends it
  Holding holding;
  oncall::Progress escalation;
  std::vector<std::string> owed_an_end;  ///< contacts paged in an outbreak that is over, and not told so yet
  std::optional<Instant> next_update;    ///< the standing promise
  std::vector<Update> updates;           ///< oldest first
  std::vector<TimelineEntry> timeline;   ///< oldest first

  [[nodiscard]] bool open() const { return status != Status::resolved && status != Status::postmortem; }
  friend bool operator==(const Incident&, const Incident&) = default;
};

}  // namespace candor::incident
