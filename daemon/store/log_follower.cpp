#include "daemon/store/log_follower.h"

#include <optional>
#include <string_view>

#include "daemon/store/log_format.h"

namespace candor::store {
namespace {

constexpr std::string_view first_page{"\0\0\0\1", 4};

}  // namespace

struct LogFollower::Head {
  std::string salts;  ///< empty where there is no log
  std::int64_t page_bytes = 0;
};

LogFollower::Head LogFollower::head_of(const Database& database) {
  const std::optional<std::string> bytes = database.log_bytes(0, log_header_bytes);
  if (!bytes || !is_log_header(*bytes)) return {};
  return {.salts = bytes->substr(16, 8), .page_bytes = big_endian(*bytes, 8)};
}

bool LogFollower::holds(const Database& database, int frame) const {
  const std::int64_t frame_bytes = page_bytes_ + std::int64_t{frame_header_bytes};
  // Its end, too: a log that was cut short may hold the frame's beginning.
  const std::int64_t at = std::int64_t{log_header_bytes} + frame * frame_bytes;
  const std::optional<std::string> header = database.log_bytes(at, frame_header_bytes);
  return header && header->compare(8, 8, salts_) == 0 && database.log_bytes(at + frame_bytes - 1, 1);
}

bool LogFollower::follow(const Database& database, int frames, std::vector<std::string>& headers) {
  const Head head = head_of(database);
  if (head.salts.empty()) return false;
  if (head.salts != salts_) {
    salts_ = head.salts;
    page_bytes_ = head.page_bytes;
    frames_ = 0;
  }
  if (frames_ > 0 && !holds(database, frames_ - 1)) return false;
  for (int frame = frames_; frame < frames; ++frame) {
    const std::int64_t at = std::int64_t{log_header_bytes} + frame * (page_bytes_ + std::int64_t{frame_header_bytes});
    const std::optional<std::string> bytes = database.log_bytes(at, frame_header_bytes + Database::file_header_bytes);
    if (!bytes || bytes->compare(8, 8, salts_) != 0) return false;
    if (!bytes->starts_with(first_page)) continue;
    std::string header = bytes->substr(frame_header_bytes);
    if (headers.empty() || headers.back() != header) headers.push_back(std::move(header));
  }
  frames_ = frames;
  return true;
}

bool LogFollower::is_there(const Database& database) const {
  if (frames_ == 0) return true;
  const Head head = head_of(database);
  // A commit that the disk refused may have begun it anew.
  return !head.salts.empty() && (head.salts != salts_ || holds(database, frames_ - 1));
}

}  // namespace candor::store
