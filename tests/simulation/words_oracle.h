#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/incident/engine.h"
#include "moment.h"
#include "oracle.h"
#include "scenario.h"

namespace candor::simulation {

/// Says what customers must read and may not read yet: keeps books of its own, by what was decided about incidents.
class WordsOracle {
 public:
  /// Tells `oracle` what was broken.
  explicit WordsOracle(Oracle& oracle) : oracle_(oracle) {}

  /// A human opens an incident, which is not on the disk yet.
  void asked(const std::string& incident, const incident::OpenIncident& command);
  /// A decision is on the disk.
  void durable(const incident::Decision& decision, const Decided& decided);
  /// The clock was set and nobody saw it: what is waited for may be late or early by as much.
  void lost_the_time();

  /// To be called while the daemon runs, with nothing left to do. `began`: as in Decided.
  void look(const incident::State& on_disk, const Scenario& scenario, const Moment& now, Elapsed began);

 private:
  /// What is said of an incident.
  struct Said {
    std::string rule;
    bool open = false;
    bool is_public = false;
    std::optional<Elapsed> due;  ///< of its holding response, which waits
    bool doubtful = false;       ///< by a clock that was set unseen
    bool vetoed = false;
    std::optional<std::string> edited;  ///< the words that somebody wrote instead
  };

  void happened(const incident::Event& event, const Decided& decided);
  void began(const std::string& id, bool must_speak);
  void drafted(const std::string& id, const Decided& decided);
  void spoke(const std::string& id, const incident::UpdatePosted& words, bool human, const Decided& decided);
  void look_at_holding(const std::string& id, const incident::UpdatePosted& words, const Decided& decided);
  void resolved(const std::string& id);
  void look_at_the_decision();
  void broke(const std::string& incident, std::string_view what);

  Oracle& oracle_;
  std::map<std::string, bool> asked_;  ///< by incident: whether the human who opened it spoke
  std::map<std::string, Said> said_;
  std::set<std::string> open_;

  // Of one decision, which must do all of it.
  std::set<std::string> must_speak_;  ///< incidents
  std::set<std::string> touched_;
};

}  // namespace candor::simulation
