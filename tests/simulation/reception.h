#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "alert_oracle.h"
#include "daemon/alerts/pull_source.h"
#include "daemon/alerts/push_source.h"
#include "pulled.h"
#include "pushers.h"

namespace candor::simulation {

/// The room of candord that takes alerts in, with what a crash takes of it: the books, and requests under way. It asks
/// the pulled servers as `Puller` does, over connections that may be slow.
class Reception {
 public:
  /// What its requests depend on.
  struct Surroundings {
    Chance& chance;
    alerts::Intake& intake;
    AlertOracle& oracle;
    std::vector<Pulled>& servers;
    std::function<Moment()> now;
  };

  explicit Reception(Surroundings surroundings);

  /// Goes on with most servers, and begins anew with some, as if they were configured otherwise.
  void reload();
  void clock_set(Duration by);
  void stood_still();
  void heard_nothing(Instant since, Instant until);
  /// From now on all goes well.
  void calm_down() { faults_ = false; }

  /// `answered_200`: all of it is on the disk.
  void take(const Post& post, std::move_only_function<void()> answered_200);

  /// Does what is due.
  void work();
  /// When that is, by the time that passes.
  [[nodiscard]] Elapsed next() const;

 private:
  struct Poll {
    Pulled* server = nullptr;
    Duration every{};
    std::shared_ptr<alerts::PullSource> source;
    Elapsed asks{};
    std::optional<Elapsed> answers;
    Pulled::Answer answer;
  };

  void begin(Poll& poll);
  void ask(Poll& poll);
  void hear(Poll& poll);
  bool make_sure(Poll& poll);

  Surroundings around_;
  bool faults_ = true;
  std::shared_ptr<alerts::PushSource> pushed_;
  std::vector<Poll> polls_;
};

}  // namespace candor::simulation
