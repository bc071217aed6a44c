#include "daemon/store/log_mark.h"

#include <algorithm>
#include <string>
#include <sys/stat.h>

#include "daemon/store/schema.h"

namespace candor::store {

LogMark mark_log(const std::filesystem::path& file) {
  struct stat at_file {};
  struct stat at_log {};
  const std::string log = file.string() + "-wal";
  if (::stat(file.c_str(), &at_file) != 0) return {};
  if (::stat(log.c_str(), &at_log) != 0) at_log.st_size = 0;
  // SQLite may cut what is longer.
  return {.log_bytes = static_cast<std::uint64_t>(std::min(std::int64_t{at_log.st_size}, most_log_bytes_kept)),
          .file_changed = std::int64_t{at_file.st_mtim.tv_sec} * 1'000'000'000 + at_file.st_mtim.tv_nsec};
}

bool is_cut(const LogMark& mark, const std::filesystem::path& file) {
  const LogMark now = mark_log(file);
  return now.log_bytes < mark.log_bytes && now.file_changed == mark.file_changed;
}

}  // namespace candor::store
