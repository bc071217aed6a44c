#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/net/loop.h"
#include "base/net/side_thread.h"
#include "base/result.h"
#include "probes/scheduler.h"

namespace prometheus {
class Registry;
}

namespace candor {

/// Writes /metrics. With thousands of probes it is megabytes of text: the watch waits neither for what they are written
/// from nor for their writing. Thread: the loop's.
class Scrapes {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;

  /// The loop and the scheduler must outlive it.
  Scrapes(net::Loop& loop, const probes::Scheduler& scheduler, std::shared_ptr<prometheus::Registry> registry);

  /// A failure where as many are under way as may be.
  void scrape(Done done);

 private:
  using Figures = std::vector<probes::ProbeFigures>;

  void gather(Figures probes, Done done);

  net::Loop& loop_;
  const probes::Scheduler& scheduler_;
  std::shared_ptr<prometheus::Registry> registry_;
  net::SideThread scribe_;
  std::shared_ptr<void> under_way_ = std::make_shared<char>();  ///< each scrape has it too
};

}  // namespace candor
