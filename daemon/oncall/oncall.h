#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/reader.h"
#include "base/time.h"

namespace candor::oncall {

/// A person who can be reached.
struct Contact {
  std::string name;
  std::string timezone;  ///< IANA name, for schedules and texts; empty is UTC
  std::vector<std::string>
      methods;  ///< kinds of `[[contact.method]]`, in order; the rest of each is the delivery room's to read
};

struct Step {
  std::vector<std::string> contacts;  ///< by name: `contact:NAME` targets
  Duration wait{};                    ///< until the next step, if nobody acks
};

struct Escalation {
  std::string name;
  std::vector<Step> steps;
  std::uint32_t repeat = 1;  ///< how often the steps are gone through in all
};

struct Directory {
  std::map<std::string, Contact> contacts;
  std::map<std::string, Escalation> escalations;
};

/// How far an escalation has come. Its instants are journalled, so a restart continues the same countdown.
struct Progress {
  std::string escalation;
  std::uint32_t round = 0;         ///< 1 for the first time through; 0 before the first step
  std::uint32_t step = 0;          ///< 1 for the first step
  std::optional<Instant> due;      ///< when the next step is taken; none once acked, stopped or exhausted
  std::vector<std::string> paged;  ///< contacts paged so far, each once, in order
  std::optional<Instant> acked_at;
  std::string acked_by;
  bool exhausted = false;  ///< the last wait of the last round ran out with nobody acking
  bool reached = false;    ///< a page of the current step has arrived

  friend bool operator==(const Progress&, const Progress&) = default;
};

/// The step that follows `progress`, if there is one.
struct NextStep {
  std::uint32_t round = 1;
  std::uint32_t step = 1;
  std::vector<std::string> contacts;
  Duration wait{};
};

/// Pure. Nothing when the escalation is at its end: the last step of the last round was taken.
[[nodiscard]] std::optional<NextStep> next_step(const Escalation& escalation, const Progress& progress);

/// Reads `name`, `timezone` and the methods' kinds of a `[[contact]]`.
[[nodiscard]] Contact read_contact(const Table& table);

/// Reads an `[[escalation]]`. Targets other than `contact:NAME` are not supported: a problem that says so.
[[nodiscard]] Escalation read_escalation(const Table& table, const std::map<std::string, Contact>& contacts);

}  // namespace candor::oncall
