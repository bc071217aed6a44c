#include "daemon/ctl/import.h"

#include <array>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/console.h"
#include "daemon/ctl/table.h"

namespace candor::ctl {
namespace {

constexpr std::array<ImportSource, 3> all{{
    {"blackbox", "blackbox_exporter's modules, for the targets that Prometheus gives them", &load_yaml,
     &import_blackbox, "--targets", "Prometheus's configuration, whose jobs name the targets"},
    {"gatus", "Gatus's endpoints", &load_yaml, &import_gatus, {}, {}},
    {"uptime-kuma", "the monitors in a backup of Uptime Kuma", &load_json, &import_uptime_kuma, {}, {}},
}};

Exit refuse(const std::string& why) {
  say_error(printable(why));
  return Exit::config;
}

void print(const Draft& draft, bool json) {
  const std::vector<std::string> remarks = draft.remarks();
  if (json) {
    const boost::json::object answer{{"configuration", draft.text()},
                                     {"probes", draft.probes()},
                                     {"remarks", boost::json::array(remarks.begin(), remarks.end())}};
    fmt::print("{}\n", printable_json(boost::json::serialize(answer)));
    return;
  }
  fmt::print("{}", draft.text());
  for (const std::string& remark : remarks) say_error(printable(remark));
  say_error(fmt::format("{} probe{} imported, {} remark{}", draft.probes(), draft.probes() == 1 ? "" : "s",
                        remarks.size(), remarks.size() == 1 ? "" : "s"));
}

}  // namespace

std::span<const ImportSource> import_sources() { return all; }

Exit import_configuration(const ImportSource& from, const std::string& file, const std::string& beside, bool json) {
  Result<Source> source = from.load(file);
  if (!source) return refuse(source.error().message);
  std::optional<Source> second;
  if (!beside.empty()) {
    Result<Source> loaded = load_yaml(beside);
    if (!loaded) return refuse(loaded.error().message);
    second = *std::move(loaded);
  }
  Draft draft{fmt::format("Made of {} by candorctl import {}.", file, from.name)};
  const Result<void> read = from.read(*source, second ? &*second : nullptr, draft);
  if (!read) return refuse(fmt::format("{}: {}", file, read.error().message));
  draft.add_not_imported(source->leftovers());
  if (second) draft.add_not_imported(second->leftovers());
  print(draft, json);
  return Exit::ok;
}

}  // namespace candor::ctl
