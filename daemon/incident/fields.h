#pragma once

#include <concepts>
#include <type_traits>

#include "daemon/incident/event.h"
#include "daemon/incident/state.h"

namespace candor::incident {

template <class T, class U>
concept Like = std::same_as<std::remove_cvref_t<T>, U>;

// The journalled fields of each struct, said once: describe(archive, value) calls archive(name, member) for each. Names
// are the journal's format: one that was written once keeps its meaning.

void describe(auto& field, Like<Actor> auto& v) {
  field("name", v.name);
  field("human", v.human);
}

void describe(auto& field, Like<Playbook> auto& v) {
  field("url", v.url);
  field("reviewed", v.reviewed);
}
void describe(auto& field, Like<rules::SignalId> auto& v) {
  field("kind", v.kind);
  field("source", v.source);
  field("labels", v.labels);
}
void describe(auto& field, Like<rules::AlertDetails> auto& v) {
  field("starts_at", v.starts_at);
  field("annotations", v.annotations);
  field("generator_url", v.generator_url);
  field("ends_at", v.ends_at);
  field("began_again", v.began_again);
}
void describe(auto& field, Like<rules::Observation> auto& v) {
  field("id", v.id);
  field("health", v.health);
  field("evidence", v.evidence);
  field("symptom", v.symptom);
  field("alert", v.alert);
}
void describe(auto& field, Like<rules::Signal> auto& v) {
  field("health", v.health);
  field("since", v.since);
  field("degraded_since", v.degraded_since);
  field("failing_since", v.failing_since);
  field("evidence", v.evidence);
  field("symptom", v.symptom);
  field("alert", v.alert);
}
void describe(auto& field, Like<rules::Verdict> auto& v) {
  field("finding", v.finding);
  field("since", v.since);
  field("held_since", v.held_since);
  field("failing_since", v.failing_since);
  field("evidence", v.evidence);
  field("symptom", v.symptom);
}
void describe(auto& field, Like<oncall::Progress> auto& v) {
  field("escalation", v.escalation);
  field("round", v.round);
  field("step", v.step);
  field("due", v.due);
  field("paged", v.paged);
  field("acked_at", v.acked_at);
  field("acked_by", v.acked_by);
  field("exhausted", v.exhausted);
  field("reached", v.reached);
}
void describe(auto& field, Like<Update> auto& v) {
  field("id", v.id);
  field("status", v.status);
  field("body", v.body);
  field("at", v.at);
  field("actor", v.actor);
  field("components", v.components);
  field("next_update", v.next_update);
}
void describe(auto& field, Like<Holding> auto& v) {
  field("stage", v.stage);
  field("due", v.due);
  field("title", v.title);
  field("body", v.body);
  field("support", v.support);
  field("edited_by", v.edited_by);
  field("reason", v.reason);
}
void describe(auto& field, Like<TimelineEntry> auto& v) {
  field("at", v.at);
  field("actor", v.actor);
  field("what", v.what);
  field("text", v.text);
}
void describe(auto& field, Like<Incident> auto& v) {
  field("id", v.id);
  field("rule", v.rule);
  field("title", v.title);
  field("status", v.status);
  field("impact", v.impact);
  field("components", v.components);
  field("opened_by", v.opened_by);
  field("opened_at", v.opened_at);
  field("failing_since", v.failing_since);
  field("updated_at", v.updated_at);
  field("published_at", v.published_at);
  field("monitoring_at", v.monitoring_at);
  field("resolved_at", v.resolved_at);
  field("quiet_since", v.quiet_since);
  field("longest_quiet", v.longest_quiet);
  field("evidence", v.evidence);
  field("symptom", v.symptom);
  field("playbook", v.playbook);
  field("lead", v.lead);
  field("in_human_hands", v.in_human_hands);
  field("holding", v.holding);
  field("escalation", v.escalation);
  field("owed_an_end", v.owed_an_end);
  field("next_update", v.next_update);
  field("updates", v.updates);
  field("timeline", v.timeline);
}
void describe(auto& field, Like<rules::Absence> auto& v) {
  field("from", v.from);
  field("back", v.back);
}
void describe(auto& field, Like<SourceState> auto& v) {
  field("answering", v.answering);
  field("since", v.since);
  field("evidence", v.evidence);
  field("unheard", v.unheard);
}
void describe(auto& field, Like<PendingDelivery> auto& v) {
  field("incident", v.incident);
  field("kind", v.kind);
  field("destination", v.destination);
}
void describe(auto& field, Like<DeadDelivery> auto& v) {
  field("id", v.id);
  field("incident", v.incident);
  field("kind", v.kind);
  field("destination", v.destination);
  field("why", v.why);
  field("at", v.at);
}
void describe(auto& field, Like<Message> auto& v) {
  field("title", v.title);
  field("status", v.status);
  field("impact", v.impact);
  field("rule", v.rule);
  field("components", v.components);
  field("evidence", v.evidence);
  field("lead", v.lead);
  field("opened_at", v.opened_at);
  field("playbook", v.playbook);
  field("incident_path", v.incident_path);
  field("round", v.round);
  field("step", v.step);
}
void describe(auto& field, Like<Delivery> auto& v) {
  field("id", v.id);
  field("kind", v.kind);
  field("destination", v.destination);
  field("incident", v.incident);
  field("at", v.at);
  field("outbreak", v.outbreak);
  field("message", v.message);
}
void describe(auto& field, Like<Heartbeat> auto& v) {
  field("at", v.at);
  field("status", v.status);
  field("message", v.message);
}
void describe(auto& field, Like<Absence> auto& v) {
  field("from", v.from);
  field("back", v.back);
  field("until", v.until);
}
void describe(auto& field, Like<Held> auto& v) {
  field("since", v.since);
  field("until", v.until);
}
void describe(auto& field, Like<State> auto& v) {
  field("salt", v.salt);
  field("begun_at", v.begun_at);
  field("last_at", v.last_at);
  field("ids_made", v.ids_made);
  field("signals", v.signals);
  field("verdicts", v.verdicts);
  field("sources", v.sources);
  field("incidents", v.incidents);
  field("pending", v.pending);
  field("dead", v.dead);
  field("latest_by_rule", v.latest_by_rule);
  field("open", v.open);
  field("holding_rules", v.holding_rules);
  field("explains_until", v.explains_until);
  field("heartbeats", v.heartbeats);
  field("absences", v.absences);
  field("held_since", v.held_since);
  field("held_before", v.held_before);
}

void describe(auto& field, Like<JournalBegun> auto& v) { field("salt", v.salt); }
void describe(auto& field, Like<SignalChanged> auto& v) { describe(field, v.seen); }
void describe(auto& field, Like<SignalForgotten> auto& v) { describe(field, v.signal); }
void describe(auto& field, Like<SourceChanged> auto& v) {
  field("source", v.source);
  field("answering", v.answering);
  field("evidence", v.evidence);
}
void describe(auto& field, Like<SourceForgotten> auto& v) { field("source", v.source); }
void describe(auto& field, Like<VerdictChanged> auto& v) {
  field("rule", v.rule);
  describe(field, v.verdict);
}
void describe(auto& field, Like<RuleForgotten> auto& v) { field("rule", v.rule); }
void describe(auto& field, Like<IncidentOpened> auto& v) {
  field("rule", v.rule);
  field("title", v.title);
  field("impact", v.impact);
  field("components", v.components);
  field("failing_since", v.failing_since);
  field("evidence", v.evidence);
  field("symptom", v.symptom);
  field("playbook", v.playbook);
  field("escalation", v.escalation);
}
void describe(auto& field, Like<HoldingDrafted> auto& v) {
  field("title", v.title);
  field("body", v.body);
  field("support", v.support);
  field("due", v.due);
}
void describe(auto& field, Like<HoldingEdited> auto& v) {
  field("title", v.title);
  field("body", v.body);
}
void describe(auto& field, Like<HoldingVetoed> auto& v) { field("reason", v.reason); }
void describe(auto& field, Like<UpdatePosted> auto& v) {
  field("id", v.id);
  field("body", v.body);
  field("holding", v.holding);
  field("next_update", v.next_update);
}
void describe(auto& field, Like<StatusChanged> auto& v) { field("status", v.status); }
void describe(auto& field, Like<ImpactChanged> auto& v) { field("impact", v.impact); }
void describe(auto& field, Like<TitleChanged> auto& v) { field("title", v.title); }
void describe(auto& field, Like<ComponentStatusChanged> auto& v) {
  field("component", v.component);
  field("status", v.status);
}
void describe(auto& field, Like<IncidentReopened> auto& v) {
  field("evidence", v.evidence);
  field("symptom", v.symptom);
  field("failing_since", v.failing_since);
}
void describe(auto& field, Like<LeadTaken> auto& v) { field("lead", v.lead); }
void describe(auto& field, Like<Paged> auto& v) {
  field("round", v.round);
  field("step", v.step);
  field("contacts", v.contacts);
  field("next", v.next);
  field("escalation", v.escalation);
}
void describe(auto& field, Like<PageAcked> auto& v) { field("via", v.via); }
void describe(auto& field, Like<EscalationExhausted> auto& v) { field("why", v.why); }
void describe(auto& field, Like<DeliveryQueued> auto& v) {
  field("delivery", v.delivery);
  field("kind", v.kind);
  field("destination", v.destination);
}
void describe(auto& field, Like<DeliveryEnded> auto& v) {
  field("delivery", v.delivery);
  field("end", v.end);
  field("why", v.why);
}
void describe(auto& field, Like<ClockSet> auto& v) { field("by_ms", v.by); }
void describe(auto& field, Like<Returned> auto& v) { field("off_since", v.off_since); }
void describe(auto& field, Like<HeartbeatReceived> auto& v) {
  field("probe", v.probe);
  field("status", v.status);
  field("message", v.message);
}
void describe(auto& field, Like<HeartbeatForgotten> auto& v) { field("probe", v.probe); }

}  // namespace candor::incident
