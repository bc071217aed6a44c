#include "probes/scheduler.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "probes/health_tracker.h"
#include "probes/metrics.h"
#include "probes/self_check.h"
#include "probes/standstills.h"
#include "probes/timetable.h"

namespace candor::probes {
namespace {

/// A new probe's first run comes within this time, even where `every` is longer.
constexpr Microseconds first_look = std::chrono::minutes{1};
/// Starts less than this apart share one turn of the loop.
constexpr Microseconds tick = std::chrono::milliseconds{1};
/// Starts in one turn of the loop. Then answers are read, so that a crowd of due probes neither counts as the targets'
/// slowness nor needs a connection each.
constexpr int most_in_a_turn = 32;
/// What a run found while the loop stood still is repeated within this time, even where `every` is longer.
constexpr Microseconds repeat_within = std::chrono::seconds{1};
/// So many runs of a probe in a row say nothing because the loop stood still; the next one is believed even so: a
/// machine that never has enough time is no reason to hear nothing any more.
constexpr int most_dropped = 2;

struct Entry {
  std::uint64_t id = 0;
  ProbeConfig config;
  rules::SignalId signal;
  std::unique_ptr<Probe> probe;
  HealthTracker tracker;
  ProbeFigures figures;
  Outcome latest{};
  std::string evidence{};  // of the last outcome that was not ok
  std::string symptom{};
  std::uint64_t runs = 0;
  Microseconds began{};                   // the run under way
  int dropped = 0;                        // runs in a row
  rules::Health told = tracker.health();  // to whoever is told, or known from before
  bool untold = true;                     // nobody was told that it is as it was
  bool waits = false;                     // for resume_telling()
  bool running = false;
  bool waiting = false;
};

rules::Observation tell(Entry& entry) {
  entry.told = entry.tracker.health();
  rules::Observation seen{.id = entry.signal, .health = entry.tracker.health()};
  if (seen.health != rules::Health::ok) {
    seen.evidence = entry.evidence;
    seen.symptom = entry.symptom;
  }
  return seen;
}

ProbeStatus status_of(const Entry& entry) {
  return {.name = entry.config.name,
          .kind = entry.config.kind,
          .component = entry.config.component,
          .signal = entry.signal,
          .health = entry.tracker.health(),
          .latest = entry.latest,
          .runs = entry.runs};
}

}  // namespace

struct Scheduler::Impl {
  Impl(const Tools& the_tools, std::string the_location, prometheus::Registry& registry, Changed when_changed,
       std::size_t most, Clock the_clock)
      : tools(the_tools),
        location(std::move(the_location)),
        metrics(registry),
        changed(std::move(when_changed)),
        most_at_once(most),
        timer(the_tools.loop),
        clock(std::move(the_clock)),
        beat_timer(the_tools.loop),
        look_timer(the_tools.loop) {}

  struct Waiting {
    std::uint64_t id;
    Microseconds due;
  };

  void add(ProbeConfig config, ProbeFigures figures, const rules::Signals& known);
  void replace(const std::set<std::uint64_t>& retired, std::map<std::string, ProbeConfig*, std::less<>>& wanted,
               const rules::Signals& known);
  bool goes_on_as(Entry& entry, bool self_check_from_now);
  void arm();
  void start_due();
  void start(Entry& entry, Microseconds due);
  void start_waiting();
  void turn();
  void beat();
  void finished(Entry& entry, Outcome outcome);
  void drop(Entry& entry);
  void look();
  void release();
  void tell_sight();
  void settle(Entry& entry, Outcome outcome);
  void look_again(const Entry& entry);

  Tools tools;
  std::string location;
  Metrics metrics;
  Changed changed;
  Ran ran = [](const std::string&, const Outcome&) {};
  std::size_t most_at_once;

  net::Timer timer;
  Clock clock;
  Microseconds epoch = wall_now().time_since_epoch() - clock();  // when `clock` was started

  bool paused = false;  // nobody is told

  std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries;
  std::map<std::string, std::uint64_t, std::less<>> by_name;
  Timetable timetable;
  std::deque<Waiting> waiting;

  Standstills standstills;
  net::Timer beat_timer;
  bool beating = false;

  /// A run that found something wrong, and waits for the self checks to look after that.
  struct Held {
    std::uint64_t id;
    Microseconds found;
    Outcome outcome;
  };
  SelfCheck self_check;
  std::deque<Held> held;  // in the order of `found`
  net::Timer look_timer;
  std::optional<Blindness> blindness;
  std::size_t running = 0;
  std::uint64_t last_id = 0;
};

void Scheduler::Impl::add(ProbeConfig config, ProbeFigures figures, const rules::Signals& known) {
  const std::uint64_t id = ++last_id;
  const Microseconds every = config.every;
  const Microseconds now = clock();
  const Microseconds regular = now + until_phase(epoch + now, phase_of(config.name, location, every), every);
  const Microseconds first = now + phase_of(config.name, location, std::min(every, first_look));
  timetable.add(id, every > first_look ? first : regular, regular, every);

  rules::SignalId signal{.kind = rules::SignalKind::probe, .source = "probe", .labels = config.signal_labels(location)};
  std::unique_ptr<Probe> probe = config.make(tools);
  const auto found = known.find(signal);
  const rules::Signal before = found != known.end() ? found->second : rules::Signal{};
  const HealthTracker tracker{config.fall, config.rise, before.health};
  figures.name = config.name;
  figures.up = is_up(before.health);
  by_name.emplace(config.name, id);
  if (config.self_check) self_check.watch(id, config.name);
  entries.emplace(id, std::make_unique<Entry>(id, std::move(config), std::move(signal), std::move(probe), tracker,
                                              std::move(figures)));
}

/// The figures of a probe that goes on under its name go on as well.
void Scheduler::Impl::replace(const std::set<std::uint64_t>& retired,
                              std::map<std::string, ProbeConfig*, std::less<>>& wanted, const rules::Signals& known) {
  std::map<std::string, ProbeFigures, std::less<>> figures;
  for (const std::uint64_t id : retired) {
    const auto entry = entries.find(id);
    if (entry->second->running) --running;
    self_check.forget(id);
    figures.insert_or_assign(entry->second->config.name, std::move(entry->second->figures));
    by_name.erase(entry->second->config.name);
    entries.erase(entry);
  }
  if (!retired.empty()) {
    timetable.remove_if([&](std::uint64_t id) { return retired.contains(id); });
    std::erase_if(waiting, [&](const Waiting& waits) { return retired.contains(waits.id); });
  }
  for (const auto& [name, probe] : wanted) add(std::move(*probe), std::move(figures[name]), known);
}

/// What becomes a self check, or is none any more, goes on where no run is under way: that one's end has two meanings.
bool Scheduler::Impl::goes_on_as(Entry& entry, bool self_check_from_now) {
  if (entry.config.self_check == self_check_from_now) return true;
  if (entry.running) return false;
  entry.config.self_check = self_check_from_now;
  if (self_check_from_now) {
    self_check.watch(entry.id, entry.config.name);
  } else {
    self_check.forget(entry.id);
  }
  return true;
}

void Scheduler::Impl::arm() {
  const std::optional<Microseconds> next = timetable.next();
  if (!next) return timer.cancel();
  const Microseconds wait = *next - clock();
  timer.after(wait.count() <= 0 ? wait : std::max(wait, tick), [this] { start_due(); });
}

void Scheduler::Impl::start_due() {
  const Microseconds now = clock();
  for (int starts = 0; starts < most_in_a_turn; ++starts) {
    const std::optional<Timetable::Due> due = timetable.take_due(now);
    if (!due) break;
    Entry& entry = *entries.at(due->id);
    const bool busy = entry.running || entry.waiting;
    if (const std::uint64_t left_out = due->missed + (busy ? 1 : 0); left_out > 0) {
      metrics.skipped.Increment(static_cast<double>(left_out));
    }
    if (busy) continue;
    if (running < most_at_once) {
      start(entry, due->at);
    } else {
      entry.waiting = true;
      waiting.push_back({due->id, due->at});
      metrics.postponed.Increment();
    }
  }
  metrics.waiting.Set(static_cast<double>(waiting.size()));
  arm();
}

void Scheduler::Impl::start(Entry& entry, Microseconds due) {
  turn();
  entry.running = true;
  entry.began = clock();
  ++running;
  if (!beating) beat();
  metrics.start_delay.Observe(std::chrono::duration<double>(entry.began - due).count());
  entry.probe->run([this, &entry](Outcome outcome) { finished(entry, std::move(outcome)); });
}

void Scheduler::Impl::start_waiting() {
  if (waiting.empty()) return;
  while (running < most_at_once && !waiting.empty()) {
    const Waiting next = waiting.front();
    waiting.pop_front();
    Entry& entry = *entries.at(next.id);
    entry.waiting = false;
    if (!entry.running) start(entry, next.due);  // a self check may have been asked meanwhile
  }
  metrics.waiting.Set(static_cast<double>(waiting.size()));
}

void Scheduler::Impl::turn() {
  const std::optional<Microseconds> stood = standstills.turned(clock());
  if (!stood || running == 0) return;
  log::warning(
      "runs_dropped",
      {{"under_way", std::to_string(running)},
       {"stood_still", format_duration(std::chrono::duration_cast<Duration>(*stood))}},
      "the process was stopped, got no time or was busy; what runs under way find says nothing of their targets, "
      "and they are repeated");
}

/// No timer runs while no run is under way.
void Scheduler::Impl::beat() {
  turn();
  beating = running > 0;
  if (!beating) return standstills.rested();
  beat_timer.after(Standstills::beat, [this] { beat(); });
}

void Scheduler::Impl::finished(Entry& entry, Outcome outcome) {
  turn();
  if (standstills.since(entry.began) && entry.dropped < most_dropped) return drop(entry);
  if (entry.config.self_check) {
    self_check.took(entry.id, outcome, entry.began, clock());
    tell_sight();
    settle(entry, std::move(outcome));
    release();
    return look();
  }
  const bool wrong = outcome.health == rules::Health::failing || outcome.health == rules::Health::degraded;
  if (!wrong || outcome.told) return settle(entry, std::move(outcome));
  const Microseconds found = clock();
  if (const std::optional<bool> saw = self_check.saw(entry.began, found)) {
    return settle(entry, *saw ? std::move(outcome) : self_check.unseen(std::move(outcome)));
  }
  held.push_back({entry.id, found, std::move(outcome)});
  look();
}

/// Its target is looked at anew, soon and at a time that differs from probe to probe. Those that wait for a self check
/// go on waiting for it.
void Scheduler::Impl::drop(Entry& entry) {
  entry.running = false;
  --running;
  ++entry.dropped;
  metrics.dropped.Increment();
  const Microseconds again =
      std::min<Microseconds>(entry.config.retry_interval.value_or(entry.config.every), repeat_within);
  timetable.next_at(entry.id, next_look(entry.began, again, clock()));
  arm();
  start_waiting();
  look();
}

/// Something is wrong there, or here: the self checks look. All runs that wait share a look; those that find something
/// wrong while it is under way share the next. They count as under way until then.
void Scheduler::Impl::look() {
  if (held.empty()) return;
  const Microseconds now = clock();
  if (const Microseconds next = self_check.next_look(now); next > now) {
    return look_timer.after(next - now, [this] { look(); });
  }
  for (const auto& [id, check] : self_check.checks()) {
    Entry& one = *entries.at(id);
    if (one.running || (check.looked && check.began >= held.back().found)) continue;
    self_check.asked(now);
    start(one, now);
  }
}

void Scheduler::Impl::tell_sight() {
  if (self_check.blind() == blindness.has_value()) return;
  if (blindness) {
    blindness.reset();
    log::info("sees_again", {});
  } else {
    blindness = Blindness{wall_now(), self_check.why()};
    log::error("cannot_see", {}, "what probes find wrong is unknown until a self check works again: " + blindness->why);
  }
  metrics.blind.Set(blindness ? 1 : 0);
}

/// What answers for one run that waits answers for those that found something before it. Each report may configure anew
/// and so end entries, or let go of more.
void Scheduler::Impl::release() {
  while (!held.empty()) {
    const auto entry = entries.find(held.front().id);
    const bool gone = entry == entries.end();
    const std::optional<bool> saw = gone ? false : self_check.saw(entry->second->began, held.front().found);
    if (!saw) return;
    Outcome outcome = std::move(held.front().outcome);
    held.pop_front();
    if (!gone) settle(*entry->second, *saw ? std::move(outcome) : self_check.unseen(std::move(outcome)));
  }
}

/// The last thing it does is to report: that may configure anew and so end this entry.
void Scheduler::Impl::settle(Entry& entry, Outcome outcome) {
  entry.running = false;
  --running;
  entry.dropped = 0;
  ++entry.runs;
  const bool changes = entry.tracker.add(outcome.health);
  // Until fall or rise is over an outcome neither changes the health nor says that it is still so.
  const bool is_unchanged =
      entry.tracker.health() == outcome.health || entry.tracker.health() == rules::Health::unknown;
  const bool news = changes || (entry.untold && is_unchanged);
  entry.untold = entry.untold && !news;
  entry.figures.record(outcome, entry.tracker.health());
  ran(entry.config.name, outcome);
  const bool tells = outcome.health != rules::Health::unknown || entry.tracker.health() == rules::Health::unknown;
  if (outcome.health != rules::Health::ok && tells) {  // an unknown run has no words for what is known
    entry.evidence = outcome.evidence;
    entry.symptom = outcome.symptom;
  }
  entry.latest = std::move(outcome);
  std::optional<rules::Observation> seen;
  if (news && paused) entry.waits = true;
  if (news && !paused) seen = tell(entry);
  look_again(entry);
  start_waiting();
  if (seen) changed(*seen);
}

void Scheduler::Impl::look_again(const Entry& entry) {
  if (entry.tracker.well() || !entry.config.retry_interval) return;
  timetable.next_at(entry.id, next_look(entry.began, *entry.config.retry_interval, clock()));
  arm();
}

Scheduler::Scheduler(const Tools& tools, std::string location, prometheus::Registry& metrics, Changed changed,
                     std::size_t most_at_once, Clock clock)
    : impl_(std::make_unique<Impl>(tools, std::move(location), metrics, std::move(changed), most_at_once,
                                   std::move(clock))) {}

Scheduler::~Scheduler() = default;

std::vector<rules::SignalId> Scheduler::configure(std::vector<ProbeConfig> probes, const rules::Signals& known) {
  std::map<std::string, ProbeConfig*, std::less<>> wanted;
  for (ProbeConfig& probe : probes) wanted.emplace(probe.name, &probe);

  std::set<rules::SignalId> gone;
  std::set<std::uint64_t> retired;
  for (const auto& [id, entry] : impl_->entries) {
    const auto found = wanted.find(entry->config.name);
    if (found != wanted.end() && found->second->fingerprint == entry->config.fingerprint &&
        impl_->goes_on_as(*entry, found->second->self_check)) {
      wanted.erase(found);
    } else {
      gone.insert(entry->signal);
      retired.insert(id);
    }
  }
  impl_->replace(retired, wanted, known);
  for (const auto& [id, entry] : impl_->entries) gone.erase(entry->signal);

  impl_->self_check.changed(impl_->clock());
  impl_->tell_sight();
  impl_->release();
  impl_->look();
  impl_->start_waiting();
  impl_->arm();
  return {gone.begin(), gone.end()};
}

void Scheduler::stop() {
  impl_->timer.cancel();
  impl_->look_timer.cancel();
  impl_->beat_timer.cancel();
  impl_->waiting.clear();
  impl_->held.clear();
  impl_->timetable.remove_if([](std::uint64_t) { return true; });
  impl_->by_name.clear();
  impl_->entries.clear();
  impl_->running = 0;
  impl_->beating = false;
  impl_->standstills.rested();
}

void Scheduler::tell_again() {
  for (const auto& [id, entry] : impl_->entries) {
    entry->untold = true;
    entry->waits = entry->waits && entry->told != entry->tracker.health();  // who was not told does not know it
  }
}

void Scheduler::pause_telling() {
  if (!std::exchange(impl_->paused, true)) tell_again();
}

void Scheduler::resume_telling() {
  impl_->paused = false;
  std::vector<rules::Observation> all;  // before the first is reported: that may configure anew
  for (const auto& [name, id] : impl_->by_name) {
    Entry& entry = *impl_->entries.at(id);
    if (std::exchange(entry.waits, false)) all.push_back(tell(entry));
  }
  for (const rules::Observation& seen : all) impl_->changed(seen);
}

const std::optional<Scheduler::Blindness>& Scheduler::blindness() const { return impl_->blindness; }

std::vector<ProbeFigures> Scheduler::figures(std::string_view after, std::size_t most) const {
  std::vector<ProbeFigures> found;
  for (auto next = impl_->by_name.upper_bound(after); next != impl_->by_name.end() && found.size() < most; ++next) {
    found.push_back(impl_->entries.at(next->second)->figures);
  }
  return found;
}

void Scheduler::on_run(Ran ran) { impl_->ran = std::move(ran); }

std::vector<ProbeStatus> Scheduler::status() const { return status({}, impl_->by_name.size()); }

std::vector<ProbeStatus> Scheduler::status(std::string_view after, std::size_t most,
                                           std::optional<rules::Health> health) const {
  std::vector<ProbeStatus> found;
  for (auto next = impl_->by_name.upper_bound(after); next != impl_->by_name.end() && found.size() < most; ++next) {
    const Entry& entry = *impl_->entries.at(next->second);
    if (!health || entry.tracker.health() == *health) found.push_back(probes::status_of(entry));
  }
  return found;
}

std::optional<ProbeStatus> Scheduler::status_of(std::string_view name) const {
  const auto found = impl_->by_name.find(name);
  if (found == impl_->by_name.end()) return std::nullopt;
  return probes::status_of(*impl_->entries.at(found->second));
}

}  // namespace candor::probes
