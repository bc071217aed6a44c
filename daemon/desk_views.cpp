#include "daemon/desk_views.h"

#include <utility>

namespace candor {

void DeskIntake::observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) {
  desk_.observe(std::move(seen), std::move(done));
}

bool DeskIntake::source_changed(const std::string& source, bool answering, const std::string& evidence) {
  return desk_.source_changed(source, answering, evidence);
}

const rules::Signals& DeskIntake::signals() const { return desk_.state().signals; }
Instant DeskIntake::now() const { return desk_.now(); }

void DeskLedger::attempted(store::Attempted attempted) { desk_.delivery_attempted(std::move(attempted)); }

void DeskLedger::ended(const std::string& delivery, incident::DeliveryEnd end, const std::string& why) {
  desk_.delivery_ended(delivery, end, why);
}

Instant DeskLedger::now() { return wall_now(); }

Instant DeskHeartbeats::now() const { return desk_.now(); }

std::optional<probes::Beat> DeskHeartbeats::latest(const std::string& probe) const {
  const auto found = desk_.state().heartbeats.find(probe);
  if (found == desk_.state().heartbeats.end()) return std::nullopt;
  return probes::Beat{found->second.at, found->second.status, found->second.message};
}

std::vector<probes::Absence> DeskHeartbeats::absences() const {
  std::vector<probes::Absence> all;
  const auto add = [&all](Instant from, Instant until, bool is_short) {
    all.push_back({from, until, is_short ? std::optional{incident::short_absence} : std::nullopt});
  };
  for (const incident::Absence& one : desk_.state().absences) {
    add(one.from, one.back, one.is_short());
    if (one.back < one.until) add(one.back, one.until, true);
  }
  if (!desk_.trouble().empty()) {
    const Instant until = now();
    add(desk_.trouble_since(), until, until - desk_.trouble_since() <= incident::short_absence);
  }
  return all;
}

}  // namespace candor
