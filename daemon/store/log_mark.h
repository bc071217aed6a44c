#pragma once

#include <cstdint>
#include <filesystem>

namespace candor::store {

/// How long a journal's write-ahead log was while its file looked so. No kill makes a log shorter; who moves it into
/// the file, and may then take it away, changes the file.
struct LogMark {
  std::uint64_t log_bytes = 0;    ///< 0: it may go
  std::int64_t file_changed = 0;  ///< by the file system's clock, in ns since the epoch
};

/// As they are now.
[[nodiscard]] LogMark mark_log(const std::filesystem::path& file);

/// Whether the log of `file` has lost some of its length since, or all of it, though nobody has touched the file.
[[nodiscard]] bool is_cut(const LogMark& mark, const std::filesystem::path& file);

}  // namespace candor::store
