#include "daemon/admin/views.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace candor::admin {
namespace {

namespace json = boost::json;
using incident::Incident;

json::value shown(Instant instant) { return json::value(format_rfc3339(instant)); }
json::value shown(const std::optional<Instant>& instant) { return instant ? shown(*instant) : json::value{}; }
/// What is empty is not there.
json::value shown_or_null(const std::string& text) { return text.empty() ? json::value{} : json::value(text); }

template <class Enum>
json::value word(Enum value) {
  const std::string_view text = to_string(value);
  return json::value(json::string_view{text.data(), text.size()});
}

template <class Items, class Show>
json::array list_of(const Items& items, Show show) {
  json::array list;
  for (const auto& item : items) list.push_back(show(item));
  return list;
}

json::value text_value(const std::string& text) { return json::value(text); }

std::string finished(const json::object& object) { return json::serialize(object) + "\n"; }

json::object show_components(const incident::ComponentStatuses& components) {
  json::object object;
  for (const auto& [id, status] : components) object[id] = word(status);
  return object;
}

json::object show_labels(const Labels& labels) {
  json::object object;
  for (const auto& [name, value] : labels) object[name] = value;
  return object;
}

std::string_view stage_word(incident::Holding::Stage stage) {
  static constexpr std::array<std::string_view, 4> words{"none", "waiting", "posted", "vetoed"};
  return words.at(static_cast<std::size_t>(stage));
}

/// What lists show of an incident.
json::object show_in_short(const Incident& it) {
  const std::string_view stage = stage_word(it.holding.stage);
  return {{"id", it.id},
          {"title", it.title},
          {"status", word(it.status)},
          {"impact", word(it.impact)},
          {"rule", shown_or_null(it.rule)},
          {"lead", shown_or_null(it.lead)},
          {"components", show_components(it.components)},
          {"opened_at", shown(it.opened_at)},
          {"updated_at", shown(it.updated_at)},
          {"published_at", shown(it.published_at)},
          {"resolved_at", shown(it.resolved_at)},
          {"next_update", shown(it.next_update)},
          {"holding_stage", json::string_view{stage.data(), stage.size()}},
          {"in_human_hands", it.in_human_hands}};
}

json::object show_actor(const incident::Actor& actor) { return {{"name", actor.name}, {"human", actor.human}}; }

json::value show_holding(const incident::Holding& holding) {
  using Stage = incident::Holding::Stage;
  if (holding.stage == Stage::none) return {};
  return json::object{{"due", holding.stage == Stage::waiting ? shown(holding.due) : json::value{}},
                      {"title", holding.title},
                      {"body", holding.body},
                      {"support", holding.support},
                      {"edited_by", shown_or_null(holding.edited_by)},
                      {"reason", shown_or_null(holding.reason)}};
}

json::object show_progress(const oncall::Progress& progress) {
  return {{"escalation", progress.escalation},
          {"round", progress.round},
          {"step", progress.step},
          {"due", shown(progress.due)},
          {"paged", list_of(progress.paged, text_value)},
          {"reached", progress.reached},
          {"exhausted", progress.exhausted},
          {"acked_at", shown(progress.acked_at)},
          {"acked_by", shown_or_null(progress.acked_by)}};
}

json::object show_update(const incident::Update& update) {
  return {{"id", update.id},
          {"status", word(update.status)},
          {"body", update.body},
          {"at", shown(update.at)},
          {"actor", show_actor(update.actor)},
          {"components", show_components(update.components)},
          {"next_update", shown(update.next_update)}};
}

json::object show_entry(const incident::TimelineEntry& entry) {
  return {{"at", shown(entry.at)}, {"actor", entry.actor}, {"what", entry.what}, {"text", entry.text}};
}

json::object show_delivery(const DeliveryStatus& delivery) {
  return {{"id", delivery.id},
          {"incident", shown_or_null(delivery.incident)},
          {"destination", delivery.destination},
          {"kind", delivery.kind},
          {"state", delivery.dead ? "dead" : "pending"},
          {"attempts", delivery.dead ? json::value{} : json::value(delivery.attempts)},
          {"not_before", delivery.dead ? json::value{} : shown(delivery.not_before)},
          {"last_error", shown_or_null(delivery.last_error)}};
}

json::object show_signal(const SignalEntry& entry) {
  const auto& [id, signal] = entry;
  json::value alert;
  if (signal.alert) {
    alert = json::object{{"starts_at", shown(signal.alert->starts_at)},
                         {"annotations", show_labels(signal.alert->annotations)},
                         {"generator_url", shown_or_null(signal.alert->generator_url)}};
  }
  return {{"kind", word(id.kind)},
          {"source", id.source},
          {"labels", show_labels(id.labels)},
          {"health", word(signal.health)},
          {"since", shown(signal.since)},
          {"degraded_since", shown(signal.degraded_since)},
          {"failing_since", shown(signal.failing_since)},
          {"evidence", signal.evidence},
          {"symptom", signal.symptom},
          {"alert", std::move(alert)}};
}

json::object count_signals(const rules::Signals& signals) {
  std::array<std::uint64_t, 4> counts{};
  for (const auto& [id, signal] : signals) ++counts.at(static_cast<std::size_t>(signal.health));
  json::object object;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    object[std::string{to_string(static_cast<rules::Health>(i))}] = counts.at(i);
  }
  return object;
}

json::object count_deliveries(const std::vector<DeliveryStatus>& deliveries) {
  const auto dead = static_cast<std::uint64_t>(std::ranges::count_if(deliveries, &DeliveryStatus::dead));
  return {{"pending", deliveries.size() - dead}, {"dead", dead}};
}

json::array open_incidents(const incident::State& state) {
  std::vector<const Incident*> open;
  for (const std::string& id : state.open) {
    if (const auto found = state.incidents.find(id); found != state.incidents.end()) open.push_back(&found->second);
  }
  std::ranges::sort(open, std::greater{}, [](const Incident* it) { return std::pair{it->opened_at, it->id}; });
  return list_of(open, [](const Incident* it) { return show_in_short(*it); });
}

json::array show_house_components(const Operations& operations) {
  const incident::State& state = operations.state();
  const std::map<std::string, Instant> unseen = operations.unseen();
  auto statuses = component_statuses(state);
  return list_of(operations.policy().components, [&](const incident::Component& component) {
    const auto hidden = unseen.find(component.id);
    return json::object{{"id", component.id},
                        {"name", component.name},
                        {"group", shown_or_null(component.group)},
                        {"status", word(statuses[component.id])},
                        {"unseen_since", shown(hidden != unseen.end() ? std::optional{hidden->second} : std::nullopt)}};
  });
}

}  // namespace

std::string view_status(const Operations& operations) {
  const incident::State& state = operations.state();
  const std::string not_ready = operations.not_ready();
  return finished({{"version", CANDOR_VERSION},
                   {"now", shown(operations.now())},
                   {"ready", not_ready.empty()},
                   {"not_ready", shown_or_null(not_ready)},
                   {"incidents", open_incidents(state)},
                   {"components", show_house_components(operations)},
                   {"troubles", list_of(operations.troubles(),
                                        [](const Trouble& trouble) {
                                          return json::object{{"what", trouble.what}, {"since", shown(trouble.since)}};
                                        })},
                   {"sources", list_of(state.sources,
                                       [&operations](const auto& entry) {
                                         return json::object{{"name", entry.first},
                                                             {"answering", entry.second.answers()},
                                                             {"since", shown(entry.second.since_when())},
                                                             {"evidence", operations.evidence(entry.first)}};
                                       })},
                   {"signals", count_signals(state.signals)},
                   {"deliveries", count_deliveries(operations.deliveries())}});
}

std::string view_incident(const Incident& it) {
  json::object object = show_in_short(it);
  object["opened_by"] = show_actor(it.opened_by);
  object["failing_since"] = shown(it.failing_since);
  object["monitoring_at"] = shown(it.monitoring_at);
  object["evidence"] = it.evidence;
  object["symptom"] = it.symptom;
  object["playbook"] = nullptr;
  if (it.playbook) object["playbook"] = json::object{{"url", it.playbook->url}, {"reviewed", it.playbook->reviewed}};
  object["holding"] = show_holding(it.holding);
  object["escalation"] = nullptr;
  if (!it.escalation.escalation.empty()) object["escalation"] = show_progress(it.escalation);
  object["updates"] = list_of(it.updates, show_update);
  object["timeline"] = list_of(it.timeline, show_entry);
  return finished(object);
}

std::string view_incidents(const std::vector<const Incident*>& incidents, bool more) {
  return finished(
      {{"incidents", list_of(incidents, [](const Incident* it) { return show_in_short(*it); })}, {"more", more}});
}

std::string view_pages(const std::vector<const Incident*>& incidents) {
  return finished({{"pages", list_of(incidents, [](const Incident* it) {
                      json::object page{{"incident", it->id}, {"title", it->title}, {"impact", word(it->impact)}};
                      for (const auto& field : show_progress(it->escalation)) page.insert(field);
                      return page;
                    })}});
}

std::string view_signals(const std::vector<const SignalEntry*>& signals, bool more) {
  return finished(
      {{"signals", list_of(signals, [](const SignalEntry* entry) { return show_signal(*entry); })}, {"more", more}});
}

std::string view_deliveries(const std::vector<DeliveryStatus>& deliveries) {
  return finished({{"deliveries", list_of(deliveries, show_delivery)}});
}

}  // namespace candor::admin
