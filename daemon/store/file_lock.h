#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "base/time.h"

namespace candor::store {

/// Holds `file` for this process, so that two daemons never write one journal: a lock of the kernel's (flock) on
/// `file`.lock, which ends with the process however it ends. The lock file stays; it holds the process's id.
class FileLock {
 public:
  /// Errors: the folder cannot be written to; another process holds it.
  [[nodiscard]] static Result<std::unique_ptr<FileLock>> take(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Leaves a sign that this process lives: the time of the lock file. Where that cannot be set, none.
  void touch() const;
  /// The last sign of whoever held it before; the epoch where nobody did.
  [[nodiscard]] Instant last_sign() const { return last_sign_; }

 private:
  FileLock(int descriptor, Instant last_sign) : descriptor_(descriptor), last_sign_(last_sign) {}
  int descriptor_;
  Instant last_sign_;
};

}  // namespace candor::store
