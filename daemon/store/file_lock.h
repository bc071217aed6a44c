#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "daemon/store/log_mark.h"

namespace candor::store {

/// Holds `file` for this process, so that two daemons never write one journal: a lock of the kernel's (flock) on
/// `file`.lock, which ends with the process however it ends. The lock file stays, with the process's id and its last
/// sign of life.
class FileLock {
 public:
  /// Whoever leaves it was at work at `at`, by the time of the lock file, with `sequence` events on the disk.
  struct Sign {
    Instant at{};
    std::uint64_t sequence = 0;
    LogMark log;
  };

  /// Errors: the folder cannot be written to; another process holds it.
  [[nodiscard]] static Result<std::unique_ptr<FileLock>> take(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Whether the lock file is where it was taken: where it is not, another process may take its own.
  [[nodiscard]] bool in_place() const;
  /// Leaves a sign that this process was at work so long ago, in place of the last. Where that cannot be written, none.
  void sign(std::uint64_t sequence, const LogMark& log, Duration ago = {}) const;
  /// The log may go from now on, whatever the last sign says of it; on the disk before it does.
  void let_log_go() const;
  /// Of whoever held it before, and worked; nothing where nobody has.
  [[nodiscard]] const std::optional<Sign>& last_sign() const { return last_sign_; }

 private:
  FileLock(int descriptor, std::string path, std::optional<Sign> last_sign)
      : descriptor_(descriptor), path_(std::move(path)), last_sign_(last_sign) {}
  int descriptor_;
  std::string path_;
  std::optional<Sign> last_sign_;
};

}  // namespace candor::store
