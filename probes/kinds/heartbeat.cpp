#include "probes/kinds/heartbeat.h"

#include <utility>

#include <fmt/format.h>

#include "probes/kinds/settings.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using rules::Health;

constexpr std::size_t most_message = 200;

/// "26 h 10 min", "40 s": the two largest units, for people.
std::string ago(Duration time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time).count();
  if (whole < 60) return fmt::format("{} s", std::max<std::int64_t>(whole, 0));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 72 * 3600) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} days {} h", whole / 86400, whole % 86400 / 3600);
}

bool is_off_throughout(const Absence& absence) {
  return !absence.brief || absence.until - absence.from <= *absence.brief;
}

/// Only looks at what the daemon has noted: it never waits.
class HeartbeatProbe final : public Probe {
 public:
  HeartbeatProbe(std::shared_ptr<const HeartbeatConfig> config, const Tools& tools)
      : config_(std::move(config)), heartbeats_(tools.heartbeats), soon_(tools.loop) {}

  void run(std::move_only_function<void(Outcome)> done) override {
    soon_.after(0us, [this, done = std::move(done)]() mutable { done(look()); });
  }

 private:
  [[nodiscard]] Outcome look() const {
    if (heartbeats_ == nullptr) {
      return {
          .health = Health::unknown,
          .evidence = fmt::format("only a running candord knows the calls of {0}: ask it with candorctl probe show {0}",
                                  config_->probe)};
    }
    const Instant now = heartbeats_->now();
    return judge(*config_,
                 {.latest = heartbeats_->latest(config_->probe), .absences = heartbeats_->absences(), .now = now});
  }

  std::shared_ptr<const HeartbeatConfig> config_;
  const Heartbeats* heartbeats_;
  net::Timer soon_;
};

}  // namespace

Outcome judge(const HeartbeatConfig& config, const HeartbeatSeen& seen) {
  const auto outcome = [](Health health, std::string evidence, std::string symptom = {}) {
    return Outcome{.health = health, .evidence = std::move(evidence), .symptom = std::move(symptom)};
  };
  if (!seen.latest) {
    return outcome(Health::unknown,
                   fmt::format("nothing has called /api/v1/heartbeat/{0} yet: {0} is watched from its first call on",
                               config.probe));
  }
  const Beat& beat = *seen.latest;
  const std::string when = fmt::format("{} ago, at {}", ago(seen.now - beat.at), format_rfc3339(beat.at));
  if (beat.status != 0) {
    Outcome failed =
        outcome(Health::failing,
                fmt::format("{} ended with exit status {}, as it said {}{}", config.probe, beat.status, when,
                            beat.message.empty() ? "" : ": " + in_quotes(beat.message, most_message)),
                "a background job that failed");
    failed.told = true;
    return failed;
  }
  const Instant due = beat.at + config.late_after;
  if (seen.now <= due) return outcome(Health::ok, {});
  // Who was not late when candord went off is not late while a call that was not heard would still do. The next one may
  // have come in one more long absence; that a short one hit it too is not to be believed.
  Instant excused = due;
  const Absence* last = nullptr;
  for (const Absence& absence : seen.absences) {
    if ((absence.brief ? due : excused) < absence.from) continue;
    const Instant heard = absence.brief ? std::min(absence.until, due + *absence.brief) : absence.until;
    if (heard + config.late_after <= excused) continue;
    excused = heard + config.late_after;
    last = &absence;
  }
  if (last != nullptr && seen.now <= excused) {
    return outcome(
        Health::unknown,
        fmt::format("{} called last {}; {} calls were heard until {}, and its next may have come before", config.probe,
                    when, is_off_throughout(*last) ? "no" : "not all", format_rfc3339(last->until)));
  }
  return outcome(
      Health::failing,
      fmt::format("{} called last {}; a call is due every {}", config.probe, when, format_duration(config.late_after)),
      "a background job that is late");
}

KindConfig read_heartbeat(const Table& table, const ProbeConfig& common) {
  HeartbeatConfig config{.probe = common.name};
  const std::optional<Duration> late_after = table.duration("late_after", 1s, 400 * 24h);
  if (late_after) config.late_after = *late_after;
  if (!table.has("late_after")) {
    table.refuse("late_after", "late_after is missing", "such as \"26h\" for a job that runs each day");
  }
  KindConfig result{.make = {}, .content = Secret{Settings{}.add(format_duration(config.late_after)).text()}};
  result.make = [shared = std::make_shared<const HeartbeatConfig>(std::move(config))](const Tools& tools) {
    return std::make_unique<HeartbeatProbe>(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
