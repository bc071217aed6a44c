#pragma once

#include <cstdint>
#include <filesystem>

namespace candor::store {

/// How a SQLite write-ahead log ends (https://www.sqlite.org/fileformat.html#the_write_ahead_log).
enum class LogTail : std::uint8_t {
  whole,  ///< with a commit
  torn,   ///< its last transaction is not whole, as a kill or a loss of power cuts it short, and in the log alone
  mixed,  ///< the same, and the database has a page as it has it: by chance, or it was committed and damaged since
  lost,   ///< with transactions that were committed and cannot be read: SQLite ignores what follows a damaged frame
  cut,    ///< earlier than it did: some of its length is gone, and what was there (look_at_log() cannot know)
};

/// Whether the database may have pages of a transaction that its log has not, beside those of an earlier one. After a
/// kill or a loss of power it has none: what was not committed is in the log only.
[[nodiscard]] constexpr bool mixes_commits(LogTail tail) { return tail != LogTail::whole && tail != LogTail::torn; }

/// Whether it shows that something is lost which was committed. That of `mixed` does not.
[[nodiscard]] constexpr bool loses_commits(LogTail tail) { return tail == LogTail::lost || tail == LogTail::cut; }

/// Reads the log of the database `file` as SQLite will when it is opened. Call it before: opening writes over what it
/// ignores. A log that is missing or cannot be read counts as whole: SQLite says so itself.
[[nodiscard]] LogTail look_at_log(const std::filesystem::path& file);

}  // namespace candor::store
