#include "daemon/incident/turn.h"

#include <fmt/format.h>

#include "base/id.h"

namespace candor::incident {
namespace {

/// Edited words promise what they did when they were due, unless they waited so much longer.
constexpr Duration overdue = std::chrono::minutes{1};

}  // namespace

void Turn::emit(Actor actor, std::string incident, Change change) {
  decision_.events.push_back({now_, std::move(actor), std::move(incident), std::move(change)});
  apply(state_, decision_.events.back());
}

std::string Turn::next_id() {
  if (state_.salt != salt_) emit(candor_itself, "", JournalBegun{salt_});
  return make_id(salt_, state_.ids_made);
}

const Response* Turn::response(const Incident& incident) const {
  const auto found = policy_.responses.find(incident.rule);
  return found != policy_.responses.end() ? &found->second : nullptr;
}

std::optional<Instant> Turn::promise(const Incident& incident, Instant at) const {
  if (!incident.open()) return std::nullopt;
  const auto longest = policy_.cadence.find(incident.impact == Impact::none ? Impact::minor : incident.impact);
  if (longest == policy_.cadence.end()) return std::nullopt;
  // Customers read the minute, and are not to wait beyond its begin.
  const Instant told = std::chrono::floor<std::chrono::minutes>(at + longest->second);
  return told > at ? told : at + longest->second;
}

std::vector<const Component*> Turn::affected(const Incident& incident) const {
  std::vector<const Component*> configured;
  std::vector<const Component*> wrong;
  for (const auto& [id, status] : incident.components) {
    const Component* const component = policy_.component(id);
    if (component == nullptr) continue;
    configured.push_back(component);
    if (status != ComponentStatus::operational) wrong.push_back(component);
  }
  return wrong.empty() ? configured : wrong;
}

Facts Turn::facts(const Incident& incident, Instant next_update) const {
  Facts facts;
  for (const Component* component : affected(incident)) {
    facts.component += (facts.component.empty() ? "" : ", ") + component->name;
    if (facts.symptom.empty() && !component->symptoms.empty()) facts.symptom = component->symptoms.front();
  }
  if (facts.component.empty()) facts.component = "our service";
  if (!incident.symptom.empty()) facts.symptom = incident.symptom;
  if (facts.symptom.empty()) facts.symptom = unnamed_symptom;
  facts.since = say_when(incident.failing_since, now_);
  facts.next_update = say_when(next_update, now_);
  return facts;
}

std::string Turn::open(Actor actor, IncidentOpened opened) {
  std::string id = next_id();
  emit(std::move(actor), id, std::move(opened));
  return id;
}

void Turn::post(const std::string& id, const Actor& actor, std::string body) {
  emit(actor, id, UpdatePosted{next_id(), std::move(body), false, promise(incident(id), now_)});
}

std::string Turn::title(const HoldingText& text, const Incident& told) const {
  return templates_.fill(text.title, facts(told, promise(told, now_ + text.after).value_or(now_)));
}

void Turn::retitle(const std::string& id, std::string title) {
  if (title != incident(id).title) emit(rule_actor(incident(id)), id, TitleChanged{std::move(title)});
}

void Turn::draft_holding(const std::string& id, const Actor& actor, const HoldingText& text) {
  const Instant due = now_ + text.after;
  const Facts known = facts(incident(id), promise(incident(id), due).value_or(due));
  emit(
      actor, id,
      HoldingDrafted{incident(id).title, templates_.fill(text.body, known), templates_.fill(text.support, known), due});
  if (due <= now_) post_holding(id);
}

/// Unless somebody wrote them, or they would be the same.
void Turn::draft_anew(const std::string& id, Instant due) {
  const Incident& it = incident(id);
  const Response* const answer = response(it);
  if (answer == nullptr || !it.holding.edited_by.empty()) return;
  const HoldingText& text = policy_.holdings.at(answer->holding);
  const Facts known = facts(it, promise(it, due).value_or(due));
  HoldingDrafted drafted{templates_.fill(text.title, known), templates_.fill(text.body, known),
                         templates_.fill(text.support, known), due};
  const Holding& now = it.holding;
  if (drafted.title == now.title && drafted.body == now.body && drafted.support == now.support) return;
  emit(rule_actor(it), id, std::move(drafted));
}

void Turn::follow_policy(const std::string& id) {
  follow_rule(id);
  const Incident& it = incident(id);
  if (it.holding.stage == Holding::Stage::waiting && it.holding.due > now_) draft_anew(id, it.holding.due);
  begin_paging(id);
  go_on_paging(id);
}

void Turn::post_holding(const std::string& id) {
  const Instant due = incident(id).holding.due;
  draft_anew(id, now_);  // what waited may promise what is past
  const Holding holding = incident(id).holding;
  // Edited words are the words of whoever edited them, and put the incident in his hands like any others.
  const Actor actor = holding.edited_by.empty() ? rule_actor(incident(id)) : Actor{holding.edited_by, true};
  if (!holding.title.empty() && holding.title != incident(id).title) emit(actor, id, TitleChanged{holding.title});
  const bool keeps_its_promise = !holding.edited_by.empty() && now_ - due < overdue;
  emit(actor, id,
       UpdatePosted{next_id(), holding.body, true,
                    promise(incident(id), keeps_its_promise ? std::min(due, now_) : now_)});
}

void Turn::resolve(const std::string& id, const Actor& actor, std::string body) {
  const bool published = incident(id).published_at.has_value();
  emit(actor, id, StatusChanged{Status::resolved});
  if (published || !body.empty()) {
    post(id, actor, body.empty() ? "This incident is resolved." : std::move(body));
  }
  supersede(id, Delivery::Kind::page, "the incident is resolved");
  notify_resolved(id);
  if (const std::string rule = incident(id).rule; !rule.empty()) let_go_of(rule, actor);
}

void Turn::resolve_by_rule(const std::string& id) {
  const Incident& it = incident(id);
  const rules::Verdict& verdict = state_.verdicts.at(it.rule);
  std::string body;
  if (it.published_at) {
    const Facts known = facts(it, now_);
    body =
        fill(fmt::format(
                 "{{{{component}}}} no longer has this problem: our checks have not seen it since {}. It began at {}.",
                 say_when(verdict.since, now_), known.since),
             known);
  }
  resolve(id, rule_actor(it), std::move(body));
}

void Turn::worsen(const std::string& id, const Actor& actor, const Response& response) {
  if (incident(id).impact < response.impact) emit(actor, id, ImpactChanged{response.impact});
  if (response.component.empty()) return;
  const auto said = incident(id).components.find(response.component);
  if (said != incident(id).components.end() && said->second >= response.status) return;
  emit(actor, id, ComponentStatusChanged{response.component, response.status});
}

void Turn::say_of_component(const std::string& id, const std::string& component, ComponentStatus status) {
  const ComponentStatuses& said = incident(id).components;
  if (const auto known = said.find(component); known != said.end() && known->second == status) return;
  emit(rule_actor(incident(id)), id, ComponentStatusChanged{component, status});
}

/// Where just one component of it is not configured any more, and the rule's is none of it yet.
void Turn::rename_component(const std::string& id, const std::string& component) {
  const ComponentStatuses& said = incident(id).components;
  if (said.contains(component)) return;
  std::vector<std::pair<std::string, ComponentStatus>> gone;
  for (const auto& [other, status] : said) {
    if (status != ComponentStatus::operational && policy_.component(other) == nullptr) gone.emplace_back(other, status);
  }
  if (gone.size() != 1) return;
  say_of_component(id, component, gone.front().second);
  say_of_component(id, gone.front().first, ComponentStatus::operational);
}

void Turn::follow_rule(const std::string& id) {
  const Response* const says = response(incident(id));
  if (says == nullptr) return;
  if (incident(id).in_human_hands) {
    if (!says->component.empty()) rename_component(id, says->component);
    return;
  }
  if (!says->component.empty()) {
    const std::string named = facts(incident(id), now_).component;
    say_of_components(id, *says);
    if (facts(incident(id), now_).component != named)
      retitle(id, title(policy_.holdings.at(says->holding), incident(id)));
  }
  rate(id, says->impact);
}

void Turn::say_of_components(const std::string& id, const Response& says) {
  if (!says.component.empty()) say_of_component(id, says.component, says.status);
  const ComponentStatuses said = incident(id).components;
  for (const auto& [other, status] : said) {
    if (other != says.component) say_of_component(id, other, ComponentStatus::operational);
  }
}

/// A worse impact promises words sooner than customers were told: they are told so.
void Turn::rate(const std::string& id, Impact impact) {
  if (incident(id).impact == impact) return;
  const Actor actor = rule_actor(incident(id));
  emit(actor, id, ImpactChanged{impact});
  const std::optional<Instant> told = incident(id).next_update;
  const std::optional<Instant> next = promise(incident(id), now_);
  if (!told || !next || *told <= *next) return;
  post(id, actor,
       fmt::format("We now rate the impact of this problem as {}. Next update by {}.", to_string(impact),
                   say_when(*next, now_)));
}

void Turn::keep_promise(const std::string& id) {
  const Instant next = promise(incident(id), now_).value_or(now_);
  post(id, candor_itself,
       fmt::format("We have nothing new to report since our last update. Next update by {}.", say_when(next, now_)));
}

}  // namespace candor::incident
