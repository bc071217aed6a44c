#pragma once

#include <optional>

#include "daemon/config/config.h"

namespace candor::config {

/// Loads the file of `running` anew, for the daemon that runs with it and whose admin listener is at `admin_at`. What
/// the daemon cannot take over is among the problems; with any, there is no result.
[[nodiscard]] std::optional<Config> load_next(const Config& running, const http::Address& admin_at, Problems& problems);

/// Records each setting of `next` that a running daemon cannot take over without a restart.
void refuse_restart(const Config& running, const Config& next, Problems& problems);

/// Records that the admin listener at `admin_at`, which systemd may have opened elsewhere than configured, would be
/// open to others without a token.
void refuse_unguarded(const Config& config, const http::Address& admin_at, Problems& problems);

}  // namespace candor::config
