#include "daemon/incident/policy.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/refused_key.h"
#include "base/text.h"
#include "base/utf8.h"
#include "daemon/incident/holding.h"

namespace candor::incident {
namespace {

template <class Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

void refuse_unknown(const Table& table, std::string_view key, std::string_view noun, const std::string& name,
                    const std::vector<std::string>& known) {
  const std::optional<std::string> near = nearest(name, known);
  table.refuse(key, fmt::format("there is no {} \"{}\"", noun, name),
               near ? fmt::format("did you mean \"{}\"?", *near) : fmt::format("add a [[{}]]", noun));
}

std::string read_template(const Table& table, std::string_view key, std::string fallback) {
  const std::optional<std::string> text = table.text(key);
  if (!text) return fallback;
  if (shows_nothing(*text))
    table.refuse(key, fmt::format("{} is empty", key), "leave it out for the text that stands by default");
  if (const Result<void> checked = check_template(*text); !checked) {
    table.refuse(key, fmt::format("{}: {}", key, checked.error().message));
  }
  return *text;
}

std::optional<Playbook> read_playbook(const Table& rule) {
  const std::optional<Table> table = rule.table("playbook");
  if (!table) return std::nullopt;
  Playbook playbook{.url = table->required_text("url"), .reviewed = table->date("reviewed").value_or("")};
  if (!playbook.url.empty() && !playbook.url.starts_with("https://") && !playbook.url.starts_with("http://")) {
    table->refuse("url", fmt::format("\"{}\" is not a link", playbook.url), "begin it with https://");
  }
  return playbook;
}

/// What customers call a component or a group.
std::string read_public_name(const Table& table, std::string_view key, const std::string& fallback) {
  std::string name = table.text(key).value_or(fallback);
  if (name == fallback) return name;
  if (shows_nothing(name)) {
    table.refuse(key, fmt::format("{} shows nothing", key), "leave it out, or write what customers call it");
  } else if (name.size() > most_name_bytes) {
    table.refuse(key, fmt::format("{} is longer than {} bytes", key, most_name_bytes));
  } else if (holds_controls(name) || breaks_line(name)) {
    table.refuse(key, fmt::format("{} holds a line break or another control character", key),
                 "write it on one line, as it stands in titles");
  }
  return name;
}

}  // namespace

const Component* Policy::component(const std::string& id) const {
  const auto found = std::ranges::find(components, id, &Component::id);
  return found != components.end() ? &*found : nullptr;
}

Component read_component(const Table& table) {
  Component component;
  component.id = table.required_text("id");
  const bool plain = component.id.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == std::string::npos;
  if (!plain) table.refuse("id", fmt::format("\"{}\" is not an id", component.id), "letters, digits, - _ and .");
  if (component.id.size() > most_name_bytes) {
    table.refuse("id", fmt::format("id is longer than {} bytes", most_name_bytes));
  }
  component.name = read_public_name(table, "name", component.id);
  component.description = table.text("description").value_or("");
  component.group = read_public_name(table, "group", "");
  component.depends_on = table.texts("depends_on").value_or(std::vector<std::string>{});
  component.symptoms = table.texts("symptoms").value_or(std::vector<std::string>{});
  return component;
}

Response read_response(const Table& table, const Policy& policy) {
  constexpr Duration most = std::chrono::hours{24 * 30};
  Response response;
  response.component = table.text("component").value_or("");
  if (!response.component.empty() && policy.component(response.component) == nullptr) {
    std::vector<std::string> known;
    for (const Component& component : policy.components) known.push_back(component.id);
    refuse_unknown(table, "component", "component", response.component, known);
  }
  response.status =
      table
          .choice<ComponentStatus>("status", {{"operational", ComponentStatus::operational},
                                              {"degraded_performance", ComponentStatus::degraded_performance},
                                              {"partial_outage", ComponentStatus::partial_outage},
                                              {"major_outage", ComponentStatus::major_outage},
                                              {"under_maintenance", ComponentStatus::under_maintenance}})
          .value_or(ComponentStatus::major_outage);
  response.impact = table
                        .choice<Impact>("impact", {{"none", Impact::none},
                                                   {"minor", Impact::minor},
                                                   {"major", Impact::major},
                                                   {"critical", Impact::critical}})
                        .value_or(Impact::major);
  response.resolve_after = table.duration("resolve_after", Duration{0}, most).value_or(std::chrono::minutes{2});
  response.reopen_within = table.duration("reopen_within", Duration{0}, most).value_or(std::chrono::minutes{30});
  response.holding = table.text("holding").value_or("default");
  if (!policy.holdings.contains(response.holding)) {
    refuse_unknown(table, "holding", "holding", response.holding, names_of(policy.holdings));
  }
  response.escalation = table.text("page").value_or("");
  if (!response.escalation.empty() && !policy.oncall.escalations.contains(response.escalation)) {
    refuse_unknown(table, "page", "escalation", response.escalation, names_of(policy.oncall.escalations));
  }
  response.playbook = read_playbook(table);
  refuse_if_present(table, "group_by", "group_by is not supported by this version", "one rule, one incident");
  return response;
}

std::pair<std::string, HoldingText> read_holding(const Table& table) {
  const HoldingText usual = default_holding();
  HoldingText text;
  std::string name = table.required_text("name");
  text.after = table.duration("after", Duration{0}, std::chrono::hours{1}).value_or(usual.after);
  text.title = read_template(table, "title", usual.title);
  if (breaks_line(text.title)) {
    table.refuse("title", "title has more than one line", "the title of an incident is one line");
  }
  text.body = read_template(table, "public", usual.body);
  text.support = read_template(table, "support", usual.support);
  return {std::move(name), std::move(text)};
}

Cadence read_cadence(const std::optional<Table>& table) {
  Cadence cadence{{Impact::critical, std::chrono::minutes{15}},
                  {Impact::major, std::chrono::minutes{30}},
                  {Impact::minor, std::chrono::minutes{60}}};
  if (!table) return cadence;
  for (auto& [impact, longest] : cadence) {
    longest =
        table->duration(to_string(impact), std::chrono::seconds{10}, std::chrono::hours{24 * 7}).value_or(longest);
  }
  return cadence;
}

HoldingText default_holding() {
  return {.after = Duration{0},
          .title = "{{component}} is having problems",
          .body =
              "We are seeing {{symptom}} on {{component}} since {{since}}. We are looking into it and do not know the "
              "cause yet. Next update by {{next_update}}.",
          .support =
              "{{component}} has had {{symptom}} since {{since}}. It is on our side and it is being looked into. "
              "The status page has the next update by {{next_update}}."};
}

}  // namespace candor::incident
