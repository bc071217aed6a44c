#pragma once

#include <filesystem>
#include <optional>
#include <sys/types.h>
#include <utility>

#include "base/result.h"
#include "daemon/store/database.h"

namespace candor::store {

/// Where the journal lies. What is deleted, moved away or replaced while candord works with it is there until candord
/// ends, in what SQLite has open, and then gone. Thread: one at a time.
class Place {
 public:
  explicit Place(std::filesystem::path file) : file_(std::move(file)) {}

  /// What is there now is what is open.
  void remember();
  /// Whether that is still there, the file and its log.
  [[nodiscard]] bool kept() const;
  /// Makes all that `database` holds a new file in the place, with which it goes on; no statements of it may be there.
  /// Errors: another file is in the place; the disk refuses. Then it is as before.
  [[nodiscard]] Result<void> make_anew(Database& database);

 private:
  using Inode = std::pair<dev_t, ino_t>;
  [[nodiscard]] static std::optional<Inode> inode_of(const std::filesystem::path& file);
  [[nodiscard]] std::filesystem::path log() const { return file_.string() + "-wal"; }

  std::filesystem::path file_;
  std::optional<Inode> open_file_;
  std::optional<Inode> open_log_;
};

}  // namespace candor::store
