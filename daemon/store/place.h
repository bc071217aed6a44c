#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
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

  /// What is there now is what `database` has open, after so many commits.
  void remember(const Database& database, std::uint64_t commits);
  /// `database` has written the file.
  void written(const Database& database, std::uint64_t commits);
  /// Whether what is open is still there, the file and its log, and nobody else has written the file.
  [[nodiscard]] bool kept(const Database& database, std::uint64_t commits) const;
  /// Makes all that `database` holds a new file in the place, with which it goes on; no statements of it may be there.
  /// Errors: another file is in the place, or the file is another's now; the disk refuses. Then it is as before.
  [[nodiscard]] Result<void> make_anew(Database& database, std::uint64_t commits);
  /// Where somebody wrote over the file: leaves it to them, also at the end of `database`, whose log is moved aside.
  /// Answers whether it is so.
  bool give_way(Database& database, std::uint64_t commits);

 private:
  using Inode = std::pair<dev_t, ino_t>;
  [[nodiscard]] static std::optional<Inode> inode_of(const std::filesystem::path& file);
  [[nodiscard]] bool is_ours(const std::optional<std::string>& header, std::uint64_t commits) const;
  [[nodiscard]] std::filesystem::path log() const { return file_.string() + "-wal"; }

  std::filesystem::path file_;
  std::optional<Inode> open_file_;
  std::optional<Inode> open_log_;
  std::optional<std::string> header_;  ///< of the file, when it was last ours for sure
  std::uint64_t commits_ = 0;          ///< by then
  bool gave_way_ = false;
};

}  // namespace candor::store
