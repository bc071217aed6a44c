#pragma once

#include <string>
#include <vector>

#include "daemon/ctl/import_draft.h"

namespace candor::ctl {

/// Why the daemon's own reader would not take the probe: sentences, none where it would. Secrets that are in files and
/// in the environment, and files of authorities, are taken to be there: whoever imports may do so elsewhere.
[[nodiscard]] std::vector<std::string> refusals_of(const DraftProbe& probe);

}  // namespace candor::ctl
