#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/alerts/intake.h"
#include "daemon/alerts/push_book.h"

namespace candor::alerts {

/// What is pushed, on its way through the book into the intake; without the HTTP and the timer around it, so that it
/// runs under virtual time too. Held by a shared_ptr: an answer of the intake comes to nothing once it is gone. Thread:
/// the intake's, which outlives it.
class PushSource : public std::enable_shared_from_this<PushSource> {
 public:
  using Answer = std::move_only_function<void(const Result<void>&)>;

  PushSource(Intake& intake, Duration resolve_timeout);

  /// `answer` is called as Intake::observe()'s `done`: all of it is on the disk, or why nothing is taken in.
  void take(std::vector<Alert> alerts, Answer answer);

  /// To be called at due().
  void sweep();
  [[nodiscard]] std::optional<Instant> due() const { return book_.due(); }

  void clock_set(Duration by) { book_.clock_set(by); }
  void heard_nothing(Instant since, Instant until) { book_.heard_nothing(since, until); }
  void set_resolve_timeout(Duration timeout) { book_.set_resolve_timeout(timeout); }
  void forget(const std::string& sender) { book_.forget(sender); }
  [[nodiscard]] const PushBook& book() const { return book_; }
  [[nodiscard]] std::vector<Trouble> troubles() const { return book_.troubles(intake_.now()); }

 private:
  void hand_over(PushStep step, Answer answer);
  void report(const std::vector<SourceChange>& senders);

  Intake& intake_;
  PushBook book_;
};

}  // namespace candor::alerts
