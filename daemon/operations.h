#pragma once

#include <functional>
#include <map>
#include <set>

#include "daemon/admin/operations.h"
#include "daemon/deliver/worker.h"
#include "daemon/desk.h"

namespace candor {

/// What the admin room sees of the daemon. Thread: the main loop's.
class Operations final : public admin::Operations {
 public:
  struct Actions {
    std::function<Result<std::string>()> reload;
    std::function<std::set<std::string>()> heartbeats;  ///< the probes that wait for calls
    std::function<void(std::move_only_function<void(Result<std::string>)>)> metrics;
    std::function<std::vector<admin::Trouble>()> troubles;          ///< that neither the desk nor its state know of
    std::function<std::string(const std::string& source)> silence;  ///< as of alerts::Pulls
    std::function<std::map<std::string, Instant>()> unseen;         ///< components, as the page says it
  };

  Operations(Desk& desk, const deliver::Worker& worker, admin::ProbesView& probes, Actions actions)
      : desk_(desk), worker_(worker), probes_(probes), actions_(std::move(actions)) {}

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] const incident::State& state() const override;
  [[nodiscard]] const incident::Policy& policy() const override;
  void command(incident::Command command, incident::Actor actor, Commanded done) override;
  void heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Beaten done) override;
  [[nodiscard]] std::string not_ready() const override;
  [[nodiscard]] Result<std::string> reload() override;
  [[nodiscard]] std::vector<admin::Trouble> troubles() const override;
  [[nodiscard]] std::map<std::string, Instant> unseen() const override { return actions_.unseen(); }
  [[nodiscard]] std::string evidence(const std::string& source) const override;
  [[nodiscard]] std::vector<admin::DeliveryStatus> deliveries() const override;
  void metrics(std::move_only_function<void(Result<std::string>)> done) override { actions_.metrics(std::move(done)); }
  [[nodiscard]] std::vector<admin::ProbeNow> probes(const std::string& after, std::size_t most,
                                                    std::optional<rules::Health> health) const override {
    return probes_.probes(after, most, health);
  }
  [[nodiscard]] std::optional<admin::ProbeNow> probe(const std::string& name) const override {
    return probes_.probe(name);
  }
  void history(admin::HistoryQuestion question,
               std::move_only_function<void(Result<admin::ProbeHistory>)> done) override {
    probes_.history(std::move(question), std::move(done));
  }

 private:
  Desk& desk_;
  const deliver::Worker& worker_;
  admin::ProbesView& probes_;
  Actions actions_;
};

}  // namespace candor
