#pragma once

#include <filesystem>

#include "daemon/ctl/client.h"

namespace candor::ctl {

/// `backup`: copies the journal into a new file and prints what the copy holds. Needs no daemon, and minds none.
[[nodiscard]] Exit back_up(const std::filesystem::path& journal, const std::filesystem::path& to, bool json);

}  // namespace candor::ctl
