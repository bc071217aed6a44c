#include "words_oracle.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using incident::Holding;
using incident::Incident;

template <class T>
const T* change(const incident::Event& event) {
  return std::get_if<T>(&event.change);
}

}  // namespace

void WordsOracle::asked(const std::string& incident, const incident::OpenIncident& command) {
  asked_[incident] = !command.body.empty();
}

void WordsOracle::lost_the_time() {
  for (const std::string& id : open_) said_[id].doubtful = true;
}

void WordsOracle::durable(const incident::Decision& decision, const Decided& decided) {
  for (const incident::Event& event : decision.events) happened(event, decided);
  look_at_the_decision();
}

void WordsOracle::happened(const incident::Event& event, const Decided& decided) {
  const std::string& id = event.incident;
  if (const auto* e = change<incident::IncidentOpened>(event)) {
    said_[id].rule = e->rule;
    began(id, asked_[id]);
  }
  if (change<incident::IncidentReopened>(event) != nullptr) began(id, said_[id].is_public || event.actor.human);
  if (change<incident::HoldingDrafted>(event) != nullptr) drafted(id, decided);
  if (const auto* e = change<incident::HoldingEdited>(event)) said_[id].edited = e->body;
  if (change<incident::HoldingVetoed>(event) != nullptr) {
    said_[id].vetoed = true;
    said_[id].due.reset();
  }
  if (const auto* e = change<incident::UpdatePosted>(event)) spoke(id, *e, event.actor.human, decided);
  if (const auto* e = change<incident::StatusChanged>(event); e && e->status == incident::Status::resolved) {
    resolved(id);
  }
}

/// A veto was about what was seen before it.
void WordsOracle::began(const std::string& id, bool must_speak) {
  Said& it = said_[id];
  it.open = true;
  it.vetoed = false;
  it.due.reset();
  it.edited.reset();
  open_.insert(id);
  touched_.insert(id);
  if (must_speak) must_speak_.insert(id);
}

/// Words that are drafted anew while they wait are due when they were.
void WordsOracle::drafted(const std::string& id, const Decided& decided) {
  Said& it = said_[id];
  if (it.is_public || it.vetoed || !it.open) broke(id, "drafts a holding response that nobody is to read");
  if (it.due) return;
  const incident::Policy& policy = decided.scenario->policy;
  it.due = decided.at + policy.holdings.at(policy.responses.at(it.rule).holding).after;
  it.doubtful = false;
}

void WordsOracle::spoke(const std::string& id, const incident::UpdatePosted& words, bool human,
                        const Decided& decided) {
  Said& it = said_[id];
  const bool must = must_speak_.erase(id) > 0;
  if (words.holding) {
    look_at_holding(id, words, decided);
  } else if (!human && !it.is_public) {
    broke(id, "is made public, and neither its holding response is due nor has anybody spoken");
  }
  if (!it.open && !must && !touched_.contains(id)) broke(id, "speaks after its end");
  it.is_public = true;
  it.due.reset();
}

void WordsOracle::look_at_holding(const std::string& id, const incident::UpdatePosted& words, const Decided& decided) {
  const Said& it = said_[id];
  if (it.vetoed) broke(id, "publishes what was vetoed");
  if (!it.vetoed && !it.due) broke(id, "publishes a holding response that does not wait");
  if (it.due && !it.doubtful && decided.at < *it.due) {
    broke(id, fmt::format("publishes its holding response {} too soon", format_duration(*it.due - decided.at)));
  }
  if (it.edited && *it.edited != words.body) broke(id, "publishes other words than somebody wrote for it");
}

void WordsOracle::resolved(const std::string& id) {
  Said& it = said_[id];
  it.open = false;
  it.due.reset();
  open_.erase(id);
  touched_.insert(id);
  if (it.is_public) must_speak_.insert(id);
}

void WordsOracle::look_at_the_decision() {
  for (const std::string& id : must_speak_) broke(id, "begins or ends, and customers do not read of it");
  for (const std::string& id : touched_) {
    const Said& it = said_[id];
    const bool waits = it.due || it.vetoed || it.is_public;
    if (it.open && !it.rule.empty() && !waits) broke(id, "has no holding response");
  }
  must_speak_.clear();
  touched_.clear();
}

void WordsOracle::look(const incident::State& on_disk, const Scenario& scenario, const Moment& now, Elapsed began) {
  const auto late = [&now](const std::optional<Instant>& due) { return due && *due < now.wall - slack; };
  for (const std::string& id : on_disk.open) {
    const Incident& it = on_disk.incidents.at(id);
    const bool waits = it.holding.stage == Holding::Stage::waiting;
    // It waits while its rule sees nothing wrong, and only then; that, others look after.
    const bool seen = on_disk.holding_rules.contains(it.rule) || !it.holding.edited_by.empty();
    const bool looked = now.at > began + std::min<Duration>(scenario.policy.restart_grace, 1min) + slack;  // an absence
    if (waits && seen && looked && late(it.holding.due)) broke(id, "has a holding response that is late");
    if (waits && it.holding.due > now.wall + longest_holding + slack) {
      broke(id, "has a holding response that waits too long");
    }
    if (!it.published_at) continue;
    if (late(it.next_update)) broke(id, "promised an update, which is late");
    if (!it.next_update) broke(id, "is public and promises nothing");
    const auto cadence = scenario.policy.cadence.find(it.impact);
    if (it.next_update && cadence != scenario.policy.cadence.end() &&
        *it.next_update > now.wall + cadence->second + slack) {
      broke(id, "has customers wait longer than its cadence");
    }
  }
}

void WordsOracle::broke(const std::string& incident, std::string_view what) {
  oracle_.broke(fmt::format("{} {}", incident, what));
}

}  // namespace candor::simulation
