#include "daemon/alerts/push_source.h"

#include <utility>

#include "base/log.h"

namespace candor::alerts {

PushSource::PushSource(Intake& intake, Duration resolve_timeout)
    : intake_(intake), book_(intake.now(), resolve_timeout) {}

void PushSource::take(std::vector<Alert> alerts, Answer answer) {
  const Instant now = intake_.now();
  hand_over(book_.observe(std::move(alerts), intake_.signals(), now), std::move(answer));
}

void PushSource::sweep() {
  const Instant now = intake_.now();
  PushStep step = book_.sweep(intake_.signals(), now);
  // What is not taken in now is seen again by a later sweep.
  if (!step.seen.empty() || !step.senders.empty()) hand_over(std::move(step), [](const Result<void>&) {});
}

void PushSource::hand_over(PushStep step, Answer answer) {
  for (const ClockTrouble& found : step.found) log::warning(found.event, {}, found.trouble.what);
  intake_.observe(std::move(step.seen), [weak = weak_from_this(), senders = std::move(step.senders),
                                         answer = std::move(answer)](const Result<void>& taken) mutable {
    if (const std::shared_ptr<PushSource> self = weak.lock(); self && taken) self->report(senders);
    answer(taken);
  });
}

void PushSource::report(const std::vector<SourceChange>& senders) {
  for (const SourceChange& change : senders) {
    if (intake_.source_changed(change.source, change.answering, change.evidence)) book_.reported(change);
  }
}

}  // namespace candor::alerts
