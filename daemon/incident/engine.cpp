#include "daemon/incident/engine.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "daemon/incident/agenda.h"
#include "daemon/incident/presence.h"
#include "daemon/incident/turn.h"

namespace candor::incident {

struct Engine::Impl {
  Policy policy;
  State state;
  std::uint64_t salt = 0;  ///< of the ids that are made since the start
  rules::Evaluator evaluator;
  Templates templates;  ///< of the policy
  Presence presence;
  std::optional<rules::Absence> asleep;  ///< until it begins
  Agenda agenda;

  Impl(Policy the_policy, State the_state)
      : policy(std::move(the_policy)),
        state(std::move(the_state)),
        evaluator(policy.rules),
        presence(policy.restart_grace) {
    show_signals();
  }

  /// When last it could be seen: one that held then may hold still.
  [[nodiscard]] rules::Finding last_finding(const std::string& rule, const rules::Verdict& verdict) const {
    if (verdict.finding != rules::Finding::unknown) return verdict.finding;
    if (state.holding_rules.contains(rule)) return rules::Finding::holds;
    return state.held_since.contains(rule) ? rules::Finding::explained : rules::Finding::unknown;
  }

  void show_signals() {
    for (const auto& [id, signal] : state.signals) evaluator.update(id, signal);
    for (const auto& [rule, verdict] : state.verdicts) {
      const auto held = state.held_since.find(rule);
      std::optional<Instant> since;
      if (rules::holds(verdict.finding)) since = verdict.since;
      if (held != state.held_since.end()) since = held->second;
      evaluator.found(rule, last_finding(rule, verdict), since);
    }
    for (const auto& [rule, held] : state.held_before) evaluator.held(rule, held.since, held.until);
    for (const auto& [rule, until] : state.explains_until) evaluator.explains_until(rule, until);
    for (const auto& [rule, response] : policy.responses) evaluator.lingers(rule, presence.whole_look());
  }

  /// Goes on where `before` ended: what that only remembered is memory here too.
  void go_on_from(const rules::Evaluator& before, Instant now, Duration clock_set_by) {
    if (presence.look() && presence.look()->until > now) evaluator.wait_for_a_look(*presence.look());
    evaluator.go_on_from(before, clock_set_by);
  }

  /// With the state's signals, which are other ones than the evaluator was told.
  void judge_anew(Instant now, Duration clock_set_by) {
    const rules::Evaluator before = std::exchange(evaluator, rules::Evaluator{policy.rules});
    show_signals();
    go_on_from(before, now, clock_set_by);
  }

  Turn turn(Instant now) { return {policy, state, evaluator, templates, salt, now}; }

  /// When the rule's silence ends the incident; nothing while it holds, cannot be seen, is silent because of what was
  /// configured and not of what was seen, or a human has the incident.
  [[nodiscard]] std::optional<Instant> resolve_due(const Incident& it) const {
    if (it.rule.empty() || it.in_human_hands) return std::nullopt;
    const auto verdict = state.verdicts.find(it.rule);
    const auto response = policy.responses.find(it.rule);
    if (verdict == state.verdicts.end() || response == policy.responses.end()) return std::nullopt;
    if (verdict->second.finding != rules::Finding::quiet) return std::nullopt;
    if (nobody_saw_the_end(verdict->second)) return std::nullopt;
    const Instant quiet_enough = verdict->second.since + response->second.resolve_after;
    // What was open before this start rests on what was seen before it.
    return presence.is_from_before(it.id) ? std::max(quiet_enough, presence.all_have_spoken_at()) : quiet_enough;
  }

  /// When its first words become public: what nobody wrote, not while its rule sees nothing wrong, nor after an absence
  /// before anybody could look again.
  [[nodiscard]] std::optional<Instant> holding_due(const Incident& it) const {
    if (it.holding.stage != Holding::Stage::waiting) return std::nullopt;
    if (!it.holding.edited_by.empty()) return it.holding.due;
    if (!may_be_seen(it)) return std::nullopt;
    return is_remembered(it) ? std::max(it.holding.due, presence.look()->until) : it.holding.due;
  }

  /// Whether nobody has seen since the latest absence that it goes on.
  [[nodiscard]] bool is_remembered(const Incident& it) const {
    return presence.look() && presence.is_from_before(it.id) && !evaluator.is_sure(it.rule);
  }

  /// What was not seen meanwhile is neither heard nor quiet, and what was wrong before is memory.
  void return_from(Turn& turn, Instant off_since) const {
    const bool knows_anything = !state.signals.empty() || !state.sources.empty() || !state.heartbeats.empty();
    if (knows_anything || !state.open.empty()) turn.emit(candor_itself, "", Returned{off_since});
  }

  void look_again(Instant off_since, Instant now) {
    presence.look_again(state, off_since, now);
    evaluator.wait_for_a_look(*presence.look());
    evaluator.miss({off_since, now});
  }

  /// Whether something is wrong still, by all that can be seen of it. What humans opened is theirs to say.
  [[nodiscard]] bool may_be_seen(const Incident& it) const {
    if (it.rule.empty() || state.holding_rules.contains(it.rule)) return true;  // an unknown rule that held may hold
    const auto verdict = state.verdicts.find(it.rule);
    return verdict != state.verdicts.end() && rules::holds(verdict->second.finding);
  }

  [[nodiscard]] std::optional<Instant> next_look(const Incident& it) const {
    std::optional<Instant> earliest;
    if (!it.open()) return earliest;
    for (const std::optional<Instant> due : {resolve_due(it), holding_due(it), it.escalation.due, it.next_update}) {
      if (due && (!earliest || *due < *earliest)) earliest = due;
    }
    return earliest;
  }

  void plan(const Incident& it) { agenda.put(it.id, next_look(it)); }

  /// Whatever an incident waits for, what changes it is an event of that incident: also its rule's verdict.
  void plan_after(const std::vector<Event>& events) {
    for (const Event& event : events) {
      const auto found = state.incidents.find(event.incident);
      if (found != state.incidents.end()) plan(found->second);
    }
  }

  /// For when all that incidents wait for may have moved.
  void plan_all() {
    agenda.clear();
    for (const std::string& id : state.open) plan(state.incidents.at(id));
  }

  void begin(Turn& turn, Instant last_sign);
  void forget_rules(Turn& turn) const;
  Decision settled(Turn& turn);

  Decision finish(Turn& turn) {
    Decision decision = turn.take();
    plan_after(decision.events);
    for (const std::string& rule : evaluator.confirmed()) {
      if (const Incident* const latest = state.latest_of(rule)) plan(*latest);
    }
    return decision;
  }

  void tick_incident(Turn& turn, const std::string& id) const {
    const Incident& it = turn.incident(id);
    const auto is_due = [&turn](std::optional<Instant> due) { return due && *due <= turn.now(); };
    if (is_due(resolve_due(it))) {
      turn.resolve_by_rule(id);
      return;
    }
    if (is_due(holding_due(it))) turn.post_holding(id);
    if (is_due(it.escalation.due)) turn.page_next(id, "");
    if (is_due(it.next_update)) turn.keep_promise(id);
  }
};

Engine::Engine(Policy policy, State state) : impl_(std::make_unique<Impl>(std::move(policy), std::move(state))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

const State& Engine::state() const { return impl_->state; }

Unseen Engine::unseen(Duration least) const {
  return incident::unseen(impl_->state, impl_->policy, impl_->evaluator, {.asleep = impl_->asleep, .least = least});
}

void Engine::wake(Instant last_sign, Instant now) {
  impl_->asleep = {std::min(Presence::off_since(impl_->state, last_sign, now), now), now};
  impl_->evaluator.miss(*impl_->asleep);
}

std::optional<Instant> Engine::words_due(const Incident& it) const {
  const bool by_human = !it.holding.edited_by.empty() || it.rule.empty();
  const bool waits_for_a_look = impl_->is_remembered(it) && it.holding.due < impl_->presence.look()->until;
  const bool seen = impl_->state.holding_rules.contains(it.rule) && !waits_for_a_look;
  return by_human || seen ? impl_->holding_due(it) : std::nullopt;
}

const Policy& Engine::policy() const { return impl_->policy; }

void Engine::Impl::begin(Turn& turn, Instant last_sign) {
  const Instant now = turn.now();
  if (state.salt == 0) turn.emit(candor_itself, "", JournalBegun{salt});
  const Instant since = Presence::off_since(state, last_sign, now);
  if (state.last_at > now) {
    turn.emit(candor_itself, "", ClockSet{since - state.last_at});
    evaluator = rules::Evaluator{policy.rules};
    show_signals();
  }
  asleep.reset();
  if (presence.was_away(state, since, now)) return_from(turn, since);
  look_again(since, now);
  // What was looked at between an absence and this start, and was as before, nobody knows any more.
  evaluator.miss({presence.look()->from, presence.look()->back});
  forget_rules(turn);
}

void Engine::Impl::forget_rules(Turn& turn) const {
  std::vector<std::string> gone;
  for (const auto& [rule, verdict] : state.verdicts) {
    if (!policy.responses.contains(rule)) gone.push_back(rule);
  }
  for (const std::string& rule : gone) turn.emit(candor_itself, "", RuleForgotten{rule});
}

Decision Engine::Impl::settled(Turn& turn) {
  turn.reconcile();
  const std::vector<std::string> open{state.open.begin(), state.open.end()};
  for (const std::string& id : open) turn.follow_policy(id);
  plan_all();
  return finish(turn);
}

Decision Engine::begin(std::uint64_t salt, Instant now, Instant last_sign, std::vector<rules::Observation> fresh) {
  impl_->salt = std::max<std::uint64_t>(salt, 1);
  Turn turn = impl_->turn(now);
  impl_->begin(turn, last_sign);
  for (rules::Observation& observation : fresh) turn.observe(std::move(observation));
  turn.settle_after_reload();
  return impl_->settled(turn);
}

Decision Engine::heard_nothing(Instant since, Instant now) {
  Turn turn = impl_->turn(now);
  impl_->return_from(turn, since);
  impl_->look_again(since, now);
  turn.settle();
  impl_->plan_all();
  return impl_->finish(turn);
}

Decision Engine::stood_still(Duration by, Instant now) {
  Turn turn = impl_->turn(now);
  const Instant since = now - by;
  if (impl_->presence.was_away(impl_->state, since, now)) impl_->return_from(turn, since);
  impl_->look_again(since, now);
  turn.settle();
  impl_->plan_all();
  return impl_->finish(turn);
}

Decision Engine::observe(std::vector<rules::Observation> seen, Instant now) {
  Turn turn = impl_->turn(now);
  for (rules::Observation& observation : seen) turn.observe(std::move(observation));
  turn.settle();
  return impl_->finish(turn);
}

Decision Engine::forget(std::span<const rules::SignalId> signals, Instant now) {
  Turn turn = impl_->turn(now);
  for (const rules::SignalId& signal : signals) turn.forget(signal);
  turn.settle_after_reload();
  return impl_->finish(turn);
}

Decision Engine::source_awaited(const std::string& source, Instant now) {
  Turn turn = impl_->turn(now);
  if (!impl_->state.sources.contains(source)) {
    turn.emit(candor_itself, "", SourceChanged{source, false, std::string{not_answered_yet}});
  }
  return impl_->finish(turn);
}

Decision Engine::source_changed(const std::string& source, bool answering, const std::string& evidence, Instant now) {
  Turn turn = impl_->turn(now);
  const auto known = impl_->state.sources.find(source);
  const bool is_known =
      known != impl_->state.sources.end() &&
      (answering ? known->second.answers() : !known->second.answering && known->second.evidence != not_answered_yet);
  if (!is_known) {
    turn.emit(candor_itself, "", SourceChanged{source, answering, evidence});
  }
  return impl_->finish(turn);
}

Decision Engine::source_forgotten(const std::string& source, Instant now) {
  Turn turn = impl_->turn(now);
  if (impl_->state.sources.contains(source)) turn.emit(candor_itself, "", SourceForgotten{source});
  return impl_->finish(turn);
}

Decision Engine::heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Instant now) {
  Turn turn = impl_->turn(now);
  turn.emit({"probe:" + probe, false}, "", HeartbeatReceived{probe, status, to_utf8(message)});
  return impl_->finish(turn);
}

Decision Engine::heartbeat_forgotten(const std::string& probe, Instant now) {
  Turn turn = impl_->turn(now);
  if (impl_->state.heartbeats.contains(probe)) turn.emit(candor_itself, "", HeartbeatForgotten{probe});
  return impl_->finish(turn);
}

Decision Engine::delivery_ended(const std::string& delivery, DeliveryEnd end, const std::string& why, Instant now) {
  Turn turn = impl_->turn(now);
  turn.delivery_ended(delivery, end, why);
  return impl_->finish(turn);
}

std::expected<Accepted, Rejection> Engine::command(const Command& command, const Actor& actor, Instant now) {
  Turn turn = impl_->turn(now);
  std::expected<std::string, Rejection> incident = carry_out(turn, command, actor);
  if (!incident) return std::unexpected(std::move(incident.error()));
  return Accepted{*std::move(incident), impl_->finish(turn)};
}

Decision Engine::clock_set(Duration by, Instant now) {
  Turn turn = impl_->turn(now);
  turn.emit(candor_itself, "", ClockSet{by});
  impl_->presence.clock_set(by);
  impl_->judge_anew(now, by);
  turn.settle();
  turn.reconcile();
  impl_->plan_all();
  return impl_->finish(turn);
}

Decision Engine::tick(Instant now) {
  Turn turn = impl_->turn(now);
  turn.settle();
  impl_->plan_after(turn.decided());
  for (const std::string& id : impl_->agenda.due(now)) {
    impl_->tick_incident(turn, id);
    impl_->plan(impl_->state.incidents.at(id));  // what it waited for may wait for a look again
  }
  return impl_->finish(turn);
}

std::optional<Instant> Engine::due() const {
  const std::optional<Instant> rules = impl_->evaluator.due();
  const std::optional<Instant> incidents = impl_->agenda.earliest();
  return rules && incidents ? std::min(*rules, *incidents) : rules ? rules : incidents;
}

Decision Engine::reconfigure(Policy policy, Instant now) {
  // What is silent because of it ends nothing; what was seen to be well before is so still.
  const std::unique_ptr<Impl> before = std::exchange(impl_, nullptr);
  impl_ = std::make_unique<Impl>(std::move(policy), std::move(before->state));
  impl_->salt = before->salt;
  impl_->presence = std::move(before->presence);
  impl_->presence.follow(impl_->policy.restart_grace);
  impl_->presence.look_longer(now);
  impl_->go_on_from(before->evaluator, now, Duration{0});
  Turn turn = impl_->turn(now);
  impl_->forget_rules(turn);
  turn.settle_after_reload();
  return impl_->settled(turn);
}

}  // namespace candor::incident
