#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/deliver/outbox.h"
#include "daemon/incident/engine.h"
#include "oracle.h"

namespace candor::simulation {

/// What survives a crash: the journal as a list, so that what a crash may lose and what it may not is exact.
struct Disk {
  struct Snapshot {
    std::size_t events = 0;  ///< that it covers
    std::string text;
  };
  std::vector<incident::Event> events;
  incident::State folded;  ///< of all of them
  std::map<std::string, store::OutboxRow> rows;
  std::vector<std::string> row_order;
  std::vector<Snapshot> snapshots;
};

/// Hours of Candor's decisions in milliseconds: rules, engine, escalation and outbox under virtual time, over a world,
/// destinations, responders, reloads, clocks and crashes that one seed draws. Everything is a function of the seed, so
/// a failing one replays.
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
    std::size_t clocks_set = 0;
    std::size_t reloads = 0;
  };
  [[nodiscard]] Figures figures() const { return figures_; }

 private:
  /// A crash, thrown from wherever it strikes and caught where the machine is turned on again.
  struct Crash {};
  /// Decided, and not yet on the disk.
  struct Uncommitted {
    incident::Decision decision;
    std::function<void()> answer;
  };
  /// A message whose answer is still to come.
  struct Sending {
    std::string delivery;
    Elapsed until{};
    deliver::Attempt attempt;
    bool told_twice = false;
  };

  [[nodiscard]] Instant now() const { return wall_began_ + elapsed_ + clock_is_ahead_; }
  void maybe_crash();

  // The machine.
  void start();
  void commit(
      incident::Decision decision, std::function<void()> answer = [] {});
  void flush();
  void write(const incident::Decision& decision);
  void let_out(Uncommitted& committed);
  void work();
  void send(const store::OutboxRow& row);
  void take_answers();
  void pass(Duration time);
  [[nodiscard]] std::optional<Elapsed> next_due() const;
  [[nodiscard]] incident::State recover();

  // What happens to it.
  void act();
  void observe(const std::vector<rules::SignalId>& signals);
  void observe_everything();
  void flip_a_signal();
  void storm();
  void silence_or_hear_the_source();
  void speak_as_a_human();
  void set_clock();
  void reload();
  void look();

  Chance chance_;
  Elapsed elapsed_{};
  Instant wall_began_;
  Duration clock_is_ahead_{};
  bool faults_ = true;
  Scenario scenario_;
  World world_;
  bool source_silent_ = false;
  std::map<std::string, bool> destination_up_;
  Disk disk_;

  // What a crash takes.
  std::optional<incident::Engine> engine_;
  std::optional<deliver::Outbox> outbox_;
  std::list<Uncommitted> uncommitted_;
  std::list<Sending> sending_;
  Elapsed disk_answers_at_{};
  bool clock_set_while_off_ = false;

  Oracle oracle_;
  Figures figures_;
};

}  // namespace candor::simulation
