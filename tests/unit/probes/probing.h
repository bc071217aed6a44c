#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "probes/probe.h"

namespace candor::probes::test {

/// A `[[probe]]` as it was read.
struct Read {
  ProbeConfig probe;
  std::vector<std::string> problems;
};

/// A probe "a" of this kind: `settings` are lines of its kind's table, `common` of its own. A key that nobody reads is
/// a problem.
[[nodiscard]] Read read_kind(const std::string& kind, const std::string& settings, const std::string& common = {},
                             const std::string& file = "candor.toml");

/// Evidence with "…" for how long it took.
[[nodiscard]] std::string timeless(std::string evidence);

/// What probes run on.
class Probing : public testing::Test {
 protected:
  /// What is wrong with it is a failure of the test.
  std::unique_ptr<Probe> make(const Read& read);
  /// Runs it once, to its end.
  Outcome run(Probe& probe);
  /// The same once more, while this process may open no more than `left`.
  Outcome run_without_descriptors(Probe& probe, unsigned left = 0);

  net::Loop loop;
  net::Transfers transfers{loop};
  net::Names names{loop};
  std::function<void()> serve;  ///< has whom the test plays look after its sockets; in turn with the loop
};

}  // namespace candor::probes::test
