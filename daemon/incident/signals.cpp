#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/incident/turn.h"

namespace candor::incident {
namespace {

/// Whether the journal need hear of it: a health or a fact about the alert that is not known yet. Evidence alone
/// travels with the next change, but for the first of a probe that had not run.
bool is_news(const rules::Signal* known, const rules::Observation& seen) {
  const bool ended_alert = seen.id.kind == rules::SignalKind::alert && seen.health == rules::Health::ok;
  if (known == nullptr) return !ended_alert;
  return known->health != seen.health || (!known->looked() && seen.looked()) ||
         (seen.alert && known->alert != seen.alert);
}

constexpr std::string_view unseen_end =
    "what it held by was changed or taken out of the configuration, and nobody saw it end: resolve the incident "
    "by hand, unless the rule holds again and then ends";

/// What is known of a rule until now. Where its incident is open and nothing is, it was out of the configuration.
rules::Verdict known_verdict(const State& state, const std::string& rule, bool open) {
  const auto known = state.verdicts.find(rule);
  if (known != state.verdicts.end()) return known->second;
  return {.finding = rules::Finding::quiet, .evidence = std::string{open ? unseen_end : ""}};
}

/// An incident as its rule alone tells of it: the facts that the words of the rule may name.
Incident told_by_rule(const Response& says, const rules::Verdict& verdict) {
  Incident told;
  if (!says.component.empty()) told.components[says.component] = says.status;
  told.symptom = verdict.symptom;
  told.impact = says.impact;
  told.failing_since = verdict.failing_since;
  return told;
}

/// Whether the last word on how the component is was candor's own: a human reopened the incident and did not speak of
/// it.
bool nobody_spoke_of(const Incident& it, const std::string& component) {
  const std::string_view what = token(ComponentStatusChanged{});
  for (const TimelineEntry& entry : it.timeline | std::views::reverse) {
    if (entry.what == what && entry.text.starts_with(component + ": ")) return entry.actor == candor_itself.name;
  }
  return false;
}

Actor observer(const rules::SignalId& id) {
  return {id.kind == rules::SignalKind::probe ? fmt::format("probe:{}", id.labels.get("probe"))
                                              : fmt::format("source:{}", id.source),
          false};
}

}  // namespace

bool nobody_saw_the_end(const rules::Verdict& verdict) {
  return !rules::holds(verdict.finding) && !verdict.evidence.empty();
}

void Turn::observe(rules::Observation seen) {
  const auto place = state_.signals.lower_bound(seen.id);
  const bool known = place != state_.signals.end() && place->first == seen.id;
  if (!is_news(known ? &place->second : nullptr, seen)) return evaluator_.seen(seen.id);
  // What a target or a sender said may be any bytes; from here on it is text.
  for (std::string* said : {&seen.evidence, &seen.symptom}) {
    if (find_invalid_utf8(*said) != std::string::npos) *said = to_utf8(*said);
  }
  unheard_ = unheard_ || (seen.id.kind == rules::SignalKind::alert && seen.health == rules::Health::unknown);
  Actor actor = observer(seen.id);
  const Event& event = decision_.events.emplace_back(now_, std::move(actor), "", SignalChanged{std::move(seen)});
  const auto& change = std::get<SignalChanged>(event.change);
  if (const auto signal = apply(state_, event, change, place); signal != state_.signals.end()) {
    evaluator_.update(signal->first, signal->second);
  } else {
    evaluator_.forget(change.seen.id);
  }
}

void Turn::forget(const rules::SignalId& signal) {
  if (!state_.signals.contains(signal)) return;
  emit(candor_itself, "", SignalForgotten{signal});
  evaluator_.forget(signal);
}

void Turn::settle() {
  do {
    // What is reopened meanwhile explains others anew.
    for (auto changes = evaluator_.settle(now_); !changes.empty(); changes = evaluator_.settle(now_)) {
      for (const rules::VerdictChange& change : changes) verdict_changed(change);
    }
  } while (let_go_of_unheard());
}

void Turn::settle_after_reload() {
  reloaded_ = true;
  unheard_ = true;  // what alerts were kept for may be gone
  settle();
}

void Turn::reconcile() {
  std::vector<std::string> ended;
  for (const auto& [rule, recorded] : state_.verdicts) {
    const std::optional<rules::Verdict> current = evaluator_.verdict(rule);
    if (current && current->finding == rules::Finding::quiet) ended.push_back(rule);
  }
  for (const std::string& rule : ended) verdict_changed({rule, {.finding = rules::Finding::quiet, .since = now_}});

  // One that was out of the configuration and is back quiet.
  const std::set<std::string> open = state_.open;
  for (const std::string& id : open) {
    const std::string& rule = incident(id).rule;
    if (rule.empty() || !policy_.responses.contains(rule) || state_.verdicts.contains(rule)) continue;
    emit({"rule:" + rule, false}, id,
         VerdictChanged{rule, {.finding = rules::Finding::quiet, .since = now_, .evidence = std::string{unseen_end}}});
  }
}

void Turn::verdict_changed(const rules::VerdictChange& change) {
  using rules::Finding;
  const Incident* latest = state_.latest_of(change.rule);
  const bool open = latest != nullptr && latest->open();
  const rules::Verdict before = known_verdict(state_, change.rule, open);
  if (change.verdict.finding == before.finding) return;
  unheard_ = unheard_ || change.verdict.finding == Finding::unknown;
  const bool held = state_.holding_rules.contains(change.rule);
  const bool relapse = open && is_relapse(*latest, before);
  rules::Verdict verdict = change.verdict;
  if (open && !rules::holds(verdict.finding)) {
    const bool silenced =
        verdict.finding == Finding::quiet || (verdict.finding == Finding::unknown && rules::holds(before.finding));
    if ((reloaded_ && silenced) || nobody_saw_the_end(before)) verdict.evidence = unseen_end;
  }
  emit({"rule:" + change.rule, false}, open ? latest->id : "", VerdictChanged{change.rule, std::move(verdict)});
  if (change.verdict.finding == Finding::holds && !held) rule_holds(change.rule, change.verdict, relapse);
}

bool Turn::is_relapse(const Incident& it, const rules::Verdict& before) const {
  const Response* const says = response(it);
  const Duration quiet = quiet_for(it, now_);
  if (says == nullptr || quiet < std::max(says->resolve_after, Duration{1})) return false;
  // What replaced it may not have spoken yet.
  if (nobody_saw_the_end(before) && quiet < policy_.restart_grace) return false;
  if (quiet >= says->reopen_within) return true;
  const auto said = it.components.find(says->component);
  const bool said_well = said != it.components.end() && said->second == ComponentStatus::operational &&
                         !nobody_spoke_of(it, says->component);
  return it.lead.empty() || it.status == Status::monitoring || said_well || nobody_saw_the_end(before);
}

std::vector<std::string> left_to_humans(const State& state, const Policy& policy) {
  std::vector<std::string> left;
  for (const std::string& id : state.open) {
    const Incident& it = state.incidents.at(id);
    if (it.in_human_hands) continue;
    const auto verdict = state.verdicts.find(it.rule);
    const bool unseen = verdict != state.verdicts.end() && nobody_saw_the_end(verdict->second);
    if (unseen || !policy.responses.contains(it.rule)) left.push_back(id);
  }
  return left;
}

void Turn::rule_holds(const std::string& rule, const rules::Verdict& verdict, bool relapse) {
  const auto found = policy_.responses.find(rule);
  if (found == policy_.responses.end()) return;
  const Response& response = found->second;

  const Incident* latest = state_.latest_of(rule);
  if (latest != nullptr && latest->open() && !relapse) {
    if (nobody_spoke_of(*latest, response.component)) {
      say_of_component(latest->id, response.component, response.status);
    }
    // Reopened by hand since, which woke nobody.
    const oncall::Progress& paging = latest->escalation;
    if (latest->lead.empty() && paging.round == 0 && !paging.exhausted) page_next(latest->id, "");
    return;
  }
  // The end may lie ahead, told by a clock that was ahead.
  const bool recent = latest != nullptr && latest->resolved_at &&
                      std::chrono::abs(now_ - *latest->resolved_at) <= response.reopen_within;
  if (relapse || recent) return reopen(latest->id, response, verdict);

  const HoldingText& text = policy_.holdings.at(response.holding);
  const Actor actor{"rule:" + rule, false};
  const Incident told = told_by_rule(response, verdict);
  IncidentOpened opened{.rule = rule,
                        .title = title(text, told),
                        .impact = response.impact,
                        .components = told.components,
                        .failing_since = verdict.failing_since,
                        .evidence = verdict.evidence,
                        .symptom = verdict.symptom,
                        .playbook = response.playbook,
                        .escalation = response.escalation};
  const std::string id = open(actor, std::move(opened));
  draft_holding(id, actor, text);
  page_next(id, "");
}

void Turn::reopen(const std::string& id, const Response& response, const rules::Verdict& verdict) {
  const Actor actor = rule_actor(incident(id));
  const HoldingText& text = policy_.holdings.at(response.holding);
  const Incident told = told_by_rule(response, verdict);
  const bool ended = !incident(id).open();
  emit(actor, id, IncidentReopened{verdict.evidence, verdict.symptom, verdict.failing_since});
  explain_others(incident(id).rule);
  // What still tries to arrive about the outbreak before would only keep the page of this one waiting.
  for (const Delivery::Kind kind : {Delivery::Kind::resolved, Delivery::Kind::page}) {
    supersede(id, kind, "the incident is reopened");
  }
  if (ended) {
    // What a human said was about the outbreak that is over.
    say_of_components(id, response);
    rate(id, response.impact);
    retitle(id, title(text, told));
  } else {
    follow_rule(id);
    worsen(id, actor, response);
  }
  if (incident(id).published_at) {
    const Facts known = facts(told, promise(incident(id), now_).value_or(now_));
    post(id, actor,
         fill("{{component}} is having problems again. We are looking into it and do not know the cause yet. Next "
              "update by {{next_update}}.",
              known));
  } else {
    // A veto was about what was seen before it.
    draft_holding(id, actor, text);
  }
  page_next(id, "");
}

void Turn::explain_others(const std::string& rule) {
  const auto until = state_.explains_until.find(rule);
  evaluator_.explains_until(rule, until != state_.explains_until.end() ? std::optional{until->second} : std::nullopt);
}

void Turn::reopen_by_hand(const std::string& id, const Actor& actor, const PostUpdate& says) {
  supersede(id, Delivery::Kind::resolved, "the incident is reopened");
  emit(actor, id, IncidentReopened{});
  const auto verdict = state_.verdicts.find(incident(id).rule);
  const bool quiet = verdict != state_.verdicts.end() && verdict->second.finding == rules::Finding::quiet &&
                     !nobody_saw_the_end(verdict->second);
  if (quiet || says.status == Status::monitoring) keep_well(id, says.components);
  explain_others(incident(id).rule);
  settle();
}

/// Since its end customers read that all it named is well.
void Turn::keep_well(const std::string& id, const ComponentStatuses& but) {
  const ComponentStatuses said = incident(id).components;
  for (const auto& [component, status] : said) {
    if (status == ComponentStatus::operational || but.contains(component)) continue;
    emit(candor_itself, id, ComponentStatusChanged{component, ComponentStatus::operational});
  }
}

void Turn::let_go_of(const std::string& rule, const Actor& actor) {
  const auto verdict = state_.verdicts.find(rule);
  if (verdict == state_.verdicts.end()) return;
  unheard_ = true;  // alerts that others were ended on may have been kept for it
  if (verdict->second.finding == rules::Finding::unknown) evaluator_.let_go_of(rule);
  if (verdict->second.finding == rules::Finding::holds) {
    explain_others(rule);
    settle();
  } else if (verdict->second.finding == rules::Finding::unknown && actor.human) {
    // Alerts that nobody has told of since are at their end by the word of whoever ended the incident.
    if (forget_dismissed(evaluator_.unseen_alerts(rule))) settle();
  }
  if (let_go_of_unheard()) settle();
}

bool Turn::let_go_of_unheard() {
  if (!std::exchange(unheard_, false)) return false;
  std::vector<rules::SignalId> dismissed;
  for (const auto& [rule, until] : state_.explains_until) {
    const auto verdict = state_.verdicts.find(rule);
    if (verdict == state_.verdicts.end() || verdict->second.finding != rules::Finding::unknown) continue;
    std::ranges::copy_if(evaluator_.unseen_alerts(rule), std::back_inserter(dismissed),
                         [this](const rules::SignalId& alert) { return !is_told_again(alert); });
  }
  return forget_dismissed(std::move(dismissed));
}

bool Turn::forget_dismissed(std::vector<rules::SignalId> alerts) {
  if (alerts.empty()) return false;
  std::set<rules::SignalId> needed;
  for (const std::string& id : state_.open) {
    const auto verdict = state_.verdicts.find(incident(id).rule);
    if (verdict == state_.verdicts.end() || verdict->second.finding == rules::Finding::quiet) continue;
    std::ranges::move(evaluator_.unseen_alerts(verdict->first), std::inserter(needed, needed.end()));
  }
  std::erase_if(alerts, [&needed](const rules::SignalId& alert) { return needed.contains(alert); });
  for (const rules::SignalId& alert : alerts) forget(alert);
  return !alerts.empty();
}

bool Turn::is_told_again(const rules::SignalId& alert) const {
  const auto known = state_.signals.find(alert);
  const bool ran_out = known != state_.signals.end() && known->second.alert && known->second.alert->ends_at;
  return alert.source != "push" && !ran_out;
}

}  // namespace candor::incident
