#include "daemon/page/view.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/signature.h"
#include "daemon/incident/event.h"
#include "daemon/page/markup.h"

namespace candor::page {
namespace {

/// The changes of an incident that customers can see.
bool is_public(std::string_view event) {
  static const std::array<std::string_view, 6> events{
      incident::token(incident::UpdatePosted{}),     incident::token(incident::StatusChanged{}),
      incident::token(incident::ImpactChanged{}),    incident::token(incident::TitleChanged{}),
      incident::token(incident::IncidentReopened{}), incident::token(incident::ComponentStatusChanged{})};
  return std::ranges::find(events, event) != events.end();
}

Instant last_public_change(const incident::Incident& it) {
  Instant last = std::max(*it.published_at, it.resolved_at.value_or(*it.published_at));
  if (!it.updates.empty()) last = std::max(last, it.updates.back().at);
  for (auto entry = it.timeline.rbegin(); entry != it.timeline.rend(); ++entry) {
    if (is_public(entry->what)) return std::max(last, entry->at);
  }
  return last;
}

/// What `said` means to customers now that the incident has `status`: its end puts everything it named right.
ComponentStatus meant(ComponentStatus said, Status status) {
  return status == Status::resolved || status == Status::postmortem ? ComponentStatus::operational : said;
}

/// Of components that are not configured customers know nothing: their ids are no names.
std::vector<AffectedComponent> affected(const incident::ComponentStatuses& said, Status status,
                                        const incident::Policy& policy, const std::vector<AffectedComponent>& before) {
  std::vector<AffectedComponent> list;
  for (const auto& [key, component_status] : said) {
    const incident::Component* const known = policy.component(key);
    if (known == nullptr) continue;
    AffectedComponent component{.id = public_id("component", key), .name = clean_text(known->name)};
    const auto earlier = std::ranges::find(before, component.id, &AffectedComponent::id);
    if (earlier != before.end()) component.before = earlier->after;
    component.after = meant(component_status, status);
    list.push_back(std::move(component));
  }
  return list;
}

PublicIncident publish(const incident::Incident& it, const incident::Policy& policy) {
  PublicIncident shown{.id = it.id,
                       .title = clean_text(it.title),
                       .status = it.status,
                       .impact = it.impact,
                       .components = {},
                       .published_at = *it.published_at,
                       .failing_since = it.failing_since == Instant{} ? it.opened_at : it.failing_since,
                       .updated_at = last_public_change(it),
                       .monitoring_at = it.monitoring_at,
                       .resolved_at = it.resolved_at,
                       .next_update = it.open() ? it.next_update : std::nullopt,
                       .missed_update = std::nullopt,
                       .led = !it.lead.empty(),
                       .updates = {}};
  std::vector<AffectedComponent> before;
  for (const incident::Update& update : it.updates) {
    before = affected(update.components, update.status, policy, before);
    shown.updates.push_back({update.id, update.status, clean_text(update.body), update.at, before});
  }
  shown.components = affected(it.components, it.status, policy, before);
  return shown;
}

PublicComponent publish(const incident::Component& configured) {
  return {.key = configured.id,
          .id = public_id("component", configured.id),
          .name = clean_text(configured.name),
          .description = clean_text(configured.description),
          .group = clean_text(configured.group)};
}

bool same_component(const PublicComponent& shown, const incident::Component& configured) {
  return shown.key == configured.id && shown.name == clean_text(configured.name) &&
         shown.description == clean_text(configured.description) && shown.group == clean_text(configured.group);
}

/// Fills view.shown; answers whether any incident differs from `previous`.
bool take_incidents(View& view, const incident::State& state, const incident::Policy& policy, const View* previous,
                    bool same_names) {
  bool changed = previous == nullptr;
  bool same_order = previous != nullptr;
  std::size_t next = 0;  // of previous->shown, which is in the order of state.incidents
  for (const auto& [id, it] : state.incidents) {
    if (!it.published_at) continue;
    while (previous != nullptr && next < previous->shown.size() && previous->shown[next].incident->id < id) {
      ++next;
      same_order = false;
    }
    const View::Shown* old = nullptr;
    if (previous != nullptr && next < previous->shown.size() && previous->shown[next].incident->id == id) {
      old = &previous->shown[next++];
    } else {
      same_order = false;
    }
    if (old != nullptr && same_names && old->touched == it.updated_at && old->events == it.timeline.size()) {
      view.shown.push_back(*old);
      continue;
    }
    PublicIncident shown = publish(it, policy);
    const bool same = old != nullptr && *old->incident == shown;
    changed |= !same;
    view.shown.push_back({same ? old->incident : std::make_shared<const PublicIncident>(std::move(shown)),
                          it.updated_at, it.timeline.size()});
  }
  if (same_order && view.shown.size() == previous->shown.size()) {
    view.newest_first = previous->newest_first;
    return changed;
  }
  std::vector<std::uint32_t> order(view.shown.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&view](std::uint32_t a, std::uint32_t b) {
    const PublicIncident& left = *view.shown[a].incident;
    const PublicIncident& right = *view.shown[b].incident;
    return left.published_at != right.published_at ? left.published_at > right.published_at : left.id > right.id;
  });
  view.newest_first = std::make_shared<const std::vector<std::uint32_t>>(std::move(order));
  return true;
}

/// `known`: the same components as they were shown before, if they were.
void take_components(View& view, const incident::State& state, const incident::Policy& policy,
                     const std::vector<PublicComponent>* known) {
  std::unordered_map<std::string_view, Instant> changes;
  view.updated_at = view.shown.empty() ? view.began : Instant::min();
  for (const View::Shown& shown : view.shown) {
    view.updated_at = std::max(view.updated_at, shown.incident->updated_at);
    view.began = std::min(view.began, shown.incident->failing_since);
    for (const AffectedComponent& component : shown.incident->components) {
      Instant& last = changes[component.id];
      last = std::max(last, shown.incident->updated_at);
    }
  }
  auto statuses = incident::component_statuses(state);
  for (std::size_t n = 0; n < policy.components.size(); ++n) {
    const incident::Component& configured = policy.components[n];
    PublicComponent component = known != nullptr ? (*known)[n] : publish(configured);
    component.status = statuses[configured.id];
    const auto change = changes.find(component.id);
    component.updated_at = change != changes.end() ? change->second : view.began;
    view.components.push_back(std::move(component));
  }
}

/// What the page says cannot be seen: everything, and each component of the view in its order.
struct Blindness {
  std::optional<Instant> everything;
  std::vector<std::optional<Instant>> components;
};

Blindness blindness(const View& view, const incident::Unseen& unseen, Instant now) {
  const auto long_enough = [&view, now](const std::optional<Instant>& since) {
    return since && now - *since >= view.settings.unseen_after ? since : std::nullopt;
  };
  Blindness said{.everything = long_enough(unseen.everything), .components = {}};
  said.components.reserve(view.components.size());
  for (const PublicComponent& component : view.components) {
    const auto found = unseen.components.find(component.key);
    said.components.push_back(found != unseen.components.end() ? long_enough(found->second) : std::nullopt);
  }
  return said;
}

void say(View& view, const Blindness& said) {
  view.unseen_since = said.everything;
  for (std::size_t n = 0; n < said.components.size(); ++n) view.components[n].unseen_since = said.components[n];
}

bool is_past(const std::optional<Instant>& promise, Instant now) { return promise && *promise < now; }

}  // namespace

std::shared_ptr<const View> make_view(const incident::State& state, const incident::Policy& policy,
                                      const incident::Unseen& unseen, const PageSettings& settings, Instant now,
                                      const std::shared_ptr<const View>& previous) {
  auto view = std::make_shared<View>();
  view->settings = settings;
  view->began = state.begun_at != Instant{} ? state.begun_at : now;
  view->shown.reserve(previous ? previous->shown.size() + 1 : state.incidents.size());
  const bool same_components = previous && std::ranges::equal(previous->components, policy.components, same_component);
  if (!take_incidents(*view, state, policy, previous.get(), same_components) && same_components) {
    view->components = previous->components;
    view->began = previous->began;
    view->updated_at = previous->updated_at;
  } else {
    take_components(*view, state, policy, same_components ? &previous->components : nullptr);
  }
  say(*view, blindness(*view, unseen, now));
  return view;
}

std::shared_ptr<const View> looked_at_again(const std::shared_ptr<const View>& view, const incident::Unseen& unseen,
                                            Instant now) {
  if (sees_alike(*view, unseen, now)) return view;
  auto again = std::make_shared<View>(*view);
  say(*again, blindness(*view, unseen, now));
  return again;
}

std::shared_ptr<const View> blinded(const View& view, Instant since) {
  auto blind = std::make_shared<View>(view);
  blind->unseen_since = std::min(since, view.unseen_since.value_or(since));
  for (PublicComponent& component : blind->components) {
    component.unseen_since = std::min(since, component.unseen_since.value_or(since));
  }
  return blind;
}

std::shared_ptr<const View> overdue(const View& view, Instant now) {
  auto late = std::make_shared<View>(view);
  for (View::Shown& shown : late->shown) {
    if (!is_past(shown.incident->next_update, now)) continue;
    auto incident = std::make_shared<PublicIncident>(*shown.incident);
    incident->missed_update = std::exchange(incident->next_update, std::nullopt);
    shown.incident = std::move(incident);
  }
  return late;
}

bool promises_the_past(const View& view, Instant now) {
  return std::ranges::any_of(view.shown,
                             [now](const View::Shown& shown) { return is_past(shown.incident->next_update, now); });
}

bool sees_alike(const View& view, const incident::Unseen& unseen, Instant now) {
  const Blindness said = blindness(view, unseen, now);
  return said.everything == view.unseen_since &&
         std::ranges::equal(said.components, view.components, {}, {}, &PublicComponent::unseen_since);
}

bool same_content(const View& a, const View& b) {
  return a.settings == b.settings && a.components == b.components && a.unseen_since == b.unseen_since &&
         std::ranges::equal(a.shown, b.shown, {}, &View::Shown::incident, &View::Shown::incident);
}

std::string public_id(std::string_view kind, std::string_view key) {
  std::string named{kind};
  named += ':';
  named += key;
  const Digest digest = sha256(named);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = (number << 8U) | digest.at(i);
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string id(12, '0');
  for (char& c : id) {
    c = digits[number % 36];
    number /= 36;
  }
  return id;
}

}  // namespace candor::page
