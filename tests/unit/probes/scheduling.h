#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "probes/scheduler.h"
#include "probes/timetable.h"

namespace candor::probes::test {

using namespace std::chrono_literals;
using rules::Health;
using rules::Observation;

/// What a probe of the tests says next, and what became of its runs.
struct Script {
  Outcome next{.health = Health::ok};
  bool mute = false;  ///< runs do not end
  int runs = 0;
  int made = 0;
  int destroyed = 0;
  std::function<void()> when_run = [] {};
  std::move_only_function<void(Outcome)> pending;
};

class FakeProbe final : public Probe {
 public:
  FakeProbe(Script& script, net::Loop& loop) : script_(script), loop_(loop) { ++script_.made; }
  ~FakeProbe() override {
    ++script_.destroyed;
    script_.pending = nullptr;
  }
  FakeProbe(const FakeProbe&) = delete;
  FakeProbe& operator=(const FakeProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override {
    ++script_.runs;
    script_.pending = std::move(done);
    script_.when_run();
    if (script_.mute) return;
    loop_.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) end(script_);
    });
  }

  static void end(Script& script) {
    auto done = std::exchange(script.pending, nullptr);
    done(script.next);
  }

 private:
  Script& script_;
  net::Loop& loop_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

/// A scheduler of fake probes on a loop of its own.
class SchedulerTest : public testing::Test {
 protected:
  ProbeConfig probe(const std::string& name, const std::string& fingerprint = "1") {
    ProbeConfig config;
    config.name = name;
    config.component = "checkout";
    config.kind = "fake";
    config.every = 1ms;  // far below what a configuration may say, so that tests need not wait
    config.fingerprint = fingerprint;
    config.make = [this, name](const Tools& tools) { return std::make_unique<FakeProbe>(scripts[name], tools.loop); };
    return config;
  }

  /// A probe that runs once at the start, and hardly again unless it is looked at sooner.
  ProbeConfig rare_probe() {
    std::string name;
    for (int i = 0; name.empty() || phase_of(name, "fra1", 1min) > 2ms; ++i) name = "rare-" + std::to_string(i);
    ProbeConfig config = probe(name);
    config.every = 24h;
    config.retry_interval = 1ms;
    return config;
  }

  void configure(std::vector<ProbeConfig> probes, const rules::Signals& known = {}) {
    gone = scheduler->configure(std::move(probes), known);
  }

  /// What a journal may know of the probe.
  static rules::Signals known(const ProbeConfig& probe, rules::Signal signal) {
    const rules::SignalId id{rules::SignalKind::probe, "probe", probe.signal_labels("fra1")};
    return {{id, std::move(signal)}};
  }

  /// Runs the loop until `name` has been run so many times more.
  void run(const std::string& name, int times) {
    Script& script = scripts[name];
    const int last = script.runs + times;
    script.when_run = [this, &script, last] {
      if (script.runs >= last) loop.stop();
    };
    loop.run();
    script.when_run = [] {};
  }

  std::string metrics() { return prometheus::TextSerializer{}.Serialize(registry.Collect()); }

  double metric(const std::string& line) {
    const std::string all = "\n" + metrics();
    const std::size_t at = all.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(all.substr(at + line.size() + 2));
  }

  std::map<std::string, Script> scripts;
  net::Loop loop;
  net::Transfers transfers{loop};
  net::Names hosts{loop};
  prometheus::Registry registry;
  std::vector<Observation> seen;
  std::vector<rules::SignalId> gone;
  std::optional<Scheduler> scheduler{std::in_place,
                                     Tools{loop, transfers, hosts},
                                     "fra1",
                                     registry,
                                     [this](const Observation& observation) { seen.push_back(observation); },
                                     4000U};
};

}  // namespace candor::probes::test
