#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/net/names.h"
#include "base/net/transfers.h"
#include "base/reader.h"
#include "base/time.h"
#include "probes/heartbeats.h"
#include "rules/signal.h"

namespace candor::probes {

/// Where the time of one run went; zero for what the kind does not have or did not complete: a connection that was
/// refused has no time of `connect`. Each counts its own phase only, `total` the whole.
struct Phases {
  std::chrono::microseconds name_lookup{};
  std::chrono::microseconds connect{};
  std::chrono::microseconds tls{};
  std::chrono::microseconds first_byte{};  ///< from the request sent to the first byte of the answer
  std::chrono::microseconds total{};
};

/// A certificate that a target showed.
struct Certificate {
  std::string subject;
  std::string issuer;
  Instant expires{};
};

/// A figure of a kind's own, such as a packet loss or what a plugin measured.
struct Reading {
  std::string name;
  double value = 0;
  std::string unit;  ///< as the target writes it; empty for a plain number
};

/// What one run of a probe found.
struct Outcome {
  rules::Health health = rules::Health::unknown;
  Phases phases;
  std::string evidence;  ///< empty when ok; otherwise what was done, to what, what came back and after how long
  std::string symptom;   ///< the same for customers: no host names, nothing internal
  std::vector<Certificate> certificates;  ///< the target's own first
  std::vector<Reading> readings;          ///< at most 20
  bool answered = false;                  ///< whatever it says, also where no `first_byte` was timed
  bool told = false;                      ///< to candord, by who knows it: so it is, whatever can be seen from here
};

/// One configured check of one thing. A target that fails is an Outcome, never an exception. The scheduler decides when
/// it runs; the probe keeps its own deadline (`timeout`). Thread: the loop's.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Runs once; `done` is called once, from the loop, not from inside run(), and may run the probe again or destroy it.
  /// Never called while a run is under way. Destroying the probe ends a run without calling `done`.
  virtual void run(std::move_only_function<void(Outcome)> done) = 0;
};

/// What a probe may use of the house.
struct Tools {
  net::Loop& loop;
  net::Transfers& transfers;
  net::Names& names;
  const Heartbeats* heartbeats = nullptr;  ///< null where no daemon runs
};

using MakeProbe = std::function<std::unique_ptr<Probe>(const Tools& tools)>;

/// One `[[probe]]`, checked.
struct ProbeConfig {
  std::string name;
  std::string component;  ///< id; may be empty
  std::string kind;
  Duration every = std::chrono::seconds{30};   ///< 100 ms to 24 h
  std::optional<Duration> retry_interval;      ///< 100 ms to `every`: in place of it while the probe is not well
  Duration timeout = std::chrono::seconds{5};  ///< 10 ms to 5 min; may be longer than `every`, see Scheduler
  std::uint32_t fall = 1;                      ///< runs in a row that must say so before health worsens
  std::uint32_t rise = 1;                      ///< runs in a row that must say so before health betters
  Labels labels;                               ///< added to the signal's
  bool self_check = false;                     ///< while all such fail, it is candord that cannot see
  MakeProbe make;
  std::string fingerprint;  ///< equal for equal tables, `self_check` apart: what a reload compares

  /// The signal's labels: `probe`, `component`, `kind`, `location`, and the configured ones.
  [[nodiscard]] Labels signal_labels(const std::string& location) const;
};

/// Reads a `[[probe]]`: the common keys and exactly one kind's table, by the table of kinds (kinds.h). Problems are
/// recorded in the table's document; the probe is then not complete and must not be used. That names differ from each
/// other is for whoever reads all probes to check.
[[nodiscard]] ProbeConfig read_probe(const Table& table);

}  // namespace candor::probes
