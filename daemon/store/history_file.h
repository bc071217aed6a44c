#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "daemon/store/database.h"

namespace candor::store {

/// The roll-ups of one length, and how long they are kept. Lengths are whole minutes.
struct HistoryTier {
  Duration length{};
  Duration kept{};
};

/// Two roll-ups of the same probe as one. `kept` is what stands in the file, which may be damaged.
using MergeRollUps = std::function<std::string(std::string_view kept, std::string_view added)>;

/// What one probe did in a time that the context names; what the bytes say is no matter of this room.
struct ProbeRollUp {
  std::string probe;
  std::string body;
};

struct HistoryRow {
  Instant begin{};
  std::string body;
};

/// The SQLite file of the probes' history. Unlike the journal it may lose its end at a loss of power. Roll-ups are
/// written to the first tier; those of the longer ones are merged of them once their time has ended, so that a row is
/// not written anew each minute. Everything throws DatabaseError. Thread: one at a time.
class HistoryFile {
 public:
  /// Opens the file, or makes it, for nobody else to read. The first tier is the shortest, and each other a multiple of
  /// it.
  HistoryFile(const std::filesystem::path& file, std::vector<HistoryTier> tiers, MergeRollUps merge);

  /// Merges roll-ups of the first tier's length into its rows, all of them or none.
  void add(Instant begin, std::span<const ProbeRollUp> roll_ups);
  /// Merges into the longer tiers what their times that have ended at `now` lack, of one time of the second tier;
  /// nothing or all of it. Answers whether there may be more.
  bool fold(Instant now);
  /// Deletes up to `most` rows of each tier that have outlived it by `now`; when there is nothing to fold. Answers
  /// whether there may be more.
  bool prune(Instant now, std::size_t most);
  /// The rows of one probe in the tier of this length whose times end after `from` and begin before `to`, oldest first,
  /// with what was added and not yet merged; of a longer span than is kept, the last part.
  [[nodiscard]] std::vector<HistoryRow> read(const std::string& probe, Duration length, Instant from, Instant to);
  /// Whether anything is kept of it.
  [[nodiscard]] bool knows(const std::string& probe);
  /// When the last row of the first tier begins.
  [[nodiscard]] std::optional<Instant> last();

 private:
  void check_and_create();
  void merge_into(const HistoryTier& tier, std::int64_t begin,
                  std::span<const std::pair<std::int64_t, std::string>> rows);
  [[nodiscard]] std::vector<std::int64_t> unmerged(std::int64_t from, std::int64_t to);
  void add_unmerged(std::map<std::int64_t, std::string>& rows, std::int64_t id, const HistoryTier& tier,
                    std::int64_t first, std::int64_t last);

  Database database_;
  std::vector<HistoryTier> tiers_;
  MergeRollUps merge_;
};

/// Renames a damaged file to `file`.damaged, in place of one from before; a log beside it goes with it.
void set_aside(const std::filesystem::path& file);

}  // namespace candor::store
