// What happens to the machine and around it.

#include "simulation.h"

namespace candor::simulation {

using rules::Health;
using rules::SignalId;

void Simulation::act() {
  switch (chance_.draw(17)) {
    case 0:
    case 1:
      flip_a_signal();
      break;
    case 2:
    case 3:
    case 4:
    case 5:
      flip_an_alert();
      break;
    case 6:
      storm();
      break;
    case 7:
    case 8:
      speak_as_a_human();
      break;
    case 9:
    case 10:
      shut_or_open_a_way();
      break;
    case 11:
      disturb_a_source();
      break;
    case 12:
      if (chance_.percent(40)) set_clock();
      break;
    case 13:
      if (chance_.percent(40)) reload();
      break;
    case 14:
      disturb_a_source();
      break;
    case 15:
      if (chance_.percent(20)) stand_still();
      break;
    default:
      if (chance_.percent(20)) refuses_until_ = elapsed_ + chance_.seconds(1, 240);
      break;
  }
}

void Simulation::see(const std::vector<SignalId>& probes) {
  std::vector<rules::Observation> seen;
  for (const SignalId& id : probes) {
    if (!taken_out_.contains(id)) seen.push_back(observation(id, world_.at(id)));
  }
  if (seen.empty()) return;
  for (const rules::Observation& one : seen) oracle_.looked(one.id, elapsed_);
  commit(engine_->observe(std::move(seen), now()));
}

void Simulation::see_everything() {
  std::vector<SignalId> all;
  for (const auto& [id, health] : world_) all.push_back(id);
  see(all);
}

void Simulation::flip_a_signal() {
  constexpr std::array choices{Health::ok,      Health::ok,       Health::failing,
                               Health::failing, Health::degraded, Health::unknown};
  auto& [id, health] = chance_.pick(world_);
  health = choices.at(chance_.draw(choices.size()));
  see({id});
}

void Simulation::flip_an_alert() {
  if (chance_.percent(50)) {
    pushers_.change_one(elapsed_);
  } else {
    chance_.pick(servers_).change_one(chance_, elapsed_);
  }
}

/// Much changes at once, or everything flaps for a while.
void Simulation::storm() {
  const bool all_down = chance_.percent(50);
  for (int i = 0; i < (chance_.percent(50) ? 1 : 5); ++i) {
    for (auto& [id, health] : world_) {
      if (chance_.percent(80)) health = all_down || chance_.percent(50) ? Health::failing : Health::ok;
    }
    pushers_.storm(all_down, elapsed_);
    for (Pulled& server : servers_) server.storm(chance_, all_down, elapsed_);
    see_everything();
    pass(chance_.seconds(0, 5));
  }
}

/// One that tells of alerts dies, comes back or answers otherwise than it should.
void Simulation::disturb_a_source() {
  if (chance_.percent(40)) {
    pushers_.die_or_come_back(elapsed_);
  } else {
    chance_.pick(servers_).get_into_or_out_of_trouble(chance_, moment());
  }
}

/// Nobody answers at a destination any more, somebody does again, or all of a contact's say never to come back.
void Simulation::shut_or_open_a_way() {
  auto& [to, way] = chance_.pick(ways_);
  if (way != Way::open) {
    way = Way::open;
  } else if (chance_.percent(60)) {
    way = Way::shut;
  } else {
    for (auto& [other, its_way] : ways_) {
      if (incident::contact_of(other) == incident::contact_of(to)) its_way = Way::gone;
    }
  }
}

void Simulation::speak_as_a_human() {
  const incident::Actor ana{"contact:ana", true};
  const std::optional<incident::Command> command = draw_command();
  if (!command) return;
  auto accepted = engine_->command(*command, ana, now());
  if (!accepted) return;
  if (const auto* opens = std::get_if<incident::OpenIncident>(&*command)) {
    paging_oracle_.asked(accepted->incident, *opens);
    words_oracle_.asked(accepted->incident, *opens);
  }
  commit(std::move(accepted->decision));
}

std::optional<incident::Command> Simulation::draw_command() {
  const incident::State& state = engine_->state();
  const std::uint64_t what = chance_.draw(20);
  if (what == 0) {
    return incident::OpenIncident{.title = "Something is odd",
                                  .body = chance_.percent(50) ? "We look into it." : "",
                                  .impact = chance_.percent(50) ? incident::Impact::none : incident::Impact::critical,
                                  .components = {{"search", incident::ComponentStatus::partial_outage}},
                                  .escalation = chance_.percent(70) ? "all" : ""};
  }
  if (what == 1) {
    if (state.incidents.empty()) return std::nullopt;
    const std::string id = chance_.pick(state.incidents).first;
    return incident::PostUpdate{.incident = id, .body = "It is back.", .status = incident::Status::investigating};
  }
  if (state.open.empty()) return std::nullopt;
  const std::string id = chance_.pick(state.open);
  switch (what) {
    case 2:
    case 3:
      return incident::PostUpdate{.incident = id, .body = "We found it.", .status = incident::Status::identified};
    case 4:
    case 5:
    case 6:
      return incident::ResolveIncident{id, chance_.percent(70) ? "Over." : ""};
    case 7:
    case 8:
    case 9:
      return incident::VetoHolding{id, "known"};
    case 10:
    case 11:
      return incident::EditHolding{id, "", "Some of it is slow."};
    case 12:
    case 13:
      return incident::TakeLead{id, "bo"};
    default:
      return incident::AckPage{id, "api"};
  }
}

void Simulation::set_clock() {
  const Duration by = chance_.seconds(3, chance_.percent(50) ? 60 : 6 * 3600) * (chance_.percent(50) ? 1 : -1);
  alert_oracle_.clock(moment());
  clock_is_ahead_ += by;
  alert_oracle_.clock(moment());
  alert_oracle_.clock_set(elapsed_);
  oracle_.clock_set(elapsed_);
  pushers_.clock_set();
  paging_oracle_.forget_who_asked_for_time();
  ++figures_.clocks_set;
  ++clock_sets_unseen_;
  if (!engine_) return;
  commit(engine_->clock_set(by, now()), [this] { --clock_sets_unseen_; });
  reception_->clock_set(by);
}

/// Its process gets no time, while the world goes on; and the clock may be set meanwhile. As the desk does, that comes
/// after what nobody saw and heard by the clock as it was.
void Simulation::stand_still() {
  const Elapsed from = elapsed_;
  elapsed_ += chance_.seconds(4, chance_.percent(30) ? 7200 : 60);
  pushers_.missed(elapsed_);
  began_ = elapsed_;
  oracle_.heard_nothing(from, elapsed_);
  alert_oracle_.heard_nothing(from, moment());
  const Duration stood = elapsed_ - from;
  commit(engine_->stood_still(stood, now()));
  if (stood > incident::short_absence) reception_->heard_nothing(now() - stood, now());
  reception_->stood_still();
  if (chance_.percent(40)) set_clock();
  pass(chance_.seconds(0, 20));
  see_everything();
}

void Simulation::reload() {
  ++figures_.reloads;
  scenario_ = std::make_shared<const Scenario>(draw_scenario(chance_, false));
  began_ = elapsed_;
  const std::set<SignalId> out_before = std::exchange(taken_out_, {});
  for (const auto& [id, health] : world_) {
    if (chance_.percent(10)) taken_out_.insert(id);
  }
  oracle_.configured(*scenario_, elapsed_);
  paging_oracle_.configured(elapsed_);
  commit(engine_->reconfigure(scenario_->policy, now()));
  forget_what_is_gone();
  reception_->reload();
  see({out_before.begin(), out_before.end()});
}

/// Probes that the configuration no longer names.
void Simulation::forget_what_is_gone() {
  std::vector<SignalId> gone;
  for (const SignalId& id : taken_out_) {
    if (signals().contains(id)) gone.push_back(id);
  }
  commit(engine_->forget(gone, now()));
}

}  // namespace candor::simulation
