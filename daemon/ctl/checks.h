#pragma once

#include <filesystem>
#include <vector>

#include "base/reader.h"
#include "daemon/ctl/client.h"

namespace candor::ctl {

/// Prints mistakes, as text on standard error or as JSON on standard output; answers Exit::config.
Exit report(const Problems& problems, bool as_json);

/// `config check`: prints every mistake as `file:line:column: what (hint)`, or what the configuration holds.
[[nodiscard]] Exit check_config(const std::filesystem::path& file, bool json);

/// `rules check`: the same for rule files, with each rule's condition as it was understood.
[[nodiscard]] Exit check_rules(const std::vector<std::filesystem::path>& files, bool json);

/// `config keys`: every key that a configuration may have, a line each.
[[nodiscard]] Exit list_keys(bool json);

}  // namespace candor::ctl
