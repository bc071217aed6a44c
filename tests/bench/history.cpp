/// The size of the probes' history, and what its thread takes for the minutes of many probes. Without arguments: 1,000
/// probes over two days, each run every 30 s; with a number of probes, an hour of them and its memory.
#include "probes/history.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <malloc.h>
#include <random>
#include <string>

#include <fmt/format.h>

#include "daemon/store/history_file.h"

namespace candor {
namespace {

using probes::Resolution;

const Instant midnight = from_ms(1'794'960'000'000);

std::vector<store::HistoryTier> tiers() {
  std::vector<store::HistoryTier> list;
  for (const Resolution each : probes::resolutions) list.push_back({length_of(each), kept_for(each)});
  return list;
}

std::string merge(std::string_view kept, std::string_view added) {
  probes::RollUp both = probes::decode(kept).value();
  both.merge(probes::decode(added).value());
  return encode(both);
}

/// Probes around 10 to 100 ms, one of 500 runs failing.
class Runs {
 public:
  explicit Runs(int probes) : probes_(probes) {}

  std::vector<store::ProbeRollUp> minute() {
    std::vector<store::ProbeRollUp> list;
    for (int probe = 0; probe < probes_; ++probe) {
      probes::RollUp roll_up;
      for (int i = 0; i < 2; ++i) roll_up.add(run(probe));
      list.push_back({fmt::format("probe-{}-http", probe), encode(roll_up)});
    }
    return list;
  }
  probes::Outcome run(int probe) {
    probes::Outcome outcome;
    outcome.health = random_() % 500 == 0 ? rules::Health::failing : rules::Health::ok;
    const double usual = 10'000 + 90 * static_cast<double>(probe % 1000);
    outcome.phases.total = std::chrono::microseconds{static_cast<std::int64_t>(usual * spread_(random_))};
    return outcome;
  }

 private:
  int probes_;
  std::mt19937 random_{1};
  std::lognormal_distribution<double> spread_{0, 0.25};
};

double heap_mb() { return static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd) / 1e6; }
double ms(const Stopwatch& watch) { return static_cast<double>(watch.elapsed().count()) / 1000; }

std::uintmax_t written() {
  std::FILE* file = std::fopen("/proc/self/io", "r");
  char line[100];
  std::uintmax_t bytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) std::sscanf(line, "wchar: %ju", &bytes);
  std::fclose(file);
  return bytes;
}

void measure_size(const std::filesystem::path& file) {
  constexpr int days = 2;
  {
    store::HistoryFile history(file, tiers(), merge);
    Runs runs{1000};
    for (int i = 0; i < days * 1440; ++i) {
      const Instant begin = midnight + i * std::chrono::minutes{1};
      history.add(begin, runs.minute());
      (void)history.fold(begin);
    }
    (void)history.fold(midnight + std::chrono::days{days});
    fmt::print("written: {:.1f} MB an hour\n", static_cast<double>(written()) / 1e6 / (days * 24));
  }
  store::Database database(file);
  double whole = 0;
  for (const store::HistoryTier& tier : tiers()) {
    const std::string table = fmt::format("roll_ups_{}", tier.length / std::chrono::minutes{1});
    const auto bytes = database.integer("SELECT sum(pgsize) FROM dbstat WHERE name = '" + table + "'");
    const double rows = static_cast<double>(database.integer("SELECT count(*) FROM " + table));
    const double full = static_cast<double>(bytes) / rows * 1000 * static_cast<double>(tier.kept / tier.length) / 1e6;
    fmt::print("{}: {:.1f} bytes a row, {:.0f} MB when full\n", table, static_cast<double>(bytes) / rows, full);
    whole += full;
  }
  fmt::print("1,000 probes over the whole time: {:.0f} MB\n", whole);
}

void measure_many(const std::filesystem::path& file, int probes) {
  Runs runs{probes};
  const double before = heap_mb();
  probes::HistoryBook book;
  for (int probe = 0; probe < probes; ++probe) {
    for (int i = 0; i < 2; ++i) (void)book.record(fmt::format("probe-{}-http", probe), runs.run(probe), midnight);
  }
  fmt::print("{} probes: {:.1f} MB for a minute\n", probes, heap_mb() - before);
  (void)book.take();
  store::HistoryFile history(file, tiers(), merge);
  double adding = 0;
  for (int i = 0; i < 60; ++i) {
    const std::vector<store::ProbeRollUp> minute = runs.minute();
    const Stopwatch watch;
    history.add(midnight + i * std::chrono::minutes{1}, minute);
    adding += ms(watch) / 60;
  }
  const Stopwatch folding;
  (void)history.fold(midnight + std::chrono::hours{1});
  fmt::print("adding a minute: {:.0f} ms; folding an hour: {:.0f} ms; then {:.1f} MB\n", adding, ms(folding),
             heap_mb());
  const Stopwatch reading;
  (void)history.read("probe-7-http", std::chrono::minutes{1}, midnight - std::chrono::hours{48}, midnight);
  fmt::print("reading two days by the minute: {:.1f} ms\n", ms(reading));
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "candor-history-bench";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  if (argc > 1) {
    candor::measure_many(folder / "history.db", std::atoi(argv[1]));
  } else {
    candor::measure_size(folder / "history.db");
  }
  std::filesystem::remove_all(folder);
  return 0;
}
