#include "oracle.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "daemon/incident/codec.h"

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using incident::Incident;
using rules::Health;

/// How much later than its instant a thing may be done: the simulated disk is slow for up to this long.
constexpr Duration slack = 6s;
/// How much sooner: what was seen is dated when it is decided, and is on the disk a little later.
constexpr Duration clock_tolerance = 4s;
constexpr int most_tries_in_a_minute = 30;
/// A restart is no absence.
constexpr Duration short_absence = 16s;

template <class T>
const T* change(const incident::Event& event) {
  return std::get_if<T>(&event.change);
}

}  // namespace

void Oracle::durable(const incident::Event& event, Elapsed at) {
  if (const auto* e = change<incident::SignalChanged>(event)) saw(*e, at);
  if (const auto* e = change<incident::SignalForgotten>(event)) taken_out(e->signal, at);
  if (event.actor.human) spoke(event);
  if (const auto* e = change<incident::IncidentOpened>(event)) {
    rule_of_[event.incident] = e->rule;
    opened_at_[event.incident] = at;
    ++outbreaks_[event.incident];
    with_open_.insert(e->rule);
    opened(e->rule, at);
  }
  if (change<incident::IncidentReopened>(event) != nullptr) {
    ++outbreaks_[event.incident];
    opened_at_[event.incident] = at;
    with_open_.insert(rule_of_[event.incident]);
    if (!event.actor.human) opened(rule_of_[event.incident], at);
    acked_.erase(event.incident);
  }
  if (const auto* e = change<incident::StatusChanged>(event); e && e->status == incident::Status::resolved) {
    resolved(event, at);
  }
  if (change<incident::PageAcked>(event) != nullptr) acked_.insert(event.incident);
  if (const auto* e = change<incident::DeliveryEnded>(event)) ended(e->delivery, e->end);
}

/// Whoever speaks in public or takes the lead keeps the end; an ack, an edit or a veto is not that.
void Oracle::spoke(const incident::Event& event) {
  if (change<incident::UpdatePosted>(event) || change<incident::StatusChanged>(event) ||
      change<incident::LeadTaken>(event)) {
    in_human_hands_.insert(event.incident);
  }
}

void Oracle::saw(const incident::SignalChanged& change, Elapsed at) {
  const rules::SignalId& id = change.seen.id;
  const Health health = change.seen.health;
  if (id.kind == rules::SignalKind::alert && health == Health::ok) {
    seen_.erase(id);
  } else {
    seen_[id] = health;
  }
  if (id.kind == rules::SignalKind::alert) return;
  Bad& bad = components_[std::string{id.labels.get("component")}];
  if (!bad.failing.empty()) bad.failed_last = at;
  if (health == Health::ok) {
    if (bad.not_ok.erase(id) > 0 && bad.not_ok.empty()) bad.well_since = at;
  } else {
    if (bad.not_ok.empty()) {
      bad.last_well_from = bad.well_since;
      bad.last_well_until = at;
    }
    bad.not_ok.insert(id);
  }
  // Silence neither ends nor begins a failure.
  if (health == Health::failing) {
    bad.failing.try_emplace(id, at);
    bad.end_unseen = false;
  }
  if (health != Health::ok && health != Health::degraded) return;
  const auto failing = bad.failing.find(id);
  if (failing == bad.failing.end()) return;
  const std::string_view component = id.labels.get("component");
  const auto plain = std::ranges::find(scenario_.plain, component, &PlainRule::component);
  if (plain != scenario_.plain.end() && has_held(*plain, failing->second, at)) bad.held_until = at;
  bad.failing.erase(failing);
}

/// Whether what fails since then has made the rule hold, with nothing in between that leaves a doubt.
bool Oracle::has_held(const PlainRule& plain, Elapsed since, Elapsed at) const {
  const auto end = ended_at_.find(plain.name);
  if (end != ended_at_.end() && end->second >= since) return false;
  return since > std::max(began_, trusted_from_) + slack && at > since + plain.hold + slack;
}

/// Nobody sees any more how it is. Whoever looked on while it failed says no longer that it does, nor that it does not.
void Oracle::taken_out(const rules::SignalId& id, Elapsed at) {
  seen_.erase(id);
  if (id.kind == rules::SignalKind::alert) {
    // By the word of a human, who ended one incident: the others that rested on it are left to him.
    const auto is_plain = [this](const std::string& rule) {
      return std::ranges::find(scenario_.plain, rule, &PlainRule::name) != scenario_.plain.end();
    };
    std::ranges::copy_if(with_open_, std::inserter(may_stay_, may_stay_.end()), std::not_fn(is_plain));
    return;
  }
  const std::string component{id.labels.get("component")};
  Bad& bad = components_[component];
  const auto failing = bad.failing.find(id);
  const bool held = failing != bad.failing.end() && at - failing->second >= longest_hold + slack;
  if (failing != bad.failing.end()) {
    bad.failed_last = at;
    bad.failing.erase(failing);
  }
  if (bad.not_ok.erase(id) == 0) return;
  if (bad.not_ok.empty()) {
    bad.well_since = at;
    bad.end_unseen |= held;
  }
  for (const std::string& rule : {component + "-down", std::string{"checkout-and-alerts"}}) {
    if (with_open_.contains(rule)) may_stay_.insert(rule);
  }
}

/// Not by memory, and not while another rule speaks for it.
void Oracle::opened(const std::string& rule, Elapsed at) {
  const auto plain = std::ranges::find(scenario_.plain, rule, &PlainRule::name);
  if (plain == scenario_.plain.end()) return;
  const Duration look = std::min<Duration>(scenario_.policy.restart_grace, 1min);
  const Elapsed excused_until = components_["database"].held_until + look - clock_tolerance;
  if (plain->may_be_explained && components_["database"].held_until > began_ && at < excused_until) {
    broke(fmt::format("{} speaks {} after the database, which it is explained by, is well", rule,
                      format_duration(at - components_["database"].held_until)));
  }
  if (plain->hold == Duration{0} || at >= back_at_ + look - clock_tolerance || trusted_from_ >= away_from_) return;
  const bool seen = std::ranges::any_of(components_[plain->component].failing, [&](const auto& probe) {
    const bool was_over = probe.second + plain->hold <= away_from_ + clock_tolerance;
    const auto looked = looked_.find(probe.first);
    return was_over || (looked != looked_.end() && looked->second >= back_at_);
  });
  if (!seen) broke(fmt::format("{} opened by memory, {} after an absence", rule, format_duration(at - back_at_)));
}

void Oracle::resolved(const incident::Event& event, Elapsed at) {
  const std::string rule = rule_of_[event.incident];
  ended_at_[rule] = at;
  with_open_.erase(rule);
  may_stay_.erase(rule);
  if (event.actor.human) return;
  if (in_human_hands_.contains(event.incident))
    broke(fmt::format("{} ended {}, which a human has", rule, event.incident));
  if (event.at <= began_wall_ && at <= began_ + slack) return;  // decided by what held before
  if (opened_at_[event.incident] < started_ - slack && at < started_ + scenario_.policy.restart_grace - slack) {
    broke(fmt::format("{} ended {} before anything was seen since the start", rule, event.incident));
  }
  const auto plain = std::ranges::find(scenario_.plain, rule, &PlainRule::name);
  if (plain == scenario_.plain.end()) return;
  if (!components_[plain->component].failing.empty()) {
    broke(fmt::format("{} ended {} while a probe of {} fails", rule, event.incident, plain->component));
  }
  if (components_[plain->component].end_unseen && plain->always_there) {
    broke(fmt::format("{} ended {}, and nobody saw the end of what it held by", rule, event.incident));
  }
  const Elapsed quiet = at - components_[plain->component].failed_last;
  if (quiet < plain->resolve_after - clock_tolerance && components_[plain->component].failed_last > trusted_from_) {
    broke(fmt::format("{} ended {} after {} of quiet, and not {}", rule, event.incident, format_duration(quiet),
                      format_duration(plain->resolve_after)));
  }
}

void Oracle::ended(const std::string& delivery, const incident::DeliveryEnd& end) {
  const auto found = sent_.find(delivery);
  if (found == sent_.end()) {
    broke(fmt::format("delivery {} ended and was never decided", delivery));
    return;
  }
  if (++found->second.ends > 1) broke(fmt::format("delivery {} ended twice", delivery));
  if (end == incident::DeliveryEnd::delivered && !found->second.received) {
    broke(fmt::format("delivery {} counts as delivered and never arrived", delivery));
  }
  if (end == incident::DeliveryEnd::dead && !found->second.dead) {
    broke(fmt::format("delivery {} was given up, and nobody had said to", delivery));
  }
}

void Oracle::decided(const incident::Delivery& delivery) {
  sent_.try_emplace(delivery.id, Sent{.place = sent_.size(), .body = encode(delivery)});
  if (delivery.kind != incident::Delivery::Kind::page) return;
  const std::string step =
      fmt::format("{} outbreak {} round {} step {} to {}", delivery.incident, outbreaks_[delivery.incident],
                  delivery.message.round, delivery.message.step, delivery.destination);
  const auto [before, first] = steps_.try_emplace(step, delivery.id);
  // A step that could reach nobody is taken again where its address may be mended.
  if (!first && !sent_.at(before->second).dead) broke("paged twice: " + step);
  before->second = delivery.id;
}

void Oracle::received(const incident::Delivery& delivery, const incident::State& on_disk) {
  const auto found = sent_.find(delivery.id);
  if (found == sent_.end()) {
    broke(fmt::format("delivery {} was sent and is not on the disk", delivery.id));
    return;
  }
  Sent& sent = found->second;
  if (sent.body != encode(delivery)) broke("one idempotency key, two bodies");
  std::size_t& last = last_received_[{delivery.destination, delivery.incident}];
  // One that its destination refused for good, and whose end a crash took, may come after what came after it.
  if (!sent.received && !sent.dead && sent.place < last)
    broke(fmt::format("delivery {} overtook an earlier one", delivery.id));
  last = std::max(last, sent.place);
  sent.received = true;
  if (delivery.kind != incident::Delivery::Kind::page) return;
  ++pages_received_;
  if (acked_.contains(delivery.incident)) broke(fmt::format("a page for {} went out after its ack", delivery.incident));
  if (!on_disk.incidents.contains(delivery.incident)) broke("a page for an incident that is not on the disk");
}

void Oracle::refused(const std::string& delivery, bool final, Elapsed at) {
  Sent& sent = sent_.at(delivery);
  sent.dead |= final;
  if (at - sent.counted_from > 1min) sent.tries = 0;
  if (sent.tries++ == 0) sent.counted_from = at;
  if (sent.tries > most_tries_in_a_minute) broke(fmt::format("delivery {} is tried again and again", delivery));
}

void Oracle::started(Elapsed from, Elapsed at, bool clock_was_set) {
  away(from, at);
  if (clock_was_set) trusted_from_ = at;
}

/// One that begins before everything was seen after another goes on with it.
void Oracle::away(Elapsed from, Elapsed at) {
  began_ = started_ = at;
  const bool goes_on = from < back_at_ + scenario_.policy.restart_grace - slack;
  if (!goes_on && at - from < short_absence) return;
  if (!goes_on) away_from_ = from;
  back_at_ = at;
}

void Oracle::configured(const Scenario& scenario, const Moment& now) {
  scenario_ = scenario;
  began_ = now.at;
  began_wall_ = now.wall;
}

void Oracle::look(const incident::State& on_disk, Elapsed at, Instant now) {
  std::map<rules::SignalId, Health> known;
  for (const auto& [id, signal] : on_disk.signals) known[id] = signal.health;
  if (known != seen_) broke("what was seen is not what is known");
  look_at_rules(on_disk, at);
  look_at_incidents(on_disk, at, now);
}

void Oracle::look_at_rules(const incident::State& on_disk, Elapsed at) {
  std::set<std::string> with_open;
  for (const std::string& id : on_disk.open) {
    const Incident& it = on_disk.incidents.at(id);
    if (!it.rule.empty() && !with_open.insert(it.rule).second) broke(it.rule + " has two open incidents");
  }
  for (const PlainRule& plain : scenario_.plain) {
    const Bad& bad = components_[plain.component];
    const Elapsed must_end = std::max({bad.well_since, began_, trusted_from_}) +
                             std::max(plain.resolve_after, scenario_.policy.restart_grace) + slack;
    if (bad.not_ok.empty() && at >= must_end) {
      for (const std::string& id : on_disk.open) {
        const Incident& it = on_disk.incidents.at(id);
        if (it.rule != plain.name || it.in_human_hands || may_stay_.contains(it.rule)) continue;
        broke(fmt::format("{} does not end {}", plain.name, id));
      }
    }
    if (plain.may_be_explained) continue;
    look_for_a_relapse(plain, on_disk, at);
    if (with_open.contains(plain.name)) continue;
    for (const auto& [probe, since] : components_[plain.component].failing) {
      const Elapsed must_hold = std::max(since, trusted_from_) + plain.hold + slack;
      // A human may have ended it while the probe fails; the rule speaks again when it has been quiet in between.
      const auto end = ended_at_.find(plain.name);
      if (at < must_hold || (end != ended_at_.end() && end->second >= since)) continue;
      if (seen_[probe] != Health::failing) continue;
      broke(fmt::format("{} has failed for {} and {} opened nothing", probe.labels.get("probe"),
                        format_duration(at - since), plain.name));
    }
  }
}

/// An outage after a time in which an incident of the rule's own would have ended, and not been continued, is another.
void Oracle::look_for_a_relapse(const PlainRule& plain, const incident::State& on_disk, Elapsed at) {
  const auto response = scenario_.policy.responses.find(plain.name);
  const auto latest = on_disk.latest_by_rule.find(plain.name);
  const Bad& bad = components_[plain.component];
  if (response == scenario_.policy.responses.end() || latest == on_disk.latest_by_rule.end()) return;
  if (!on_disk.open.contains(latest->second)) return;
  const Duration another = std::max(response->second.resolve_after, response->second.reopen_within) + slack;
  if (bad.last_well_from <= std::max(began_, trusted_from_) + slack) return;
  if (bad.last_well_until - bad.last_well_from < another) return;
  for (const auto& [probe, since] : bad.failing) {
    if (at < since + plain.hold + slack || seen_[probe] != Health::failing) continue;
    if (opened_at_[latest->second] + slack < bad.last_well_until) {
      broke(fmt::format("{} swallows an outage of {}", latest->second, plain.component));
    }
  }
}

void Oracle::look_at_incidents(const incident::State& on_disk, Elapsed at, Instant now) {
  const auto late = [now](const std::optional<Instant>& due) { return due && *due < now - slack; };
  for (const std::string& id : on_disk.open) {
    const Incident& it = on_disk.incidents.at(id);
    const bool waits = it.holding.stage == incident::Holding::Stage::waiting;
    // It waits while its rule sees nothing wrong, and only then; that, others look after.
    const bool seen = on_disk.holding_rules.contains(it.rule) || !it.holding.edited_by.empty();
    const bool looked = at > began_ + std::min<Duration>(scenario_.policy.restart_grace, 1min) + slack;  // an absence
    if (waits && seen && looked && late(it.holding.due)) broke("the holding response of " + id + " is late");
    if (it.published_at && late(it.next_update)) broke("a promised update of " + id + " is late");
    if (late(it.escalation.due)) broke("a step of the escalation of " + id + " is late");
    const oncall::Progress& paging = it.escalation;
    if (!paging.escalation.empty() && !paging.due && !paging.acked_at && !paging.exhausted) {
      broke("nobody is paged any more for " + id);
    }
    if (paging.due && *paging.due > now + longest_step + slack) broke("the escalation of " + id + " waits too long");
    if (it.holding.stage == incident::Holding::Stage::waiting && it.holding.due > now + longest_holding + slack) {
      broke("the holding response of " + id + " waits too long");
    }
    if (it.published_at && !it.next_update) broke(id + " is public and promises nothing");
    const auto cadence = scenario_.policy.cadence.find(it.impact);
    if (it.next_update && cadence != scenario_.policy.cadence.end() &&
        *it.next_update > now + cadence->second + slack) {
      broke("customers of " + id + " wait longer than the cadence");
    }
  }
}

void Oracle::look_at_the_end(const incident::State& on_disk) {
  for (const auto& [id, sent] : sent_) {
    if (sent.ends == 0) broke(fmt::format("delivery {} never ended", id));
  }
  for (const auto& [id, it] : on_disk.incidents) {
    if (it.open() && !it.in_human_hands && scenario_.policy.responses.contains(it.rule) &&
        !may_stay_.contains(it.rule)) {
      broke(fmt::format("incident {} never ended", id));
    }
  }
}

}  // namespace candor::simulation
