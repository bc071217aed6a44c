#pragma once

#include <filesystem>
#include <memory>

#include "base/net/loop.h"
#include "daemon/admin/operations.h"
#include "daemon/desk.h"
#include "daemon/store/history.h"
#include "probes/history.h"
#include "probes/scheduler.h"

namespace candor {

/// What operators ask about probes: how they do now, which the scheduler knows, and how they did, which it keeps itself
/// by way of a file of its own. The watch never waits for that file. Thread: the main loop's.
class ProbeOffice final : public admin::ProbesView {
 public:
  /// Is told of every run of the scheduler's from now on. `file` is made where it is missing.
  ProbeOffice(net::Loop& loop, const Desk& desk, probes::Scheduler& scheduler, const std::filesystem::path& file);

  [[nodiscard]] std::vector<admin::ProbeNow> probes(const std::string& after, std::size_t most,
                                                    std::optional<rules::Health> health) const override;
  [[nodiscard]] std::optional<admin::ProbeNow> probe(const std::string& name) const override;
  void history(admin::HistoryQuestion question,
               std::move_only_function<void(Result<admin::ProbeHistory>)> done) override;

  /// Why the history is not kept now.
  [[nodiscard]] std::optional<admin::Trouble> trouble() const;
  /// Writes the minute that runs, and ends. Waits for the disk.
  void close(Duration patience);

 private:
  [[nodiscard]] admin::ProbeNow now_of(const probes::ProbeStatus& status) const;
  void keep(std::optional<probes::HistoryBook::Minute> minute);
  void look_for_an_end();

  net::Loop& loop_;
  const Desk& desk_;
  const probes::Scheduler& scheduler_;
  probes::HistoryBook book_;
  store::History history_;
  net::Timer timer_{loop_};
};

}  // namespace candor
