// What happens to the machine and around it.

#include "simulation.h"

namespace candor::simulation {

using rules::Health;
using rules::SignalId;
using rules::SignalKind;

void Simulation::act() {
  switch (chance_.draw(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      flip_a_signal();
      break;
    case 6:
      storm();
      break;
    case 7:
    case 8:
      speak_as_a_human();
      break;
    case 9:
    case 10: {
      auto& [to, up] = chance_.pick(destination_up_);
      up = !up;
      break;
    }
    case 11:
      silence_or_hear_the_source();
      break;
    case 12:
      if (chance_.percent(40)) set_clock();
      break;
    case 13:
      if (chance_.percent(40)) reload();
      break;
    default:
      break;
  }
}

void Simulation::observe(const std::vector<SignalId>& signals) {
  std::vector<rules::Observation> seen;
  for (const SignalId& id : signals) {
    if (id.kind == SignalKind::alert && source_silent_) continue;
    seen.push_back(observation(id, world_.at(id)));
  }
  commit(engine_->observe(std::move(seen), now()));
}

void Simulation::observe_everything() {
  std::vector<SignalId> all;
  for (const auto& [id, health] : world_) all.push_back(id);
  observe(all);
}

void Simulation::flip_a_signal() {
  constexpr std::array choices{Health::ok,      Health::ok,       Health::failing,
                               Health::failing, Health::degraded, Health::unknown};
  auto& [id, health] = chance_.pick(world_);
  health = id.kind == SignalKind::probe ? choices.at(chance_.draw(choices.size()))
           : chance_.percent(50)        ? Health::failing
                                        : Health::ok;
  observe({id});
}

/// Much changes at once, or everything flaps for a while.
void Simulation::storm() {
  const bool all_down = chance_.percent(50);
  for (int i = 0; i < (chance_.percent(50) ? 1 : 5); ++i) {
    for (auto& [id, health] : world_) {
      if (chance_.percent(80)) health = all_down || chance_.percent(50) ? Health::failing : Health::ok;
    }
    observe_everything();
    pass(chance_.seconds(0, 5));
  }
}

/// The source of alerts stops answering, so that nothing is known of them, or answers with what is true now.
void Simulation::silence_or_hear_the_source() {
  source_silent_ = !source_silent_;
  commit(engine_->source_changed(alert_source, !source_silent_, source_silent_ ? "timed out" : "", now()));
  if (!source_silent_) {
    observe_everything();
    return;
  }
  std::vector<rules::Observation> unknown;
  for (const auto& [id, signal] : engine_->state().signals) {
    if (id.kind == SignalKind::alert) unknown.push_back(observation(id, Health::unknown));
  }
  commit(engine_->observe(std::move(unknown), now()));
}

void Simulation::speak_as_a_human() {
  const auto& open = engine_->state().open;
  if (open.empty()) return;
  const std::string id = chance_.pick(open);
  const incident::Actor ana{"contact:ana", true};
  incident::Command command = incident::AckPage{id, "api"};
  switch (chance_.draw(8)) {
    case 0:
      command = incident::PostUpdate{.incident = id, .body = "We found it.", .status = incident::Status::identified};
      break;
    case 1:
      command = incident::ResolveIncident{id, "Over."};
      break;
    case 2:
      command = incident::VetoHolding{id, "known"};
      break;
    case 3:
      command = incident::EditHolding{id, "", "Some of it is slow."};
      break;
    case 4:
      command = incident::TakeLead{id, "bo"};
      break;
    default:
      break;
  }
  auto accepted = engine_->command(command, ana, now());
  if (accepted) commit(std::move(accepted->decision));
}

void Simulation::set_clock() {
  const Duration by = chance_.seconds(3, chance_.percent(50) ? 60 : 6 * 3600) * (chance_.percent(50) ? 1 : -1);
  clock_is_ahead_ += by;
  ++figures_.clocks_set;
  if (engine_) {
    commit(engine_->clock_set(by, now()));
  } else {
    clock_set_while_off_ = true;
  }
}

void Simulation::reload() {
  ++figures_.reloads;
  scenario_ = draw_scenario(chance_, false);
  oracle_.configured(scenario_, elapsed_);
  commit(engine_->reconfigure(scenario_.policy, now()));
}

}  // namespace candor::simulation
