/// What the parts of the watch cost, each alone on one core.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "daemon/alerts/payloads.h"
#include "daemon/incident/codec.h"
#include "rules/evaluator.h"

namespace candor {
namespace {

using rules::Health;

const Instant noon = from_ms(1'790'000'000'000);

/// Each signal belongs to one of `rules` rules.
rules::SignalId signal_of(int number, int rules) {
  return {.kind = rules::SignalKind::alert,
          .source = "prometheus:main",
          .labels = {{"alertname", "Errors"},
                     {"service", fmt::format("service-{}", number % rules)},
                     {"instance", fmt::format("host-{}:9100", number)}}};
}

rules::Evaluator evaluator_of(int rules) {
  std::string text;
  for (int i = 0; i < rules; ++i) {
    text += fmt::format(
        "[[rule]]\nname = \"r{0}\"\nwhen = {{ any = [{{ alert = 'service=\"service-{0}\"', at_least = 2, for = \"30s\" "
        "}}, "
        "{{ alert = 'service=\"service-{0}\",severity=~\"page|critical\"' }}] }}\n",
        i);
  }
  Problems problems;
  const std::optional<Document> document = Document::parse(text, "bench.toml", problems);
  std::vector<rules::Rule> list;
  for (const Table& table : document->root().tables("rule")) list.push_back(rules::read_rule(table));
  return rules::Evaluator{std::move(list)};
}

/// One of 100,000 signals changes, and the rules that it matters to are judged again. By the number of rules.
void one_signal_change(benchmark::State& state) {
  constexpr int signals = 100'000;
  const int rules = static_cast<int>(state.range(0));
  rules::Evaluator evaluator = evaluator_of(rules);
  rules::Signal signal{.health = Health::ok, .since = noon};
  for (int i = 0; i < signals; ++i) evaluator.update(signal_of(i, rules), signal);
  (void)evaluator.settle(noon);
  std::vector<double> took;
  int number = 0;
  Instant now = noon;
  for (auto _ : state) {
    number = (number + 7919) % signals;
    const rules::SignalId id = signal_of(number, rules);
    now += Duration{1};
    signal.health = signal.health == Health::ok ? Health::failing : Health::ok;
    signal.failing_since = now;
    const Stopwatch watch;
    const auto began = std::chrono::steady_clock::now();
    evaluator.update(id, signal);
    benchmark::DoNotOptimize(evaluator.settle(now));
    const auto spent = std::chrono::steady_clock::now() - began;
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
    took.push_back(std::chrono::duration<double, std::micro>(spent).count());
  }
  std::ranges::sort(took);
  state.counters["p50_us"] = took[took.size() / 2];
  state.counters["p99_us"] = took[took.size() * 99 / 100];
}
BENCHMARK(one_signal_change)->Arg(100)->Arg(1000)->Arg(10'000)->UseManualTime()->Unit(benchmark::kMicrosecond);

incident::Change alert_change() {
  return incident::SignalChanged{
      {.id = signal_of(7, 100),
       .health = Health::failing,
       .evidence = "Errors fires: 12 % of requests fail",
       .alert = rules::AlertDetails{noon, {{"summary", "12 % of requests fail"}}, "http://p/g"}}};
}

void journal_event_written(benchmark::State& state) {
  const incident::Change change = alert_change();
  for (auto _ : state) benchmark::DoNotOptimize(incident::encode(change));
}
BENCHMARK(journal_event_written);

void journal_event_read(benchmark::State& state) {
  const std::string text = incident::encode(alert_change());
  for (auto _ : state) benchmark::DoNotOptimize(incident::decode_change("signal_changed", text));
}
BENCHMARK(journal_event_read);

/// A snapshot of a state with 100,000 alerts.
void snapshot_written(benchmark::State& state) {
  incident::State it;
  for (int i = 0; i < 100'000; ++i) {
    rules::Signal signal{.health = Health::failing, .since = noon, .failing_since = noon, .evidence = "it fires"};
    signal.alert = rules::AlertDetails{noon, {{"summary", "12 % of requests fail"}}, "http://p/g"};
    it.signals.emplace(signal_of(i, 100), std::move(signal));
  }
  for (auto _ : state) benchmark::DoNotOptimize(incident::encode(it));
}
BENCHMARK(snapshot_written)->Unit(benchmark::kMillisecond);

/// 250 alerts as Prometheus posts them, items: alerts.
void pushed_alerts_read(benchmark::State& state) {
  std::string body = "[";
  for (int i = 0; i < 250; ++i) {
    body +=
        fmt::format(R"({}{{"labels":{{"alertname":"A{}","instance":"host-{}:9100","job":"node","severity":"page"}},)"
                    R"("annotations":{{"summary":"something is wrong"}},"startsAt":"2026-11-23T12:00:00Z",)"
                    R"("generatorURL":"http://prometheus.example/graph"}})",
                    i == 0 ? "" : ",", i, i);
  }
  body += "]";
  for (auto _ : state) benchmark::DoNotOptimize(alerts::parse_push(body, noon));
  state.SetItemsProcessed(state.iterations() * 250);
}
BENCHMARK(pushed_alerts_read)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace candor
