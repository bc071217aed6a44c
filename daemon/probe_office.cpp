#include "daemon/probe_office.h"

#include <array>
#include <utility>

namespace candor {
namespace {

/// A minute in which nothing runs any more is handed on as well, so late.
constexpr Duration look_again = std::chrono::seconds{5};

std::vector<store::HistoryTier> tiers() {
  std::vector<store::HistoryTier> list;
  for (const probes::Resolution each : probes::resolutions) list.push_back({length_of(each), kept_for(each)});
  return list;
}

/// What cannot be read any more is left out.
std::string merge(std::string_view kept, std::string_view added) {
  const std::optional<probes::RollUp> one = probes::decode(kept);
  const std::optional<probes::RollUp> other = probes::decode(added);
  if (!one) return std::string{added};
  if (!other) return std::string{kept};
  probes::RollUp both = *one;
  both.merge(*other);
  return encode(both);
}

std::vector<store::ProbeRollUp> encoded(const probes::HistoryBook::ByProbe& probes) {
  std::vector<store::ProbeRollUp> list;
  list.reserve(probes.size());
  for (const auto& [name, roll_up] : probes) list.push_back({name, encode(roll_up)});
  return list;
}

probes::Resolution resolution_of(const admin::HistoryQuestion& question) {
  switch (question.resolution) {
    case admin::Resolution::minute:
      return probes::Resolution::minute;
    case admin::Resolution::hour:
      return probes::Resolution::hour;
    case admin::Resolution::day:
      break;
  }
  return probes::Resolution::day;
}

admin::ProbeRollUp shown(const probes::RollUpAt& it) {
  const probes::Latencies& times = it.roll_up.times;
  return {.begin = it.begin,
          .runs = it.roll_up.runs,
          .answered = times.count(),
          .p50 = times.quantile(0.5),
          .p90 = times.quantile(0.9),
          .p99 = times.quantile(0.99),
          .max = times.max()};
}

/// What is kept, and what the minute that runs has seen where that lies in the span.
admin::ProbeHistory history_of(const admin::HistoryQuestion& question, const store::History::Answer& kept,
                               const std::optional<probes::RollUpAt>& open) {
  const probes::Resolution resolution = resolution_of(question);
  std::vector<probes::RollUpAt> roll_ups;
  for (const store::HistoryRow& row : kept.rows) {
    if (std::optional<probes::RollUp> read = probes::decode(row.body))
      roll_ups.push_back({row.begin, *std::move(read)});
  }
  if (open) {
    const Instant begin = begin_of(resolution, open->begin);
    if (begin < question.to && begin + length_of(resolution) > question.from) put_in(roll_ups, resolution, *open);
  }
  admin::ProbeHistory history{.known = kept.known || open.has_value()};
  for (const probes::RollUpAt& each : roll_ups) history.roll_ups.push_back(shown(each));
  return history;
}

admin::ProbeRun run_of(const probes::Outcome& outcome) {
  admin::ProbeRun run{.health = outcome.health, .evidence = outcome.evidence, .symptom = outcome.symptom};
  const probes::Phases& phases = outcome.phases;
  const std::array<std::pair<const char*, admin::Microseconds>, 5> all{{{"name_lookup", phases.name_lookup},
                                                                        {"connect", phases.connect},
                                                                        {"tls", phases.tls},
                                                                        {"first_byte", phases.first_byte},
                                                                        {"total", phases.total}}};
  for (const auto& [name, time] : all) {
    if (time > admin::Microseconds{0}) run.phases.emplace_back(name, time);
  }
  for (const probes::Certificate& it : outcome.certificates) {
    run.certificates.push_back({it.subject, it.issuer, it.expires});
  }
  for (const probes::Reading& it : outcome.readings) run.readings.push_back({it.name, it.value, it.unit});
  return run;
}

}  // namespace

ProbeOffice::ProbeOffice(net::Loop& loop, const Desk& desk, probes::Scheduler& scheduler,
                         const std::filesystem::path& file)
    : loop_(loop), desk_(desk), scheduler_(scheduler), history_({file, tiers(), merge}) {
  scheduler.on_run([this](const std::string& probe, const probes::Outcome& outcome) {
    keep(book_.record(probe, outcome, wall_now()));
  });
  look_for_an_end();
}

void ProbeOffice::look_for_an_end() {
  keep(book_.take_ended(wall_now()));
  timer_.after(look_again, [this] { look_for_an_end(); });
}

void ProbeOffice::keep(std::optional<probes::HistoryBook::Minute> minute) {
  if (!minute) return;
  const Instant begin = minute->begin;
  history_.add(begin, [probes = std::move(minute->probes)] { return encoded(probes); });
}

admin::ProbeNow ProbeOffice::now_of(const probes::ProbeStatus& status) const {
  admin::ProbeNow now{.name = status.name,
                      .kind = status.kind,
                      .component = status.component,
                      .health = status.health,
                      .runs = status.runs};
  if (status.runs > 0) now.latest = run_of(status.latest);
  const rules::Signals& signals = desk_.state().signals;
  const auto signal = signals.find(status.signal);
  if (signal != signals.end() && signal->second.health == status.health) now.since = signal->second.since;
  return now;
}

std::vector<admin::ProbeNow> ProbeOffice::probes(const std::string& after, std::size_t most,
                                                 std::optional<rules::Health> health) const {
  std::vector<admin::ProbeNow> list;
  for (const probes::ProbeStatus& each : scheduler_.status(after, most, health)) list.push_back(now_of(each));
  return list;
}

std::optional<admin::ProbeNow> ProbeOffice::probe(const std::string& name) const {
  const std::optional<probes::ProbeStatus> status = scheduler_.status_of(name);
  return status ? std::optional{now_of(*status)} : std::nullopt;
}

void ProbeOffice::history(admin::HistoryQuestion question,
                          std::move_only_function<void(Result<admin::ProbeHistory>)> done) {
  store::History::Question asked{question.probe, length_of(resolution_of(question)), question.from, question.to};
  history_.ask(std::move(asked), [this, question, open = book_.open(question.probe),
                                  done = std::move(done)](const Result<store::History::Answer>& kept) mutable {
    Result<admin::ProbeHistory> told =
        kept ? Result<admin::ProbeHistory>{history_of(question, *kept, open)} : failure(kept.error().message);
    loop_.post([told = std::move(told), done = std::move(done)]() mutable { done(std::move(told)); });
  });
}

std::optional<admin::Trouble> ProbeOffice::trouble() const {
  const std::optional<store::History::Trouble> trouble = history_.trouble();
  return trouble ? std::optional{admin::Trouble{trouble->what, trouble->since}} : std::nullopt;
}

void ProbeOffice::close(Duration patience) {
  timer_.cancel();
  keep(book_.take());
  history_.close(patience);
}

}  // namespace candor
