#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/store/database.h"

namespace candor::store {

/// Reads along what is committed to a write-ahead log (https://www.sqlite.org/fileformat.html#the_write_ahead_log), as
/// long as it is there: the next commit may begin the log anew. Thread: one at a time.
class LogFollower {
 public:
  /// As many frames as there are, where nobody has said how many it holds: false is the answer then.
  static constexpr int all = INT32_MAX;

  /// Adds to `headers` those of the file that lie in the log, `frames` long, behind where the last call ended, in the
  /// order of their commits. Only what came before is looked at again: answers whether all is there as it was
  /// committed.
  bool follow(const Database& database, int frames, std::vector<std::string>& headers);
  /// Whether the log is still as long as at the last call, or was begun anew since.
  [[nodiscard]] bool is_there(const Database& database) const;

 private:
  struct Head;
  [[nodiscard]] static Head head_of(const Database& database);
  [[nodiscard]] bool holds(const Database& database, int frame) const;

  std::string salts_;  ///< both, which each of the log's frames has
  std::int64_t page_bytes_ = 0;
  int frames_ = 0;
};

}  // namespace candor::store
