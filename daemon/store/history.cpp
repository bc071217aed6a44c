#include "daemon/store/history.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/priority.h"

namespace candor::store {
namespace {

constexpr std::size_t most_minutes_waiting = 5;
constexpr std::size_t most_questions_waiting = 16;
constexpr std::size_t most_pruned_at_once = 5'000;
constexpr Duration odd_jump = std::chrono::days{1};
constexpr std::size_t minutes_of_doubt = 60;

}  // namespace

History::History(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

History::~History() { close(Duration{0}); }

/// Takes the job, or answers why not.
std::string_view History::put(Job& job, std::size_t most) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_since_) return "candord is stopping";
    const auto waiting = std::ranges::count(queue_, job.index(), &Job::index);
    if (static_cast<std::size_t>(waiting) >= most) return "as much is waiting for the disk as may be";
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return {};
}

void History::add(Instant begin, std::move_only_function<std::vector<ProbeRollUp>()> roll_ups) {
  Job job{Add{begin, std::move(roll_ups)}};
  const std::string_view refusal = put(job, most_minutes_waiting);
  if (refusal.empty()) return;
  log::warning("history_minute_lost", {{"begin", format_rfc3339(begin)}}, std::string{refusal});
}

void History::ask(Question question, std::move_only_function<void(Result<Answer>)> done) {
  Job job{Ask{std::move(question), std::move(done)}};
  const std::string_view refusal = put(job, most_questions_waiting);
  if (!refusal.empty()) std::get<Ask>(job).done(failure(fmt::format("the history does not answer: {}", refusal)));
}

std::optional<History::Trouble> History::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void History::close(Duration patience) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_since_) closing_since_.emplace();
    patience_ = patience;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void History::run() {
  give_way();
  report(attempt([this](HistoryFile& file) { latest_ = file.last(); }));
  while (wait_for_work()) {
    try {
      if (std::optional<Job> job = take()) std::visit([this](auto& it) { carry_out(std::move(it)); }, *job);
      if (tidies_at_) tidy();
    } catch (const std::exception& error) {
      // The root of the thread: this work failed, the next may not.
      tidies_at_.reset();
      report(fmt::format("the history of probes is not kept: {}", error.what()));
    }
  }
  file_.reset();
}

/// Whether there is any: not once it is closing and all is done, or its patience over.
bool History::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return closing_since_ || !queue_.empty() || tidies_at_; });
  if (!closing_since_) return true;
  tidies_at_.reset();
  if (queue_.empty() || closing_since_->elapsed() <= patience_) return !queue_.empty();
  const std::string jobs = std::to_string(queue_.size());
  lock.unlock();
  log::warning("history_closed_unwritten", {{"jobs", jobs}}, "the disk is slow, and candord is ending");
  return false;
}

std::optional<History::Job> History::take() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  Job job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void History::carry_out(Add add) {
  const std::vector<ProbeRollUp> roll_ups = add.roll_ups();
  const std::string trouble = attempt([&](HistoryFile& file) { file.add(add.begin, roll_ups); });
  prunes_ = may_prune(add.begin);
  if (trouble.empty()) tidies_at_ = add.begin;
  report(trouble.empty() ? untidy_ : trouble);
}

/// A step of what nobody waits for, so one after each job, and the others when there is nothing else to do.
void History::tidy() {
  bool more = false;
  const bool was_untidy = !untidy_.empty();
  untidy_ = attempt([&](HistoryFile& file) {
    more = file.fold(*tidies_at_) || (prunes_ && file.prune(*tidies_at_, most_pruned_at_once));
  });
  if (was_untidy || !untidy_.empty()) report(untidy_);
  if (!more) tidies_at_.reset();
}

/// Whether the clock is believed, or somebody has set it far ahead, perhaps wrongly.
bool History::may_prune(Instant now) {
  if (latest_ && now - *latest_ > odd_jump) doubtful_minutes_ = minutes_of_doubt;
  latest_ = now;
  if (doubtful_minutes_ == 0) return true;
  --doubtful_minutes_;
  return false;
}

void History::carry_out(Ask ask) {
  Answer answer;
  const Question& asked = ask.question;
  const std::string trouble = attempt([&](HistoryFile& file) {
    answer = {file.knows(asked.probe), file.read(asked.probe, asked.length, asked.from, asked.to)};
  });
  if (trouble.empty()) return ask.done(std::move(answer));
  ask.done(failure(trouble));
}

/// Does the work on the file, which is opened first where it is not; where it turns out to be damaged, on a new one.
/// Answers what is in the way, in a sentence.
std::string History::attempt(const std::function<void(HistoryFile&)>& work) {
  for (bool again = false;; again = true) {
    try {
      open();
      work(*file_);
      return {};
    } catch (const DatabaseError& error) {
      file_.reset();
      if (error.kind() == DatabaseError::Kind::corrupt && !again) {
        set_damaged_aside(error.what());
        continue;
      }
      return fmt::format("the history of probes is not kept: {} cannot be used ({}); {}. The watch goes on",
                         options_.file.string(), error.what(),
                         advice(error.kind(), "move the file away, and candord begins a new one"));
    }
  }
}

void History::open() {
  std::error_code ignored;
  if (file_ && !std::filesystem::exists(options_.file, ignored)) {
    log::warning("history_lost", {{"file", options_.file.string()}},
                 "somebody moved or deleted the history of probes; it begins anew");
    file_.reset();
  }
  if (!file_) file_ = std::make_unique<HistoryFile>(options_.file, options_.tiers, options_.merge);
}

void History::set_damaged_aside(const std::string& what) {
  const std::string file = options_.file.string();
  set_aside(options_.file);
  log::warning("history_set_aside", {{"file", file}, {"to", file + ".damaged"}},
               fmt::format("the history of probes is damaged ({}) and begins anew", what));
}

/// One line when it begins and one when it ends.
void History::report(std::string trouble) {
  const std::string file = options_.file.string();
  {
    const std::lock_guard lock(mutex_);
    if (trouble.empty() == !trouble_) return;
    trouble_ = trouble.empty() ? std::nullopt : std::optional{Trouble{trouble, wall_now()}};
  }
  if (trouble.empty()) {
    log::info("history_works_again", {{"file", file}});
  } else {
    log::error("history_stopped", {{"file", file}}, trouble);
  }
}

}  // namespace candor::store
