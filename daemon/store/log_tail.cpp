#include "daemon/store/log_tail.h"

#include <array>
#include <bit>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>

#include "daemon/store/log_format.h"

namespace candor::store {
namespace {

/// The log's running checksum; each frame's goes on from the one before.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(std::string_view bytes, bool big_endian_words) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      const std::uint32_t one = big_endian(bytes, at);
      const std::uint32_t two = big_endian(bytes, at + 4);
      first += (big_endian_words ? one : __builtin_bswap32(one)) + second;
      second += (big_endian_words ? two : __builtin_bswap32(two)) + first;
    }
  }
  [[nodiscard]] bool stands_at(std::string_view bytes, std::size_t at) const {
    return big_endian(bytes, at) == first && big_endian(bytes, at + 4) == second;
  }
};

class Log {
 public:
  explicit Log(const std::filesystem::path& file)
      : stream_(file.string() + "-wal", std::ios::binary), database_(file, std::ios::binary) {}

  [[nodiscard]] LogTail tail() {
    std::string header(log_header_bytes, '\0');
    // An empty log holds a part of a header at most.
    if (!read(header)) return LogTail::whole;
    std::string frame(frame_header_bytes, '\0');
    const bool sound = take_header(header);
    if (sound) frame.resize(frame_header_bytes + page_bytes_);
    bool taking = true;
    for (std::int64_t number = 0; tail_ != LogTail::lost && read(frame); ++number) {
      // A header is on the disk before the first frame is written.
      if (!sound) return LogTail::lost;
      if (taking && !take(frame)) {
        taking = false;
        first_left_ = number;
      }
      if (taking && is_commit(frame)) behind_commit_ = number + 1;
      if (!taking) leave(frame);
    }
    const bool a_part_is_left = stream_.eof() && stream_.gcount() >= 16;
    if (sound && a_part_is_left) leave(frame);
    return tail_ == LogTail::torn && a_page_is_in_database(frame) ? LogTail::mixed : tail_;
  }

 private:
  /// Whether the database has a page as a frame behind the last commit has it.
  bool a_page_is_in_database(std::string& frame) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(log_header_bytes) +
                  behind_commit_ * static_cast<std::streamoff>(frame.size()));
    for (std::int64_t number = behind_commit_; read(frame); ++number) {
      // Of the first one that is not sound, a kill may have left the header alone, before what lay there already.
      if (number != first_left_ && is_of_this_log(frame) && is_in_database(frame)) return true;
    }
    return false;
  }

  bool is_in_database(std::string_view frame) {
    const std::uint32_t page = big_endian(frame, 0);
    if (page == 0) return false;
    std::string there(page_bytes_, '\0');
    database_.clear();
    database_.seekg(std::streamoff{page - 1} * page_bytes_);
    return database_.read(there.data(), page_bytes_) && there == frame.substr(frame_header_bytes);
  }

  bool read(std::string& bytes) {
    return static_cast<bool>(stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  }

  bool take_header(std::string_view header) {
    page_bytes_ = big_endian(header, 8);
    if (!is_log_header(header) || !std::has_single_bit(page_bytes_) || page_bytes_ < 512 || page_bytes_ > 65536) {
      return false;
    }
    salt_ = {big_endian(header, 16), big_endian(header, 20)};
    big_endian_words_ = has_big_endian_checksums(header);
    checksum_.add(header.substr(0, 24), big_endian_words_);
    return checksum_.stands_at(header, 24);
  }

  /// Frames from before the log was begun anew have other salts, both of them; one salt alone is a damaged frame's.
  [[nodiscard]] bool is_of_this_log(std::string_view frame) const {
    return big_endian(frame, 8) == salt_[0] || big_endian(frame, 12) == salt_[1];
  }

  bool take(std::string_view frame) {
    if (big_endian(frame, 8) != salt_[0] || big_endian(frame, 12) != salt_[1] || big_endian(frame, 0) == 0)
      return false;
    checksum_.add(frame.substr(0, 8), big_endian_words_);
    checksum_.add(frame.substr(frame_header_bytes), big_endian_words_);
    if (!checksum_.stands_at(frame, 16)) return false;
    tail_ = is_commit(frame) ? LogTail::whole : LogTail::torn;
    return true;
  }

  /// Such a frame holds the number of pages after its transaction, others hold none.
  [[nodiscard]] static bool is_commit(std::string_view frame) { return big_endian(frame, 4) != 0; }

  /// A transaction is begun after the one before is on the disk: a frame behind a commit shows that it was.
  void leave(std::string_view frame) {
    if (!is_of_this_log(frame)) return;
    tail_ = committed_ ? LogTail::lost : LogTail::torn;
    committed_ = committed_ || is_commit(frame);
  }

  std::ifstream stream_;
  std::ifstream database_;
  std::uint32_t page_bytes_ = 0;
  std::array<std::uint32_t, 2> salt_{};
  bool big_endian_words_ = false;
  Checksum checksum_;
  LogTail tail_ = LogTail::whole;
  bool committed_ = false;          ///< one of the frames left out commits
  std::int64_t behind_commit_ = 0;  ///< the number of the frame that follows the last sound commit
  std::int64_t first_left_ = -1;    ///< of the first one that is not sound
};

}  // namespace

LogTail look_at_log(const std::filesystem::path& file) { return Log(file).tail(); }

}  // namespace candor::store
