#include "simulation.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "daemon/incident/codec.h"

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using rules::Health;

constexpr Instant begin_at = from_ms(1'795'000'000'000);

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : chance_(seed),
      wall_began_(begin_at),
      scenario_(std::make_shared<const Scenario>(draw_scenario(chance_, true))),
      world_(quiet_world()),
      servers_{{Pulled::Kind::prometheus, "prometheus:main"}, {Pulled::Kind::alertmanager, "alertmanager:main"}} {
  for (const std::string& to : destinations) ways_[to] = Way::open;
}

std::vector<std::string> Simulation::run(int hours) {
  const Elapsed end = std::chrono::hours{hours};
  while (elapsed_ < end && oracle_.broken().empty()) {
    try {
      if (!engine_) start();
      act();
      pass(chance_.seconds(1, 240));
      look();
    } catch (const Crash&) {
      ++figures_.crashes;
      alert_oracle_.crashed(elapsed_);
      reception_.reset();
      engine_.reset();
      outbox_.reset();
      uncommitted_.clear();
      sending_.clear();
      was_there_ = elapsed_;
      elapsed_ += chance_.seconds(0, chance_.percent(10) ? 7200 : 30);
      if (chance_.percent(10)) set_clock();
    }
  }
  faults_ = false;
  disk_answers_at_ = refuses_until_ = {};
  for (auto& [to, way] : ways_) way = Way::open;
  for (auto& [id, health] : world_) health = Health::ok;
  if (!engine_) start();
  see_everything();
  pushers_.calm_down(elapsed_);
  for (Pulled& server : servers_) server.calm_down(elapsed_);
  reception_->calm_down();
  if (oracle_.broken().empty()) pass(1h);
  look();
  if (oracle_.broken().empty()) alert_oracle_.look_at_the_end(disk_.folded);
  reception_.reset();
  if (oracle_.broken().empty()) pass(29h);
  look();
  if (oracle_.broken().empty()) {
    oracle_.look_at_the_end(disk_.folded);
    paging_oracle_.look_at_the_end();
    replay({});
    for (const Disk::Snapshot& snapshot : disk_.snapshots) replay(snapshot);
  }
  figures_.events = disk_.events.size();
  figures_.incidents = disk_.folded.incidents.size();
  figures_.pages = paging_oracle_.pages_received();
  figures_.answers = alert_oracle_.answers_heard();
  std::vector<std::string> broken;
  for (const std::string& what : oracle_.broken()) broken.push_back(format_duration(elapsed_) + " in: " + what);
  return broken;
}

void Simulation::maybe_crash() {
  if (faults_ && chance_.once_in(600)) throw Crash{};
}

/// State from the journal alone: from its start or from any snapshot.
incident::State Simulation::recover() {
  const bool from_snapshot = !disk_.snapshots.empty() && chance_.percent(70);
  incident::State state = replay(from_snapshot ? chance_.pick(disk_.snapshots) : Disk::Snapshot{});
  if (encode(state) != encode(disk_.folded)) oracle_.broke("what a start reads would be written otherwise");
  return state;
}

/// What a snapshot and the events after it give: the same, whichever it is.
incident::State Simulation::replay(const Disk::Snapshot& from) {
  Result<incident::State> state = from.events == 0 ? incident::State{} : incident::decode_state(from.text);
  if (!state) {
    oracle_.broke(state.error().message);
    return disk_.folded;
  }
  for (std::size_t i = from.events; i < disk_.events.size(); ++i) {
    incident::apply(*state, disk_.events[i]);
  }
  if (*state != disk_.folded) {
    oracle_.broke(fmt::format("replaying from event {} gives another state", from.events));
  }
  return *std::move(state);
}

/// What a start finds of a message; that it says what was decided is seen when it arrives.
store::OutboxRow Simulation::read(const Disk::Row& row) {
  Result<incident::Delivery> delivery = incident::decode_delivery(row.body);
  if (!delivery) oracle_.broke(delivery.error().message);
  return {.delivery = delivery ? *std::move(delivery) : incident::Delivery{},
          .attempts = row.attempts,
          .not_before = row.not_before,
          .last_error = {}};
}

/// Turns the machine on.
void Simulation::start() {
  engine_.emplace(scenario_->policy, recover());
  outbox_.emplace(deliver::Backoff{});
  paging_oracle_.forget_who_asked_for_time();
  paging_oracle_.configured(elapsed_);
  for (const std::string& id : disk_.row_order) {
    if (const auto row = disk_.rows.find(id); row != disk_.rows.end()) outbox_->add(read(row->second));
  }
  disk_answers_at_ = elapsed_;
  began_ = elapsed_;
  const bool clock_was_set = std::exchange(clock_sets_unseen_, 0) > 0;
  oracle_.configured(*scenario_, elapsed_);
  oracle_.started(was_there_, elapsed_, clock_was_set);
  if (clock_was_set) {
    paging_oracle_.lost_the_time();
    words_oracle_.lost_the_time();
  }
  commit(engine_->begin(chance_.any(), now()));
  forget_what_is_gone();
  pushers_.missed(elapsed_);
  alert_oracle_.started(moment());
  reception_.emplace(Reception::Surroundings{chance_, *this, alert_oracle_, servers_, [this] { return moment(); }});
  // What changed while it was off is seen when each probe has had its turn.
  pass(faults_ ? chance_.seconds(0, 20) : Duration{0});
  see_everything();
}

/// The journal's queue: one transaction takes what has gathered, when the disk is not slow.
void Simulation::commit(incident::Decision decision, std::move_only_function<void()> answer) {
  engine_due_.reset();
  alert_oracle_.decided(decision.events, moment());
  if (decision.empty() && uncommitted_.empty()) return answer();
  uncommitted_.push_back({std::move(decision), {elapsed_, began_, scenario_}, std::move(answer)});
  if (elapsed_ < disk_answers_at_) return;
  if (faults_ && chance_.once_in(30)) {
    disk_answers_at_ = elapsed_ + chance_.seconds(1, 3);
  } else {
    flush();
  }
}

void Simulation::flush() {
  maybe_crash();
  std::list<Uncommitted> committed = std::exchange(uncommitted_, {});
  for (const Uncommitted& batch : committed) write(batch);
  if (faults_ && chance_.once_in(40)) disk_.snapshots.push_back({disk_.events.size(), encode(disk_.folded)});
  if (disk_.snapshots.size() > 2) disk_.snapshots.erase(disk_.snapshots.begin());
  for (Uncommitted& batch : committed) {
    maybe_crash();
    let_out(batch);
  }
}

void Simulation::write(const Uncommitted& committed) {
  for (const incident::Delivery& delivery : committed.decision.deliveries) {
    disk_.rows[delivery.id] = {.body = encode(delivery), .not_before = now()};
    disk_.row_order.push_back(delivery.id);
  }
  for (const incident::Event& event : committed.decision.events) {
    const auto change = incident::decode_change(token(event.change), encode(event.change));
    if (!change) oracle_.broke(change.error().message);
    disk_.events.push_back({event.at, event.actor, event.incident, change ? *change : event.change});
    apply(disk_.folded, event);
    oracle_.durable(event, committed.decided, elapsed_);
    alert_oracle_.durable(event);
    if (const auto* ended = std::get_if<incident::DeliveryEnded>(&event.change)) disk_.rows.erase(ended->delivery);
  }
  paging_oracle_.durable(committed.decision, committed.decided);
  words_oracle_.durable(committed.decision, committed.decided);
}

void Simulation::let_out(Uncommitted& committed) {
  for (const incident::Event& event : committed.decision.events) {
    const auto* ended = std::get_if<incident::DeliveryEnded>(&event.change);
    if (ended != nullptr && ended->end == incident::DeliveryEnd::superseded) outbox_->remove(ended->delivery);
  }
  for (const incident::Delivery& delivery : committed.decision.deliveries) {
    if (engine_->state().pending.contains(delivery.id) && disk_.rows.contains(delivery.id)) {
      outbox_->add({.delivery = delivery, .not_before = disk_.rows.at(delivery.id).not_before, .last_error = {}});
    }
  }
  committed.answer();
}

/// Does all that is due now.
void Simulation::work() {
  if (!uncommitted_.empty() && elapsed_ >= disk_answers_at_) flush();
  take_answers();
  if (engine_due() && *engine_due() <= now()) commit(engine_->tick(now()));
  for (const store::OutboxRow& row : outbox_->take_due(now())) send(row);
  if (reception_) take_alerts();
}

void Simulation::take_alerts() {
  pushers_.speak(moment());
  for (Post& arrived : pushers_.deliver(elapsed_)) {
    const auto post = std::make_shared<const Post>(std::move(arrived));
    alert_oracle_.offered(*post, moment());
    reception_->take(*post, [this, post] {
      ++figures_.posts;
      alert_oracle_.answered_200(*post, disk_.folded);
      pushers_.answered_200(*post);
    });
  }
  reception_->work();
}

void Simulation::observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) {
  if (elapsed_ < refuses_until_) {
    alert_oracle_.refused(elapsed_);
    done(failure("the disk is full"));
    return;
  }
  incident::Decision decision = engine_->observe(std::move(seen), now());
  commit(std::move(decision), [done = std::move(done)]() mutable { done({}); });
}

bool Simulation::source_changed(const std::string& source, bool answering, const std::string& evidence) {
  if (elapsed_ < refuses_until_) {
    alert_oracle_.refused(elapsed_);
    return false;
  }
  commit(engine_->source_changed(source, answering, evidence, now()));
  return true;
}

void Simulation::send(const store::OutboxRow& row) {
  using enum deliver::Attempt::Result;
  const incident::Delivery& delivery = row.delivery;
  maybe_crash();
  Sending sending{.delivery = delivery.id,
                  .destination = delivery.destination,
                  .until = elapsed_,
                  .attempt = {.result = delivered}};
  paging_oracle_.sent(delivery.destination, elapsed_);
  const Way way = ways_.at(delivery.destination);
  if (way == Way::shut) {
    sending.attempt = {.result = retry, .what = "connection refused"};
    if (chance_.percent(20)) sending.attempt.retry_after = chance_.seconds(1, 900);
    paging_oracle_.refused(delivery.id, false, elapsed_);
  } else if (way == Way::gone || (faults_ && chance_.once_in(150))) {
    sending.attempt = {.result = dead, .what = "HTTP 410"};
    paging_oracle_.refused(delivery.id, true, elapsed_);
  } else {
    paging_oracle_.received(delivery);
    if (faults_ && chance_.percent(3)) sending.attempt = {.result = retry, .what = "no answer in 15s"};
  }
  if (faults_ && chance_.percent(30)) sending.until += chance_.seconds(0, 15);
  sending.told_twice = faults_ && chance_.percent(3);
  sending_.push_back(std::move(sending));
  maybe_crash();
  if (sending_.back().until <= elapsed_) take_answers();
}

void Simulation::take_answers() {
  std::list<Sending> answered;
  for (auto it = sending_.begin(); it != sending_.end();) {
    const auto next = std::next(it);
    if (it->until <= elapsed_) answered.splice(answered.end(), sending_, it);
    it = next;
  }
  for (const Sending& sending : answered) {
    for (int told = 0; told < (sending.told_twice ? 2 : 1); ++told) {
      const auto outcome = outbox_->ended(sending.delivery, sending.attempt, now(), chance_.any());
      if (!outcome) continue;
      if (const auto wait = sending.attempt.retry_after) {
        paging_oracle_.asked_for_time(sending.destination, elapsed_, *wait);
      }
      if (const auto row = disk_.rows.find(sending.delivery); outcome->retry && row != disk_.rows.end()) {
        row->second.attempts = outcome->retry->attempts;
        row->second.not_before = outcome->retry->not_before;
      }
      if (outcome->end) commit(engine_->delivery_ended(sending.delivery, *outcome->end, outcome->why, now()));
    }
  }
}

std::optional<Instant> Simulation::engine_due() {
  if (!engine_due_) engine_due_ = engine_->due();
  return *engine_due_;
}

std::optional<Elapsed> Simulation::next_due() {
  std::optional<Elapsed> next;
  const auto consider = [&next](Elapsed at) { next = next ? std::min(*next, at) : at; };
  const Instant zero = wall_began_ + clock_is_ahead_;
  if (engine_due()) consider(std::chrono::duration_cast<Duration>(*engine_due() - zero));
  if (outbox_->due()) consider(std::chrono::duration_cast<Duration>(*outbox_->due() - zero));
  if (!uncommitted_.empty()) consider(disk_answers_at_);
  for (const Sending& sending : sending_) consider(sending.until);
  if (reception_) consider(std::min(reception_->next(), pushers_.next()));
  return next;
}

/// Lets virtual time pass, doing what is due when it is due.
void Simulation::pass(Duration time) {
  const Elapsed end = elapsed_ + time;
  for (int i = 0; i < 100'000; ++i) {
    work();
    const std::optional<Elapsed> next = next_due();
    if (!next || *next > end) {
      elapsed_ = end;
      return;
    }
    elapsed_ = std::max(elapsed_, *next);
  }
  oracle_.broke("time does not pass: something is due again and again");
}

void Simulation::look() {
  if (!uncommitted_.empty()) return;  // the disk is slow just now
  oracle_.look(disk_.folded, elapsed_);
  paging_oracle_.look(elapsed_);
  words_oracle_.look(disk_.folded, *scenario_, moment(), began_);
  if (reception_) alert_oracle_.look(disk_.folded, moment());
  if (chance_.once_in(10) && !(engine_->state() == disk_.folded)) {
    oracle_.broke("the engine's state is not the fold of its journal");
  }
}

}  // namespace candor::simulation
