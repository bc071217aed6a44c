#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alert_oracle.h"
#include "daemon/alerts/intake.h"
#include "daemon/deliver/outbox.h"
#include "daemon/incident/engine.h"
#include "oracle.h"
#include "paging_oracle.h"
#include "reception.h"
#include "words_oracle.h"

namespace candor::simulation {

/// What survives a crash: the journal as a list, so that what a crash may lose and what it may not is exact.
struct Disk {
  struct Snapshot {
    std::size_t events = 0;  ///< that it covers
    std::string text;
  };
  std::vector<incident::Event> events;  ///< as a start will read them
  incident::State folded;               ///< of all of them
  struct Row {
    std::string body;  ///< the delivery's, as the store writes it
    std::uint32_t attempts = 0;
    Instant not_before{};
  };
  std::map<std::string, Row> rows;  ///< by delivery id
  std::vector<std::string> row_order;
  std::vector<Snapshot> snapshots;
};

/// Hours of Candor's decisions in milliseconds: the books of alerts, rules, engine, escalation and outbox under virtual
/// time, over a world, senders of alerts, destinations, responders, reloads, clocks and crashes that one seed draws.
/// Everything is a function of the seed, so a failing one replays.
class Simulation : private alerts::Intake {
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
    std::size_t posts = 0;    ///< of alerts that were answered 200
    std::size_t answers = 0;  ///< of pulled sources
  };
  [[nodiscard]] Figures figures() const { return figures_; }

 private:
  /// A crash, thrown from wherever it strikes and caught where the machine is turned on again.
  struct Crash {};
  /// Decided, and not yet on the disk.
  struct Uncommitted {
    incident::Decision decision;
    Decided decided;
    std::move_only_function<void()> answer;
  };
  /// A message whose answer is still to come.
  struct Sending {
    std::string delivery;
    std::string destination;
    Elapsed until{};
    deliver::Attempt attempt;
    bool told_twice = false;
  };

  [[nodiscard]] Instant now() const override { return wall_began_ + elapsed_ + clock_is_ahead_; }
  [[nodiscard]] Moment moment() const { return {elapsed_, now()}; }
  void maybe_crash();

  // The machine.
  void start();
  void commit(
      incident::Decision decision, std::move_only_function<void()> answer = [] {});
  void flush();
  void write(const Uncommitted& committed);
  void let_out(Uncommitted& committed);
  void work();
  void send(const store::OutboxRow& row);
  void take_answers();
  void pass(Duration time);
  [[nodiscard]] std::optional<Instant> engine_due();
  [[nodiscard]] std::optional<Elapsed> next_due();
  [[nodiscard]] incident::State recover();
  [[nodiscard]] store::OutboxRow read(const Disk::Row& row);
  incident::State replay(const Disk::Snapshot& from);

  // What its alerts room sees of it.
  void observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) override;
  bool source_changed(const std::string& source, bool answering, const std::string& evidence) override;
  [[nodiscard]] const rules::Signals& signals() const override { return engine_->state().signals; }
  void take_alerts();

  // What happens to it.
  void act();
  void see(const std::vector<rules::SignalId>& probes);
  void see_everything();
  void flip_a_signal();
  void flip_an_alert();
  void storm();
  void disturb_a_source();
  void shut_or_open_a_way();
  void speak_as_a_human();
  [[nodiscard]] std::optional<incident::Command> draw_command();
  void set_clock();
  void stand_still();
  void reload();
  void forget_what_is_gone();
  void look();

  Chance chance_;
  Elapsed elapsed_{};
  Instant wall_began_;
  Duration clock_is_ahead_{};
  bool faults_ = true;
  std::shared_ptr<const Scenario> scenario_;
  Elapsed began_{};  ///< the daemon was started, went on after a standstill, or began to go by the scenario
  World world_;
  std::set<rules::SignalId> taken_out_;  ///< probes that are not configured
  Pushers pushers_{chance_};
  std::vector<Pulled> servers_;
  Elapsed refuses_until_{};  ///< what is seen and asked: the disk is full
  enum class Way : std::uint8_t { open, shut, gone };
  std::map<std::string, Way> ways_;  ///< to the destinations
  Disk disk_;

  // What a crash takes.
  std::optional<incident::Engine> engine_;
  std::optional<std::optional<Instant>> engine_due_;  ///< while nothing is decided, it is the same
  std::optional<deliver::Outbox> outbox_;
  std::optional<Reception> reception_;
  std::list<Uncommitted> uncommitted_;
  std::list<Sending> sending_;
  Elapsed disk_answers_at_{};
  Elapsed was_there_{};        ///< before its latest start
  int clock_sets_unseen_ = 0;  ///< while it was off, or forgotten with a crash

  Oracle oracle_;
  PagingOracle paging_oracle_{oracle_};
  WordsOracle words_oracle_{oracle_};
  AlertOracle alert_oracle_{oracle_, servers_};
  Figures figures_;
};

}  // namespace candor::simulation
