#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/ctl/client.h"
#include "daemon/ctl/import_draft.h"

namespace candor::ctl {

/// A tool whose configuration can be imported. A new one is a new file and a line in import.cpp.
struct ImportSource {
  std::string_view name;  ///< of the command: `candorctl import NAME FILE`
  std::string_view help;
  Result<Source> (*load)(const std::string& file);
  /// `beside` is the second file, null where it was not given. Errors: the file is not this tool's.
  Result<void> (*read)(Source& source, Source* beside, Draft& draft);
  std::string_view beside_option;  ///< for a second file, in YAML; may be empty
  std::string_view beside_help;
};

[[nodiscard]] std::span<const ImportSource> import_sources();

/// Prints a Candor configuration on standard output, and on standard error what could not be carried over.
[[nodiscard]] Exit import_configuration(const ImportSource& from, const std::string& file, const std::string& beside,
                                        bool json);

[[nodiscard]] Result<void> import_blackbox(Source& source, Source* beside, Draft& draft);
[[nodiscard]] Result<void> import_gatus(Source& source, Source* beside, Draft& draft);
[[nodiscard]] Result<void> import_uptime_kuma(Source& source, Source* beside, Draft& draft);

}  // namespace candor::ctl
