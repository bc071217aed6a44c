#include "daemon/admin/openapi.h"

#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/admin/limits.h"

namespace candor::admin {
namespace {

namespace json = boost::json;

struct Parameter {
  std::string_view name;
  std::string what;
  std::string schema;  ///< JSON
};

struct Operation {
  std::string_view method;
  std::string_view path;
  std::string_view id;
  std::string_view scope;  ///< empty: no token is needed
  std::string_view summary;
  std::vector<Parameter> parameters;  ///< of the query
  std::string_view body;              ///< schema of the request's body; empty: none
  unsigned status;
  std::string_view answer;  ///< schema; empty: plain text
  std::vector<unsigned> failures;
};

std::string_view meaning(unsigned status) {
  switch (status) {
    case 400:
      return "The body is not a JSON object, or the new configuration is wrong.";
    case 401:
      return "A token is missing or wrong.";
    case 403:
      return "The token's scope does not allow this.";
    case 404:
      return "There is no such thing; the text says which.";
    case 409:
      return "The incident is in a state that does not allow this.";
    case 415:
      return "The body is of another media type than application/json, or compressed.";
    case 422:
      return "Something in the request is wrong; `problems` lists everything.";
    case 429:
      return "Too many wrong tokens, or too many requests, from this address.";
    case 503:
      return "Nothing can be taken in now; the text says why.";
    default:
      return "";
  }
}

Parameter limit(std::size_t usual, std::size_t most) {
  return {"limit", "How many at most.",
          fmt::format(R"({{"type":"integer","minimum":1,"maximum":{},"default":{}}})", most, usual)};
}

std::vector<Parameter> words_of_a_job() {
  return {
      {"status", "The job's exit status; other than 0, the probe is failing.",
       fmt::format(R"({{"type":"integer","minimum":0,"maximum":{},"default":0}})", most_job_status)},
      {"message", fmt::format("What it has to say, in a line; its first {} bytes are kept.", most_job_message_bytes),
       R"({"type":"string"})"}};
}

const std::vector<Operation>& operations() {
  static const std::vector<unsigned> commanded{400, 404, 409, 415, 422, 503};
  static const std::vector<Operation> all{
      {"get", "/-/healthy", "isHealthy", "", "Whether the program runs.", {}, "", 200, "", {}},
      {"get", "/-/ready", "isReady", "", "Whether everything that comes in can be kept.", {}, "", 200, "", {503}},
      {"post",
       "/-/reload",
       "reload",
       "admin",
       "Loads the configuration anew: the whole, or nothing of it.",
       {},
       "",
       200,
       "",
       {400}},
      {"get", "/metrics", "getMetrics", "read", "The daemon's own metrics, for Prometheus.", {}, "", 200, "", {}},
      {"get", "/api/v1/openapi.json", "describeApi", "read", "This description.", {}, "", 200, "Description", {}},
      {"get", "/api/v1/status", "getStatus", "read", "The whole house at a glance.", {}, "", 200, "HouseStatus", {422}},
      {"get",
       "/api/v1/incidents",
       "listIncidents",
       "read",
       "Incidents, the newest first.",
       {{"open", "Only those that are open, or only those that have ended.", R"({"type":"boolean"})"},
        limit(usual_incidents, most_incidents)},
       "",
       200,
       "IncidentList",
       {422}},
      {"post",
       "/api/v1/incidents",
       "openIncident",
       "responder",
       "Opens an incident by hand.",
       {},
       "OpenIncident",
       201,
       "Incident",
       {400, 415, 422, 503}},
      {"get",
       "/api/v1/incidents/{id}",
       "getIncident",
       "read",
       "Everything about one incident.",
       {},
       "",
       200,
       "Incident",
       {404}},
      {"post",
       "/api/v1/incidents/{id}/updates",
       "postUpdate",
       "responder",
       "Says something to customers.",
       {},
       "PostUpdate",
       200,
       "Incident",
       commanded},
      {"post",
       "/api/v1/incidents/{id}/resolve",
       "resolveIncident",
       "responder",
       "Ends the incident.",
       {},
       "ResolveIncident",
       200,
       "Incident",
       commanded},
      {"put",
       "/api/v1/incidents/{id}/holding",
       "editHolding",
       "responder",
       "Rewrites the holding response before it is public.",
       {},
       "EditHolding",
       200,
       "Incident",
       commanded},
      {"post",
       "/api/v1/incidents/{id}/veto",
       "vetoHolding",
       "responder",
       "Keeps the holding response from becoming public.",
       {},
       "VetoHolding",
       200,
       "Incident",
       commanded},
      {"post",
       "/api/v1/incidents/{id}/ack",
       "ackPage",
       "responder",
       "Acknowledges the page: whoever does leads the incident, and nobody else is paged.",
       {},
       "AckPage",
       200,
       "Incident",
       commanded},
      {"post",
       "/api/v1/incidents/{id}/lead",
       "takeLead",
       "responder",
       "Takes or gives the lead.",
       {},
       "TakeLead",
       200,
       "Incident",
       commanded},
      {"get",
       "/api/v1/heartbeat/{probe}",
       "heartbeat",
       "responder",
       "What a job calls when it has run; `late_after` of its probe counts from here.",
       words_of_a_job(),
       "",
       200,
       "Heartbeat",
       {400, 404, 415, 422, 503}},
      {"post",
       "/api/v1/heartbeat/{probe}",
       "postHeartbeat",
       "responder",
       "The same; each of both stands in the query or in the body.",
       words_of_a_job(),
       "PostHeartbeat",
       200,
       "Heartbeat",
       {400, 404, 415, 422, 503}},
      {"get",
       "/api/v1/pages",
       "listPages",
       "read",
       "The escalations of the open incidents, the newest first.",
       {},
       "",
       200,
       "PageList",
       {422}},
      {"get",
       "/api/v1/signals",
       "listSignals",
       "read",
       "What probes and alerts say now.",
       {{"health", "Only those of this health.", R"({"$ref":"#/components/schemas/Health"})"},
        {"kind", "Only those of this kind.", R"({"$ref":"#/components/schemas/SignalKind"})"},
        {"filter", "Matchers as Alertmanager writes them; may be repeated, then all must match. At most 20 in all.",
         R"({"type":"array","items":{"type":"string"},"maxItems":20})"},
        limit(usual_signals, most_signals)},
       "",
       200,
       "SignalList",
       {422}},
      {"get",
       "/api/v1/probes",
       "listProbes",
       "read",
       "Probes and what their latest run found, in the order of their names.",
       {{"health", "Only those of this health.", R"({"$ref":"#/components/schemas/Health"})"},
        {"after", "Only those whose names come after this one: the last of a list that was cut off.",
         R"({"type":"string"})"},
        limit(usual_probes, most_probes)},
       "",
       200,
       "ProbeList",
       {422}},
      {"get",
       "/api/v1/probes/{probe}",
       "getProbe",
       "read",
       "One probe and its history, also one that is no longer configured.",
       {{"resolution", "How much time a roll-up stands for.", R"({"$ref":"#/components/schemas/Resolution"})"},
        {"from", "Roll-ups whose time ends later; without it an hour, 48 hours or 30 days before `to`.",
         R"({"type":"string","format":"date-time"})"},
        {"to", "Roll-ups whose time begins earlier; without it now.", R"({"type":"string","format":"date-time"})"}},
       "",
       200,
       "ProbeWithHistory",
       {404, 422, 503}},
      {"get",
       "/api/v1/deliveries",
       "listDeliveries",
       "read",
       "Messages that are on their way, or could not arrive.",
       {},
       "",
       200,
       "DeliveryList",
       {422}},
  };
  return all;
}

json::object reference(std::string_view schema) { return {{"$ref", fmt::format("#/components/schemas/{}", schema)}}; }

json::value text_of(std::string_view text) { return json::value(json::string_view{text.data(), text.size()}); }

json::object of_json(json::object schema) {
  return {{"application/json", json::object{{"schema", std::move(schema)}}}};
}

json::object plain_text() { return {{"text/plain", json::object{{"schema", json::object{{"type", "string"}}}}}}; }

json::array describe_parameters(const Operation& operation) {
  json::array list;
  if (operation.path.find("{id}") != std::string_view::npos) {
    list.push_back(json::object{{"name", "id"},
                                {"in", "path"},
                                {"required", true},
                                {"description", "The incident's id, twelve characters."},
                                {"schema", json::object{{"type", "string"}}}});
  }
  if (operation.path.find("{probe}") != std::string_view::npos) {
    list.push_back(json::object{{"name", "probe"},
                                {"in", "path"},
                                {"required", true},
                                {"description", "The probe's name."},
                                {"schema", json::object{{"type", "string"}}}});
  }
  for (const Parameter& parameter : operation.parameters) {
    list.push_back(json::object{{"name", text_of(parameter.name)},
                                {"in", "query"},
                                {"description", text_of(parameter.what)},
                                {"schema", json::parse({parameter.schema.data(), parameter.schema.size()})}});
  }
  return list;
}

json::object describe_responses(const Operation& operation) {
  json::object responses;
  responses[std::to_string(operation.status)] =
      json::object{{"description", operation.status == 201 ? "Opened." : "So it is."},
                   {"content", operation.answer.empty() ? plain_text() : of_json(reference(operation.answer))}};
  std::vector<unsigned> failures = operation.failures;
  if (!operation.scope.empty()) failures.insert(failures.end(), {401, 403, 429});
  for (const unsigned status : failures) {
    // The endpoints that answer in plain text do so in failure too, but for what the guard refuses.
    const bool guarded = status == 401 || status == 403 || status == 429;
    responses[std::to_string(status)] =
        json::object{{"description", text_of(meaning(status))},
                     {"content", operation.answer.empty() && !guarded ? plain_text() : of_json(reference("Error"))}};
  }
  return responses;
}

json::object describe(const Operation& operation) {
  json::object object{{"operationId", text_of(operation.id)},
                      {"summary", text_of(operation.summary)},
                      {"parameters", describe_parameters(operation)}};
  if (operation.scope.empty()) {
    object["security"] = json::array{};
  } else {
    object["x-candor-scope"] = text_of(operation.scope);
  }
  if (!operation.body.empty()) object["requestBody"] = json::object{{"content", of_json(reference(operation.body))}};
  object["responses"] = describe_responses(operation);
  return object;
}

}  // namespace

std::string describe_api() {
  json::object paths;
  for (const Operation& operation : operations()) {
    json::value& path = paths[json::string_view{operation.path.data(), operation.path.size()}];
    if (path.is_null()) path = json::object{};
    path.get_object()[json::string_view{operation.method.data(), operation.method.size()}] = describe(operation);
  }
  const std::string_view schemas = api_schemas();
  const json::object document{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "Candor"},
                            {"description", "What operators and responders ask of candord."},
                            {"version", CANDOR_VERSION}}},
      {"security", json::array{json::object{{"token", json::array{}}}}},
      {"paths", std::move(paths)},
      {"components",
       json::object{{"securitySchemes", json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
                    {"schemas", json::parse({schemas.data(), schemas.size()})}}}};
  return json::serialize(document) + "\n";
}

}  // namespace candor::admin
