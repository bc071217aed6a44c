#pragma once

#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace candor::probes {

/// What a monitoring plugin wrote, by the Monitoring Plugins Development Guidelines, "Plugin Output for Nagios".
struct PluginOutput {
  std::string_view text;          ///< of the first line that says something, without its performance data
  std::vector<Reading> readings;  ///< the first 20 sound ones of different names, from all lines
};

/// Reads `TEXT | PERFDATA`, further lines of text, and after another bar further lines of performance data. Where the
/// output was `cut`, its last word counts for nothing. Pure; any bytes will do.
[[nodiscard]] PluginOutput read_plugin_output(std::string_view output, bool cut = false);

/// Adds `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by white space, to `readings` until there are 20.
/// What is not of this form, has no finite value or the name of an earlier one is left out. Names become one line of
/// UTF-8 and at most 64 bytes; a unit has at most 16. Pure; any bytes will do.
void read_perfdata(std::string_view text, std::vector<Reading>& readings);

}  // namespace candor::probes
