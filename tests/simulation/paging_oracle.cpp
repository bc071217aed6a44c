#include "paging_oracle.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/deliver/outbox.h"

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using incident::DeliveryEnd;

constexpr int most_tries_in_a_minute = 30;

template <class T>
const T* change(const incident::Event& event) {
  return std::get_if<T>(&event.change);
}

}  // namespace

void PagingOracle::asked(const std::string& incident, const incident::OpenIncident& command) {
  asked_[incident] = command.escalation;
}

void PagingOracle::lost_the_time() {
  for (const std::string& id : open_) paging_[id].doubtful = true;
}

void PagingOracle::durable(const incident::Decision& decision, const Decided& decided) {
  for (const incident::Delivery& delivery : decision.deliveries) {
    sent_.try_emplace(delivery.id, Sent{.place = sent_.size(), .delivery = delivery});
  }
  for (const incident::Event& event : decision.events) happened(event, decided);
  look_at_the_decision();
}

void PagingOracle::happened(const incident::Event& event, const Decided& decided) {
  const std::string& id = event.incident;
  if (const auto* e = change<incident::IncidentOpened>(event)) {
    Paging& it = paging_[id];
    it.rule = e->rule;
    it.escalation = e->rule.empty() ? asked_[id] : decided.scenario->policy.responses.at(e->rule).escalation;
    begin_outbreak(id, true);
  }
  if (change<incident::IncidentReopened>(event) != nullptr) begin_outbreak(id, !event.actor.human);
  if (const auto* e = change<incident::Paged>(event)) took_step(id, *e, decided);
  if (change<incident::EscalationExhausted>(event) != nullptr) gave_up(id, decided);
  if (change<incident::PageAcked>(event) != nullptr || change<incident::LeadTaken>(event) != nullptr) {
    paging_[id].led = true;
    paging_[id].due.reset();
  }
  if (const auto* e = change<incident::StatusChanged>(event); e && e->status == incident::Status::resolved) {
    resolved(id, decided);
  }
  if (const auto* e = change<incident::DeliveryQueued>(event)) queued(id, *e);
  if (const auto* e = change<incident::DeliveryEnded>(event)) ended(id, *e, event.at, decided);
}

/// `pages`: whoever stands first is paged at once. What a human reopens wakes nobody.
void PagingOracle::begin_outbreak(const std::string& id, bool pages) {
  Paging& it = paging_[id];
  it.owed.merge(it.paged);
  it.paged.clear();
  ++it.outbreak;
  it.open = true;
  it.led = it.reached = false;
  it.round = it.step = 0;
  it.died_at.clear();
  it.due.reset();
  open_.insert(id);
  stepped_.insert(id);
  if (pages && !it.escalation.empty()) must_step_.insert(id);
}

const oncall::Escalation* PagingOracle::escalation_of(const Paging& it, const Decided& decided) const {
  const auto found = decided.scenario->policy.oncall.escalations.find(it.escalation);
  return found != decided.scenario->policy.oncall.escalations.end() ? &found->second : nullptr;
}

void PagingOracle::took_step(const std::string& id, const incident::Paged& step, const Decided& decided) {
  Paging& it = paging_[id];
  const oncall::Escalation* const escalation = escalation_of(it, decided);
  if (!it.open || it.led) broke(id, "pages, and has ended or is led");
  if (escalation == nullptr || step.step == 0 || step.step > escalation->steps.size()) {
    return broke(id, "takes a step that there is not");
  }
  const oncall::Step& says = escalation->steps[step.step - 1];
  const bool again = step.round == it.round && step.step == it.step;
  if (again) {
    // Where an address may be mended; what comes next stays due when it was.
    if (decided.at != decided.began || it.reached || step.contacts.empty()) broke(id, "takes a step again");
    const Duration left = it.due ? std::max(*it.due - decided.at, Duration{0}) : says.wait;
    it.due = decided.at + std::min(says.wait, left);
  } else {
    look_at_the_order(id, step, decided);
    it.due = decided.at + says.wait;
    it.doubtful = false;
  }
  it.round = step.round;
  it.step = step.step;
  it.reached = false;
  if (!again) it.died_at.clear();
  it.of_the_step = {says.contacts.begin(), says.contacts.end()};
  must_step_.erase(id);
  stepped_.insert(id);
  for (const std::string& contact : says.contacts) {
    it.paged.insert(contact);
    must_tell(id, Kind::page, contact, decided);
  }
  if (again) {
    // Whoever may have it in a moment is not paged twice.
    std::erase_if(must_write_,
                  [&](const auto& must) { return must.first == id && is_on_its_way(it, must.second.second); });
  }
}

bool PagingOracle::is_on_its_way(const Paging& it, const std::string& destination) const {
  return std::ranges::any_of(
      it.on_their_way, [&](const std::string& page) { return sent_.at(page).delivery.destination == destination; });
}

void PagingOracle::look_at_the_order(const std::string& id, const incident::Paged& step, const Decided& decided) {
  const Paging& it = paging_[id];
  const oncall::Escalation& escalation = *escalation_of(it, decided);
  const bool begins_a_round = it.round == 0 || it.step >= escalation.steps.size();
  const std::uint32_t round = begins_a_round ? it.round + 1 : it.round;
  const std::uint32_t next = begins_a_round ? 1 : it.step + 1;
  if (step.round != round || step.step != next || round > escalation.repeat) {
    broke(id,
          fmt::format("takes step {} of round {} after step {} of round {}", step.step, step.round, it.step, it.round));
  }
  const bool waits = it.due && !it.doubtful && !must_step_.contains(id);
  if (waits && decided.at < *it.due) {
    broke(id, fmt::format("takes a step {} too soon", format_duration(*it.due - decided.at)));
  }
}

void PagingOracle::gave_up(const std::string& id, const Decided& decided) {
  Paging& it = paging_[id];
  const oncall::Escalation* const escalation = escalation_of(it, decided);
  const bool at_its_end =
      escalation != nullptr && it.round >= escalation->repeat && it.step >= escalation->steps.size();
  const bool waited = it.doubtful || (it.due && decided.at >= *it.due);
  if (!at_its_end || !waited) broke(id, "pages nobody any more, before every step was taken");
  it.due.reset();
}

void PagingOracle::resolved(const std::string& id, const Decided& decided) {
  Paging& it = paging_[id];
  it.open = false;
  it.due.reset();
  open_.erase(id);
  must_step_.erase(id);
  it.owed.merge(it.paged);
  it.paged.clear();
  for (const std::string& contact : it.owed) must_tell(id, Kind::resolved, contact, decided);
}

void PagingOracle::must_tell(const std::string& id, Kind kind, const std::string& contact, const Decided& decided) {
  const std::size_t methods = decided.scenario->policy.oncall.contacts.at(contact).methods.size();
  for (std::size_t method = 1; method <= methods; ++method) {
    must_write_.insert({id, {kind, fmt::format("contact:{}/{}", contact, method)}});
  }
}

void PagingOracle::queued(const std::string& id, const incident::DeliveryQueued& queued) {
  const auto found = sent_.find(queued.delivery);
  if (found == sent_.end()) return broke(id, "has a delivery that was never decided: " + queued.delivery);
  const incident::Delivery& delivery = found->second.delivery;
  Paging& it = paging_[id];
  const bool same =
      delivery.incident == id && delivery.kind == queued.kind && delivery.destination == queued.destination;
  const bool of_now =
      delivery.outbreak == it.outbreak &&
      (delivery.kind != Kind::page || (delivery.message.round == it.round && delivery.message.step == it.step));
  if (!same || !of_now) broke(id, fmt::format("has a delivery to {} that says something else", queued.destination));
  if (must_write_.erase({id, {queued.kind, queued.destination}}) == 0) {
    broke(id, fmt::format("writes to {}, who is not to hear of this", queued.destination));
  }
  if (queued.kind != Kind::page) return;
  it.on_their_way.insert(queued.delivery);
  it.died_at.erase(queued.destination);
  const std::string step =
      fmt::format("outbreak {} round {} step {} to {}", it.outbreak, it.round, it.step, queued.destination);
  const auto [before, first] = steps_.try_emplace(id + " " + step, queued.delivery);
  // A step that could reach nobody is taken again where its address may be mended.
  if (!first && !sent_.at(before->second).dead) broke(id, "pages twice: " + step);
  before->second = queued.delivery;
}

bool PagingOracle::may_give_up(const incident::Delivery& delivery, Instant shown) const {
  const auto tries = tries_in_a_row_.find({delivery.destination, delivery.incident});
  return shown - delivery.at >= 24h && tries != tries_in_a_row_.end() &&
         tries->second >= deliver::Outbox::least_attempts;
}

void PagingOracle::ended(const std::string& id, const incident::DeliveryEnded& ended, Instant shown,
                         const Decided& decided) {
  const auto found = sent_.find(ended.delivery);
  if (found == sent_.end()) return broke(id, fmt::format("ends delivery {}, which was never decided", ended.delivery));
  Sent& sent = found->second;
  if (++sent.ends > 1) broke(id, fmt::format("ends delivery {} twice", ended.delivery));
  if (ended.end == DeliveryEnd::delivered && !sent.received) {
    broke(id, fmt::format("counts delivery {} as delivered, which never arrived", ended.delivery));
  }
  if (ended.end == DeliveryEnd::dead && !sent.dead && !may_give_up(sent.delivery, shown)) {
    broke(id, fmt::format("gave delivery {} up, and nobody had said to", ended.delivery));
  }
  if (ended.end == DeliveryEnd::delivered) {
    tries_in_a_row_.erase({sent.delivery.destination, sent.delivery.incident});
  }
  if (ended.end == DeliveryEnd::superseded) withdrawn_.insert({id, sent.delivery.kind});
  Paging& it = paging_[id];
  if (sent.delivery.kind == Kind::resolved) {
    if (ended.end == DeliveryEnd::delivered)
      it.owed.erase(std::string{incident::contact_of(sent.delivery.destination)});
    return;
  }
  it.on_their_way.erase(ended.delivery);
  if (ended.end == DeliveryEnd::delivered) it.reached = true;
  if (ended.end == DeliveryEnd::dead) {
    const std::string& destination = sent.delivery.destination;
    if (it.of_the_step.contains(std::string{incident::contact_of(destination)})) it.died_at[destination] = decided.at;
    died(id, decided);
  }
}

/// A step that reaches nobody leads to the next one at once; the round that follows waits for its time.
void PagingOracle::died(const std::string& id, const Decided& decided) {
  const Paging& it = paging_[id];
  const oncall::Escalation* const escalation = escalation_of(it, decided);
  if (escalation == nullptr || !it.open || !it.due || it.reached || !it.on_their_way.empty()) return;
  if (it.step < escalation->steps.size()) must_step_.insert(id);
}

void PagingOracle::look_at_the_decision() {
  for (const std::string& id : must_step_) broke(id, "pages nobody, and has to at once");
  for (const auto& [id, what] : must_write_) {
    broke(id, fmt::format("has no {} for {}", to_string(what.first), what.second));
  }
  for (const auto& [id, kind] : withdrawn_) {
    const Paging& it = paging_[id];
    const bool is_void = kind == Kind::page && (it.led || !it.open);
    if (!is_void && !stepped_.contains(id)) broke(id, fmt::format("withdraws a message ({})", to_string(kind)));
  }
  must_step_.clear();
  must_write_.clear();
  withdrawn_.clear();
  stepped_.clear();
}

void PagingOracle::received(const incident::Delivery& delivery) {
  const auto found = sent_.find(delivery.id);
  if (found == sent_.end()) return broke(delivery.incident, "sends what is not on the disk: " + delivery.id);
  Sent& sent = found->second;
  if (sent.delivery != delivery)
    broke(delivery.incident, fmt::format("sends delivery {} otherwise than it was decided", delivery.id));
  std::size_t& last = last_received_[{delivery.destination, delivery.incident}];
  // One that its destination refused for good, and whose end a crash took, may come after what came after it.
  if (!sent.received && !sent.dead && sent.place < last) {
    broke(delivery.incident, fmt::format("lets delivery {} overtake an earlier one", delivery.id));
  }
  last = std::max(last, sent.place);
  sent.received = true;
  ++tries_in_a_row_[{delivery.destination, delivery.incident}];
  if (delivery.kind != Kind::page) return;
  ++pages_received_;
  const Paging& it = paging_[delivery.incident];
  if (it.led) broke(delivery.incident, "sends a page after its ack");
  if (!it.open) broke(delivery.incident, "sends a page after its end");
}

void PagingOracle::refused(const std::string& delivery, bool final, Elapsed at) {
  Sent& sent = sent_.at(delivery);
  sent.dead |= final;
  ++tries_in_a_row_[{sent.delivery.destination, sent.delivery.incident}];
  if (at - sent.counted_from > 1min) sent.tries = 0;
  if (sent.tries++ == 0) sent.counted_from = at;
  if (sent.tries > most_tries_in_a_minute) broke(sent.delivery.incident, "tries again and again to send " + delivery);
}

void PagingOracle::asked_for_time(const std::string& destination, Elapsed at, Duration wait) {
  Pause& pause = pauses_[destination];
  if (pause.until < at) pause.since = at;
  pause.until = std::max(pause.until, at + std::min<Duration>(wait, 5min));
}

void PagingOracle::sent(const std::string& destination, Elapsed at) {
  const Pause pause = pauses_[destination];
  if (pause.since < at && at < pause.until) oracle_.broke(destination + " is sent something before it asked to be");
}

void PagingOracle::look(Elapsed at) {
  for (const std::string& id : open_) {
    const Paging& it = paging_[id];
    if (it.due && !it.doubtful && at > *it.due + slack) broke(id, "takes a step too late");
    if (it.led || it.reached) continue;
    for (const auto& [destination, died] : it.died_at) {
      if (died < configured_at_) broke(id, "does not page again, though the address may be mended: " + destination);
    }
  }
}

void PagingOracle::look_at_the_end() {
  for (const auto& [id, sent] : sent_) {
    if (sent.ends == 0) broke(sent.delivery.incident, fmt::format("has delivery {}, which never ended", id));
  }
}

void PagingOracle::broke(const std::string& incident, std::string_view what) {
  oracle_.broke(fmt::format("{} {}", incident, what));
}

}  // namespace candor::simulation
