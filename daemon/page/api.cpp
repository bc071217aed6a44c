#include "daemon/page/api.h"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/page/groups.h"
#include "daemon/page/parts.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

namespace json = boost::json;

json::value instant(std::optional<Instant> at) { return at ? json::value(format_rfc3339(*at)) : json::value(nullptr); }

json::value text(std::string_view words) { return json::value(json::string_view(words.data(), words.size())); }
json::value text_or_null(std::string_view words) { return words.empty() ? json::value(nullptr) : text(words); }

std::string page_id(const PageSettings& settings) { return public_id("page", settings.url); }

json::value affected_json(const PublicUpdate& update) {
  if (update.affected.empty()) return nullptr;
  json::array list;
  for (const AffectedComponent& component : update.affected) {
    list.push_back(json::object{{"code", component.id},
                                {"name", component.name},
                                {"old_status", text(incident::to_string(component.before))},
                                {"new_status", text(incident::to_string(component.after))}});
  }
  return list;
}

json::value update_json(const PublicIncident& incident, const PublicUpdate& update) {
  return json::object{{"id", update.id},
                      {"status", text(incident::to_string(update.status))},
                      {"body", update.body},
                      {"incident_id", incident.id},
                      {"created_at", instant(update.at)},
                      {"updated_at", instant(update.at)},
                      {"display_at", instant(update.at)},
                      {"affected_components", affected_json(update)},
                      {"deliver_notifications", true},
                      {"custom_tweet", nullptr},
                      {"tweet_id", nullptr}};
}

json::object component_json(const std::string& page_id, const PublicComponent& component, std::size_t position,
                            const json::value& group_id, Instant began) {
  json::object entry{{"id", component.id},
                     {"name", component.name},
                     {"status", text(incident::to_string(component.status))},
                     {"created_at", instant(began)},
                     {"updated_at", instant(component.updated_at)},
                     {"position", position},
                     {"description", text_or_null(component.description)},
                     {"showcase", false},
                     {"start_date", nullptr},
                     {"group_id", group_id},
                     {"page_id", page_id},
                     {"group", false},
                     {"only_show_if_degraded", false}};
  // Statuspage has no status for it, so it is a member that only candord adds.
  if (component.unseen()) entry["unseen_since"] = instant(component.unseen_since);
  return entry;
}

json::object group_json(const std::string& page_id, const Group& group, std::size_t position, Instant began) {
  Instant updated = began;
  json::array members;
  for (const PublicComponent* member : group.members) {
    updated = std::max(updated, member->updated_at);
    members.push_back(text(member->id));
  }
  json::object entry{{"id", public_id("group", group.name)},
                     {"name", group.name},
                     {"status", text(incident::to_string(group.worst().status))},
                     {"created_at", instant(began)},
                     {"updated_at", instant(updated)},
                     {"position", position},
                     {"description", nullptr},
                     {"showcase", false},
                     {"start_date", nullptr},
                     {"group_id", nullptr},
                     {"page_id", page_id},
                     {"group", true},
                     {"only_show_if_degraded", false},
                     {"components", std::move(members)}};
  if (const std::optional<Instant> since = group.unseen_since()) entry["unseen_since"] = instant(since);
  return entry;
}

}  // namespace

std::string incident_json(const PageSettings& settings, const PublicIncident& incident) {
  json::array updates;
  for (auto update = incident.updates.rbegin(); update != incident.updates.rend(); ++update) {
    updates.push_back(update_json(incident, *update));
  }
  return json::serialize(json::object{{"id", incident.id},
                                      {"name", incident.title},
                                      {"status", text(incident::to_string(incident.status))},
                                      {"created_at", instant(incident.published_at)},
                                      {"updated_at", instant(incident.updated_at)},
                                      {"monitoring_at", instant(incident.monitoring_at)},
                                      {"resolved_at", instant(incident.resolved_at)},
                                      {"impact", text(incident::to_string(incident.impact))},
                                      {"shortlink", settings.url + incident_path(incident)},
                                      {"started_at", instant(incident.failing_since)},
                                      {"page_id", page_id(settings)},
                                      {"incident_updates", std::move(updates)}});
}

Api::Api(const View& view) : view_(view), page_id_(page_id(view.settings)) {
  page_ = json::serialize(json::object{{"id", page_id_},
                                       {"name", view.settings.name},
                                       {"url", view.settings.url},
                                       {"time_zone", "Etc/UTC"},
                                       {"updated_at", instant(view.updated_at)}});
  write_components();
}

void Api::write_components() {
  std::size_t position = 0;
  for (const Group& group : groups(view_)) {
    ++position;
    if (group.name.empty()) {
      const PublicComponent& only = *group.members.front();
      entries_.push_back({only.id, json::serialize(component_json(page_id_, only, position, nullptr, view_.began))});
      continue;
    }
    const std::string group_id = public_id("group", group.name);
    entries_.push_back({group_id, json::serialize(group_json(page_id_, group, position, view_.began))});
    std::size_t inner = 0;
    for (const PublicComponent* member : group.members) {
      entries_.push_back(
          {member->id, json::serialize(component_json(page_id_, *member, ++inner, text(group_id), view_.began))});
    }
  }
  for (const Entry& entry : entries_) {
    if (!list_.empty()) list_ += ',';
    list_ += entry.json;
  }
}

std::string Api::with_components(std::string_view incident_json, const PublicIncident& incident) const {
  std::string list;
  for (const AffectedComponent& named : incident.components) {
    const auto entry = std::ranges::find(entries_, named.id, &Entry::id);
    if (entry == entries_.end()) continue;  // no longer configured
    if (!list.empty()) list += ',';
    list += entry->json;
  }
  incident_json.remove_suffix(1);
  return fmt::format("{},\"components\":[{}]}}", incident_json, list);
}

std::string Api::status_json() const {
  const Indicator now = indicator(view_);
  return fmt::format(R"({{"indicator":"{}","description":"{}"}})", now.indicator, now.description);
}

std::string Api::summary(const std::vector<std::string>& unresolved) const {
  return fmt::format(R"({{"page":{},"components":[{}],"incidents":[{}],"scheduled_maintenances":[],"status":{}}})",
                     page_, list_, fmt::join(unresolved, ","), status_json());
}

std::string Api::status() const { return fmt::format(R"({{"page":{},"status":{}}})", page_, status_json()); }

std::string Api::components() const { return fmt::format(R"({{"page":{},"components":[{}]}})", page_, list_); }

std::string Api::incidents(const std::vector<std::string>& incidents) const {
  return fmt::format(R"({{"page":{},"incidents":[{}]}})", page_, fmt::join(incidents, ","));
}

std::string Api::maintenances() const { return fmt::format(R"({{"page":{},"scheduled_maintenances":[]}})", page_); }

}  // namespace candor::page
