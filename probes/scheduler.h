#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/figures.h"
#include "probes/probe.h"

namespace prometheus {
class Registry;
}

namespace candor::probes {

/// What is known of one probe, for status and metrics.
struct ProbeStatus {
  std::string name;
  std::string kind;
  std::string component;  ///< id; may be empty
  rules::SignalId signal;
  rules::Health health = rules::Health::unknown;  ///< after fall and rise
  Outcome latest;
  std::uint64_t runs = 0;
};

/// Runs each probe every `every`, at a phase that its name and location give (10,000 probes spread evenly, the same
/// after each restart), to the millisecond and without drift; a new probe also once within its first minute. None waits
/// for another; a run that takes longer than `every` skips the starts it misses. At most `most_at_once` run at a time;
/// a due one over that starts as soon as another ends, in the order in which they became due, and is counted.
///
/// While a probe with a `retry_interval` is not well, that is, while its latest outcome or its health after fall and
/// rise is another than ok, it runs at that interval from the start of its run before, in place of its regular starts;
/// then at its phase again.
///
/// A run that ends after the loop stood still while it was under way (standstills.h) says nothing of its target: it
/// counts nowhere but in a figure of the scheduler's, and is repeated within a second; after two in a row the third is
/// believed. Thread: the loop's.
class Scheduler {
 public:
  /// Called when a probe's health changed (health_tracker.h), and for the first outcome that leaves it as it was.
  /// May call configure(); may not destroy the scheduler.
  using Changed = std::function<void(const rules::Observation&)>;
  /// The time since any one instant, monotonic.
  using Clock = std::function<std::chrono::microseconds()>;
  /// Called when a run has ended, with what it found, before fall and rise. May not call the scheduler.
  using Ran = std::function<void(const std::string& probe, const Outcome& outcome)>;

  Scheduler(
      const Tools& tools, std::string location, prometheus::Registry& metrics, Changed changed,
      std::size_t most_at_once = 4000, Clock clock = [since = Stopwatch{}] { return since.elapsed(); });
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Starts, stops and replaces probes so that exactly these run; their names differ. One whose fingerprint is
  /// unchanged keeps its health and goes on undisturbed; one that begins goes on from the health that its signal has in
  /// `known`, and starts from `unknown` where it is not there. Answers the signals that no probe has any more.
  std::vector<rules::SignalId> configure(std::vector<ProbeConfig> probes, const rules::Signals& known = {});
  /// Runs nothing any more and lets go of what runs.
  void stop();

  /// Nobody looked for a while: the next outcome of each probe that leaves its health as it was is told too. What
  /// waits for resume_telling() and is no change counts for nothing.
  void tell_again();

  /// Nobody takes in what is told: until resume_telling(), which tells the present health of each probe of which there
  /// was something to tell meanwhile. What was told before counts for nothing: as after tell_again().
  void pause_telling();
  void resume_telling();

  /// Since when every self check fails, and how; while they do, what other probes find wrong is `unknown`. A run that
  /// finds something wrong waits for a look of the self checks that began after that.
  struct Blindness {
    Instant since{};
    std::string why;
  };
  [[nodiscard]] const std::optional<Blindness>& blindness() const;

  /// From now on; at first nobody is told.
  void on_run(Ran ran);

  /// In name order.
  [[nodiscard]] std::vector<ProbeStatus> status() const;
  /// Of at most `most` probes whose names come after `after`, and which are of this health where one is given.
  [[nodiscard]] std::vector<ProbeStatus> status(std::string_view after, std::size_t most,
                                                std::optional<rules::Health> health = {}) const;
  /// Of the probe with this name, if there is one.
  [[nodiscard]] std::optional<ProbeStatus> status_of(std::string_view name) const;
  /// In name order, of at most `most` probes whose names come after `after`.
  [[nodiscard]] std::vector<ProbeFigures> figures(std::string_view after, std::size_t most) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::probes
