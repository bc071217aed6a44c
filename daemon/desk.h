#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/net/loop.h"
#include "base/result.h"
#include "daemon/incident/engine.h"
#include "daemon/store/journal.h"

namespace candor {

/// The one place where the pure core meets the journal: what is seen, asked and due goes in; events are committed; and
/// only then are the effects let out (law 2). Keeps the engine's timer, and tells the engine of a time in which nobody
/// looked and of a wall clock that was set, in that order and before anything else. After a standstill what waits in
/// the sockets is taken in before anything is decided because it is due.
///
/// While the journal cannot be written, nothing new is taken in: observations and commands are refused with the reason,
/// timers stand still. What was decided before waits in the journal's queue.
/// Thread: the loop's.
class Desk {
 public:
  /// What may leave the house. Each is called after the commit, but those that say otherwise.
  struct Effects {
    std::function<void(const incident::Event&)> event;
    /// Called at the decision; what it answers is called after the commit, unless the delivery was superseded.
    std::function<net::Task(incident::Delivery)> prepare_delivery;
    /// Called at the decision, unless nothing can be written: it is superseded, and is not to be sent before that is
    /// on the disk, or until journal_health tells that it may not come to be.
    std::function<void(const std::string& delivery)> withhold;
    std::function<void(const std::string& delivery)> withdraw;  ///< it was superseded
    /// Called at the decision, for what customers may see; what it answers is called after the commit. Nothing, where
    /// show_page() will be called for it.
    std::function<net::Task()> prepare_page;
    std::function<void(const std::string& trouble)> journal_health;  ///< empty: it can be written again
    /// Called when it is noticed: the wall clock was set by `by`.
    std::function<void(Duration by)> clock_set;
    /// Called when it is noticed that the process stood still, or the machine was suspended: what is known is memory
    /// until somebody looks again.
    std::function<void()> stood_still;
    /// Called when it is noticed: nothing was taken in from `since` until `until`, which is now, for longer than a
    /// restart takes. By the clock as it was where clock_set follows.
    std::function<void(Instant since, Instant until)> heard_nothing;
  };
  using Done = std::move_only_function<void(Result<void>)>;

  Desk(net::Loop& loop, store::Journal& journal, incident::Engine engine, Effects effects);
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  /// Once, before anything else but now(). `last_sign`: of the candord before. `fresh`: of signals that are not known
  /// yet.
  void begin(Instant last_sign, std::vector<rules::Observation> fresh);

  void observe(std::vector<rules::Observation> seen, Done done);
  void forget(std::span<const rules::SignalId> signals);
  /// Nothing where nothing is taken in now: its first failure tells.
  void source_awaited(const std::string& source);
  [[nodiscard]] bool source_changed(const std::string& source, bool answering, const std::string& evidence);
  void source_forgotten(const std::string& source);
  void heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Done done);
  void heartbeat_forgotten(const std::string& probe);
  void delivery_attempted(store::Attempted attempted);
  void delivery_ended(const std::string& delivery, incident::DeliveryEnd end, const std::string& why);
  using Commanded = std::move_only_function<void(std::expected<std::string, incident::Rejection>)>;
  void command(const incident::Command& command, const incident::Actor& actor, Commanded done);
  /// Once all that was decided is on the disk; a failure where the disk does not take it in now.
  void once_kept(Done done);
  void reconfigure(incident::Policy policy);
  /// Shows the page as it is now, once all of it is on the disk.
  void show_page();

  /// What the wall clock shows, once everybody knows of a standstill and of a clock that was set; before begin() nobody
  /// is told.
  [[nodiscard]] Instant now();

  /// Why nothing is taken in now; empty when all is well.
  [[nodiscard]] const std::string& trouble() const;
  [[nodiscard]] Instant trouble_since() const;
  [[nodiscard]] const incident::State& state() const;
  /// As Engine::unseen().
  [[nodiscard]] incident::Unseen unseen(Duration least) const;
  /// As Engine::words_due().
  [[nodiscard]] std::optional<Instant> words_due(const incident::Incident& it) const;
  [[nodiscard]] const incident::Policy& policy() const;

  /// Appends for how long a trouble of the journal kept all out, and a last snapshot; nothing is taken in afterwards.
  /// The caller then closes the journal.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace candor
