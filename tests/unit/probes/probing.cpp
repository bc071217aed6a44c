#include "tests/unit/probes/probing.h"

#include <optional>
#include <sys/resource.h>
#include <unistd.h>

#include <re2/re2.h>

namespace candor::probes::test {

using namespace std::chrono_literals;

Read read_kind(const std::string& kind, const std::string& settings, const std::string& common,
               const std::string& file) {
  Problems problems;
  Read result;
  const auto document = Document::parse(
      "[[probe]]\nname = \"a\"\n" + common + "\n[probe." + kind + "]\n" + settings + "\n", file, problems);
  if (document) {
    result.probe = read_probe(document->root().tables("probe").front());
    document->refuse_unknown();
  }
  for (const Problem& problem : problems.list()) result.problems.push_back(problem.text());
  return result;
}

std::string timeless(std::string evidence) {
  RE2::GlobalReplace(&evidence, R"(after [0-9.]+ m?s\b)", "after …");
  return evidence;
}

std::unique_ptr<Probe> Probing::make(const Read& read) {
  for (const std::string& problem : read.problems) ADD_FAILURE() << problem;
  return read.probe.make({loop, transfers, names});
}

Outcome Probing::run(Probe& probe) {
  std::optional<Outcome> outcome;
  probe.run([&](Outcome result) {
    outcome = std::move(result);
    if (!serve) loop.stop();
  });
  EXPECT_FALSE(outcome) << "called back from inside run()";
  if (!serve) loop.run();
  for (const Stopwatch watch; !outcome && watch.elapsed() < 30s;) {
    loop.poll();
    serve();
  }
  return outcome.value();
}

Outcome Probing::run_without_descriptors(Probe& probe, unsigned left) {
  (void)run(probe);  // a sanitizer looks at its type now; it needs a descriptor for that
  const int next = dup(STDIN_FILENO);
  close(next);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next) + left, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  Outcome outcome = run(probe);
  setrlimit(RLIMIT_NOFILE, &before);
  return outcome;
}

}  // namespace candor::probes::test
