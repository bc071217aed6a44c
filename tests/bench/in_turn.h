#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "probes/figures.h"
#include "probes/health_tracker.h"
#include "probes/probe.h"

namespace candor::bench {

constexpr int at_once = 64;

/// 64 probes, each run again as soon as it has ended.
class ProbesInTurn {
 public:
  /// `kind` is the table of the kind. Throws where it is wrong.
  explicit ProbesInTurn(const std::string& kind, int count = at_once) {
    Problems problems;
    const std::optional<Document> document =
        Document::parse("[[probe]]\nname = \"p\"\n" + kind, "bench.toml", problems);
    const probes::ProbeConfig config = probes::read_probe(document->root().tables("probe").front());
    for (const Problem& problem : problems.list()) throw std::runtime_error(problem.text());
    for (int i = 0; i < count; ++i) probes_.push_back(config.make({loop_, transfers_, names_}));
  }

  void run(std::int64_t runs) {
    left_ = runs;
    under_way_ = 0;
    for (const auto& probe : probes_) start(*probe);
    loop_.run();
  }
  [[nodiscard]] std::int64_t failed() const { return failed_; }
  /// Of the first that failed.
  [[nodiscard]] const std::string& evidence() const { return evidence_; }

 private:
  void start(probes::Probe& probe) {
    if (left_ == 0) {
      if (under_way_ == 0) loop_.stop();
      return;
    }
    --left_;
    ++under_way_;
    probe.run([this, &probe](probes::Outcome outcome) {
      --under_way_;
      (void)tracker_.add(outcome.health);
      figures_.record(outcome, tracker_.health());
      if (outcome.health != rules::Health::ok && failed_++ == 0) evidence_ = outcome.evidence;
      start(probe);
    });
  }

  net::Loop loop_;
  net::Transfers transfers_{loop_};
  net::Names names_{loop_};
  std::vector<std::unique_ptr<probes::Probe>> probes_;
  probes::HealthTracker tracker_{1, 1};
  probes::ProbeFigures figures_;
  std::int64_t left_ = 0;
  std::int64_t under_way_ = 0;
  std::int64_t failed_ = 0;
  std::string evidence_;
};

}  // namespace candor::bench
