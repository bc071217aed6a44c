#pragma once

#include <map>
#include <set>
#include <string>

#include "daemon/ctl/import_source.h"

namespace candor::ctl {

/// What the monitors in a backup of Uptime Kuma refer to, by id.
struct UptimeKumaReferences {
  std::map<std::string, std::string> groups;   ///< their names
  std::set<std::string> paused;                ///< monitors that are paused, or stand below one, at any distance
  std::map<std::string, std::string> proxies;  ///< URLs of those that were in use
};

[[nodiscard]] UptimeKumaReferences read_references(Source& backup, Source& monitors);

}  // namespace candor::ctl
