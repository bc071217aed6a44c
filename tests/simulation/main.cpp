#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "simulation.h"

/// simulation [--seeds N] [--first SEED] [--hours H]: runs N seeds; prints each broken promise with its seed, so that
/// `simulation --first SEED --seeds 1` replays it. Exit status 1 if any was broken.
int main(int argc, char** argv) {
  std::uint64_t seeds = 100, first = 1;
  int hours = 24;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option{argv[i]};
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seeds") seeds = value;
    if (option == "--first") first = value;
    if (option == "--hours") hours = static_cast<int>(value);
  }
  candor::simulation::Simulation::Figures sum;
  std::size_t failed = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    candor::simulation::Simulation simulation{seed};
    const std::vector<std::string> broken = simulation.run(hours);
    for (const std::string& what : broken) fmt::print("seed {}: {}\n", seed, what);
    failed += broken.empty() ? 0U : 1U;
    const auto figures = simulation.figures();
    sum.events += figures.events;
    sum.incidents += figures.incidents;
    sum.pages += figures.pages;
    sum.crashes += figures.crashes;
  }
  fmt::print("{} seeds of {} hours: {} events, {} incidents, {} pages received, {} crashes; {} seeds failed\n", seeds,
             hours, sum.events, sum.incidents, sum.pages, sum.crashes, failed);
  const bool nothing_happened = sum.incidents == 0 || sum.pages == 0;
  if (nothing_happened) fmt::print("nothing happened, so nothing was shown\n");
  return failed != 0 || nothing_happened ? 1 : 0;
}
