#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "daemon/oncall/oncall.h"

namespace candor::oncall {
namespace {

constexpr std::size_t most_name_bytes = 200;
constexpr std::size_t most_steps = 20;
constexpr std::size_t most_targets = 50;
constexpr std::int64_t most_rounds = 100;
constexpr Duration least_wait = std::chrono::seconds{1};
constexpr Duration most_wait = std::chrono::hours{24};

constexpr std::string_view contact_prefix = "contact:";
constexpr std::string_view schedule_prefix = "schedule:";

/// Refuses a target that pages nobody; otherwise adds its contact to the step.
void read_target(const Table& table, const std::string& target, const std::map<std::string, Contact>& contacts,
                 Step& step) {
  if (target.starts_with(schedule_prefix)) {
    table.refuse("notify", fmt::format("{}: schedules are not supported by this version", target), "use contact:NAME");
    return;
  }
  if (!target.starts_with(contact_prefix)) {
    table.refuse("notify", fmt::format("\"{}\" does not say what it is", target),
                 fmt::format("write \"contact:{}\"", contacts.contains(target) ? target : "NAME"));
    return;
  }
  std::string name = target.substr(contact_prefix.size());
  if (!contacts.contains(name)) {
    std::vector<std::string> known;
    for (const auto& [other, contact] : contacts) known.push_back(other);
    const std::optional<std::string> near = nearest(name, known);
    table.refuse("notify", fmt::format("there is no contact \"{}\"", name),
                 near ? fmt::format("did you mean \"contact:{}\"?", *near) : "add a [[contact]] of this name");
    return;
  }
  if (std::ranges::find(step.contacts, name) != step.contacts.end()) {
    table.refuse("notify", fmt::format("{} is named twice in one step", target), "one message is enough");
    return;
  }
  step.contacts.push_back(std::move(name));
}

Step read_step(const Table& table, const std::map<std::string, Contact>& contacts) {
  Step step;
  const std::optional<std::vector<std::string>> targets = table.texts("notify");
  if (!table.has("notify") || (targets && targets->empty())) {
    table.refuse("notify", "this step notifies nobody", "such as notify = [\"contact:NAME\"]");
  }
  if (targets && targets->size() > most_targets) {
    table.refuse("notify", fmt::format("this step notifies {} contacts", targets->size()),
                 fmt::format("at most {}", most_targets));
  } else if (targets) {
    for (const std::string& target : *targets) read_target(table, target, contacts, step);
  }
  if (!table.has("wait")) {
    table.refuse("wait", "this step does not say how long to wait for an ack", "such as wait = \"5m\"");
  }
  step.wait = table.duration("wait", least_wait, most_wait).value_or(least_wait);
  return step;
}

}  // namespace

Escalation read_escalation(const Table& table, const std::map<std::string, Contact>& contacts) {
  Escalation escalation;
  escalation.name = table.required_text("name");
  if (escalation.name.size() > most_name_bytes) {
    table.refuse("name", "this name is too long", fmt::format("at most {} bytes", most_name_bytes));
  }
  const std::vector<Table> steps = table.tables("steps");
  if (steps.empty()) {
    table.refuse("steps", fmt::format("escalation \"{}\" has no steps", escalation.name),
                 "such as steps = [{ notify = [\"contact:NAME\"], wait = \"5m\" }]");
  }
  if (steps.size() > most_steps) {
    table.refuse("steps", fmt::format("escalation \"{}\" has {} steps", escalation.name, steps.size()),
                 fmt::format("at most {}", most_steps));
  }
  for (const Table& step : steps) escalation.steps.push_back(read_step(step, contacts));
  escalation.repeat = static_cast<std::uint32_t>(table.integer("repeat", 1, most_rounds).value_or(1));
  return escalation;
}

std::optional<NextStep> next_step(const Escalation& escalation, const Progress& progress) {
  if (progress.acked_at || progress.exhausted || escalation.steps.empty()) return std::nullopt;
  // A reload may have made the escalation shorter than the way already gone.
  const bool begun = progress.round > 0;
  const bool round_over = begun && progress.step >= escalation.steps.size();
  const std::uint32_t round = !begun ? 1 : round_over ? progress.round + 1 : progress.round;
  const std::uint32_t step = !begun || round_over ? 1 : progress.step + 1;
  if (round > escalation.repeat) return std::nullopt;
  const Step& next = escalation.steps[step - 1];
  return NextStep{round, step, next.contacts, next.wait};
}

}  // namespace candor::oncall
