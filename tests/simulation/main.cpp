#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "simulation.h"

namespace {

using candor::simulation::Simulation;

/// Runs seeds on every core; each is a function of itself, so their order does not matter.
class Runs {
 public:
  Runs(std::uint64_t first, std::uint64_t seeds, int hours, std::optional<std::regex> until)
      : next_(first), end_(first + seeds), hours_(hours), until_(std::move(until)) {}

  void run(unsigned threads) {
    std::vector<std::jthread> running;
    for (unsigned i = 0; i < threads; ++i) running.emplace_back([this] { run_seeds(); });
  }

  std::map<std::uint64_t, std::vector<std::string>> broken;  ///< by seed
  Simulation::Figures sum;

 private:
  void run_seeds() {
    for (std::uint64_t seed = next_++; seed < end_; seed = next_++) {
      Simulation simulation{seed};
      std::vector<std::string> what = simulation.run(hours_);
      const Simulation::Figures figures = simulation.figures();
      if (until_) std::erase_if(what, [this](const std::string& one) { return !std::regex_search(one, *until_); });
      const std::scoped_lock lock{mutex_};
      if (!what.empty()) {
        broken[seed] = std::move(what);
        if (until_) next_ = end_;
      }
      sum.events += figures.events;
      sum.incidents += figures.incidents;
      sum.pages += figures.pages;
      sum.crashes += figures.crashes;
      sum.clocks_set += figures.clocks_set;
      sum.reloads += figures.reloads;
      sum.posts += figures.posts;
      sum.answers += figures.answers;
    }
  }

  std::atomic<std::uint64_t> next_;
  std::uint64_t end_;
  int hours_;
  std::optional<std::regex> until_;  ///< other broken promises do not count, and the first such ends the run
  std::mutex mutex_;
};

/// The first seed of a day (UTC): 29 November 2026 begins with 202611290000, and has 10,000 before the next begins.
std::uint64_t first_of_today() {
  using namespace std::chrono;
  const year_month_day today{floor<days>(system_clock::now())};
  const std::uint64_t month = static_cast<unsigned>(today.month()), day = static_cast<unsigned>(today.day());
  return (static_cast<std::uint64_t>(static_cast<int>(today.year())) * 10'000 + month * 100 + day) * 10'000;
}

}  // namespace

/// simulation [--seeds N] [--first SEED|today] [--hours H] [--until REGEX]: runs N seeds; prints each broken promise
/// with its seed, so that `simulation --first SEED --seeds 1` replays it. Exit status 1 if any was broken. Each day has
/// seeds of its own, which `--first today` begins with. With --until only those promises are heeded whose words match.
int main(int argc, char** argv) {
  std::uint64_t seeds = 100, first = 1;
  int hours = 4;
  std::optional<std::regex> until;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option{argv[i]};
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seeds") seeds = value;
    if (option == "--first") first = argv[i + 1] == std::string_view{"today"} ? first_of_today() : value;
    if (option == "--until") until.emplace(argv[i + 1]);
    if (option == "--hours") hours = static_cast<int>(value);
  }
  Runs runs{first, seeds, hours, std::move(until)};
  runs.run(std::max(1U, std::thread::hardware_concurrency()));
  std::size_t shown = 0;
  for (const auto& [seed, broken] : runs.broken) {
    if (++shown > 20) break;
    for (const std::string& what : broken) fmt::print("seed {}: {}\n", seed, what);
    fmt::print("  replay: simulation --first {} --seeds 1 --hours {}\n", seed, hours);
  }
  fmt::print(
      "{} seeds from {} of {} hours: {} events, {} incidents, {} pages received, {} crashes, {} clocks set, {} "
      "reloads, {} posts of alerts taken, {} answers of pulled sources; {} seeds failed\n",
      seeds, first, hours, runs.sum.events, runs.sum.incidents, runs.sum.pages, runs.sum.crashes, runs.sum.clocks_set,
      runs.sum.reloads, runs.sum.posts, runs.sum.answers, runs.broken.size());
  const bool nothing_happened = runs.sum.incidents == 0 || runs.sum.pages == 0;
  if (nothing_happened) fmt::print("nothing happened, so nothing was shown\n");
  return !runs.broken.empty() || nothing_happened ? 1 : 0;
}
