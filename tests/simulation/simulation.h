#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/deliver/outbox.h"
#include "daemon/incident/engine.h"

namespace candor::simulation {

/// Hours of Candor's decisions in milliseconds: rules, engine, escalation and outbox under virtual time, over probes,
/// destinations, responders and crashes that one seed draws. The journal is a list; what a crash may lose and what it
/// may not is therefore exact. Everything is a function of the seed, so a failing one replays.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);

  /// Runs `hours` of virtual time with faults, then a quiet spell in which all must come to rest.
  /// Answers what was broken, the first first; empty when every promise was kept.
  [[nodiscard]] std::vector<std::string> run(int hours);

  struct Figures {
    std::size_t events = 0;
    std::size_t incidents = 0;
    std::size_t pages = 0;
    std::size_t crashes = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  /// A crash, thrown from wherever it strikes and caught where the machine is turned on again.
  struct Crash {};

  // Chance, drawn from the seed alone.
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return draw(100) < percent; }

  void start();
  void act();
  void step_to(Instant end);
  void work();
  void commit(incident::Decision decision);
  void send(const store::OutboxRow& row);
  void flip_a_probe();
  void speak_as_a_human();

  void check();
  void check_received(const incident::Delivery& delivery);
  void broken(std::string what);

  std::mt19937_64 random_;
  Instant now_;
  Instant down_until_;
  bool faults_ = true;
  incident::Policy policy_;

  // What survives a crash.
  std::vector<incident::Event> journal_;
  incident::State folded_;
  std::map<std::string, store::OutboxRow> rows_;
  std::vector<std::string> row_order_;
  std::map<std::string, rules::Health> world_;  ///< the true health of each probe's target
  std::map<std::string, bool> destination_up_;

  // What does not.
  std::optional<incident::Engine> engine_;
  std::optional<deliver::Outbox> outbox_;

  // What the outside saw.
  std::map<std::string, std::string> received_;  ///< body by idempotency key
  std::map<std::pair<std::string, std::string>, std::size_t> last_received_;
  std::map<std::string, std::size_t> decided_;  ///< the place of each delivery in the order of decisions
  std::vector<std::string> broken_;
  Figures figures_;
};

}  // namespace candor::simulation
