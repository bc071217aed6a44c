#include "daemon/alerts/pull_source.h"

#include <algorithm>
#include <utility>

namespace candor::alerts {

PullSource::PullSource(Intake& intake, std::string name, std::string shown, Duration every)
    : intake_(intake), book_(std::move(name), std::move(shown), every, intake.now()), asked_at_(intake.now()) {}

bool PullSource::answered(std::vector<PulledAlert> alerts, const std::vector<Labels>& unreadable) {
  const Instant now = intake_.now();
  PullStep step = book_.answered(std::move(alerts), intake_.signals(), now, unreadable);
  ending_ = std::move(step.ending);
  hand_over(std::move(step));
  return !ending_.empty();
}

bool PullSource::trust(const std::optional<RuleStates>& rules) {
  if (rules) ending_ = trusted_ends(std::move(ending_), *rules);
  return !ending_.empty();
}

void PullSource::trust(const std::optional<Instant>& start) {
  std::vector<rules::Observation> ending = std::exchange(ending_, {});
  if (start) {
    if (!told_ || told_->start != *start) told_ = {*start, intake_.now()};
    // It tells its start by a clock that may have been set since, or be ahead of ours.
    const Instant runs_since = std::min(std::max(*start, clock_set_at_), told_->first);
    if (asked_at_ - runs_since < least_uptime) return;
  }
  hand_over({.seen = std::move(ending)});
}

void PullSource::failed(const std::string& why) {
  ending_.clear();
  const Instant now = intake_.now();
  hand_over(book_.failed(why, intake_.signals(), now));
}

void PullSource::waited() {
  const Instant now = intake_.now();
  hand_over(book_.waited(intake_.signals(), now));
}

void PullSource::clock_set(Duration by) {
  book_.clock_set(by);
  asked_at_ += by;
  if (told_) told_->first += by;
  clock_set_at_ = intake_.now();
}

void PullSource::hand_over(PullStep step) {
  if (step.source) answering_ = step.source->answering;
  if (step.source && step.source->answering && asked_before_standstill_) step.source.reset();
  if (step.seen.empty() && !step.source) return;
  intake_.observe(std::move(step.seen),
                  [weak = weak_from_this(), source = std::move(step.source)](const Result<void>& taken) {
                    const std::shared_ptr<PullSource> self = weak.lock();
                    // What is not taken in is found again by the next step.
                    if (!self || !taken || !source) return;
                    if (self->intake_.source_changed(source->source, source->answering, source->evidence)) {
                      self->book_.reported(*source);
                    }
                  });
}

}  // namespace candor::alerts
