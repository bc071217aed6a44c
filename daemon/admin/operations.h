#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/admin/probes.h"
#include "daemon/incident/engine.h"

namespace candor::admin {

/// Something of ours that is not as it should be (law 5): a dead delivery, a silent source, a journal that cannot be
/// written, a rule nobody configures any more whose incident is open.
struct Trouble {
  std::string what;  ///< a sentence with what to do
  Instant since{};
};

/// A delivery that has not ended, or ended dead lately.
struct DeliveryStatus {
  std::string id;
  std::string incident;
  std::string destination;
  std::string kind;
  std::uint32_t attempts = 0;
  Instant not_before{};
  std::string last_error;
  bool dead = false;
};

/// What the admin listener needs of the daemon, which provides it. Thread: the loop's.
class Operations : public ProbesView {
 public:
  [[nodiscard]] virtual Instant now() const = 0;
  /// Valid until the next call.
  [[nodiscard]] virtual const incident::State& state() const = 0;
  [[nodiscard]] virtual const incident::Policy& policy() const = 0;

  using Commanded = std::move_only_function<void(std::expected<std::string, incident::Rejection>)>;
  /// Carries the command out; `done` gets the incident's id once it is on the disk.
  virtual void command(incident::Command command, incident::Actor actor, Commanded done) = 0;

  /// A job called its heartbeat probe; the error says that there is no such one (not_found), or why not now.
  using Beaten = std::move_only_function<void(std::expected<void, incident::Rejection>)>;
  virtual void heartbeat(const std::string& probe, std::uint32_t status, const std::string& message, Beaten done) = 0;

  /// Why nothing can be taken in now (the journal cannot be written); empty when all is well.
  [[nodiscard]] virtual std::string not_ready() const = 0;
  /// Loads the configuration anew: what is watched now, in a sentence, or every problem, a line each (the old one
  /// stays).
  [[nodiscard]] virtual Result<std::string> reload() = 0;

  [[nodiscard]] virtual std::vector<Trouble> troubles() const = 0;
  /// The components that the page calls unknown, and since when.
  [[nodiscard]] virtual std::map<std::string, Instant> unseen() const = 0;
  /// Of one of the state's sources: that it answers, or why not, as of its latest failure.
  [[nodiscard]] virtual std::string evidence(const std::string& source) const = 0;
  [[nodiscard]] virtual std::vector<DeliveryStatus> deliveries() const = 0;
  /// In Prometheus's text format; the error says why not now. Calls back from the loop.
  virtual void metrics(std::move_only_function<void(Result<std::string>)> done) = 0;
};

}  // namespace candor::admin
