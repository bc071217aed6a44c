#include <string>

#include <fmt/format.h>

#include "daemon/admin/limits.h"
#include "daemon/admin/openapi.h"

namespace candor::admin {
namespace {

// Objects are closed (additionalProperties: false) and each of their fields is always there unless it is a request's: a
// test holds the answers to that. A later version may add fields all the same; clients ignore those they do not know.
constexpr std::string_view before_probes = R"json({
"Instant": {"type": "string", "format": "date-time", "examples": ["2026-11-23T05:44:01.250Z"]},
"InstantOrNull": {"type": ["string", "null"], "format": "date-time"},
"TextOrNull": {"type": ["string", "null"]},
"Health": {"type": "string", "enum": ["ok", "degraded", "failing", "unknown"]},
"SignalKind": {"type": "string", "enum": ["probe", "alert"]},
"Status": {"type": "string", "enum": ["investigating", "identified", "monitoring", "resolved", "postmortem"]},
"UpdateStatus": {"type": "string", "enum": ["investigating", "identified", "monitoring"]},
"Impact": {"type": "string", "enum": ["none", "minor", "major", "critical"]},
"ComponentStatus": {"type": "string", "enum": ["operational", "under_maintenance", "degraded_performance",
  "partial_outage", "major_outage"]},
"ComponentStatuses": {"type": "object", "description": "By the component's id.",
  "additionalProperties": {"$ref": "#/components/schemas/ComponentStatus"}},
"Labels": {"type": "object", "additionalProperties": {"type": "string"}},
"Description": {"type": "object", "description": "An OpenAPI document."},

"Error": {"type": "object", "additionalProperties": false, "required": ["error"], "properties": {
  "error": {"type": "string", "description": "What is wrong and what to do about it."},
  "problems": {"type": "array", "items": {"type": "string"}, "description": "Each mistake by itself, with status 422."}}},

"OpenIncident": {"type": "object", "additionalProperties": false, "required": ["title"], "properties": {
  "title": {"type": "string"},
  "body": {"type": "string", "description": "The first public words; without them only responders see the incident."},
  "impact": {"$ref": "#/components/schemas/Impact"},
  "components": {"$ref": "#/components/schemas/ComponentStatuses"},
  "escalation": {"type": "string", "description": "Whom to page; without it nobody is paged."}}},
"PostUpdate": {"type": "object", "additionalProperties": false, "required": ["body"], "properties": {
  "body": {"type": "string"},
  "status": {"$ref": "#/components/schemas/UpdateStatus"},
  "impact": {"$ref": "#/components/schemas/Impact"},
  "title": {"type": "string"},
  "components": {"$ref": "#/components/schemas/ComponentStatuses"}}},
"ResolveIncident": {"type": "object", "additionalProperties": false, "properties": {
  "body": {"type": "string", "description": "The last public words; without them a plain sentence."}}},
"EditHolding": {"type": "object", "additionalProperties": false, "required": ["body"], "properties": {
  "title": {"type": "string"},
  "body": {"type": "string"}}},
"VetoHolding": {"type": "object", "additionalProperties": false, "required": ["reason"], "properties": {
  "reason": {"type": "string", "description": "Recorded."}}},
"AckPage": {"type": "object", "additionalProperties": false, "properties": {
  "contact": {"type": "string", "description": "In whose name; without it the token's."}}},
"TakeLead": {"type": "object", "additionalProperties": false, "properties": {
  "lead": {"type": "string", "description": "A contact, or the token's own name, which it is without this."}}},

"Actor": {"type": "object", "additionalProperties": false, "required": ["name", "human"], "properties": {
  "name": {"type": "string", "description": "`rule:NAME`, `contact:NAME`, `token:NAME` or `candor`."},
  "human": {"type": "boolean"}}},
"IncidentInShort": {"type": "object", "additionalProperties": false, "required": ["id", "title", "status", "impact", "rule",
  "lead", "components", "opened_at", "updated_at", "published_at", "resolved_at", "next_update", "holding_stage",
  "in_human_hands"], "properties": {
  "id": {"type": "string"},
  "title": {"type": "string"},
  "status": {"$ref": "#/components/schemas/Status"},
  "impact": {"$ref": "#/components/schemas/Impact"},
  "rule": {"$ref": "#/components/schemas/TextOrNull"},
  "lead": {"$ref": "#/components/schemas/TextOrNull"},
  "components": {"$ref": "#/components/schemas/ComponentStatuses"},
  "opened_at": {"$ref": "#/components/schemas/Instant"},
  "updated_at": {"$ref": "#/components/schemas/Instant"},
  "published_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "resolved_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "next_update": {"$ref": "#/components/schemas/InstantOrNull"},
  "holding_stage": {"type": "string", "enum": ["none", "waiting", "posted", "vetoed"]},
  "in_human_hands": {"type": "boolean"}}},
"Incident": {"type": "object", "additionalProperties": false, "required": ["id", "title", "status", "impact", "rule", "lead",
  "components", "opened_at", "updated_at", "published_at", "resolved_at", "next_update", "holding_stage", "in_human_hands",
  "opened_by", "failing_since", "monitoring_at", "evidence", "symptom", "playbook", "holding", "escalation", "updates",
  "timeline"], "properties": {
  "id": {"type": "string"},
  "title": {"type": "string"},
  "status": {"$ref": "#/components/schemas/Status"},
  "impact": {"$ref": "#/components/schemas/Impact"},
  "rule": {"$ref": "#/components/schemas/TextOrNull"},
  "lead": {"$ref": "#/components/schemas/TextOrNull"},
  "components": {"$ref": "#/components/schemas/ComponentStatuses"},
  "opened_at": {"$ref": "#/components/schemas/Instant"},
  "updated_at": {"$ref": "#/components/schemas/Instant"},
  "published_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "resolved_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "next_update": {"$ref": "#/components/schemas/InstantOrNull"},
  "holding_stage": {"type": "string", "enum": ["none", "waiting", "posted", "vetoed"]},
  "in_human_hands": {"type": "boolean"},
  "opened_by": {"$ref": "#/components/schemas/Actor"},
  "failing_since": {"$ref": "#/components/schemas/Instant"},
  "monitoring_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "evidence": {"type": "string"},
  "symptom": {"type": "string"},
  "playbook": {"type": ["object", "null"], "additionalProperties": false, "required": ["url", "reviewed"], "properties": {
    "url": {"type": "string"}, "reviewed": {"type": "string", "format": "date"}}},
  "holding": {"type": ["object", "null"], "additionalProperties": false,
    "required": ["due", "title", "body", "support", "edited_by", "reason"], "properties": {
    "due": {"$ref": "#/components/schemas/InstantOrNull"},
    "title": {"type": "string"},
    "body": {"type": "string"},
    "support": {"type": "string"},
    "edited_by": {"$ref": "#/components/schemas/TextOrNull"},
    "reason": {"$ref": "#/components/schemas/TextOrNull"}}},
  "escalation": {"type": ["object", "null"], "additionalProperties": false, "required": ["escalation", "round", "step", "due",
    "paged", "reached", "exhausted", "acked_at", "acked_by"], "properties": {
    "escalation": {"type": "string"},
    "round": {"type": "integer"},
    "step": {"type": "integer"},
    "due": {"$ref": "#/components/schemas/InstantOrNull"},
    "paged": {"type": "array", "items": {"type": "string"}},
    "reached": {"type": "boolean"},
    "exhausted": {"type": "boolean"},
    "acked_at": {"$ref": "#/components/schemas/InstantOrNull"},
    "acked_by": {"$ref": "#/components/schemas/TextOrNull"}}},
  "updates": {"type": "array", "items": {"$ref": "#/components/schemas/Update"}},
  "timeline": {"type": "array", "items": {"$ref": "#/components/schemas/TimelineEntry"}}}},
"Update": {"type": "object", "additionalProperties": false, "required": ["id", "status", "body", "at", "actor", "components",
  "next_update"], "properties": {
  "id": {"type": "string"},
  "status": {"$ref": "#/components/schemas/Status"},
  "body": {"type": "string"},
  "at": {"$ref": "#/components/schemas/Instant"},
  "actor": {"$ref": "#/components/schemas/Actor"},
  "components": {"$ref": "#/components/schemas/ComponentStatuses"},
  "next_update": {"$ref": "#/components/schemas/InstantOrNull"}}},
"TimelineEntry": {"type": "object", "additionalProperties": false, "required": ["at", "actor", "what", "text"], "properties": {
  "at": {"$ref": "#/components/schemas/Instant"},
  "actor": {"type": "string"},
  "what": {"type": "string", "description": "The event's token, such as `update_posted`."},
  "text": {"type": "string"}}},

"IncidentList": {"type": "object", "additionalProperties": false, "required": ["incidents", "more"], "properties": {
  "incidents": {"type": "array", "items": {"$ref": "#/components/schemas/IncidentInShort"}},
  "more": {"type": "boolean", "description": "Some were left off."}}},
"PageList": {"type": "object", "additionalProperties": false, "required": ["pages"], "properties": {
  "pages": {"type": "array", "items": {"$ref": "#/components/schemas/Page"}}}},
"Page": {"type": "object", "additionalProperties": false, "required": ["incident", "title", "impact", "escalation", "round",
  "step", "due", "paged", "reached", "exhausted", "acked_at", "acked_by"], "properties": {
  "incident": {"type": "string"},
  "title": {"type": "string"},
  "impact": {"$ref": "#/components/schemas/Impact"},
  "escalation": {"type": "string"},
  "round": {"type": "integer", "description": "1 for the first time through the steps; 0 before the first step."},
  "step": {"type": "integer", "description": "1 for the first step."},
  "due": {"$ref": "#/components/schemas/InstantOrNull"},
  "paged": {"type": "array", "items": {"type": "string"}, "description": "Contacts, each once."},
  "reached": {"type": "boolean", "description": "A page of the current step has arrived."},
  "exhausted": {"type": "boolean", "description": "Everybody was paged as often as configured, or the escalation is no longer configured, and nobody acked."},
  "acked_at": {"$ref": "#/components/schemas/InstantOrNull"},
  "acked_by": {"$ref": "#/components/schemas/TextOrNull"}}},
"SignalList": {"type": "object", "additionalProperties": false, "required": ["signals", "more"], "properties": {
  "signals": {"type": "array", "items": {"$ref": "#/components/schemas/Signal"}},
  "more": {"type": "boolean", "description": "Some were left off."}}},
"Signal": {"type": "object", "additionalProperties": false, "required": ["kind", "source", "labels", "health", "since",
  "degraded_since", "failing_since", "evidence", "symptom", "alert"], "properties": {
  "kind": {"$ref": "#/components/schemas/SignalKind"},
  "source": {"type": "string"},
  "labels": {"$ref": "#/components/schemas/Labels"},
  "health": {"$ref": "#/components/schemas/Health"},
  "since": {"$ref": "#/components/schemas/Instant"},
  "degraded_since": {"$ref": "#/components/schemas/InstantOrNull"},
  "failing_since": {"$ref": "#/components/schemas/InstantOrNull"},
  "evidence": {"type": "string"},
  "symptom": {"type": "string"},
  "alert": {"type": ["object", "null"], "additionalProperties": false,
    "required": ["starts_at", "annotations", "generator_url"], "properties": {
    "starts_at": {"$ref": "#/components/schemas/Instant"},
    "annotations": {"$ref": "#/components/schemas/Labels"},
    "generator_url": {"$ref": "#/components/schemas/TextOrNull"}}}}},
"Resolution": {"type": "string", "enum": ["minute", "hour", "day"], "default": "hour"},
"ProbeList": {"type": "object", "additionalProperties": false, "required": ["probes", "more"], "properties": {
  "probes": {"type": "array", "items": {"$ref": "#/components/schemas/Probe"}},
  "more": {"type": "boolean", "description": "Some were left off."}}},
)json";

/// What is known of a probe, in lists and by itself.
constexpr std::string_view probe_fields = R"json(  "name": {"type": "string"},
  "kind": {"$ref": "#/components/schemas/TextOrNull"},
  "component": {"$ref": "#/components/schemas/TextOrNull", "description": "Its id."},
  "health": {"type": ["string", "null"], "enum": ["ok", "degraded", "failing", "unknown", null],
    "description": "After fall and rise."},
  "since": {"$ref": "#/components/schemas/InstantOrNull"},
  "runs": {"type": "integer", "description": "Since candord began, or the probe was last changed."},
  "latest": {"type": ["object", "null"], "additionalProperties": false, "required": ["health", "evidence", "symptom",
    "phases_ms", "certificates", "readings"], "properties": {
    "health": {"$ref": "#/components/schemas/Health"},
    "evidence": {"$ref": "#/components/schemas/TextOrNull"},
    "symptom": {"$ref": "#/components/schemas/TextOrNull"},
    "phases_ms": {"type": "object", "additionalProperties": {"type": "number"}},
    "certificates": {"type": "array", "items": {"type": "object", "additionalProperties": false,
      "required": ["subject", "issuer", "expires"], "properties": {
      "subject": {"type": "string"}, "issuer": {"type": "string"},
      "expires": {"$ref": "#/components/schemas/Instant"}}}},
    "readings": {"type": "array", "items": {"type": "object", "additionalProperties": false,
      "required": ["name", "value", "unit"], "properties": {
      "name": {"type": "string"}, "value": {"type": ["number", "null"]}, "unit": {"type": "string"}}}}}})json";
constexpr std::string_view probe_names = R"json("name", "kind", "component", "health", "since", "runs", "latest")json";

constexpr std::string_view after_probes =
    R"json("RollUp": {"type": "object", "additionalProperties": false, "required": ["begin", "runs", "answered",
  "p50_ms", "p90_ms", "p99_ms", "max_ms"], "properties": {
  "begin": {"$ref": "#/components/schemas/Instant"},
  "runs": {"type": "object", "additionalProperties": false, "required": ["ok", "degraded", "failing", "unknown"],
    "description": "By what they found, before fall and rise.",
    "properties": {"ok": {"type": "integer"}, "degraded": {"type": "integer"}, "failing": {"type": "integer"},
    "unknown": {"type": "integer"}}},
  "answered": {"type": "integer", "description": "Runs that got an answer: those whose time counts below."},
  "p50_ms": {"type": ["number", "null"], "description": "At most 5 % off, as are the other quantiles."},
  "p90_ms": {"type": ["number", "null"]},
  "p99_ms": {"type": ["number", "null"]},
  "max_ms": {"type": ["number", "null"], "description": "Exact."}}},
"Heartbeat": {"type": "object", "additionalProperties": false, "required": ["probe", "status"], "properties": {
  "probe": {"type": "string"},
  "status": {"type": "integer"}}},
"DeliveryList": {"type": "object", "additionalProperties": false, "required": ["deliveries"], "properties": {
  "deliveries": {"type": "array", "items": {"$ref": "#/components/schemas/Delivery"}}}},
"Delivery": {"type": "object", "additionalProperties": false, "required": ["id", "incident", "destination", "kind", "state",
  "attempts", "not_before", "last_error"], "properties": {
  "id": {"type": "string"},
  "incident": {"$ref": "#/components/schemas/TextOrNull"},
  "destination": {"type": "string"},
  "kind": {"type": "string"},
  "state": {"type": "string", "enum": ["pending", "dead"]},
  "attempts": {"type": ["integer", "null"]},
  "not_before": {"$ref": "#/components/schemas/InstantOrNull"},
  "last_error": {"$ref": "#/components/schemas/TextOrNull"}}},
"HouseStatus": {"type": "object", "additionalProperties": false, "required": ["version", "now", "ready", "not_ready",
  "incidents", "components", "troubles", "sources", "signals", "deliveries"], "properties": {
  "version": {"type": "string"},
  "now": {"$ref": "#/components/schemas/Instant"},
  "ready": {"type": "boolean"},
  "not_ready": {"$ref": "#/components/schemas/TextOrNull"},
  "incidents": {"type": "array", "items": {"$ref": "#/components/schemas/IncidentInShort"}},
  "components": {"type": "array", "items": {"type": "object", "additionalProperties": false,
    "required": ["id", "name", "group", "status", "unseen_since"], "properties": {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "group": {"$ref": "#/components/schemas/TextOrNull"},
    "status": {"$ref": "#/components/schemas/ComponentStatus"},
    "unseen_since": {"$ref": "#/components/schemas/InstantOrNull"}}}},
  "troubles": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["what", "since"],
    "properties": {"what": {"type": "string"}, "since": {"$ref": "#/components/schemas/Instant"}}}},
  "sources": {"type": "array", "items": {"type": "object", "additionalProperties": false,
    "required": ["name", "answering", "since", "evidence"], "properties": {
    "name": {"type": "string"},
    "answering": {"type": "boolean"},
    "since": {"$ref": "#/components/schemas/Instant"},
    "evidence": {"type": "string"}}}},
  "signals": {"type": "object", "additionalProperties": false, "required": ["ok", "degraded", "failing", "unknown"],
    "properties": {"ok": {"type": "integer"}, "degraded": {"type": "integer"}, "failing": {"type": "integer"},
    "unknown": {"type": "integer"}}},
  "deliveries": {"type": "object", "additionalProperties": false, "required": ["pending", "dead"], "properties": {
    "pending": {"type": "integer"}, "dead": {"type": "integer"}}}}}
})json";

std::string post_heartbeat_schema() {
  return fmt::format(
      R"json("PostHeartbeat": {{"type": "object", "additionalProperties": false, "properties": {{
  "status": {{"type": "integer", "minimum": 0, "maximum": {}, "default": 0,
    "description": "The job's exit status; other than 0, the probe is failing."}},
  "message": {{"type": "string", "description": "What it has to say, in a line; its first {} bytes are kept."}}}}}},
)json",
      most_job_status, most_job_message_bytes);
}

std::string probe_schemas() {
  const std::string names{probe_names};
  const std::string fields{probe_fields};
  return R"json("Probe": {"type": "object", "additionalProperties": false, "required": [)json" + names +
         R"json(], "properties": {
)json" + fields +
         R"json(}},
"ProbeWithHistory": {"type": "object", "additionalProperties": false, "required": [)json" +
         names + R"json(, "configured", "resolution", "from", "to", "roll_ups", "history_trouble"], "properties": {
)json" + fields +
         R"json(,
  "configured": {"type": "boolean", "description": "If not, only its history is there."},
  "resolution": {"$ref": "#/components/schemas/Resolution"},
  "from": {"$ref": "#/components/schemas/Instant"},
  "to": {"$ref": "#/components/schemas/Instant"},
  "roll_ups": {"type": "array", "items": {"$ref": "#/components/schemas/RollUp"},
    "description": "Oldest first; a time without a run has none."},
  "history_trouble": {"$ref": "#/components/schemas/TextOrNull"}}},
)json";
}

}  // namespace

std::string_view api_schemas() {
  static const std::string schemas =
      std::string{before_probes} + post_heartbeat_schema() + probe_schemas() + std::string{after_probes};
  return schemas;
}

}  // namespace candor::admin
