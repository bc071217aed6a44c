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

/// How much sooner: what was seen is dated when it is decided, and is on the disk a little later.
constexpr Duration clock_tolerance = 4s;
/// A restart is no absence.
constexpr Duration short_absence = 16s;

template <class T>
const T* change(const incident::Event& event) {
  return std::get_if<T>(&event.change);
}

}  // namespace

void Oracle::durable(const incident::Event& event, const Decided& decided, Elapsed at) {
  if (const auto* e = change<incident::SignalChanged>(event)) saw(*e, at);
  if (const auto* e = change<incident::SignalForgotten>(event)) taken_out(e->signal, at);
  if (const auto* e = change<incident::RuleForgotten>(event); e && with_open_.contains(e->rule)) {
    was_out_.insert(e->rule);
    may_stay_.insert(e->rule);
  }
  if (const auto* e = change<incident::RuleForgotten>(event)) false_alarms_.erase(e->rule);
  if (const auto* e = change<incident::VerdictChanged>(event); e && rules::holds(e->verdict.finding)) {
    was_out_.erase(e->rule);
  }
  if (event.actor.human) spoke(event);
  if (const auto* e = change<incident::IncidentOpened>(event)) {
    rule_of_[event.incident] = e->rule;
    if (!e->rule.empty()) {
      look_at_the_one_before(event, decided);
      latest_[e->rule] = event.incident;
    }
    began(event, decided, at);
  }
  if (change<incident::IncidentReopened>(event) != nullptr) {
    if (!event.actor.human) look_at_the_one_before(event, decided);
    began(event, decided, at);
  }
  if (const auto* e = change<incident::StatusChanged>(event); e && e->status == incident::Status::resolved) {
    end_decided_[event.incident] = decided.at;
    resolved(event, decided, at);
  }
}

void Oracle::began(const incident::Event& event, const Decided& decided, Elapsed at) {
  const std::string& rule = rule_of_[event.incident];
  end_decided_.erase(event.incident);
  opened_at_[event.incident] = at;
  if (is_latest(event.incident)) with_open_.insert(rule);
  if (!event.actor.human) opened(rule, decided, at);
}

/// Of its rule, which has no say any more in an older one that a human opened again.
bool Oracle::is_latest(const std::string& incident) {
  const auto latest = latest_.find(rule_of_[incident]);
  return latest != latest_.end() && latest->second == incident;
}

/// A rule opens an incident, or goes on with one: by how long ago its latest one has ended.
void Oracle::look_at_the_one_before(const incident::Event& event, const Decided& decided) {
  const std::string& rule = rule_of_[event.incident];
  const auto latest = latest_.find(rule);
  const bool goes_on = change<incident::IncidentReopened>(event) != nullptr;
  if (latest == latest_.end()) return;
  if (goes_on && event.incident != latest->second) broke(fmt::format("{} goes on with {}", rule, event.incident));
  const auto end = end_decided_.find(latest->second);
  if (end == end_decided_.end()) {
    if (!goes_on) broke(fmt::format("{} opens {} beside {}", rule, event.incident, latest->second));
    return;
  }
  if (clock_set_ >= end->second) return;
  const Duration ago = decided.at - end->second;
  if (goes_on != (ago <= decided.scenario->policy.responses.at(rule).reopen_within)) {
    broke(fmt::format("{} {} {} after the end of {}", rule, goes_on ? "goes on" : "opens another incident",
                      format_duration(ago), latest->second));
  }
}

/// Whoever opens it, speaks in public or takes the lead keeps the end; an ack, an edit or a veto is not that.
void Oracle::spoke(const incident::Event& event) {
  if (change<incident::UpdatePosted>(event) || change<incident::StatusChanged>(event) ||
      change<incident::LeadTaken>(event) || change<incident::IncidentOpened>(event) ||
      change<incident::IncidentReopened>(event)) {
    in_human_hands_.insert(event.incident);
  }
}

void Oracle::saw(const incident::SignalChanged& change, Elapsed at) {
  const rules::SignalId& id = change.seen.id;
  const Health health = change.seen.health;
  const auto known = seen_.find(id);
  const bool was_seen = known != seen_.end() && known->second != Health::unknown;
  if (id.kind == rules::SignalKind::alert && health == Health::ok) {
    seen_.erase(id);
  } else {
    seen_[id] = health;
  }
  if (id.kind == rules::SignalKind::alert) return;
  if (health != Health::failing) no_longer_fails(id);
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
  if (plain != scenario_.plain.end() && was_seen && has_held(*plain, failing->second, at)) bad.held_until = at;
  bad.failing.erase(failing);
}

void Oracle::no_longer_fails(const rules::SignalId& id) {
  for (auto& [rule, failing] : false_alarms_) failing.erase(id);
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
  no_longer_fails(id);
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

/// How long until everything is seen again.
Duration Oracle::longest_look() const { return std::min<Duration>(scenario_.policy.restart_grace, 1min); }

/// Not by memory, and not while another rule speaks for it.
void Oracle::opened(const std::string& rule, const Decided& decided, Elapsed at) {
  const auto plain = std::ranges::find(scenario_.plain, rule, &PlainRule::name);
  if (plain == scenario_.plain.end()) return;
  if (plain->may_be_explained) look_for_an_excuse(rule, decided);
  if (!false_alarms_[rule].empty() && !plain->may_be_explained) {
    broke(fmt::format("{} speaks again of what a human ended, and which fails as it did", rule));
  }
  const Duration look = longest_look();
  const Elapsed excused_until = components_["database"].held_until + look - clock_tolerance;
  if (plain->may_be_explained && components_["database"].held_until > began_ && at < excused_until) {
    broke(fmt::format("{} speaks {} after the database, which it is explained by, is well", rule,
                      format_duration(at - components_["database"].held_until)));
  }
  if (at >= back_at_ + look - clock_tolerance || trusted_from_ >= away_from_) return;
  if (decided.at < back_at_) return;  // before that absence
  const bool seen = std::ranges::any_of(components_[plain->component].failing, [&](const auto& probe) {
    const auto looked = looked_.find(probe.first);
    if (looked == looked_.end() || looked->second < looks_count_from_) return false;
    const Elapsed ran_out = probe.second + plain->hold;
    const bool unseen = ran_out > looked->second - clock_tolerance && ran_out <= back_at_ - clock_tolerance;
    return looked->second >= back_at_ || !unseen;
  });
  if (!seen) broke(fmt::format("{} opened by memory, {} after an absence", rule, format_duration(at - back_at_)));
}

/// While the database is seen to fail, whatever it explains is silent.
void Oracle::look_for_an_excuse(const std::string& rule, const Decided& decided) {
  const auto database = std::ranges::find(scenario_.plain, std::string_view{"database"}, &PlainRule::component);
  for (const auto& [probe, since] : components_["database"].failing) {
    if (seen_[probe] != Health::failing || !has_held(*database, since, decided.at)) continue;
    const bool was_over = since + database->hold + slack < away_from_ || since > back_at_ || looked_[probe] >= back_at_;
    if (was_over) {
      broke(fmt::format("{} speaks although the database fails for {}", rule, format_duration(decided.at - since)));
    }
  }
}

void Oracle::resolved(const incident::Event& event, const Decided& decided, Elapsed at) {
  const std::string rule = rule_of_[event.incident];
  ended_at_[rule] = at;
  if (is_latest(event.incident)) {
    with_open_.erase(rule);
    may_stay_.erase(rule);
    if (event.actor.human) ended_by_hand(rule, at);
  }
  const bool was_out = was_out_.erase(rule) > 0;
  if (event.actor.human) return;
  if (in_human_hands_.contains(event.incident))
    broke(fmt::format("{} ended {}, which a human has", rule, event.incident));
  if (was_out) broke(fmt::format("{} was out, and ended {} without having seen it since", rule, event.incident));
  if (decided.began < began_) return;  // by what held before
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

/// What fails on is no news until it was seen well.
void Oracle::ended_by_hand(const std::string& rule, Elapsed at) {
  const auto plain = std::ranges::find(scenario_.plain, rule, &PlainRule::name);
  if (plain == scenario_.plain.end()) return;
  std::set<rules::SignalId>& ended = false_alarms_[rule];
  ended.clear();
  for (const auto& [probe, since] : components_[plain->component].failing) {
    if (seen_[probe] == Health::failing && has_held(*plain, since, at)) ended.insert(probe);
  }
}

void Oracle::started(Elapsed from, Elapsed at, bool clock_was_set) {
  away(from, at);
  if (clock_was_set) trusted_from_ = at;
}

/// One that begins before everything was seen after another goes on with it. Where it is short, what was seen between
/// the two stays so, but for a `for` that runs out in it.
void Oracle::away(Elapsed from, Elapsed at) {
  began_ = started_ = at;
  const bool goes_on = from < back_at_ + scenario_.policy.restart_grace - slack;
  if (!goes_on && at - from < short_absence) return;
  if (!goes_on) away_from_ = from;
  if (!goes_on || at - from >= short_absence) looks_count_from_ = at;
  back_at_ = at;
}

void Oracle::configured(const Scenario& scenario, Elapsed at) {
  scenario_ = scenario;
  began_ = at;
}

void Oracle::look(const incident::State& on_disk, Elapsed at) {
  std::map<rules::SignalId, Health> known;
  for (const auto& [id, signal] : on_disk.signals) known[id] = signal.health;
  if (known != seen_) broke("what was seen is not what is known");
  look_at_rules(on_disk, at);
}

void Oracle::look_at_rules(const incident::State& on_disk, Elapsed at) {
  std::set<std::string> with_open;
  for (const std::string& id : on_disk.open) with_open.insert(on_disk.incidents.at(id).rule);
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
      // What failed before an absence is looked at first, after a reload for longer.
      const Elapsed must_hold = std::max({since + plain.hold, trusted_from_ + plain.hold, back_at_ + 1min}) + slack;
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
  // Where a human opened it again, its quiet counts from then.
  const Elapsed quiet_from = std::max(bad.last_well_from, opened_at_[latest->second]);
  if (bad.last_well_until - quiet_from < another) return;
  for (const auto& [probe, since] : bad.failing) {
    if (at < since + plain.hold + slack || seen_[probe] != Health::failing) continue;
    if (opened_at_[latest->second] + slack < bad.last_well_until) {
      broke(fmt::format("{} swallows an outage of {}", latest->second, plain.component));
    }
  }
}

void Oracle::look_at_the_end(const incident::State& on_disk) {
  for (const auto& [id, it] : on_disk.incidents) {
    if (it.open() && !it.in_human_hands && scenario_.policy.responses.contains(it.rule) &&
        !may_stay_.contains(it.rule)) {
      broke(fmt::format("incident {} never ended", id));
    }
  }
}

}  // namespace candor::simulation
