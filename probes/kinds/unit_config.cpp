#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "probes/kinds/settings.h"
#include "probes/kinds/unit.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;

/// systemd.unit(5), "Description".
bool is_unit_name(std::string_view name) {
  constexpr std::array<std::string_view, 10> suffixes{".service", ".socket", ".device", ".mount", ".automount",
                                                      ".swap",    ".target", ".path",   ".timer", ".slice"};
  const auto is_usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{":-_.\\@"}.contains(c);
  };
  const bool typed = std::ranges::any_of(
      suffixes, [name](std::string_view suffix) { return name.size() > suffix.size() && name.ends_with(suffix); });
  return (typed || name.ends_with(".scope")) && name.size() <= 255 && !name.starts_with('@') &&
         std::ranges::all_of(name, is_usual);
}

std::string read_name(const Table& table) {
  std::string name = table.required_text("name");
  if (name.empty()) return name;
  if (!is_unit_name(name)) {
    table.refuse("name", "name is not a unit's", "with its suffix, such as \"postgresql.service\"");
  } else if (name.contains("@.")) {
    table.refuse("name", "name is a template's, of which there are only instances",
                 "such as \"postgresql@15-main.service\"");
  }
  return name;
}

}  // namespace

KindConfig read_unit(const Table& table, const ProbeConfig& common) {
  UnitConfig config;
  config.timeout = common.timeout;
  config.name = read_name(table);
  if (const auto most = table.integer("degraded_above_restarts", 0, 1000)) {
    config.degraded_above_restarts = static_cast<int>(*most);
    if (!config.name.ends_with(".service"))
      table.refuse("degraded_above_restarts", "systemd restarts services only", "leave degraded_above_restarts out");
  }
  config.restarts_within = table.duration("restarts_within", 1s, 24h).value_or(config.restarts_within);
  Settings settings;
  settings.add(config.name).add(fmt::to_string(config.degraded_above_restarts.value_or(-1)));
  settings.add(format_duration(config.restarts_within));
  KindConfig result{.make = {}, .content = Secret{settings.text()}};
  result.make = [shared = std::make_shared<const UnitConfig>(std::move(config))](const Tools& tools) {
    return make_unit_probe(shared, tools);
  };
  return result;
}

}  // namespace candor::probes
