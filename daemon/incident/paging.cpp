#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "daemon/incident/turn.h"

namespace candor::incident {

/// By each method of the contact, as it is configured now.
std::vector<std::string> Turn::destinations_of(const std::string& contact) const {
  std::vector<std::string> destinations;
  const auto found = policy_.oncall.contacts.find(contact);
  if (found == policy_.oncall.contacts.end()) return destinations;
  for (std::size_t method = 1; method <= found->second.methods.size(); ++method) {
    destinations.push_back(fmt::format("contact:{}/{}", contact, method));
  }
  return destinations;
}

void Turn::deliver(const Incident& it, Delivery::Kind kind, const std::vector<std::string>& destinations) {
  Message message{.title = it.title,
                  .status = std::string{to_string(it.status)},
                  .impact = std::string{to_string(it.impact)},
                  .rule = it.rule,
                  .evidence = it.evidence,
                  .lead = it.lead,
                  .opened_at = it.opened_at,
                  .playbook = it.playbook,
                  .incident_path = it.published_at ? "/incidents/" + it.id : "",
                  .round = it.escalation.round,
                  .step = it.escalation.step};
  for (const Component* component : affected(it)) message.components.push_back(component->name);
  const std::uint32_t outbreak = outbreak_of(it);
  for (const std::string& destination : destinations) {
    if (kind == Delivery::Kind::page) supersede(it.id, kind, "paged again", destination);
    Delivery delivery{.id = next_id(),
                      .kind = kind,
                      .destination = destination,
                      .incident = it.id,
                      .at = now_,
                      .outbreak = outbreak,
                      .message = message};
    emit(candor_itself, it.id, DeliveryQueued{delivery.id, kind, delivery.destination});
    decision_.deliveries.push_back(std::move(delivery));
  }
}

const oncall::Escalation* escalation_of(const Incident& it, const Policy& policy) {
  const auto& known = policy.oncall.escalations;
  const auto response = policy.responses.find(it.rule);
  auto found = response != policy.responses.end() ? known.find(response->second.escalation) : known.end();
  if (found == known.end()) found = known.find(it.escalation.escalation);
  return found != known.end() ? &found->second : nullptr;
}

namespace {

/// How far the incident has come: along another escalation than it had, nowhere, unless whoever stands first there was
/// paged already.
oncall::Progress progress_along(const oncall::Escalation& escalation, const Incident& it) {
  oncall::Progress progress = it.escalation;
  if (progress.escalation == escalation.name || escalation.steps.empty()) return progress;
  const auto was_paged = [&](const std::string& contact) {
    return std::ranges::find(progress.paged, contact) != progress.paged.end();
  };
  if (!std::ranges::all_of(escalation.steps.front().contacts, was_paged)) progress.round = progress.step = 0;
  return progress;
}

}  // namespace

void Turn::page_next(const std::string& id, std::string_view why) {
  const oncall::Escalation* const escalation = escalation_of(incident(id), policy_);
  if (escalation == nullptr) {
    const std::string own = incident(id).escalation.escalation;
    if (own.empty()) return;
    emit(candor_itself, id, EscalationExhausted{fmt::format("escalation {} is no longer configured", own)});
    return;
  }
  const oncall::Progress progress = progress_along(*escalation, incident(id));
  const std::optional<oncall::NextStep> next = oncall::next_step(*escalation, progress);
  if (!next) {
    emit(candor_itself, id,
         EscalationExhausted{fmt::format("every step of {} was taken {} times and nobody acked{}{}", escalation->name,
                                         escalation->repeat, why.empty() ? "" : "; ", why)});
    return;
  }
  page(id, *escalation, *next);
}

void Turn::page(const std::string& id, const oncall::Escalation& escalation, const oncall::NextStep& step) {
  std::vector<std::string> destinations;
  for (const std::string& contact : step.contacts)
    std::ranges::move(destinations_of(contact), std::back_inserter(destinations));
  page(id, escalation, step, destinations);
}

void Turn::page(const std::string& id, const oncall::Escalation& escalation, const oncall::NextStep& step,
                const std::vector<std::string>& destinations) {
  const bool same = escalation.name == incident(id).escalation.escalation;
  emit(candor_itself, id,
       Paged{step.round, step.step, step.contacts, now_ + step.wait, same ? std::string{} : escalation.name});
  deliver(incident(id), Delivery::Kind::page, destinations);
}

/// The rule named no escalation when its incident opened, and names one now.
void Turn::begin_paging(const std::string& id) {
  const Incident& it = incident(id);
  if (!it.escalation.escalation.empty() || it.escalation.acked_at || !it.lead.empty()) return;
  if (it.status == Status::monitoring || !state_.holding_rules.contains(it.rule)) return;
  page_next(id, "");
}

/// Nobody has acked, and what kept them from it may be mended: an escalation is another one, or was at its end because
/// it was not configured or had fewer steps; or those of the latest pages that have ended could not arrive.
void Turn::go_on_paging(const std::string& id) {
  const Incident& it = incident(id);
  if (it.escalation.round == 0 || it.escalation.acked_at || !it.lead.empty()) return;
  if (it.status == Status::monitoring) return;
  const oncall::Escalation* const escalation = escalation_of(it, policy_);
  if (escalation == nullptr) return;
  oncall::Progress progress = progress_along(*escalation, it);
  const bool at_its_end = std::exchange(progress.exhausted, false);
  const bool anew = progress.round == 0;
  const std::optional<oncall::NextStep> next = oncall::next_step(*escalation, progress);
  if (next && (at_its_end || anew)) {
    if (anew) supersede(id, Delivery::Kind::page, "the rule pages along another escalation");
    return page(id, *escalation, *next);
  }
  if (!it.escalation.reached) page_again(id, *escalation);
}

/// The same step, with those who stand there now, by each method that no page is on its way to. The next one stays due
/// when it was, however often this happens.
void Turn::page_again(const std::string& id, const oncall::Escalation& escalation) {
  const oncall::Progress& progress = incident(id).escalation;
  const std::size_t step = std::clamp<std::size_t>(progress.step, 1, escalation.steps.size());
  const oncall::Step& again = escalation.steps[step - 1];
  const Duration left = progress.due ? std::max(*progress.due - now_, Duration{0}) : again.wait;
  oncall::NextStep taken{progress.round, static_cast<std::uint32_t>(step), {}, std::min(again.wait, left)};
  std::vector<std::string> destinations;
  for (const std::string& contact : again.contacts) {
    std::vector<std::string> ways = destinations_of(contact);
    std::erase_if(ways, [&](const std::string& way) { return is_on_its_way(id, Delivery::Kind::page, way); });
    if (!ways.empty()) taken.contacts.push_back(contact);
    std::ranges::move(ways, std::back_inserter(destinations));
  }
  if (!destinations.empty()) page(id, escalation, taken, destinations);
}

bool Turn::is_on_its_way(const std::string& id, Delivery::Kind kind, std::string_view destination) const {
  return std::ranges::any_of(state_.pending.about(id), [&](const std::string& delivery) {
    const PendingDelivery& pending = state_.pending.find(delivery)->second;
    return pending.kind == kind && (destination.empty() || pending.destination == destination);
  });
}

void Turn::supersede(const std::string& id, Delivery::Kind kind, const std::string& why, std::string_view destination) {
  std::vector<std::string> void_now;
  for (const std::string& delivery : state_.pending.about(id)) {
    const PendingDelivery& pending = state_.pending.find(delivery)->second;
    if (pending.kind != kind) continue;
    if (destination.empty() || pending.destination == destination) void_now.push_back(delivery);
  }
  for (const std::string& delivery : void_now) {
    emit(candor_itself, id, DeliveryEnded{delivery, DeliveryEnd::superseded, why});
  }
}

void Turn::ack(const std::string& id, const Actor& actor, const std::string& via) {
  emit(actor, id, PageAcked{via});
  supersede(id, Delivery::Kind::page, "acked by " + actor.name);
}

void Turn::notify_resolved(const std::string& id) {
  const std::vector<std::string> owed = incident(id).owed_an_end;
  for (const std::string& contact : owed) deliver(incident(id), Delivery::Kind::resolved, destinations_of(contact));
}

void Turn::delivery_ended(const std::string& delivery, DeliveryEnd end, const std::string& why) {
  const auto found = state_.pending.find(delivery);
  if (found == state_.pending.end()) return;
  const PendingDelivery ended = found->second;
  emit(candor_itself, ended.incident, DeliveryEnded{delivery, end, why});
  if (end != DeliveryEnd::dead || ended.kind != Delivery::Kind::page) return;

  // Law 5: a page that cannot arrive is a page by another way, now and not when the wait runs out.
  const auto it = state_.incidents.find(ended.incident);
  if (it == state_.incidents.end() || !it->second.open() || it->second.escalation.acked_at) return;
  if (!it->second.escalation.due || it->second.escalation.reached) return;
  if (is_on_its_way(ended.incident, Delivery::Kind::page)) return;
  // The same steps again wait for their time: a receiver that is away for a moment must not use up every round.
  const oncall::Escalation* const escalation = escalation_of(it->second, policy_);
  const bool last_step = escalation != nullptr && it->second.escalation.step >= escalation->steps.size();
  if (!last_step) page_next(it->first, why);
}

}  // namespace candor::incident
