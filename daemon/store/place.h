#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/store/database.h"
#include "daemon/store/log_follower.h"
#include "daemon/store/log_mark.h"

namespace candor::store {

/// Where the journal lies. What is deleted, moved away or replaced while candord works with it is there until candord
/// ends, in what SQLite has open, and then gone. Thread: one at a time.
class Place {
 public:
  explicit Place(std::filesystem::path file) : file_(std::move(file)) {}

  /// What is there now is what `database` has open.
  void remember(Database& database);
  /// After each of the commits of `database`.
  void committed(const Database& database);
  /// Whether what is open is still there, the file and its log, and nobody has written over them.
  [[nodiscard]] bool kept(Database& database);
  /// The log's mark, where file and log are still what is open.
  [[nodiscard]] LogMark mark() const;
  /// Makes all that `database` holds a new file in the place, with which it goes on; no statements of it may be there.
  /// Errors: another file is in the place, or the file is another's now; the disk refuses. Then it is as before.
  [[nodiscard]] Result<void> make_anew(Database& database);
  /// Where somebody wrote over the file or its log: leaves them as they are, also at the end of `database`; the log is
  /// moved aside. Answers whether it is so.
  bool give_way(Database& database);

 private:
  using Inode = std::pair<dev_t, ino_t>;
  enum class WrittenOver : std::uint8_t { nothing, file, log };
  [[nodiscard]] static std::optional<Inode> inode_of(const std::filesystem::path& file);
  [[nodiscard]] WrittenOver look(Database& database);
  [[nodiscard]] bool is_ours(const std::string& header);
  [[nodiscard]] bool is_of_others(const std::string& header) const;
  [[nodiscard]] std::filesystem::path log() const { return file_.string() + "-wal"; }

  std::filesystem::path file_;
  std::optional<Inode> open_file_;
  std::optional<Inode> open_log_;
  std::string header_;                ///< of the file, when it was last seen to be ours
  std::vector<std::string> to_come_;  ///< those that have come into the log since, in their order
  LogFollower follower_;
  bool log_is_whole_ = true;
  std::int64_t others_ = 0;  ///< changes with each commit of another SQLite's
  WrittenOver gave_way_ = WrittenOver::nothing;
};

}  // namespace candor::store
