#pragma once

#include <memory>
#include <string>

#include "daemon/http/server.h"
#include "daemon/incident/event.h"
#include "daemon/incident/state.h"
#include "daemon/store/journal.h"

namespace prometheus {
class Registry;
}

namespace candor {

/// The figures that no single room can keep: of incidents, the journal, the listeners and the configuration. The rooms'
/// own figures are in the same registry. Thread: the loop's.
class Figures {
 public:
  explicit Figures(prometheus::Registry& registry);
  ~Figures();

  /// Counts a journalled event.
  void count(const incident::Event& event, const incident::State& state);
  void config_loaded(bool good, Instant at);

  struct Sample {
    const incident::State& state;
    store::Journal::Figures journal;
    bool journal_works = true;
    bool journal_end_lost = false;  ///< found at the start
    bool history_works = true;
    std::uint64_t log_lines_lost = 0;
    http::Traffic public_traffic;
    http::Traffic admin_traffic;
    std::uint64_t wrong_tokens = 0;
  };
  /// Brings the gauges up to date before a scrape.
  void sample(const Sample& sample);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor
