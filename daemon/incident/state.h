#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/incident/event.h"
#include "rules/look.h"

namespace candor::incident {

struct SourceState {
  bool answering = false;
  Instant since{};
  std::string evidence;
  std::optional<rules::Absence> unheard =
      {};  ///< it answered before, and is asked for alerts, and has not answered since

  [[nodiscard]] bool answers() const { return answering && !unheard; }
  /// Since when it answers(), or does not.
  [[nodiscard]] Instant since_when() const { return unheard ? unheard->from : since; }
  friend bool operator==(const SourceState&, const SourceState&) = default;
};

/// A delivery that has not ended.
struct PendingDelivery {
  std::string incident;
  Delivery::Kind kind = Delivery::Kind::page;
  std::string destination;

  friend bool operator==(const PendingDelivery&, const PendingDelivery&) = default;
};

/// The deliveries that have not ended, by id; those about one incident are found without a look at the others.
class PendingDeliveries {
 public:
  using ById = std::map<std::string, PendingDelivery>;

  void put(const std::string& id, PendingDelivery delivery);
  void erase(const std::string& id);

  [[nodiscard]] bool contains(const std::string& id) const { return by_id_.contains(id); }
  [[nodiscard]] ById::const_iterator find(const std::string& id) const { return by_id_.find(id); }
  [[nodiscard]] ById::const_iterator begin() const { return by_id_.begin(); }
  [[nodiscard]] ById::const_iterator end() const { return by_id_.end(); }
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] bool empty() const { return by_id_.empty(); }
  /// The ids of those about the incident. Valid until the next change.
  [[nodiscard]] const std::set<std::string>& about(const std::string& incident) const;

  friend bool operator==(const PendingDeliveries& a, const PendingDeliveries& b) { return a.by_id_ == b.by_id_; }

 private:
  ById by_id_;
  std::map<std::string, std::set<std::string>> by_incident_;  ///< follows from `by_id_`, so no snapshot has it
};

/// A delivery that ended dead.
struct DeadDelivery {
  std::string id;
  std::string incident;
  Delivery::Kind kind = Delivery::Kind::page;
  std::string destination;
  std::string why;
  Instant at{};

  friend bool operator==(const DeadDelivery&, const DeadDelivery&) = default;
};

/// The latest call of a job.
struct Heartbeat {
  Instant at{};
  std::uint32_t status = 0;
  std::string message;

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// A restart takes no longer.
inline constexpr Duration short_absence = std::chrono::seconds{15};

/// A time in which nobody looked, and calls of jobs were not heard.
struct Absence {
  Instant from{};
  Instant back{};   ///< when it came back, but for short absences since that count as part of it
  Instant until{};  ///< when it came back last

  [[nodiscard]] bool is_short() const { return back - from <= short_absence; }

  friend bool operator==(const Absence&, const Absence&) = default;
};

/// A time in which a rule held, or was explained.
struct Held {
  Instant since{};
  Instant until{};

  friend bool operator==(const Held&, const Held&) = default;
};

/// Everything that is so, folded from the journal and from nothing else.
struct State {
  std::uint64_t salt = 0;
  Instant begun_at{};          ///< of the journal
  Instant last_at{};           ///< of the newest event
  std::uint64_t ids_made = 0;  ///< make_id()'s number for the next id
  rules::Signals signals;
  std::map<std::string, rules::Verdict> verdicts;  ///< by rule; an absent one is `quiet` since ever
  std::map<std::string, SourceState> sources;
  std::map<std::string, Incident> incidents;  ///< by id, open and ended
  PendingDeliveries pending;
  std::vector<DeadDelivery> dead;                     ///< the latest hundred, oldest first
  std::map<std::string, std::string> latest_by_rule;  ///< the newest incident of each rule
  std::set<std::string> open;                         ///< ids of the incidents that are open
  std::map<std::string, Heartbeat> heartbeats;        ///< by probe
  std::vector<Absence> absences;                      ///< of candord, the latest eight, oldest first
  std::set<std::string> holding_rules;                ///< rules that held when last it could be seen whether they do
  std::map<std::string, Instant> held_since;          ///< rules that held or were explained when last it could be seen
  std::map<std::string, Held> held_before;            ///< the same, before a rule was last seen not to any more
  std::map<std::string, Instant> explains_until;      ///< rules that held still when their incident was ended, until
                                                      ///< they are seen quiet: so long they explain others

  friend bool operator==(const State&, const State&) = default;

  /// The newest incident that the rule opened, open or ended; null if it never did.
  [[nodiscard]] const Incident* latest_of(const std::string& rule) const;
};

/// Folds one event into the state. Total: every journalled event applies, whatever wrote it.
void apply(State& state, const Event& event);

/// The same for a SignalChanged whose signal stands at `place`, or would (lower_bound()): there may be a hundred
/// thousand of them to search. Answers where it stands now; the end where it is gone.
rules::Signals::iterator apply(State& state, const Event& event, const SignalChanged& change,
                               rules::Signals::iterator place);

/// Whoever ends an incident by hand does so a little before its signals end: so long its rule explains others still.
inline constexpr Duration explains_after_the_end = std::chrono::minutes{10};

/// After an absence so much time at most is waited for a look at what was open, and an absence sooner than that is the
/// same one.
inline constexpr Duration longest_look = std::chrono::minutes{1};

/// How long at a stretch the rule of an open incident was quiet since it last held, while candord was there to see.
[[nodiscard]] Duration quiet_for(const Incident& incident, Instant now);

/// How many outbreaks the incident has had: each reopening begins another.
[[nodiscard]] std::uint32_t outbreak_of(const Incident& incident);

/// The worst that the published open incidents say of each component; those that none of them names are operational.
/// The names are valid as long as `state` is unchanged.
[[nodiscard]] std::map<std::string_view, ComponentStatus> component_statuses(const State& state);

}  // namespace candor::incident
