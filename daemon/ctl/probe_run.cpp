#include "daemon/ctl/probe_run.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "base/net/names.h"
#include "daemon/config/config.h"
#include "daemon/ctl/checks.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;
using probes::Outcome;
using rules::Health;

/// Where the time went, by the names that the metrics have; what did not happen is left out.
std::vector<std::pair<std::string, double>> times_of(const Outcome& outcome) {
  const probes::Phases& spent = outcome.phases;
  std::vector<std::pair<std::string, double>> times;
  const auto add = [&times](const char* name, std::chrono::microseconds time) {
    if (time.count() > 0) times.emplace_back(name, std::chrono::duration<double, std::milli>(time).count());
  };
  add("name_lookup", spent.name_lookup);
  add("connect", spent.connect);
  add("tls", spent.tls);
  add("first_byte", spent.first_byte);
  add("total", spent.total);
  return times;
}

std::string plugin_word(Health health) {
  switch (health) {
    case Health::ok:
      return "OK";
    case Health::degraded:
      return "WARNING";
    case Health::failing:
      return "CRITICAL";
    case Health::unknown:
      break;
  }
  return "UNKNOWN";
}

/// "'name'=1.5ms", for what stands behind a plugin's bar. Its grammar has no place for quotation marks and equals
/// signs.
std::string performance(std::string name, double value, const std::string& unit) {
  std::ranges::replace_if(
      name, [](char c) { return c == '\'' || c == '='; }, '_');
  return fmt::format(" '{}'={}{}", name, value, unit);
}

/// A bar begins the figures, on any line, for whoever reads this as a plugin's.
std::string without_bars(std::string text) {
  std::ranges::replace(text, '|', '/');
  return text;
}

std::string first_line(const probes::ProbeConfig& probe, const Outcome& outcome) {
  std::string figures;
  for (const auto& [phase, ms] : times_of(outcome)) {
    const bool taken = std::ranges::find(outcome.readings, phase, &probes::Reading::name) != outcome.readings.end();
    if (!taken) figures += performance(phase, ms, "ms");
  }
  for (const probes::Reading& reading : outcome.readings) {
    figures += performance(reading.name, reading.value, reading.unit);
  }
  const std::string evidence = without_bars(outcome.evidence);
  return fmt::format("{}: {} is {}{}{}{}", plugin_word(outcome.health), probe.name, to_string(outcome.health),
                     evidence.empty() ? "" : ": " + evidence, figures.empty() ? "" : " |", figures);
}

void print_text(const probes::ProbeConfig& probe, const Outcome& outcome) {
  fmt::print("{}\n", printable(first_line(probe, outcome)));
  if (!outcome.symptom.empty()) fmt::print("for customers: {}\n", printable(outcome.symptom));
  for (const auto& [phase, ms] : times_of(outcome)) fmt::print("{:<12} {:.1f} ms\n", phase, ms);
  for (const probes::Certificate& certificate : outcome.certificates) {
    fmt::print("{:<12} {}, by {}, expires {}\n", "certificate", printable(without_bars(certificate.subject)),
               printable(without_bars(certificate.issuer)), format_rfc3339(certificate.expires));
  }
  for (const probes::Reading& reading : outcome.readings) {
    fmt::print("{:<12} {} {}{}\n", "reading", printable(without_bars(reading.name)), reading.value,
               printable(without_bars(reading.unit)));
  }
}

void print_json(const probes::ProbeConfig& probe, const Outcome& outcome) {
  json::object phases;
  for (const auto& [phase, ms] : times_of(outcome)) phases[phase] = ms;
  json::array certificates;
  for (const probes::Certificate& it : outcome.certificates) {
    certificates.push_back({{"subject", it.subject}, {"issuer", it.issuer}, {"expires", format_rfc3339(it.expires)}});
  }
  json::array readings;
  for (const probes::Reading& it : outcome.readings) {
    readings.push_back({{"name", it.name}, {"value", it.value}, {"unit", it.unit}});
  }
  const json::object answer{{"probe", probe.name},
                            {"kind", probe.kind},
                            {"health", to_string(outcome.health)},
                            {"evidence", outcome.evidence},
                            {"symptom", outcome.symptom},
                            {"phases_ms", std::move(phases)},
                            {"certificates", std::move(certificates)},
                            {"readings", std::move(readings)}};
  fmt::print("{}\n", printable_json(json::serialize(answer)));
}

Outcome run_once(const probes::ProbeConfig& config) {
  net::Loop loop;
  net::Transfers transfers{loop};
  net::Names names{loop};
  const std::unique_ptr<probes::Probe> probe = config.make({loop, transfers, names});
  Outcome outcome;
  probe->run([&](Outcome found) {
    outcome = std::move(found);
    loop.stop();
  });
  loop.run();
  return outcome;
}

/// What customers would read where the probe itself has no words for them, as an incident of its component has.
void give_words(const config::Config& config, const probes::ProbeConfig& probe, Outcome& outcome) {
  const bool wrong = outcome.health == Health::failing || outcome.health == Health::degraded;
  if (!wrong || !outcome.symptom.empty()) return;
  const incident::Component* const component = config.policy.component(probe.component);
  const bool named = component != nullptr && !component->symptoms.empty();
  outcome.symptom = named ? component->symptoms.front() : std::string{incident::unnamed_symptom};
}

}  // namespace

Exit run_probe(const std::string& name, const std::string& file, bool json) {
  Problems problems;
  const std::optional<config::Config> config = config::load_for_probe(file, name, problems);
  if (!config) return report(problems, json);
  if (!problems.empty()) {
    say_error(fmt::format("{} has mistakes elsewhere, which candorctl config check shows", file));
  }
  const auto found = std::ranges::find(config->probes, name, &probes::ProbeConfig::name);
  if (found == config->probes.end()) {
    std::vector<std::string> known;
    for (const probes::ProbeConfig& probe : config->probes) known.push_back(probe.name);
    const std::optional<std::string> meant = nearest(name, known);
    say_error(fmt::format("{} has no probe \"{}\"{}", file, printable(name),
                          meant ? fmt::format("; did you mean \"{}\"?", *meant) : ""));
    return Exit::usage;
  }
  Outcome outcome = run_once(*found);
  give_words(*config, *found, outcome);
  json ? print_json(*found, outcome) : print_text(*found, outcome);
  return static_cast<Exit>(std::to_underlying(outcome.health));
}

}  // namespace candor::ctl
