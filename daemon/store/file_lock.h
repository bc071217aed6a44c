#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

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

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace candor::store
