#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/intake.h"
#include "daemon/deliver/worker.h"
#include "daemon/desk.h"
#include "probes/heartbeats.h"

namespace candor {

// What the rooms see of the desk. Thread: the loop's.

class DeskIntake final : public alerts::Intake {
 public:
  explicit DeskIntake(Desk& desk) : desk_(desk) {}

  void observe(std::vector<rules::Observation> seen, std::move_only_function<void(Result<void>)> done) override;
  bool source_changed(const std::string& source, bool answering, const std::string& evidence) override;
  [[nodiscard]] const rules::Signals& signals() const override;
  [[nodiscard]] Instant now() const override;

 private:
  Desk& desk_;
};

class DeskLedger final : public deliver::Ledger {
 public:
  explicit DeskLedger(Desk& desk) : desk_(desk) {}

  void attempted(store::Attempted attempted) override;
  void ended(const std::string& delivery, incident::DeliveryEnd end, const std::string& why) override;
  [[nodiscard]] Instant now() override;

 private:
  Desk& desk_;
};

/// What the journal knows of jobs that call.
class DeskHeartbeats final : public probes::Heartbeats {
 public:
  explicit DeskHeartbeats(Desk& desk) : desk_(desk) {}

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] std::optional<probes::Beat> latest(const std::string& probe) const override;
  [[nodiscard]] std::vector<probes::Absence> absences() const override;

 private:
  Desk& desk_;
};

}  // namespace candor
