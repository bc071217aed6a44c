#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/incident/turn.h"

namespace candor::incident {

void Turn::deliver(const Incident& it, Delivery::Kind kind, const std::string& contact) {
  const auto found = policy_.oncall.contacts.find(contact);
  if (found == policy_.oncall.contacts.end()) return;
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
  for (std::size_t method = 1; method <= found->second.methods.size(); ++method) {
    Delivery delivery{.id = next_id(),
                      .kind = kind,
                      .destination = fmt::format("contact:{}/{}", contact, method),
                      .incident = it.id,
                      .at = now_,
                      .message = message};
    emit(candor_itself, it.id, DeliveryQueued{delivery.id, kind, delivery.destination});
    decision_.deliveries.push_back(std::move(delivery));
  }
}

const oncall::Escalation* escalation_of(const Incident& it, const Policy& policy) {
  const auto& known = policy.oncall.escalations;
  if (const auto own = known.find(it.escalation.escalation); own != known.end()) return &own->second;
  const auto response = policy.responses.find(it.rule);
  const auto other = response != policy.responses.end() ? known.find(response->second.escalation) : known.end();
  return other != known.end() ? &other->second : nullptr;
}

void Turn::page_next(const std::string& id, std::string_view why) {
  const oncall::Progress progress = incident(id).escalation;
  const oncall::Escalation* const escalation = escalation_of(incident(id), policy_);
  if (escalation == nullptr) {
    if (progress.escalation.empty()) return;
    emit(candor_itself, id,
         EscalationExhausted{fmt::format("escalation {} is no longer configured", progress.escalation)});
    return;
  }
  const std::optional<oncall::NextStep> next = oncall::next_step(*escalation, progress);
  if (!next) {
    emit(candor_itself, id,
         EscalationExhausted{fmt::format("every step of {} was taken {} times and nobody acked{}{}",
                                         progress.escalation, escalation->repeat, why.empty() ? "" : "; ", why)});
    return;
  }
  page(id, *escalation, *next);
}

void Turn::page(const std::string& id, const oncall::Escalation& escalation, const oncall::NextStep& step) {
  const bool same = escalation.name == incident(id).escalation.escalation;
  emit(candor_itself, id,
       Paged{step.round, step.step, step.contacts, now_ + step.wait, same ? std::string{} : escalation.name});
  for (const std::string& contact : step.contacts) deliver(incident(id), Delivery::Kind::page, contact);
}

/// The rule named no escalation when its incident opened, and names one now.
void Turn::begin_paging(const std::string& id) {
  const Incident& it = incident(id);
  if (!it.escalation.escalation.empty() || it.escalation.acked_at || !it.lead.empty()) return;
  if (it.status == Status::monitoring || !state_.holding_rules.contains(it.rule)) return;
  page_next(id, "");
}

/// An escalation that was at its end, because it was not configured or had fewer steps, and has one now.
void Turn::go_on_paging(const std::string& id) {
  oncall::Progress progress = incident(id).escalation;
  const oncall::Escalation* const escalation = escalation_of(incident(id), policy_);
  if (escalation == nullptr || !std::exchange(progress.exhausted, false)) return;
  if (const std::optional<oncall::NextStep> next = oncall::next_step(*escalation, progress)) {
    page(id, *escalation, *next);
  }
}

/// Whoever was paged is no longer configured: the same step, with those who stand there now.
void Turn::page_again(const std::string& id, const oncall::Escalation& escalation) {
  const oncall::Progress& progress = incident(id).escalation;
  const std::size_t step = std::clamp<std::size_t>(progress.step, 1, escalation.steps.size());
  const oncall::Step& again = escalation.steps[step - 1];
  page(id, escalation, {progress.round, static_cast<std::uint32_t>(step), again.contacts, again.wait});
}

bool Turn::is_configured(std::string_view destination) const {
  const std::size_t name = destination.find(':') + 1;
  const std::size_t end = destination.rfind('/');
  return policy_.oncall.contacts.contains(std::string{destination.substr(name, end - name)});
}

void Turn::supersede_pages(const std::string& id, const std::string& why) {
  std::vector<std::string> void_now;
  for (const auto& [delivery, pending] : state_.pending) {
    if (pending.incident == id && pending.kind == Delivery::Kind::page) void_now.push_back(delivery);
  }
  for (const std::string& delivery : void_now) {
    emit(candor_itself, id, DeliveryEnded{delivery, DeliveryEnd::superseded, why});
  }
}

void Turn::ack(const std::string& id, const Actor& actor, const std::string& via) {
  emit(actor, id, PageAcked{via});
  supersede_pages(id, "acked by " + actor.name);
}

void Turn::notify_resolved(const std::string& id) {
  const std::vector<std::string> paged = incident(id).escalation.paged;
  for (const std::string& contact : paged) deliver(incident(id), Delivery::Kind::resolved, contact);
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
  for (const auto& [other, pending] : state_.pending) {
    if (pending.incident == ended.incident && pending.kind == Delivery::Kind::page) return;
  }
  // The same steps again wait for their time: a receiver that is away for a moment must not use up every round.
  const oncall::Escalation* const escalation = escalation_of(it->second, policy_);
  if (escalation != nullptr && !is_configured(ended.destination)) return page_again(it->first, *escalation);
  const bool last_step = escalation != nullptr && it->second.escalation.step >= escalation->steps.size();
  if (!last_step) page_next(it->first, why);
}

}  // namespace candor::incident
