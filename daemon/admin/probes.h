#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "rules/signal.h"

namespace candor::admin {

using Microseconds = std::chrono::microseconds;

/// What a probe's latest run found, before fall and rise.
struct ProbeRun {
  struct Certificate {
    std::string subject;
    std::string issuer;
    Instant expires{};
  };
  struct Reading {
    std::string name;
    double value = 0;
    std::string unit;
  };

  rules::Health health = rules::Health::unknown;
  std::string evidence;
  std::string symptom;
  std::vector<std::pair<std::string, Microseconds>> phases;  ///< what it has of name_lookup, connect, …, total
  std::vector<Certificate> certificates;
  std::vector<Reading> readings;
};

/// A configured probe as it is now.
struct ProbeNow {
  std::string name;
  std::string kind;
  std::string component;  ///< id; may be empty
  rules::Health health = rules::Health::unknown;
  std::optional<Instant> since;  ///< of its signal's health, where that is the same
  std::uint64_t runs = 0;        ///< since candord began, or the probe was last changed
  std::optional<ProbeRun> latest;
};

enum class Resolution : std::uint8_t { minute, hour, day };

/// What the runs of a probe found within a minute, an hour or a day that begins at `begin`.
struct ProbeRollUp {
  Instant begin{};
  std::array<std::uint64_t, 4> runs{};  ///< by health
  std::uint64_t answered = 0;
  Microseconds p50{}, p90{}, p99{}, max{};  ///< of the answered ones
};

struct HistoryQuestion {
  std::string probe;
  Resolution resolution = Resolution::hour;
  Instant from{};
  Instant to{};
};

struct ProbeHistory {
  bool known = false;  ///< something is kept of this probe, at whatever time
  std::vector<ProbeRollUp> roll_ups;
};

/// What the admin listener needs to know of probes; part of Operations. Thread: the loop's.
class ProbesView {
 public:
  virtual ~ProbesView() = default;

  /// Of at most `most` probes whose names come after `after`, in name order, and which are of this health where one is
  /// given.
  [[nodiscard]] virtual std::vector<ProbeNow> probes(const std::string& after, std::size_t most,
                                                     std::optional<rules::Health> health) const = 0;
  [[nodiscard]] virtual std::optional<ProbeNow> probe(const std::string& name) const = 0;
  /// The roll-ups whose time lies in the span or reaches into it, oldest first, the present one included. Calls back
  /// from the loop. Errors: the history cannot be read now.
  virtual void history(HistoryQuestion question, std::move_only_function<void(Result<ProbeHistory>)> done) = 0;
};

}  // namespace candor::admin
