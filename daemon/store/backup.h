#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "base/time.h"

namespace candor::store {

/// What a backup holds.
struct Backup {
  std::uint64_t events = 0;   ///< the number of its last event
  Instant last_at{};          ///< when that was decided
  std::uint64_t waiting = 0;  ///< messages in its outbox
};

/// Copies the journal into the new file `to`, as of one instant, while a candord may be writing it and without holding
/// it up. The copy is one file, readable by its owner alone; it is read whole and every event checked before it gets
/// its name. Blocks. Errors, each one sentence: `to` is there already, the journal is missing or damaged, the disk
/// refuses; nothing is left behind.
[[nodiscard]] Result<Backup> back_up(const std::filesystem::path& journal, const std::filesystem::path& to);

}  // namespace candor::store
