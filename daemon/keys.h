#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/secret.h"

namespace candor {

/// Makes the state directory if it is not there, for us alone (0700), and sees that it can be written.
[[nodiscard]] Result<void> prepare_state_dir(const std::filesystem::path& folder);

/// The key of the ack links: `ack.key` in the state directory, made at the first start (0600).
[[nodiscard]] Result<Secret> load_ack_key(const std::filesystem::path& state_dir);

}  // namespace candor
