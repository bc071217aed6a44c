#include "daemon/ctl/probes.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/ctl/answers.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> healths{"ok", "degraded", "failing", "unknown"};

double number_of(const json::value& value) { return value.is_number() ? value.to_number<double>() : 0; }

/// As many digits as matter; nothing for what is null.
std::string milliseconds(const json::value& value) {
  if (!value.is_number()) return {};
  const double ms = number_of(value);
  return ms < 10 ? fmt::format("{:.1f}", ms) : fmt::format("{:.0f}", ms);
}

/// "connect 1.5 ms, total 51 ms"
std::string times_of(const json::value& run) {
  std::string text;
  const json::object* phases = member_of(run, "phases_ms").if_object();
  if (phases == nullptr) return text;
  for (const auto& [phase, ms] : *phases) {
    text += fmt::format("{}{} {} ms", text.empty() ? "" : ", ", std::string_view{phase}, milliseconds(ms));
  }
  return text;
}

/// What the latest run found, in a line.
std::string latest_of(const json::value& probe) {
  const json::value& run = member_of(probe, "latest");
  if (run.is_null()) return "has not run yet";
  if (std::string evidence = text_of(run, "evidence"); !evidence.empty()) return evidence;
  const std::string total = milliseconds(member_of(member_of(run, "phases_ms"), "total"));
  return total.empty() ? text_of(run, "health") : total + " ms";
}

/// "3 probes: 2 ok, 1 failing."
std::string counts_of(const json::array& probes) {
  std::string counts;
  for (const std::string_view health : healths) {
    const auto count = std::ranges::count(probes, health, [](const json::value& it) { return text_of(it, "health"); });
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, health);
  }
  return fmt::format("{} {}: {}.\n", probes.size(), probes.size() == 1 ? "probe" : "probes", counts);
}

std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, in_url(value));
  }
  return query;
}

std::string health_line(const json::value& probe) {
  const std::string since = short_time(text_of(probe, "since"));
  const std::string health = text_of(probe, "health");
  std::string line = field_line("health", health);
  if (since.empty() || line.empty()) return line;
  line.pop_back();
  return fmt::format("{} since {}\n", line, since);
}

std::string run_text(const json::value& run, const std::string& health) {
  std::string text;
  // After fall and rise a probe may be in another health than its latest run.
  if (const std::string found = text_of(run, "health"); found != health) text += field_line("latest", found);
  text += field_line("evidence", text_of(run, "evidence"));
  text += field_line("customers", text_of(run, "symptom"));
  text += field_line("times", times_of(run));
  for (const json::value& it : list_of(run, "certificates")) {
    text += field_line("expires", fmt::format("{}: {}, issued by {}", short_time(text_of(it, "expires")),
                                              text_of(it, "subject"), text_of(it, "issuer")));
  }
  for (const json::value& it : list_of(run, "readings")) {
    const json::value& value = member_of(it, "value");
    const std::string figure = value.is_number() ? fmt::format("{:g}", number_of(value)) : "no number";
    text += field_line("reading", fmt::format("{} {}{}", text_of(it, "name"), figure, text_of(it, "unit")));
  }
  return text;
}

std::string history_text(const json::value& answer) {
  if (const std::string why = text_of(answer, "history_trouble"); !why.empty()) return "\n" + printable(why) + "\n";
  const json::array& roll_ups = list_of(answer, "roll_ups");
  if (roll_ups.empty()) {
    return fmt::format("\nNo run from {} to {}.\n", short_time(text_of(answer, "from")),
                       short_time(text_of(answer, "to")));
  }
  std::string span = text_of(answer, "resolution");
  std::ranges::transform(span, span.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  TextTable table{
      {fmt::format("{} (UTC)", span), "OK", "DEGRADED", "FAILING", "UNKNOWN", "P50 MS", "P90 MS", "P99 MS", "MAX MS"}};
  for (const json::value& it : roll_ups) {
    std::vector<std::string> cells{short_time(text_of(it, "begin")).substr(0, 16)};
    for (const std::string_view health : healths) {
      const double count = number_of(member_of(member_of(it, "runs"), health));
      cells.push_back(count > 0 ? fmt::format("{:.0f}", count) : "-");
    }
    for (const std::string_view time : {"p50_ms", "p90_ms", "p99_ms", "max_ms"}) {
      cells.push_back(or_else(milliseconds(member_of(it, time)), "-"));
    }
    table.add(std::move(cells));
  }
  return "\n" + table.text();
}

}  // namespace

std::string probe_list_text(const json::value& answer) {
  const json::array& probes = list_of(answer, "probes");
  if (probes.empty()) return "No probes.\n";
  TextTable table{{"PROBE", "HEALTH", "SINCE (UTC)", "KIND", "COMPONENT", "LATEST RUN"}};
  for (const json::value& it : probes) {
    table.add({text_of(it, "name"), text_of(it, "health"), short_time(text_of(it, "since")), text_of(it, "kind"),
               text_of(it, "component"), latest_of(it)});
  }
  std::string text = counts_of(probes) + "\n" + table.text();
  if (member_of(answer, "more") == json::value(true)) {
    text += fmt::format("\nThere are more: --after {}\n", printable(text_of(probes.back(), "name")));
  }
  return text;
}

std::string probe_text(const json::value& answer) {
  std::string text = field_line("probe", text_of(answer, "name"));
  if (member_of(answer, "configured") == json::value(false)) {
    text += field_line("health", "no longer configured; its history stays until it has aged");
    return text + history_text(answer);
  }
  text += field_line("kind", text_of(answer, "kind"));
  text += field_line("component", text_of(answer, "component"));
  text += health_line(answer);
  const json::value& run = member_of(answer, "latest");
  text += run.is_null() ? field_line("latest", "has not run yet") : run_text(run, text_of(answer, "health"));
  return text + history_text(answer);
}

Exit list_probes(const Session& session, const ProbeChoice& choice) {
  const std::string query =
      query_of({{"health", choice.health}, {"after", choice.after}, {"limit", std::to_string(choice.limit)}});
  return ask(session, "/api/v1/probes" + query, {"probes"},
             [](const json::value& answer) { fmt::print("{}", probe_list_text(answer)); });
}

Exit show_probe(const Session& session, const std::string& name, const HistoryChoice& choice) {
  const std::string query = query_of({{"resolution", choice.resolution}, {"from", choice.from}, {"to", choice.to}});
  return ask(session, "/api/v1/probes/" + in_url(name) + query, {"name"},
             [](const json::value& answer) { fmt::print("{}", probe_text(answer)); });
}

}  // namespace candor::ctl
