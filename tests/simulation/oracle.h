#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/incident/event.h"
#include "daemon/incident/state.h"
#include "moment.h"
#include "scenario.h"

namespace candor::simulation {

/// Says which incidents there must be, from what went in and came out alone, and without the code that it judges: it is
/// told of each event that became durable, and keeps books of its own.
class Oracle {
 public:
  /// An event is on the disk.
  void durable(const incident::Event& event, const Decided& decided, Elapsed at);
  /// Somebody looked at a probe, whatever he found.
  void looked(const rules::SignalId& probe, Elapsed at) { looked_[probe] = at; }
  /// The daemon runs again, and did not `from` then on. `clock_was_set`: what it waits for may be late or early by as
  /// much.
  void started(Elapsed from, Elapsed at, bool clock_was_set);
  void clock_set(Elapsed at) { clock_set_ = at; }
  /// It took nothing in `from` then on.
  void heard_nothing(Elapsed from, Elapsed at) { away(from, at); }
  /// Other rules hold from now on.
  void configured(const Scenario& scenario, Elapsed at);

  /// Holds the daemon's state against the books; to be called while it runs, with nothing left to do at `at`.
  void look(const incident::State& on_disk, Elapsed at);
  /// After a long quiet time in which everything worked.
  void look_at_the_end(const incident::State& on_disk);

  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  void broke(std::string what) { broken_.push_back(std::move(what)); }

 private:
  /// What the signals of one component say, by its probes.
  struct Bad {
    std::set<rules::SignalId> not_ok;
    std::map<rules::SignalId, Elapsed> failing;  ///< since when
    Elapsed failed_last{};
    Elapsed well_since{};
    Elapsed last_well_from{};  ///< and until, before it was not
    Elapsed last_well_until{};
    bool end_unseen = false;  ///< what failed last was taken out
    Elapsed held_until{};     ///< by all that was seen, its rule has held until then
  };

  void saw(const incident::SignalChanged& change, Elapsed at);
  void taken_out(const rules::SignalId& id, Elapsed at);
  void no_longer_fails(const rules::SignalId& id);
  void spoke(const incident::Event& event);
  void began(const incident::Event& event, const Decided& decided, Elapsed at);
  void look_at_the_one_before(const incident::Event& event, const Decided& decided);
  void resolved(const incident::Event& event, const Decided& decided, Elapsed at);
  void ended_by_hand(const std::string& rule, Elapsed at);
  void away(Elapsed from, Elapsed at);
  void opened(const std::string& rule, const Decided& decided, Elapsed at);
  void look_for_an_excuse(const std::string& rule, const Decided& decided);
  [[nodiscard]] bool is_latest(const std::string& incident);
  [[nodiscard]] Duration longest_look() const;
  [[nodiscard]] bool has_held(const PlainRule& plain, Elapsed since, Elapsed at) const;
  void look_at_rules(const incident::State& on_disk, Elapsed at);
  void look_for_a_relapse(const PlainRule& plain, const incident::State& on_disk, Elapsed at);

  Scenario scenario_;
  std::map<std::string, Bad> components_;
  std::map<rules::SignalId, rules::Health> seen_;
  std::map<rules::SignalId, Elapsed> looked_;
  std::map<std::string, Elapsed> ended_at_;  ///< of a rule: its latest incident's end
  std::map<std::string, std::set<rules::SignalId>>
      false_alarms_;  ///< of a rule: what a human ended it for, and fails on
  std::map<std::string, std::string> rule_of_;
  std::map<std::string, Elapsed> opened_at_;  ///< or reopened
  std::set<std::string> with_open_;           ///< rules that have an open incident
  std::set<std::string> may_stay_;            ///< those of them whose incident a human may have to end
  std::set<std::string> was_out_;             ///< those that were not configured meanwhile, and have not held since
  std::set<std::string> in_human_hands_;
  std::map<std::string, std::string> latest_;          ///< of a rule
  std::map<std::string, Elapsed> end_decided_;         ///< of an incident that has ended
  Elapsed started_{};                                  ///< the daemon
  Elapsed began_{};                                    ///< the same, or to go by another configuration
  Elapsed away_from_{};                                ///< its latest absence that was longer than a restart takes
  Elapsed back_at_ = std::chrono::hours{-1};           ///< from there
  Elapsed looks_count_from_ = std::chrono::hours{-1};  ///< from there too, but for short ones that went on with it
  Elapsed trusted_from_{};                             ///< waits that began before may be wrong by a clock set unseen
  Elapsed clock_set_ = -std::chrono::hours{1};
  std::vector<std::string> broken_;
};

}  // namespace candor::simulation
