#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/time.h"
#include "daemon/store/journal.h"
#include "daemon/store/records.h"

namespace candor::store {

/// The journal's thread: takes all that has queued up, writes it in one transaction, and then says so, in order. What
/// the disk refuses is tried again each second, before anything newer.
class Writer {
 public:
  struct Append {
    Batch batch;
    std::move_only_function<void(Batch)> durable;
  };
  struct Snapshot {
    std::string state;
  };
  struct Prune {
    Instant before{};
    Instant now{};
  };
  using Job = std::variant<Append, Snapshot, Prune>;

  /// What is looked after on its thread from the first job done on, unless the disk refuses, and at
  /// its end.
  struct Keeping {
    Duration every{};
    /// That it was at work so long ago, with all that comes there taken in.
    std::function<void(std::uint64_t sequence, Duration ago)> sign;
    std::function<bool()> in_place;                 ///< whether the journal's files are where they were opened
    std::function<Result<void>()> put_back;         ///< where they are not; no statements of the writer's are there
    std::function<void()> committed;                ///< after each transaction
    int longest_log = 0;                            ///< in pages
    Duration longest_write = store::longest_write;  ///< what takes longer may have kept something out
  };
  /// `file` is for messages. The database is the writer's until close().
  Writer(Database& database, std::string file, Duration longest_wait, Keeping keeping);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Starts the thread; `sequence` is of the last event there is. Throws DatabaseError.
  void start(std::uint64_t sequence);
  void put(Job job);
  void on_health(std::move_only_function<void(const std::string& trouble)> callback);
  void close(Duration patience);

  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t queued() const { return queued_; }
  [[nodiscard]] Instant log_held_since() const { return log_held_since_; }

 private:
  void run();
  void take_queued();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  bool write_taken();
  void write(const Append& append);
  void write(const Snapshot& snapshot);
  void write(const Prune& prune);
  void finish_taken();
  void report(std::string trouble);
  bool wait_to_retry();
  void keep();
  void sign();
  [[nodiscard]] bool is_in_doubt();
  void put_back();
  void move_log();
  void tell_of_log(int pages, const std::string& error);
  [[nodiscard]] Duration until_keeping() const;
  [[nodiscard]] Duration closing_for();
  [[nodiscard]] std::optional<Duration> until_log() const;
  [[nodiscard]] const std::string& lasting_trouble() const { return displaced_.empty() ? stuck_log_ : displaced_; }

  Database& database_;
  const std::string file_;
  const Duration longest_wait_;
  const Keeping keeping_;
  std::thread thread_;

  // The thread's own.
  std::optional<Records> records_;  ///< none after files were put back, until the next transaction
  std::vector<Job> taken_;          ///< what the next transaction holds
  std::uint64_t sequence_ = 0;      ///< of the last event written, committed or not
  std::uint64_t committed_ = 0;
  std::vector<Prune> unfinished_;  ///< prunes that have more to delete
  std::string reported_;
  std::optional<Stopwatch> well_;      ///< since a sign was left without a doubt
  std::optional<Stopwatch> in_doubt_;  ///< since something was refused, or may have been, that may not be told
  bool log_is_wide_ = false;           ///< as wide as it gets
  bool log_is_signed_ = false;         ///< a sign was left since there is something in it
  std::optional<Stopwatch> kept_;
  std::string displaced_;           ///< the trouble of files that could not be put back
  std::optional<Stopwatch> stuck_;  ///< since the log could not be moved whole
  std::string file_refuses_;        ///< why, where the file took no writing
  std::string stuck_log_;           ///< the trouble of a log that is far too long for that

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  bool urgent_ = false;  ///< something in the queue cannot wait
  std::optional<Stopwatch> closing_since_;
  Duration patience_{};  ///< how long a closing writer goes on retrying

  std::mutex health_mutex_;  ///< of its own: the callback may append
  std::move_only_function<void(const std::string&)> health_;

  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> events_ = 0;
  std::atomic<std::uint64_t> queued_ = 0;
  std::atomic<Instant> log_held_since_{};
};

}  // namespace candor::store
