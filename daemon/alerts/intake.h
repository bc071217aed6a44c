#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/signal.h"

namespace candor::alerts {

/// Where alerts go, as this room needs it; the daemon provides it. Thread: the loop's.
class Intake {
 public:
  virtual ~Intake() = default;

  /// Hands over what was seen. `done` is called from the loop once it is on the disk, or at once with the reason why
  /// nothing is taken in now (the journal cannot be written). With an empty list it is called once all that was taken
  /// in before is on the disk, at once if it is.
  virtual void observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) = 0;

  /// A source of alerts stopped answering (its signals are then observed as `unknown` by the caller) or answers again.
  /// What is known already changes nothing. False if nothing is taken in now.
  [[nodiscard]] virtual bool source_changed(const std::string& source, bool answering, const std::string& evidence) = 0;

  /// Every signal as of now, what observe() took in included, those of this room by their SignalId::source. Valid until
  /// the next call.
  [[nodiscard]] virtual const rules::Signals& signals() const = 0;

  /// A wall clock that was set is first made known to those who wait by it: Push and Pulls have a clock_set().
  [[nodiscard]] virtual Instant now() const = 0;
};

}  // namespace candor::alerts
