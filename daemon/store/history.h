#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "daemon/store/history_file.h"

namespace candor::store {

/// Keeps the roll-ups of probes, on a thread of its own: nobody waits for its disk. What the disk refuses is lost, and
/// the next minute is tried again; a damaged file is set aside (history_file.h) and a new one begun. Thread: any, but
/// for the functions given.
class History {
 public:
  struct Options {
    std::filesystem::path file;
    std::vector<HistoryTier> tiers;  ///< the shortest first
    MergeRollUps merge;              ///< called on the history's thread
  };
  /// Starts the thread, which opens the file.
  explicit History(Options options);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Keeps what `roll_ups` answers, of the shortest tier's length; it is called on the history's thread. Afterwards
  /// rows that have outlived their tier by `begin` are deleted, step by step; after a `begin` that is a day or more
  /// later than the one before, only when an hour has been added since, in case a clock was set wrongly. While a slow
  /// disk has more than five minutes to write, the newest is dropped.
  void add(Instant begin, std::move_only_function<std::vector<ProbeRollUp>()> roll_ups);

  struct Question {
    std::string probe;
    Duration length{};
    Instant from{};
    Instant to{};
  };
  struct Answer {
    bool known = false;  ///< something is kept of this probe, at whatever time
    std::vector<HistoryRow> rows;
  };
  /// What is kept, with all that was added before; `done` is called on the history's thread, and not after close().
  /// Errors: the file cannot be read; too many questions wait, or it is closed, which is told at once.
  void ask(Question question, std::move_only_function<void(Result<Answer>)> done);

  struct Trouble {
    std::string what;  ///< a sentence with what to do
    Instant since{};
  };
  /// Why nothing is kept now.
  [[nodiscard]] std::optional<Trouble> trouble() const;

  /// Writes what was added, but begins nothing after `patience`, and ends the thread; later calls do nothing.
  void close(Duration patience);

 private:
  struct Add {
    Instant begin{};
    std::move_only_function<std::vector<ProbeRollUp>()> roll_ups;
  };
  struct Ask {
    Question question;
    std::move_only_function<void(Result<Answer>)> done;
  };
  using Job = std::variant<Add, Ask>;

  void run();
  [[nodiscard]] bool wait_for_work();
  [[nodiscard]] std::optional<Job> take();
  [[nodiscard]] std::string_view put(Job& job, std::size_t most);
  void carry_out(Add add);
  void carry_out(Ask ask);
  void tidy();
  [[nodiscard]] bool may_prune(Instant now);
  [[nodiscard]] std::string attempt(const std::function<void(HistoryFile&)>& work);
  void open();
  void set_damaged_aside(const std::string& what);
  void report(std::string trouble);

  const Options options_;

  // The thread's own.
  std::unique_ptr<HistoryFile> file_;
  std::optional<Instant> latest_;     ///< minute that was added
  std::size_t doubtful_minutes_ = 0;  ///< how many more the clock is not believed
  std::optional<Instant> tidies_at_;  ///< while there may be something to fold or to prune
  bool prunes_ = false;
  std::string untidy_;  ///< why that fails

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::optional<Stopwatch> closing_since_;
  Duration patience_{};
  std::optional<Trouble> trouble_;

  std::thread thread_;
};

}  // namespace candor::store
