#include "daemon/store/writer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace candor::store {
namespace {

/// Bounds a transaction, and with it the time until its first batch is durable.
constexpr std::size_t most_events_at_once = 10'000;
constexpr std::size_t most_jobs_at_once = 10'000;
constexpr std::size_t most_pruned_at_once = 5'000;
/// A log of so many pages is moved into the file when nothing else has come for a while.
constexpr int long_log = 1'000;
/// As often as what it may have in any case: something hinders.
constexpr int far_too_long = 4;
/// Kept ready on the disk, 16 MB: a thousand pages until a lull, and a storm's.
constexpr int wide_log = 4'000;
constexpr Duration lull = std::chrono::milliseconds{50};
constexpr Duration retry_after = std::chrono::seconds{1};

std::string_view advice_for(DatabaseError::Kind kind) {
  const bool damaged = kind == DatabaseError::Kind::corrupt;
  return damaged ? "the file is damaged: stop candord and restore it from a backup"
                 : advice(kind, "look into the state_dir");
}

}  // namespace

Writer::Writer(Database& database, std::string file, Duration longest_wait, Keeping keeping)
    : database_(database), file_(std::move(file)), longest_wait_(longest_wait), keeping_(std::move(keeping)) {}

Writer::~Writer() { close(Duration{0}); }

void Writer::start(std::uint64_t sequence) {
  records_.emplace(database_);
  sequence_ = committed_ = sequence;
  database_.keep_log();
  thread_ = std::thread([this] { run(); });
}

void Writer::put(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_since_) return;
    const auto* append = std::get_if<Append>(&job);
    if (append != nullptr) ++queued_;
    if (append == nullptr || !append->batch.can_wait) urgent_ = true;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Writer::on_health(std::move_only_function<void(const std::string&)> callback) {
  const std::lock_guard lock(health_mutex_);
  health_ = std::move(callback);
}

void Writer::close(Duration patience) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_since_) closing_since_.emplace();
    patience_ = patience;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  records_.reset();
}

void Writer::run() {
  while (true) {
    take_queued();
    if (taken_.empty()) break;
    while (!write_taken()) {
      if (!wait_to_retry()) return;
    }
    finish_taken();
    const bool log_is_new = !log_is_signed_ && database_.log_pages() > 0;
    if (log_is_new || until_keeping() <= Duration{0}) keep();
    const bool tried = stuck_ && stuck_->elapsed() < retry_after;
    if (database_.log_pages() >= keeping_.longest_log && !tried) move_log();
  }
  if (kept_) keep();
}

/// The first sign follows the first job: who fails to start leaves none.
void Writer::keep() {
  put_back();
  sign();
  kept_.emplace();
}

/// Of all that was written, and of when all that came was taken in for the last time: who is closing takes in nothing.
void Writer::sign() {
  Duration ago = closing_for();
  if (!is_in_doubt()) {
    if (ago == Duration{0}) well_.emplace();
  } else if (well_) {
    ago = std::chrono::ceil<Duration>(well_->elapsed());
  } else {
    return;
  }
  log_is_signed_ = log_is_signed_ || database_.log_pages() > 0;
  keeping_.sign(committed_, ago);
}

/// The next start knows of a trouble from an event, which is written after its end and behind what waited, or else from
/// the time of the last sign: a later one would hide it. Where nothing waits a while later, there was no event to
/// write: what took so long kept nothing out.
bool Writer::is_in_doubt() {
  if (!reported_.empty()) return true;
  if (in_doubt_ && queued_ == 0 && in_doubt_->elapsed() >= keeping_.longest_write) in_doubt_.reset();
  return in_doubt_.has_value();
}

Duration Writer::closing_for() {
  const std::lock_guard lock(mutex_);
  return closing_since_ ? std::chrono::duration_cast<Duration>(closing_since_->elapsed()) : Duration{0};
}

void Writer::put_back() {
  std::string trouble;
  if (!keeping_.in_place()) {
    records_.reset();
    if (const Result<void> done = keeping_.put_back(); !done) {
      trouble = done.error().message;
    } else {
      log::error("journal_put_back", {{"file", file_}},
                 "it or its lock was deleted, moved away or replaced while candord worked with it; all that it held is "
                 "there again, in a new file");
    }
    database_.keep_log();
    log_is_wide_ = log_is_signed_ = false;
  }
  if (trouble == displaced_) return;
  displaced_ = std::move(trouble);
  report(lasting_trouble());
}

/// What cannot be moved now stays for the next second. Into a file that is not ours nothing goes.
void Writer::move_log() {
  stuck_.emplace();
  if (!keeping_.in_place()) return;
  const Stopwatch stopwatch;
  std::string error;
  int left = database_.log_pages();
  try {
    left = database_.checkpoint();
    if (left == 0) stuck_.reset();
  } catch (const DatabaseError& failed) {
    error = fmt::format("moving the log of journal {} into it fails ({}); {}", file_, failed.what(),
                        advice_for(failed.kind()));
  }
  (void)keeping_.in_place();  // sees what the file is now, so that what it was before is another's
  if (stopwatch.elapsed() >= keeping_.longest_write) in_doubt_.emplace();
  sign();
  tell_of_log(left, error);
}

void Writer::tell_of_log(int pages, const std::string& error) {
  const bool too_long = pages >= far_too_long * keeping_.longest_log;
  if (!error.empty() && file_refuses_.empty()) log::error("journal_log_not_moved", {{"file", file_}}, error);
  file_refuses_ = error;
  const bool held = too_long && error.empty();
  if (held && log_held_since_.load() == Instant{}) {
    log_held_since_ = wall_now();
    log::warning("journal_log_held", {{"file", file_}, {"pages", std::to_string(pages)}},
                 "the write-ahead log grows, since somebody reads the journal and does not end");
  } else if (!held) {
    log_held_since_ = Instant{};
  }
  stuck_log_ = too_long ? error : std::string{};
  report(lasting_trouble());
}

Duration Writer::until_keeping() const {
  if (!kept_) return {};
  return std::max(keeping_.every - std::chrono::duration_cast<Duration>(kept_->elapsed()), Duration{0});
}

/// Waits for work; takes nothing only when closing with an empty queue.
void Writer::take_queued() {
  std::unique_lock lock(mutex_);
  // A prune with more to delete comes after everything that queued up meanwhile, and ends with the writer.
  if (unfinished_.empty()) wait_for_work(lock);
  if (!urgent_) wake_.wait_for(lock, longest_wait_, [this] { return closing_since_ || urgent_; });
  std::size_t events = 0;
  while (!queue_.empty() && taken_.size() < most_jobs_at_once && events < most_events_at_once) {
    if (const auto* append = std::get_if<Append>(&queue_.front())) events += append->batch.events.size();
    taken_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  urgent_ = !queue_.empty();
  if (!closing_since_) {
    for (const Prune& prune : unfinished_) taken_.emplace_back(prune);
  }
  unfinished_.clear();
}

/// When the log is to be looked after, if nothing else comes.
std::optional<Duration> Writer::until_log() const {
  // Without a page in it there is no log to widen: a transaction that changed nothing writes none.
  const int pages = database_.log_pages();
  if (pages < (log_is_wide_ ? std::min(long_log, keeping_.longest_log) : 1)) return std::nullopt;
  if (!stuck_) return lull;
  return std::max(retry_after - std::chrono::duration_cast<Duration>(stuck_->elapsed()), lull);
}

/// Looks after the log in lulls, and leaves signs of life.
void Writer::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return closing_since_ || !queue_.empty(); };
  while (true) {
    const std::optional<Duration> log = until_log();
    if (!log && !kept_) return wake_.wait(lock, has_work);
    const bool keep_first = kept_ && (!log || until_keeping() <= *log);
    if (wake_.wait_for(lock, keep_first ? until_keeping() : *log, has_work)) return;
    lock.unlock();
    if (keep_first) {
      keep();
    } else if (database_.log_pages() >= std::min(long_log, keeping_.longest_log)) {
      move_log();
    } else {
      log_is_wide_ = !database_.widen_log(wide_log);
    }
    lock.lock();
  }
}

bool Writer::write_taken() {
  sequence_ = committed_;
  unfinished_.clear();
  const Stopwatch stopwatch;
  try {
    if (!records_) records_.emplace(database_);  // they may have been put back
    Transaction transaction(database_);
    for (const Job& job : taken_) std::visit([this](const auto& it) { write(it); }, job);
    if (sequence_ != committed_) records_->set_last_sequence(sequence_);
    transaction.commit();
    keeping_.committed();
  } catch (const DatabaseError& error) {
    report(fmt::format(
        "writing to journal {} fails ({}); {}. What candord has taken in it keeps and writes as soon as it can", file_,
        error.what(), advice_for(error.kind())));
    return false;
  }
  const bool was_well = reported_.empty() && stopwatch.elapsed() < keeping_.longest_write;
  report(lasting_trouble());
  if (was_well && reported_.empty()) {
    in_doubt_.reset();
  } else {
    in_doubt_.emplace();
  }
  return true;
}

void Writer::write(const Append& append) {
  const Batch& batch = append.batch;
  // A delivery that is decided and superseded in one batch is in the outbox before its end takes it out.
  for (const incident::Delivery& delivery : batch.deliveries) records_->add(delivery);
  for (const Attempted& attempted : batch.attempts) records_->record(attempted);
  for (const incident::Event& event : batch.events) records_->add(++sequence_, event);
}

void Writer::write(const Snapshot& snapshot) { records_->add_snapshot(sequence_, snapshot.state); }

void Writer::write(const Prune& prune) {
  if (records_->prune(prune.before, prune.now, most_pruned_at_once)) unfinished_.push_back(prune);
}

void Writer::finish_taken() {
  ++commits_;
  events_ += sequence_ - committed_;
  committed_ = sequence_;
  for (Job& job : taken_) {
    auto* append = std::get_if<Append>(&job);
    if (append == nullptr) continue;
    --queued_;
    if (append->durable) append->durable(std::move(append->batch));
  }
  taken_.clear();
}

void Writer::report(std::string trouble) {
  if (trouble == reported_) return;
  in_doubt_.emplace();
  if (trouble.empty()) {
    log::info("journal_works_again", {{"file", file_}});
  } else {
    log::error("journal_write_failed", {{"file", file_}}, trouble);
  }
  reported_ = std::move(trouble);
  const std::lock_guard lock(health_mutex_);
  if (health_) health_(reported_);
}

/// Whether to try again: yes after a second, unless a closing writer has run out of patience.
bool Writer::wait_to_retry() {
  std::unique_lock lock(mutex_);
  if (!closing_since_) {
    wake_.wait_for(lock, retry_after, [this] { return closing_since_.has_value(); });
    return true;
  }
  const auto left = patience_ - std::chrono::duration_cast<Duration>(closing_since_->elapsed());
  if (left <= Duration{0}) {
    const std::string batches = std::to_string(queued_.load());
    log::error("journal_closed_unwritten", {{"file", file_}, {"batches", batches}},
               "the disk refuses them, and candord is ending");
    return false;
  }
  wake_.wait_for(lock, std::min(left, retry_after));
  return true;
}

}  // namespace candor::store
