#include "daemon/incident/state.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/incident/unseen.h"

namespace candor::incident {
namespace {

/// A journal may hold any number.
Instant moved(Instant at, Duration by) {
  std::int64_t ms = 0;
  if (__builtin_add_overflow(to_ms(at), by.count(), &ms)) return by.count() < 0 ? Instant::min() : Instant::max();
  return from_ms(ms);
}

/// Folds the events of one incident.
class IncidentFold {
 public:
  IncidentFold(State& state, Incident& incident, const Event& event) : state_(state), it_(incident), event_(event) {}

  void operator()(const IncidentOpened& e) {
    it_.rule = e.rule;
    it_.title = e.title;
    it_.impact = e.impact;
    it_.components = e.components;
    it_.opened_by = event_.actor;
    it_.opened_at = event_.at;
    it_.failing_since = e.failing_since;
    it_.evidence = e.evidence;
    it_.symptom = e.symptom;
    it_.playbook = e.playbook;
    it_.escalation.escalation = e.escalation;
    ++state_.ids_made;
    state_.open.insert(it_.id);
    if (!e.rule.empty()) state_.latest_by_rule[e.rule] = it_.id;
    take_in_hand();
    note(e.evidence.empty() ? e.title : e.title + ": " + e.evidence);
  }
  void operator()(const HoldingDrafted& e) {
    it_.holding = {
        .stage = Holding::Stage::waiting, .due = e.due, .title = e.title, .body = e.body, .support = e.support};
    note(e.body);
  }
  void operator()(const HoldingEdited& e) {
    it_.holding.title = e.title;
    it_.holding.body = e.body;
    it_.holding.edited_by = event_.actor.name;
    note(e.body);
  }
  void operator()(const HoldingVetoed& e) {
    it_.holding.stage = Holding::Stage::vetoed;
    it_.holding.reason = e.reason;
    note(e.reason);
  }
  void operator()(const UpdatePosted& e) {
    it_.updates.push_back({e.id, it_.status, e.body, event_.at, event_.actor, it_.components, e.next_update});
    it_.next_update = e.next_update;
    if (!it_.published_at) it_.published_at = event_.at;
    if (e.holding) {
      it_.holding.stage = Holding::Stage::posted;
    } else if (it_.holding.stage == Holding::Stage::waiting) {
      it_.holding.stage = Holding::Stage::none;
    }
    ++state_.ids_made;
    take_in_hand();
    note(e.body);
  }
  void operator()(const StatusChanged& e) {
    it_.status = e.status;
    if (e.status == Status::monitoring) it_.monitoring_at = event_.at;
    if (e.status == Status::resolved) {
      it_.resolved_at = event_.at;
      it_.next_update.reset();
      it_.escalation.due.reset();
      owe_an_end();
      if (it_.holding.stage == Holding::Stage::waiting) it_.holding.stage = Holding::Stage::none;
      state_.open.erase(it_.id);
      end_hold();
    }
    take_in_hand();
    note(to_string(e.status));
  }
  void operator()(const ImpactChanged& e) {
    it_.impact = e.impact;
    take_in_hand();
    note(to_string(e.impact));
  }
  void operator()(const TitleChanged& e) {
    it_.title = e.title;
    take_in_hand();
    note(e.title);
  }
  void operator()(const ComponentStatusChanged& e) {
    it_.components[e.component] = e.status;
    take_in_hand();
    note(fmt::format("{}: {}", e.component, to_string(e.status)));
  }
  void operator()(const IncidentReopened& e) {
    state_.explains_until.erase(it_.rule);
    if (it_.open()) owe_an_end();  // an outbreak is over, though its incident goes on
    it_.status = Status::investigating;
    it_.resolved_at.reset();
    it_.monitoring_at.reset();
    it_.quiet_since = is_quiet(it_.rule) ? std::optional{event_.at} : std::nullopt;
    it_.longest_quiet = Duration{0};
    it_.lead.clear();
    if (!e.evidence.empty()) it_.evidence = e.evidence;
    if (!e.symptom.empty()) it_.symptom = e.symptom;
    // Customers who were told of the outbreak before hear of one incident; others hear of this one alone.
    if (!it_.published_at && e.failing_since > Instant{}) it_.failing_since = e.failing_since;
    it_.escalation = {.escalation = it_.escalation.escalation};
    state_.open.insert(it_.id);
    take_in_hand();
    note(e.evidence);
  }
  void operator()(const LeadTaken& e) {
    it_.lead = e.lead;
    take_in_hand();
    note(e.lead);
  }
  void operator()(const Paged& e) {
    oncall::Progress& progress = it_.escalation;
    if (!e.escalation.empty()) progress.escalation = e.escalation;
    progress.round = e.round;
    progress.step = e.step;
    progress.due = e.next;
    progress.reached = false;
    progress.exhausted = false;
    for (const std::string& contact : e.contacts) {
      if (std::ranges::find(progress.paged, contact) == progress.paged.end()) progress.paged.push_back(contact);
    }
    note(fmt::format("{} (round {}, step {})", fmt::join(e.contacts, ", "), e.round, e.step));
  }
  void operator()(const PageAcked& e) {
    it_.escalation.acked_at = event_.at;
    it_.escalation.acked_by = event_.actor.name;
    it_.escalation.due.reset();
    it_.lead = event_.actor.name.substr(event_.actor.name.find(':') + 1);
    note(fmt::format("{} leads (by {})", it_.lead, e.via));
  }
  void operator()(const EscalationExhausted& e) {
    it_.escalation.due.reset();
    it_.escalation.exhausted = true;
    note(e.why);
  }
  void operator()(const DeliveryQueued& e) {
    state_.pending.put(e.delivery, {event_.incident, e.kind, e.destination});
    ++state_.ids_made;
    note(fmt::format("{} to {}", to_string(e.kind), e.destination));
  }
  void operator()(const DeliveryEnded& e) {
    const auto found = state_.pending.find(e.delivery);
    if (found == state_.pending.end()) return;
    if (found->second.kind == Delivery::Kind::page && e.end == DeliveryEnd::delivered) it_.escalation.reached = true;
    note(fmt::format("{} to {}: {}{}{}", to_string(found->second.kind), found->second.destination, to_string(e.end),
                     e.why.empty() ? "" : ", ", e.why));
    if (e.end == DeliveryEnd::dead) bury(e, found->second);
    if (e.end == DeliveryEnd::delivered && found->second.kind == Delivery::Kind::resolved) {
      std::erase(it_.owed_an_end, contact_of(found->second.destination));
    }
    state_.pending.erase(e.delivery);
  }
  void operator()(const VerdictChanged& e) {
    // What another rule explains is another's outbreak: once none does any more, it is judged by the quiet before.
    it_.longest_quiet = e.verdict.finding == rules::Finding::holds ? Duration{0} : quiet_for(it_, event_.at);
    it_.quiet_since.reset();
    if (e.verdict.finding == rules::Finding::quiet) it_.quiet_since = event_.at;
    note(fmt::format("{}: {}{}{}", e.rule, to_string(e.verdict.finding), e.verdict.evidence.empty() ? "" : ", ",
                     e.verdict.evidence));
  }
  void operator()(const auto&) {}

 private:
  void bury(const DeliveryEnded& e, const PendingDelivery& pending) {
    constexpr std::size_t most = 100;
    if (state_.dead.size() == most) state_.dead.erase(state_.dead.begin());
    state_.dead.push_back({e.delivery, it_.id, pending.kind, pending.destination, e.why, event_.at});
  }

  void owe_an_end() {
    for (const std::string& contact : it_.escalation.paged) {
      if (std::ranges::find(it_.owed_an_end, contact) == it_.owed_an_end.end()) it_.owed_an_end.push_back(contact);
    }
  }

  [[nodiscard]] bool is_quiet(const std::string& rule) const {
    const auto verdict = state_.verdicts.find(rule);
    return verdict == state_.verdicts.end() || verdict->second.finding == rules::Finding::quiet;
  }

  /// Whoever ended it while nobody could see whether its rule holds says that it does not.
  void end_hold() {
    const auto verdict = state_.verdicts.find(it_.rule);
    if (verdict == state_.verdicts.end()) return;
    if (verdict->second.finding == rules::Finding::holds) {
      state_.explains_until[it_.rule] = event_.at + explains_after_the_end;
    } else if (verdict->second.finding == rules::Finding::unknown) {
      state_.holding_rules.erase(it_.rule);
    }
  }

  void take_in_hand() { it_.in_human_hands |= event_.actor.human; }

  void note(std::string_view text) {
    it_.updated_at = event_.at;
    it_.timeline.push_back({event_.at, event_.actor.name, std::string{token(event_.change)}, std::string{text}});
  }

  State& state_;
  Incident& it_;
  const Event& event_;
};

/// Folds what is true of the house, whichever incident it belongs to.
class HouseFold {
 public:
  HouseFold(State& state, const Event& event) : state_(state), event_(event) {}

  void operator()(const JournalBegun& e) {
    if (state_.salt == 0) state_.begun_at = event_.at;
    state_.salt = e.salt;
  }
  void operator()(const SignalChanged& e) { apply(state_, event_, e, state_.signals.lower_bound(e.seen.id)); }
  void operator()(const SignalForgotten& e) { state_.signals.erase(e.signal); }
  void operator()(const SourceChanged& e) {
    state_.sources[e.source] = {e.answering, e.answering ? event_.at : silent_since(e.source), e.evidence};
  }
  /// Until now it told of alerts, if it answered: where no other one does, their silence counts from now on.
  void operator()(const SourceForgotten& e) {
    const bool told = !silent_sources(state_);
    state_.sources.erase(e.source);
    if (!told || !silent_sources(state_)) return;
    for (auto& [name, source] : state_.sources) {
      if (is_asked(name)) source.since = event_.at;
    }
  }
  void operator()(const VerdictChanged& e) {
    rules::Verdict& verdict = state_.verdicts[e.rule];
    // A snapshot of before it was kept does not tell since when.
    if (rules::holds(verdict.finding)) state_.held_since.try_emplace(e.rule, verdict.since);
    verdict = e.verdict;
    const bool ended = verdict.finding == rules::Finding::quiet ||
                       (verdict.finding == rules::Finding::pending && verdict.held_since == Instant{});
    if (rules::holds(verdict.finding)) {
      if (verdict.held_since == Instant{}) {
        state_.held_since.try_emplace(e.rule, verdict.since);
      } else {
        state_.held_since[e.rule] = verdict.held_since;
      }
    } else if (ended) {
      const auto held = state_.held_since.find(e.rule);
      if (held != state_.held_since.end()) {
        state_.held_before[e.rule] = {held->second, event_.at};
        state_.held_since.erase(held);
      }
    }
    if (e.verdict.finding == rules::Finding::holds) {
      state_.holding_rules.insert(e.rule);
    } else if (e.verdict.finding != rules::Finding::unknown) {
      state_.holding_rules.erase(e.rule);
    }
    if (ended) state_.explains_until.erase(e.rule);
  }
  void operator()(const RuleForgotten& e) {
    state_.verdicts.erase(e.rule);
    state_.held_since.erase(e.rule);
    state_.held_before.erase(e.rule);
    state_.holding_rules.erase(e.rule);
    state_.explains_until.erase(e.rule);
  }
  /// Moves what is still waited for, and since when; what has happened keeps the instant that was read then.
  void operator()(const ClockSet& e) {
    const auto move = [&e](Instant& at) { at = moved(at, e.by); };
    const auto move_if_any = [&move](std::optional<Instant>& at) {
      if (at) move(*at);
    };
    for (auto& [id, signal] : state_.signals) {
      move(signal.since);
      move_if_any(signal.degraded_since);
      move_if_any(signal.failing_since);
    }
    for (auto& [rule, verdict] : state_.verdicts) move(verdict.since);
    for (auto& [rule, at] : state_.held_since) move(at);
    for (auto& [rule, held] : state_.held_before) {
      move(held.since);
      move(held.until);
    }
    for (auto& [rule, until] : state_.explains_until) move(until);
    for (auto& [probe, heartbeat] : state_.heartbeats) move(heartbeat.at);
    for (auto& [name, source] : state_.sources) {
      move(source.since);
      if (!source.unheard) continue;
      move(source.unheard->from);
      move(source.unheard->back);
    }
    for (Absence& absence : state_.absences) {
      move(absence.from);
      move(absence.back);
      move(absence.until);
    }
    for (const std::string& id : state_.open) {
      Incident& it = state_.incidents.at(id);
      move(it.holding.due);
      move_if_any(it.escalation.due);
      move_if_any(it.quiet_since);
      // Customers were told an instant: words may come before it, never later.
      if (e.by < Duration{0}) move_if_any(it.next_update);
    }
  }
  void operator()(const Returned& e) {
    constexpr std::size_t most = 8;
    // One may be told more than once: as often as something happens while the disk takes nothing in.
    const Instant told_until = state_.absences.empty() ? e.off_since : state_.absences.back().until;
    if (!state_.absences.empty() && e.off_since <= told_until + longest_look) {
      Absence& latest = state_.absences.back();
      const bool goes_on = e.off_since < told_until && latest.back == told_until;
      if (goes_on || event_.at - e.off_since > short_absence) latest.back = event_.at;
      latest.until = event_.at;
    } else {
      if (state_.absences.size() == most) make_room_for_an_absence();
      state_.absences.push_back({.from = e.off_since, .back = event_.at, .until = event_.at});
    }
    for (auto& [name, source] : state_.sources) {
      if (!is_asked(name) || !source.answering) continue;
      const Instant heard_until = source.unheard ? source.unheard->from : e.off_since;
      source.unheard = {std::min(heard_until, e.off_since), event_.at};
    }
    for (const std::string& id : state_.open) {
      std::optional<Instant>& quiet = state_.incidents.at(id).quiet_since;
      const Instant untold = std::max(e.off_since, told_until);
      if (quiet) *quiet += event_.at - std::clamp(untold, std::min(*quiet, event_.at), event_.at);
    }
  }
  void operator()(const HeartbeatReceived& e) { state_.heartbeats[e.probe] = {event_.at, e.status, e.message}; }
  void operator()(const HeartbeatForgotten& e) { state_.heartbeats.erase(e.probe); }
  void operator()(const auto&) {}

 private:
  /// What was not heard is not forgotten: the oldest short one counts as part of the one before it. Where all were
  /// long, the oldest two count as one.
  void make_room_for_an_absence() {
    std::vector<Absence>& all = state_.absences;
    auto gone = std::find_if(all.begin() + 1, all.end(), [](const Absence& one) { return one.is_short(); });
    if (gone != all.end()) {
      std::prev(gone)->until = gone->until;
    } else {
      gone = all.begin();
      std::next(gone)->from = gone->from;
    }
    all.erase(gone);
  }

  /// Of one that does not answer: since the absence where it has not answered after that. Where no other one does,
  /// nobody has told of alerts since then: a new one may be the same under another name.
  [[nodiscard]] Instant silent_since(const std::string& source) const {
    const auto known = state_.sources.find(source);
    if (known == state_.sources.end()) return silent_sources(state_).value_or(event_.at);
    if (known->second.unheard) return known->second.unheard->from;
    return known->second.answering ? event_.at : known->second.since;
  }

  State& state_;
  const Event& event_;
};

}  // namespace

void PendingDeliveries::put(const std::string& id, PendingDelivery delivery) {
  erase(id);
  by_incident_[delivery.incident].insert(id);
  by_id_.emplace(id, std::move(delivery));
}

void PendingDeliveries::erase(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const auto others = by_incident_.find(found->second.incident);
  others->second.erase(id);
  if (others->second.empty()) by_incident_.erase(others);
  by_id_.erase(found);
}

const std::set<std::string>& PendingDeliveries::about(const std::string& incident) const {
  static const std::set<std::string> none;
  const auto found = by_incident_.find(incident);
  return found != by_incident_.end() ? found->second : none;
}

const Incident* State::latest_of(const std::string& rule) const {
  const auto latest = latest_by_rule.find(rule);
  if (latest == latest_by_rule.end()) return nullptr;
  const auto found = incidents.find(latest->second);
  return found != incidents.end() ? &found->second : nullptr;
}

void apply(State& state, const Event& event) {
  state.last_at = event.at;
  std::visit(HouseFold{state, event}, event.change);
  if (event.incident.empty()) return;
  const bool opens = std::holds_alternative<IncidentOpened>(event.change);
  const auto found = opens ? state.incidents.try_emplace(event.incident).first : state.incidents.find(event.incident);
  if (found == state.incidents.end()) return;
  if (opens) found->second.id = event.incident;
  std::visit(IncidentFold{state, found->second, event}, event.change);
}

rules::Signals::iterator apply(State& state, const Event& event, const SignalChanged& change,
                               rules::Signals::iterator place) {
  state.last_at = event.at;
  const bool known = place != state.signals.end() && place->first == change.seen.id;
  if (change.seen.id.kind == rules::SignalKind::alert && change.seen.health == rules::Health::ok) {
    if (known) state.signals.erase(place);
    return state.signals.end();
  }
  if (!known) place = state.signals.try_emplace(place, change.seen.id);
  rules::apply(place->second, change.seen, event.at);
  return place;
}

std::uint32_t outbreak_of(const Incident& incident) {
  const std::string_view reopened = token(IncidentReopened{});
  return 1 + static_cast<std::uint32_t>(std::ranges::count(incident.timeline, reopened, &TimelineEntry::what));
}

Duration quiet_for(const Incident& it, Instant now) {
  return it.quiet_since ? std::max(it.longest_quiet, now - *it.quiet_since) : it.longest_quiet;
}

std::map<std::string_view, ComponentStatus> component_statuses(const State& state) {
  std::map<std::string_view, ComponentStatus> worst;
  for (const std::string& id : state.open) {
    const auto incident = state.incidents.find(id);
    if (incident == state.incidents.end() || !incident->second.published_at) continue;
    for (const auto& [component, said] : incident->second.components) {
      ComponentStatus& status = worst[component];
      status = std::max(status, said);
    }
  }
  return worst;
}

}  // namespace candor::incident
