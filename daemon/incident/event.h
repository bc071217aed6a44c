#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "daemon/incident/delivery.h"
#include "daemon/incident/model.h"
#include "rules/evaluator.h"
#include "rules/signal.h"

namespace candor::incident {

// What the journal records, one struct a kind of event. An event is a fact: applying it never fails and asks nothing.

/// The first event of every journal, and of each later run before it makes its first id.
struct JournalBegun {
  std::uint64_t salt = 0;  ///< of the ids that follow
};

struct SignalChanged {
  rules::Observation seen;
};
/// Its probe or source is no longer configured.
struct SignalForgotten {
  rules::SignalId signal;
};
/// A source of alerts answers again, or no more.
struct SourceChanged {
  std::string source;
  bool answering = false;
  std::string evidence;
};
/// It is no longer configured.
struct SourceForgotten {
  std::string source;
};
struct VerdictChanged {
  std::string rule;
  rules::Verdict verdict;
};
/// The rule is no longer configured.
struct RuleForgotten {
  std::string rule;
};

struct IncidentOpened {
  std::string rule;  ///< empty: by a human
  std::string title;
  Impact impact = Impact::none;
  ComponentStatuses components;
  Instant failing_since{};
  std::string evidence;
  std::string symptom;
  std::optional<Playbook> playbook;
  std::string escalation;  ///< name; empty: nobody is paged
};
/// The first words are ready, and are posted at `due` unless a responder edits or vetoes them before.
struct HoldingDrafted {
  std::string title;
  std::string body;
  std::string support;
  Instant due{};
};
struct HoldingEdited {
  std::string title;
  std::string body;
};
struct HoldingVetoed {
  std::string reason;
};
/// Public words. The first ones make the incident public.
struct UpdatePosted {
  std::string id;
  std::string body;
  bool holding = false;  ///< these are the holding response
  std::optional<Instant> next_update;
};
struct StatusChanged {
  Status status = Status::investigating;
};
struct ImpactChanged {
  Impact impact = Impact::none;
};
struct TitleChanged {
  std::string title;
};
struct ComponentStatusChanged {
  std::string component;
  ComponentStatus status = ComponentStatus::operational;
};
struct IncidentReopened {
  std::string evidence;
  std::string symptom;
  Instant failing_since{};  ///< the first failing observation of this outbreak
};
struct LeadTaken {
  std::string lead;
};

/// A step of the escalation was taken.
struct Paged {
  std::uint32_t round = 1;
  std::uint32_t step = 1;
  std::vector<std::string> contacts;
  std::optional<Instant> next;  ///< when the wait after this step runs out
  std::string escalation;       ///< whose step it is, where another than before; empty: the one it followed
};
struct PageAcked {
  std::string via;  ///< `link`, `api`, `lead`: by taking it
};
/// The last wait ran out and nobody acked, or every way to page failed.
struct EscalationExhausted {
  std::string why;
};

/// A delivery was put into the outbox, in the same transaction.
struct DeliveryQueued {
  std::string delivery;
  Delivery::Kind kind = Delivery::Kind::page;
  std::string destination;
};
struct DeliveryEnded {
  std::string delivery;
  DeliveryEnd end = DeliveryEnd::delivered;
  std::string why;  ///< of `dead` and `superseded`
};

/// The machine's clock was set. What waits for an instant waits as long as it would have.
struct ClockSet {
  Duration by{};  ///< negative: back
};

/// candord came back, or its disk did: from that instant until this event it was not there, as far as it knows, and
/// calls in between were not heard.
struct Returned {
  Instant off_since{};
};

/// A job called its heartbeat probe.
struct HeartbeatReceived {
  std::string probe;
  std::uint32_t status = 0;  ///< the job's exit status
  std::string message;
};
/// A heartbeat probe left the configuration: one of its name starts afresh.
struct HeartbeatForgotten {
  std::string probe;
};

using Change = std::variant<JournalBegun, SignalChanged, SignalForgotten, SourceChanged, SourceForgotten,
                            VerdictChanged, RuleForgotten, IncidentOpened, HoldingDrafted, HoldingEdited, HoldingVetoed,
                            UpdatePosted, StatusChanged, ImpactChanged, TitleChanged, ComponentStatusChanged,
                            IncidentReopened, LeadTaken, Paged, PageAcked, EscalationExhausted, DeliveryQueued,
                            DeliveryEnded, ClockSet, HeartbeatReceived, HeartbeatForgotten, Returned>;

/// One line of the journal.
struct Event {
  Instant at{};
  Actor actor;
  std::string incident;  ///< empty for events that belong to none
  Change change;
};

/// The event's token in the journal, in logs and in the API, such as `incident_opened`.
[[nodiscard]] std::string_view token(const Change& change);

}  // namespace candor::incident
