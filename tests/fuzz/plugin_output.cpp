// What monitoring plugins write: text and performance data.
#include <cmath>
#include <set>
#include <string>

#include "probes/kinds/perfdata.h"
#include "tests/fuzz/check.h"

namespace candor::probes {
namespace {

using fuzz::require;

void check(std::string_view text, bool cut) {
  const PluginOutput output = read_plugin_output(text, cut);
  require(output.text.find_first_of("\n|") == std::string_view::npos, "a text is one line without performance data");
  require(output.text.empty() || (output.text.data() >= text.data() &&
                                  output.text.data() + output.text.size() <= text.data() + text.size()),
          "a text is a part of the output");
  require(output.readings.size() <= 20, "readings are bounded");
  std::set<std::string> names;
  for (const Reading& reading : output.readings) {
    require(!reading.name.empty() && reading.name.size() <= 64, "a name is short");
    require(fuzz::is_harmless(reading.name) && fuzz::is_utf8(reading.name), "a name is harmless");
    require(names.insert(reading.name).second, "a name stands there once");
    require(std::isfinite(reading.value), "a value is a number");
    require(reading.unit.size() <= 16 && fuzz::is_harmless(reading.unit) && fuzz::is_utf8(reading.unit),
            "a unit is short and harmless");
    require(reading.unit.find_first_of("0123456789;'\" ") == std::string::npos, "a unit is one");
  }
}

}  // namespace
}  // namespace candor::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = candor::fuzz::text_of(data, size);
  candor::probes::check(text, false);
  candor::probes::check(text, true);
  return 0;
}
