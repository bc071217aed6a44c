#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/secret.h"

namespace candor {

/// Makes the state directory if it is not there, for us alone (0700), and sees that it can be written, and that not
/// everybody else can replace what is in it.
[[nodiscard]] Result<void> prepare_state_dir(const std::filesystem::path& folder);

struct AckKey {
  Secret key;
  bool is_new = false;  ///< made by this start
};

/// The key of the ack links: `ack.key` in the state directory, made at the first start (0600). Refuses one
/// that is not ours or root's, or that others can write, and warns of one that everybody can read.
[[nodiscard]] Result<AckKey> load_ack_key(const std::filesystem::path& state_dir);

/// Writes it again where it is gone. One that is there stays as it is.
[[nodiscard]] Result<void> put_back_ack_key(const std::filesystem::path& state_dir, const Secret& key);

}  // namespace candor
