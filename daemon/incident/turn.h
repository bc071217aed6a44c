#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/incident/engine.h"
#include "daemon/incident/holding.h"

namespace candor::incident {

/// Whether a rule with an open incident is silent because of what was configured, and not of what was seen. Only that
/// it is seen again takes this from its verdict: it may go through `unknown` and `pending` meanwhile.
[[nodiscard]] bool nobody_saw_the_end(const rules::Verdict& verdict);

/// The escalation that the incident follows: its rule's, as that is configured now, or where there is none its own;
/// null where that is gone too.
[[nodiscard]] const oncall::Escalation* escalation_of(const Incident& incident, const Policy& policy);

/// One call of the engine: what it decides at one instant. Each event is folded into the state as it is emitted, so
/// what comes later in the turn sees it.
class Turn {
 public:
  /// `salt`: of the ids that are made from now on.
  Turn(const Policy& policy, State& state, rules::Evaluator& evaluator, Templates& templates, std::uint64_t salt,
       Instant now)
      : policy_(policy), state_(state), evaluator_(evaluator), templates_(templates), salt_(salt), now_(now) {}

  [[nodiscard]] Decision take() { return std::move(decision_); }
  [[nodiscard]] const std::vector<Event>& decided() const { return decision_.events; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] const Policy& policy() const { return policy_; }

  void emit(Actor actor, std::string incident, Change change);

  // Signals and rules (signals.cpp).
  void observe(rules::Observation seen);
  void forget(const rules::SignalId& signal);
  /// Re-judges the rules, and opens or reopens what follows from it.
  void settle();
  /// The same where the configuration may have changed, for the rest of the turn: a rule that is quiet because of that
  /// ends no incident.
  void settle_after_reload();
  /// After a settle over restored signals: a new evaluator takes every rule for quiet and so tells of none that is;
  /// this records those that were not when the journal last heard of them.
  void reconcile();
  /// As `says` of its components; those that it does not name stay well, as they are since the end, where the incident
  /// is only watched or its rule was seen to end.
  void reopen_by_hand(const std::string& id, const Actor& actor, const PostUpdate& says);

  // The life of an incident (turn.cpp). `id` is of an incident that is there.
  std::string open(Actor actor, IncidentOpened opened);
  void post(const std::string& id, const Actor& actor, std::string body);
  void resolve(const std::string& id, const Actor& actor, std::string body);
  void post_holding(const std::string& id);
  void resolve_by_rule(const std::string& id);
  void keep_promise(const std::string& id);
  /// What waits, as the policy has it now: its rule's component and impact, first words that promise by its
  /// cadence, and an escalation that was gone or that the rule did not have.
  void follow_policy(const std::string& id);

  // Paging (paging.cpp).
  /// Takes the next step of the escalation, or says that there is none (`why`).
  void page_next(const std::string& id, std::string_view why);
  void ack(const std::string& id, const Actor& actor, const std::string& via);
  void delivery_ended(const std::string& delivery, DeliveryEnd end, const std::string& why);

  [[nodiscard]] const Incident& incident(const std::string& id) const { return state_.incidents.at(id); }

 private:
  /// The id that the next event which makes one will take.
  [[nodiscard]] std::string next_id();
  /// Brings a reopened incident up to what its rule says, where a human had called it milder.
  void worsen(const std::string& id, const Actor& actor, const Response& response);
  /// Has the incident say of components, of those in its title, and of its impact, what its rule says as the policy has
  /// it now. Of what is in human hands only a component is renamed.
  void follow_rule(const std::string& id);
  void draft_holding(const std::string& id, const Actor& actor, const HoldingText& text);
  void draft_anew(const std::string& id, Instant due);
  /// What is on its way about the incident, or of that what goes to one destination, need not arrive any more.
  void supersede(const std::string& id, Delivery::Kind kind, const std::string& why, std::string_view destination = {});
  /// The components that texts name: those that are configured and, unless all are, not operational.
  [[nodiscard]] std::vector<const Component*> affected(const Incident& incident) const;
  [[nodiscard]] Facts facts(const Incident& incident, Instant next_update) const;
  /// The promise that words posted at `at` make; nothing for an ended incident.
  [[nodiscard]] std::optional<Instant> promise(const Incident& incident, Instant at) const;
  [[nodiscard]] const Response* response(const Incident& incident) const;
  /// The rule's as the rule says, others as well.
  void say_of_components(const std::string& id, const Response& says);
  void say_of_component(const std::string& id, const std::string& component, ComponentStatus status);
  void rate(const std::string& id, Impact impact);
  void rename_component(const std::string& id, const std::string& component);
  void keep_well(const std::string& id, const ComponentStatuses& but);
  /// Of an incident as its rule tells of it.
  [[nodiscard]] std::string title(const HoldingText& text, const Incident& told) const;
  void retitle(const std::string& id, std::string title);
  void verdict_changed(const rules::VerdictChange& change);
  /// Whether a rule that holds again begins another outbreak for an incident that is still open: what would have ended
  /// one that is the rule's alone, and nobody is known to look any longer. `before`: its verdict until now.
  [[nodiscard]] bool is_relapse(const Incident& incident, const rules::Verdict& before) const;
  void rule_holds(const std::string& rule, const rules::Verdict& verdict, bool relapse);
  void reopen(const std::string& id, const Response& response, const rules::Verdict& verdict);
  /// A rule whose incident was ended.
  void let_go_of(const std::string& rule, const Actor& actor);
  /// Alerts that held a rule when a human ended its incident, and of which nobody tells any more, end with it once the
  /// rule hangs on them alone. Whether there were any.
  [[nodiscard]] bool let_go_of_unheard();
  /// Alerts that are at their end by a human's word, but those by which the end of another open incident is to be seen.
  /// Whether there were any.
  bool forget_dismissed(std::vector<rules::SignalId> alerts);
  /// An alert of unknown health whose source names it as soon as it answers, should it fire.
  [[nodiscard]] bool is_told_again(const rules::SignalId& alert) const;
  /// As the state says, after its incident was ended or reopened. Followed by settle().
  void explain_others(const std::string& rule);
  void notify_resolved(const std::string& id);
  void page(const std::string& id, const oncall::Escalation& escalation, const oncall::NextStep& step);
  void page(const std::string& id, const oncall::Escalation& escalation, const oncall::NextStep& step,
            const std::vector<std::string>& destinations);
  void begin_paging(const std::string& id);
  void go_on_paging(const std::string& id);
  void page_again(const std::string& id, const oncall::Escalation& escalation);
  /// About the incident, to that destination or to any.
  [[nodiscard]] bool is_on_its_way(const std::string& id, Delivery::Kind kind, std::string_view destination = {}) const;
  [[nodiscard]] std::vector<std::string> destinations_of(const std::string& contact) const;
  void deliver(const Incident& incident, Delivery::Kind kind, const std::vector<std::string>& destinations);

  const Policy& policy_;
  State& state_;
  rules::Evaluator& evaluator_;
  Templates& templates_;  ///< the policy's
  std::uint64_t salt_;
  Instant now_;
  Decision decision_;
  bool reloaded_ = false;
  bool unheard_ = false;  ///< an alert or a rule has become unknown, or what alerts were kept for has ended
};

/// Carries out what a responder asks for (commands.cpp). Answers the incident's id.
[[nodiscard]] std::expected<std::string, Rejection> carry_out(Turn& turn, const Command& command, const Actor& actor);

[[nodiscard]] inline Actor rule_actor(const Incident& incident) { return {"rule:" + incident.rule, false}; }

inline const Actor candor_itself{"candor", false};

}  // namespace candor::incident
