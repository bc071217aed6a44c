#include <array>
#include <cmath>

#include <boost/json.hpp>

#include "daemon/admin/views.h"

namespace candor::admin {
namespace {

namespace json = boost::json;

json::value shown(Instant instant) { return json::value(format_rfc3339(instant)); }
/// What is empty is not there.
json::value shown_or_null(const std::string& text) { return text.empty() ? json::value{} : json::value(text); }

json::value word(std::string_view text) { return json::value(json::string_view{text.data(), text.size()}); }

double ms(Microseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

json::value show_run(const std::optional<ProbeRun>& run) {
  if (!run) return {};
  json::object phases;
  for (const auto& [name, time] : run->phases) phases[name] = ms(time);
  json::array certificates;
  for (const ProbeRun::Certificate& it : run->certificates) {
    certificates.push_back({{"subject", it.subject}, {"issuer", it.issuer}, {"expires", shown(it.expires)}});
  }
  json::array readings;
  for (const ProbeRun::Reading& it : run->readings) {
    // JSON has no infinity.
    const json::value value = std::isfinite(it.value) ? json::value(it.value) : json::value{};
    readings.push_back({{"name", it.name}, {"value", value}, {"unit", it.unit}});
  }
  return json::object{{"health", word(to_string(run->health))},  {"evidence", shown_or_null(run->evidence)},
                      {"symptom", shown_or_null(run->symptom)},  {"phases_ms", std::move(phases)},
                      {"certificates", std::move(certificates)}, {"readings", std::move(readings)}};
}

json::object show_probe(const ProbeNow& probe) {
  return {{"name", probe.name},
          {"kind", probe.kind},
          {"component", shown_or_null(probe.component)},
          {"health", word(to_string(probe.health))},
          {"since", probe.since ? shown(*probe.since) : json::value{}},
          {"runs", probe.runs},
          {"latest", show_run(probe.latest)}};
}

/// Of a probe that is no longer configured.
json::object show_gone(const std::string& name) {
  return {{"name", name},     {"kind", nullptr}, {"component", nullptr}, {"health", nullptr},
          {"since", nullptr}, {"runs", 0},       {"latest", nullptr}};
}

json::object show_roll_up(const ProbeRollUp& roll_up) {
  json::object runs;
  for (std::size_t i = 0; i < roll_up.runs.size(); ++i) {
    const std::string_view health = to_string(static_cast<rules::Health>(i));
    runs[json::string_view{health.data(), health.size()}] = roll_up.runs.at(i);
  }
  const auto time = [&](Microseconds value) { return roll_up.answered > 0 ? json::value(ms(value)) : json::value{}; };
  return {{"begin", shown(roll_up.begin)}, {"runs", std::move(runs)},     {"answered", roll_up.answered},
          {"p50_ms", time(roll_up.p50)},   {"p90_ms", time(roll_up.p90)}, {"p99_ms", time(roll_up.p99)},
          {"max_ms", time(roll_up.max)}};
}

std::string_view word_of(Resolution resolution) {
  static constexpr std::array<std::string_view, 3> words{"minute", "hour", "day"};
  return words.at(static_cast<std::size_t>(resolution));
}

}  // namespace

std::string view_probes(const std::vector<ProbeNow>& probes, bool more) {
  json::array list;
  for (const ProbeNow& probe : probes) list.push_back(show_probe(probe));
  return json::serialize(json::object{{"probes", std::move(list)}, {"more", more}}) + "\n";
}

std::string view_probe(const HistoryQuestion& question, const std::optional<ProbeNow>& probe,
                       const Result<ProbeHistory>& history) {
  json::object object = probe ? show_probe(*probe) : show_gone(question.probe);
  object["configured"] = probe.has_value();
  object["resolution"] = word(word_of(question.resolution));
  object["from"] = shown(question.from);
  object["to"] = shown(question.to);
  json::array roll_ups;
  if (history) {
    for (const ProbeRollUp& roll_up : history->roll_ups) roll_ups.push_back(show_roll_up(roll_up));
  }
  object["roll_ups"] = std::move(roll_ups);
  object["history_trouble"] = history ? json::value{} : json::value(history.error().message);
  return json::serialize(object) + "\n";
}

}  // namespace candor::admin
