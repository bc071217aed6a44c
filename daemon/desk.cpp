#include "daemon/desk.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "daemon/incident/codec.h"

namespace candor {
namespace {

/// A snapshot is written by this loop and costs as much as there is to write, so the more that is, the more events lie
/// between two: their price an event stays the same, and so does a start's, which folds what came since.
constexpr std::uint64_t least_events_between_snapshots = 50'000;
constexpr std::uint64_t events_between_snapshots_per_thing = 4;
/// The wall clock may be set while a timer runs, so no wait is longer than this before looking again.
constexpr Duration longest_wait = std::chrono::seconds{1};
/// A loop that turns so much later than it was to stood still: its process was stopped, or got no time, or the machine
/// was suspended.
constexpr Duration longest_turn = std::chrono::seconds{5};
constexpr Duration between_prunings = std::chrono::hours{6};
/// A difference between the wall clock and the time that passed is a clock that was set, not one that is being steered
/// (adjtimex(2): at most half a second in a thousand).
constexpr Duration smallest_step = std::chrono::seconds{2};

/// Nobody waits to hear of it, and what is lost of it in a crash is one more idempotent delivery.
bool only_ends_deliveries(const incident::Decision& decision) {
  return !decision.events.empty() && decision.deliveries.empty() &&
         std::ranges::all_of(decision.events, [](const incident::Event& event) {
           return std::holds_alternative<incident::DeliveryEnded>(event.change);
         });
}

/// The delivery that the event supersedes; null for another event.
const std::string* superseded(const incident::Event& event) {
  const auto* const ended = std::get_if<incident::DeliveryEnded>(&event.change);
  return ended != nullptr && ended->end == incident::DeliveryEnd::superseded ? &ended->delivery : nullptr;
}

incident::Rejection unavailable(const std::string& why) { return {incident::Rejection::Kind::unavailable, why}; }

}  // namespace

struct Desk::Impl : std::enable_shared_from_this<Impl> {
  struct Aftermath;
  net::Loop& loop;
  store::Journal& journal;
  incident::Engine engine;
  Effects effects;
  net::PatientTimer timer;
  net::Timer watch;  ///< what stood still is known before anything that came meanwhile is taken in
  net::Timer pruning;
  std::string trouble;
  Instant trouble_since{};
  std::uint64_t events_since_snapshot = 0;
  std::uint64_t in_flight = 0;                      ///< decisions not yet known to be on the disk
  std::deque<std::weak_ptr<Aftermath>> unanswered;  ///< in order, and some that have been
  std::uint64_t untold = 0;  ///< decisions on the disk whose telling waits for the loop's next turn
  Stopwatch up;
  Instant up_since = wall_now();   ///< by the wall clock as it is
  Duration clock_read{};           ///< how long it was up when the wall clock was read last
  std::optional<Duration> turned;  ///< how long it was up when the loop did last
  bool begun = false;
  Stopwatch since_progress;  ///< since something became durable, or began to wait for it
  bool stalled = false;      ///< the trouble is a disk that does not answer
  bool closed = false;

  Impl(net::Loop& the_loop, store::Journal& the_journal, incident::Engine the_engine, Effects the_effects)
      : loop(the_loop),
        journal(the_journal),
        engine(std::move(the_engine)),
        effects(std::move(the_effects)),
        timer(the_loop),
        watch(the_loop),
        pruning(the_loop) {}

  [[nodiscard]] Duration uptime() const { return std::chrono::duration_cast<Duration>(up.elapsed()); }

  /// How long the loop has not turned, where that is a standstill; otherwise zero. It turns once a second at least.
  [[nodiscard]] Duration standstill(Duration until) const {
    const Duration waited = until - turned.value_or(until);
    return waited >= longest_wait + longest_turn ? waited : Duration{0};
  }

  struct Reading {
    Instant now;
    Duration set_by;  ///< since the last reading; zero where it was not
  };

  Reading read_clock() {
    Instant now{};
    do {
      clock_read = uptime();
      now = wall_now();
    } while (uptime() - clock_read >= smallest_step);  // it stood still between the two
    const Duration by = (now - clock_read) - std::exchange(up_since, now - clock_read);
    return {now, by < smallest_step && by > -smallest_step ? Duration{0} : by};
  }

  /// Before it is used, whatever is to be known first is: that nobody looked, and that the clock was set, since the
  /// last call. All that asks for the time to decide something asks here.
  Instant now() {
    if (!begun) return wall_now();
    const auto [read, by] = read_clock();
    const Duration stood = standstill(clock_read);
    if (closed || (by == Duration{0} && stood == Duration{0})) return read;
    // A clock that was set has everything judged anew, so nothing may still count as seen or heard that was not: that
    // comes first, by the clock as it was.
    nobody_looked(stood, read - by);
    if (by != Duration{0}) set_clock(by, read);
    return read;
  }

  /// To the engine a standstill is part of a longer time in which nothing could be taken in.
  void nobody_looked(Duration stood, Instant until) {
    const bool stood_still = stood != Duration{0};
    if (stood_still) begin_again(stood);
    if (!trouble.empty()) {
      heard_nothing(trouble_since, until);
    } else if (stood_still) {
      commit(engine.stood_still(stood, until));
      tell_of_an_absence(until - stood, until);
    }
    if (stood_still && effects.stood_still) effects.stood_still();
  }

  void begin_again(Duration stood) {
    turned = clock_read;
    since_progress = Stopwatch{};  // the disk's thread had no time either
    log::warning("stood_still", {{"for", format_duration(stood)}},
                 "the process was stopped or got no time, or the machine was suspended; "
                 "what was seen before ends nothing now");
  }

  void set_clock(Duration by, Instant read) {
    trouble_since += by;
    commit(engine.clock_set(by, read));
    if (effects.clock_set) effects.clock_set(by);
  }

  /// For what rests on all until now also while nothing is taken in: a reload, which has everything judged anew, and an
  /// end, after which nobody else knows of it.
  Instant now_and_all_until_then() {
    const Instant at = now();
    nobody_looked(Duration{0}, at);
    return at;
  }

  /// To the engine a clock that was set before is nothing new. Who asked for the time already is told.
  void begin(Instant last_sign, std::vector<rules::Observation> fresh) {
    const Reading read = read_clock();
    begun = true;
    commit(engine.begin(random_number(), read.now, last_sign, std::move(fresh)));
    if (read.set_by != Duration{0} && effects.clock_set) effects.clock_set(read.set_by);
    journal.prune(read.now);
    prune_again();
    watch_again();
  }

  /// Told whether a decision is on the disk, or why the disk does not take it in now: it may still count later.
  using Answer = std::move_only_function<void(Result<void>)>;

  /// What happens once a decision is on the disk.
  struct Aftermath {
    store::Batch written;            ///< once it is
    std::vector<net::Task> deliver;  ///< one for each of its deliveries
    net::Task show_page;
    Answer answer;  ///< at most once; may be nobody's
  };

  void commit(incident::Decision decision, Answer answer = {}, bool show_page = false) {
    // Even an answer to what changes nothing waits for what it rests on: the same alert, posted a moment ago.
    if (decision.empty() && in_flight + untold == 0) {
      arm();
      if (show_page) show_page_now();
      if (answer) answer({});
      return;
    }
    if (in_flight++ == 0) since_progress = Stopwatch{};
    events_since_snapshot += decision.events.size();
    auto aftermath = std::make_shared<Aftermath>();
    const bool public_matter =
        std::ranges::any_of(decision.events, [](const incident::Event& event) { return !event.incident.empty(); });
    aftermath->answer = std::move(answer);
    unanswered.push_back(aftermath);
    if (trouble.empty()) withhold(decision);
    const bool can_wait = only_ends_deliveries(decision);
    std::vector<incident::Delivery> deliveries = decision.deliveries;
    store::Batch batch{.events = std::move(decision.events),
                       .deliveries = std::move(decision.deliveries),
                       .attempts = {},
                       .can_wait = can_wait};
    journal.append(std::move(batch), [self = weak_from_this(), &the_loop = loop, aftermath](store::Batch written) {
      aftermath->written = std::move(written);
      the_loop.post([self, aftermath] {
        if (const std::shared_ptr<Impl> desk = self.lock()) desk->let_out(aftermath);
      });
    });
    // The rest is done while the disk works.
    for (incident::Delivery& delivery : deliveries) {
      aftermath->deliver.push_back(effects.prepare_delivery(std::move(delivery)));
    }
    arm();
    if (public_matter || show_page) aftermath->show_page = effects.prepare_page();
    if (events_since_snapshot >= events_between_snapshots()) take_snapshot();
  }

  void withhold(const incident::Decision& decision) {
    for (const incident::Event& event : decision.events) {
      if (const std::string* const delivery = superseded(event); delivery && effects.withhold)
        effects.withhold(*delivery);
    }
  }

  void show_page_now() {
    if (net::Task show = effects.prepare_page()) show();
  }

  void let_out(std::shared_ptr<Aftermath> shared) {
    Aftermath& aftermath = *shared;
    --in_flight;
    while (!unanswered.empty() && unanswered.front().expired()) unanswered.pop_front();
    since_progress = Stopwatch{};
    if (stalled) health_changed("");
    for (const incident::Event& event : aftermath.written.events) {
      if (const std::string* const delivery = superseded(event); delivery && effects.withdraw)
        effects.withdraw(*delivery);
    }
    for (std::size_t i = 0; i < aftermath.deliver.size(); ++i) {
      // One that was queued and withdrawn before its commit came through is never sent.
      if (engine.state().pending.contains(aftermath.written.deliveries[i].id)) aftermath.deliver[i]();
    }
    // Pages leave first, with the loop's next turn; then come log lines, the public page and the answer.
    if (aftermath.deliver.empty() && untold == 0) return tell(aftermath);
    ++untold;
    loop.post([self = weak_from_this(), aftermath = std::move(shared)] {
      const std::shared_ptr<Impl> desk = self.lock();
      if (!desk) return;
      --desk->untold;
      desk->tell(*aftermath);
    });
  }

  void tell(Aftermath& aftermath) {
    for (const incident::Event& event : aftermath.written.events) {
      if (effects.event) effects.event(event);
    }
    if (aftermath.show_page) aftermath.show_page();
    if (aftermath.answer) std::exchange(aftermath.answer, {})({});
  }

  /// Whoever waits for the disk is told that it does not take anything in.
  void refuse_the_waiting() {
    for (const std::weak_ptr<Aftermath>& one : std::exchange(unanswered, {})) {
      const std::shared_ptr<Aftermath> waits = one.lock();
      if (waits && waits->answer) std::exchange(waits->answer, {})(failure(trouble));
    }
  }

  [[nodiscard]] std::uint64_t events_between_snapshots() const {
    const incident::State& state = engine.state();
    return std::max(least_events_between_snapshots,
                    events_between_snapshots_per_thing * (state.signals.size() + state.incidents.size()));
  }

  void take_snapshot() {
    journal.snapshot(incident::encode(engine.state()));
    events_since_snapshot = 0;
  }

  void arm() {
    turn();
    Duration wait = longest_wait;
    if (const std::optional<Instant> due = engine.due())
      wait = std::clamp(*due - wall_now(), Duration{0}, longest_wait);
    timer.after(wait, [this] {
      timer.after(longest_wait, [this] { arm(); });  // first: whatever becomes of this turn, there is a next one
      const Instant at = now();                      // a disk whose thread had no time has not stalled
      look_for_a_stall();
      if (trouble.empty() && !closed) commit(engine.tick(at));
    });
  }

  void watch_again() {
    watch.after(longest_wait, [this] {
      watch_again();
      turn();
    });
  }

  void turn() {
    if (!begun) return;
    if (const Duration at = uptime(); standstill(at) == Duration{0}) {
      turned = at;
    } else {
      now();
    }
  }

  void heard_nothing(Instant since, Instant until) {
    commit(engine.heard_nothing(since, until));
    tell_of_an_absence(since, until);
  }

  void tell_of_an_absence(Instant since, Instant until) {
    if (until - since > incident::short_absence && effects.heard_nothing) effects.heard_nothing(since, until);
  }

  void look_for_a_stall() {
    if (in_flight == 0 || !trouble.empty() || since_progress.elapsed() < store::longest_write) return;
    health_changed("the disk of the journal has not answered for " + format_duration(store::longest_write) +
                   "; look at the storage under the state directory");
    stalled = true;
    log::error("journal_stalled", {}, trouble);
  }

  void prune_again() {
    pruning.after(between_prunings, [this] {
      journal.prune(wall_now());
      prune_again();
    });
  }

  void health_changed(const std::string& what) {
    const bool over = what.empty() && !trouble.empty();
    const Instant later = now();  // by the trouble that there was: what it makes known happened in that
    if (trouble.empty()) trouble_since = later;
    trouble = what;
    stalled = false;
    if (over && !closed) heard_nothing(trouble_since, later);  // before probes tell what they found
    if (effects.journal_health) effects.journal_health(what);
    if (!trouble.empty()) refuse_the_waiting();
    arm();
  }

  [[nodiscard]] std::string refusal() const { return closed ? "candord is shutting down" : trouble; }
};

Desk::Desk(net::Loop& loop, store::Journal& journal, incident::Engine engine, Effects effects)
    : impl_(std::make_shared<Impl>(loop, journal, std::move(engine), std::move(effects))) {
  journal.on_health([desk = std::weak_ptr{impl_}, &loop](const std::string& trouble) {
    loop.post([desk, trouble] {
      if (const std::shared_ptr<Impl> impl = desk.lock()) impl->health_changed(trouble);
    });
  });
}

Desk::~Desk() = default;

void Desk::begin(Instant last_sign, std::vector<rules::Observation> fresh) {
  impl_->begin(last_sign, std::move(fresh));
}

void Desk::observe(std::vector<rules::Observation> seen, Done done) {
  if (const std::string why = impl_->refusal(); !why.empty()) {
    done(failure(why));
    return;
  }
  const Instant now = impl_->now();
  impl_->commit(impl_->engine.observe(std::move(seen), now), std::move(done));
}

void Desk::forget(std::span<const rules::SignalId> signals) {
  if (!signals.empty()) impl_->commit(impl_->engine.forget(signals, impl_->now_and_all_until_then()));
}

void Desk::source_awaited(const std::string& source) {
  if (impl_->refusal().empty()) impl_->commit(impl_->engine.source_awaited(source, impl_->now()));
}

bool Desk::source_changed(const std::string& source, bool answering, const std::string& evidence) {
  if (!impl_->refusal().empty()) return false;
  impl_->commit(impl_->engine.source_changed(source, answering, evidence, impl_->now()));
  return true;
}

void Desk::heartbeat_forgotten(const std::string& probe) {
  impl_->commit(impl_->engine.heartbeat_forgotten(probe, impl_->now()));
}

void Desk::heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Done done) {
  if (const std::string why = impl_->refusal(); !why.empty()) {
    done(failure(why));
    return;
  }
  impl_->commit(impl_->engine.heartbeat(probe, status, message, impl_->now()), std::move(done));
}

void Desk::source_forgotten(const std::string& source) {
  impl_->commit(impl_->engine.source_forgotten(source, impl_->now()));
}

void Desk::delivery_attempted(store::Attempted attempted) {
  store::Batch batch;
  batch.attempts.push_back(std::move(attempted));
  batch.can_wait = true;
  impl_->journal.append(std::move(batch), [](store::Batch) {});
}

void Desk::delivery_ended(const std::string& delivery, incident::DeliveryEnd end, const std::string& why) {
  impl_->commit(impl_->engine.delivery_ended(delivery, end, why, impl_->now()));
}

void Desk::command(const incident::Command& command, const incident::Actor& actor, Commanded done) {
  if (const std::string why = impl_->refusal(); !why.empty()) {
    done(std::unexpected(unavailable(why)));
    return;
  }
  std::expected<incident::Accepted, incident::Rejection> answer = impl_->engine.command(command, actor, impl_->now());
  if (!answer) {
    // A refusal rests on what was decided before it, which may still be on its way to the disk.
    impl_->commit({},
                  [done = std::move(done), rejection = std::move(answer.error())](const Result<void>& kept) mutable {
                    done(std::unexpected(kept ? std::move(rejection) : unavailable(kept.error().message)));
                  });
    return;
  }
  impl_->commit(std::move(answer->decision), [done = std::move(done),
                                              id = std::move(answer->incident)](const Result<void>& kept) mutable {
    if (kept) return done(std::move(id));
    done(std::unexpected(incident::Rejection{incident::Rejection::Kind::unfinished, kept.error().message}));
  });
}

void Desk::once_kept(Done done) {
  if (!impl_->trouble.empty() && impl_->in_flight > 0) return done(failure(impl_->trouble));
  impl_->commit({}, std::move(done));
}

void Desk::reconfigure(incident::Policy policy) {
  const Instant now = impl_->now_and_all_until_then();
  impl_->commit(impl_->engine.reconfigure(std::move(policy), now));
}

void Desk::show_page() { impl_->commit({}, {}, true); }

Instant Desk::now() { return impl_->now(); }
const std::string& Desk::trouble() const { return impl_->trouble; }
Instant Desk::trouble_since() const { return impl_->trouble_since; }
const incident::State& Desk::state() const { return impl_->engine.state(); }
incident::Unseen Desk::unseen(Duration least) const { return impl_->engine.unseen(least); }
std::optional<Instant> Desk::words_due(const incident::Incident& it) const { return impl_->engine.words_due(it); }
const incident::Policy& Desk::policy() const { return impl_->engine.policy(); }

void Desk::close() {
  impl_->now_and_all_until_then();
  impl_->closed = true;
  impl_->timer.cancel();
  impl_->watch.cancel();
  impl_->pruning.cancel();
  impl_->take_snapshot();
}

}  // namespace candor
