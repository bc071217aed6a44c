#include "daemon/ctl/incidents.h"

#include <cstdio>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/ctl/answers.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;

/// Tells, and prints what became of it: JSON, or one sentence.
Exit tell(const Session& session, const std::string& method, const std::string& path, const json::object& body,
          std::string_view done) {
  const auto answer = call(session.server, method, path, json::serialize(body));
  if (!answer) return refuse(answer.error());
  const auto value = read_answer(session.server, *answer, {"id", "title"});
  if (!value) return refuse(value.error());
  if (session.json) {
    print_answer(*answer);
  } else {
    fmt::print("{} {}: {}\n", printable(text_of(*value, "id")), done, printable(text_of(*value, "title")));
  }
  return Exit::ok;
}

std::string path_of(const std::string& id, std::string_view what = {}) {
  return "/api/v1/incidents/" + in_url(id) + std::string{what};
}

TextTable incident_table(const json::array& incidents) {
  TextTable table{{"INCIDENT", "STATUS", "IMPACT", "LEAD", "OPENED (UTC)", "TITLE"}};
  for (const json::value& it : incidents) {
    table.add({text_of(it, "id"), text_of(it, "status"), text_of(it, "impact"), or_else(text_of(it, "lead"), "unowned"),
               short_time(text_of(it, "opened_at")), text_of(it, "title")});
  }
  return table;
}

void show_status(const json::value& status) {
  const json::array& incidents = list_of(status, "incidents");
  fmt::print("{}\n", incidents.empty()       ? "No incident is open."
                     : incidents.size() == 1 ? "1 incident is open."
                                             : fmt::format("{} incidents are open.", incidents.size()));
  if (!incidents.empty()) fmt::print("\n{}", incident_table(incidents).text());
  TextTable components{{"COMPONENT", "STATUS", "NAME"}};
  for (const json::value& component : list_of(status, "components")) {
    const bool seen = text_of(component, "unseen_since").empty();
    components.add(
        {text_of(component, "id"), seen ? text_of(component, "status") : "unknown", text_of(component, "name")});
  }
  if (!components.empty()) fmt::print("\n{}", components.text());
  const json::array& troubles = list_of(status, "troubles");
  if (!troubles.empty()) fmt::print("\nWrong with candord itself or with what it needs:\n");
  for (const json::value& trouble : troubles) {
    fmt::print("  {}  {}\n", short_time(text_of(trouble, "since")), printable(text_of(trouble, "what")));
  }
  std::string counts;
  if (const json::object* signals = member_of(status, "signals").if_object()) {
    for (const auto& [health, count] : *signals) {
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", json::serialize(count), std::string_view{health});
    }
  }
  fmt::print("\nSignals: {}. Sources:", counts);
  const json::array& sources = list_of(status, "sources");
  for (const json::value& source : sources) {
    fmt::print(" {} {}", printable(text_of(source, "name")),
               member_of(source, "answering") == json::value(true) ? "answers." : "is silent.");
  }
  fmt::print("{}\n", sources.empty() ? " none." : "");
}

void print_field(std::string_view name, const std::string& value) { fmt::print("{}", field_line(name, value)); }

void show_holding(const json::value& it) {
  const json::value& holding = member_of(it, "holding");
  if (holding.is_null()) return;
  const std::string stage = text_of(it, "holding_stage");
  std::string line = stage;
  if (stage == "waiting") line += ", public at " + short_time(text_of(holding, "due")) + " unless vetoed or edited";
  if (const std::string reason = text_of(holding, "reason"); !reason.empty()) line += ": " + reason;
  print_field("holding", line);
  if (stage == "waiting") print_field("", text_of(holding, "body"));
  print_field("support", text_of(holding, "support"));
}

void show_paging(const json::value& escalation) {
  if (escalation.is_null()) return;
  std::string line = text_of(escalation, "escalation");
  line += fmt::format(", round {}, step {}", json::serialize(member_of(escalation, "round")),
                      json::serialize(member_of(escalation, "step")));
  if (const std::string by = text_of(escalation, "acked_by"); !by.empty()) line += ", acked by " + by;
  if (const std::string due = text_of(escalation, "due"); !due.empty()) line += ", next step at " + short_time(due);
  if (member_of(escalation, "exhausted") == json::value(true))
    line += ", ended: nobody acked, and nobody is paged further";
  print_field("paging", line);
}

void show_whole(const json::value& it) {
  print_field("incident", text_of(it, "id"));
  print_field("title", text_of(it, "title"));
  print_field("status", text_of(it, "status"));
  print_field("impact", text_of(it, "impact"));
  print_field("rule", text_of(it, "rule"));
  print_field("lead", or_else(text_of(it, "lead"), "unowned"));
  if (const json::object* components = member_of(it, "components").if_object()) {
    for (const auto& [id, status] : *components) {
      const json::string* word = status.if_string();
      if (word != nullptr)
        print_field("component", fmt::format("{}: {}", std::string_view{id}, std::string_view{*word}));
    }
  }
  if (member_of(it, "in_human_hands") == json::value(true))
    print_field("hands", "human: only a human changes or ends it");
  show_paging(member_of(it, "escalation"));
  print_field("failing", short_time(text_of(it, "failing_since")));
  print_field("opened", short_time(text_of(it, "opened_at")));
  print_field("public", or_else(short_time(text_of(it, "published_at")), "not yet"));
  print_field("promised", short_time(text_of(it, "next_update")));
  print_field("resolved", short_time(text_of(it, "resolved_at")));
  print_field("evidence", text_of(it, "evidence"));
  print_field("playbook", text_of(member_of(it, "playbook"), "url"));
  show_holding(it);
  TextTable timeline{{"WHEN (UTC)", "WHO", "WHAT", "TEXT"}};
  for (const json::value& entry : list_of(it, "timeline")) {
    timeline.add(
        {short_time(text_of(entry, "at")), text_of(entry, "actor"), text_of(entry, "what"), text_of(entry, "text")});
  }
  fmt::print("\n{}", timeline.text());
}

void put(json::object& body, std::string_view name, const std::string& value) {
  if (!value.empty()) body[name] = value;
}

/// `id=status` words as an object; a Refusal where one is not of that form.
std::expected<json::object, Refusal> components_of(const std::vector<std::string>& words) {
  json::object components;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return std::unexpected(Refusal{
          Exit::usage, fmt::format("--component \"{}\" is not ID=STATUS, such as checkout=partial_outage", word)});
    }
    const std::string id = word.substr(0, equals);
    if (components.contains(id)) {
      return std::unexpected(
          Refusal{Exit::usage, fmt::format("--component names \"{}\" twice: give it one status", id)});
    }
    components[id] = word.substr(equals + 1);
  }
  return components;
}

std::expected<json::object, Refusal> body_of(const NewWords& words) {
  json::object body;
  put(body, "title", words.title);
  put(body, "body", words.body);
  put(body, "status", words.status);
  put(body, "impact", words.impact);
  put(body, "escalation", words.escalation);
  std::expected<json::object, Refusal> components = components_of(words.components);
  if (!components) return components;
  if (!components->empty()) body["components"] = *std::move(components);
  return body;
}

}  // namespace

Exit status(const Session& session) { return ask(session, "/api/v1/status", {"incidents", "components"}, show_status); }

std::string incident_list_text(const json::value& answer) {
  const json::array& incidents = list_of(answer, "incidents");
  if (incidents.empty()) return "No incidents.\n";
  std::string text = incident_table(incidents).text();
  if (member_of(answer, "more") == json::value(true)) {
    text += incidents.size() < most_incidents
                ? fmt::format("\nThere are more: --limit N shows up to {}\n", most_incidents)
                : fmt::format("\nThere are more than these {}, the newest\n", most_incidents);
  }
  return text;
}

Exit list_incidents(const Session& session, bool open_only, std::size_t limit) {
  if (limit == 0) limit = open_only ? most_incidents : usual_incidents;
  const std::string path = fmt::format("/api/v1/incidents?limit={}{}", limit, open_only ? "&open=true" : "");
  return ask(session, path, {"incidents"},
             [](const json::value& answer) { fmt::print("{}", incident_list_text(answer)); });
}

Exit show_incident(const Session& session, const std::string& id) {
  return ask(session, path_of(id), {"id", "timeline"}, show_whole);
}

Exit open_incident(const Session& session, const NewWords& words) {
  const auto body = body_of(words);
  return body ? tell(session, "POST", "/api/v1/incidents", *body, "opened") : refuse(body.error());
}

Exit update_incident(const Session& session, const std::string& id, const NewWords& words) {
  if (words.status == "resolved") {
    return refuse(
        {Exit::usage, fmt::format("an update does not end an incident: candorctl incident resolve {} does", id)});
  }
  const auto body = body_of(words);
  return body ? tell(session, "POST", path_of(id, "/updates"), *body, "updated") : refuse(body.error());
}

Exit resolve_incident(const Session& session, const std::string& id, const std::string& words) {
  json::object body;
  put(body, "body", words);
  return tell(session, "POST", path_of(id, "/resolve"), body, "resolved");
}

Exit edit_holding(const Session& session, const std::string& id, const std::string& title, const std::string& words) {
  json::object body{{"body", words}};
  put(body, "title", title);
  return tell(session, "PUT", path_of(id, "/holding"), body, "edited, not yet public");
}

Exit veto_incident(const Session& session, const std::string& id, const std::string& reason) {
  return tell(session, "POST", path_of(id, "/veto"), {{"reason", reason}}, "vetoed");
}

Exit take_lead(const Session& session, const std::string& id, const std::string& lead) {
  json::object body;
  put(body, "lead", lead);
  return tell(session, "POST", path_of(id, "/lead"), body, "taken over");
}

Exit ack(const Session& session, const std::string& id, const std::string& contact) {
  json::object body;
  put(body, "contact", contact);
  return tell(session, "POST", path_of(id, "/ack"), body, "acked");
}

}  // namespace candor::ctl
