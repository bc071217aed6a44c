#include "daemon/alerts/pull_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace candor::alerts {
namespace {

using namespace std::chrono_literals;
using rules::Health;
using State = PulledAlert::State;

constexpr int most_failures = 3;
constexpr Duration least_patience = 15s;
constexpr Duration between_refreshes = 1min;

/// In the order of the signals, each alert once; of several with the same labels one that fires.
void put_in_order(std::vector<PulledAlert>& alerts) {
  std::ranges::sort(alerts, [](const PulledAlert& a, const PulledAlert& b) {
    return std::tie(a.alert.labels, a.state) < std::tie(b.alert.labels, b.state);
  });
  const auto same = [](const PulledAlert& a, const PulledAlert& b) { return a.alert.labels == b.alert.labels; };
  alerts.erase(std::unique(alerts.begin(), alerts.end(), same), alerts.end());
}

/// Whether one of them, of which only these labels could be read, may be the alert with `labels`.
bool may_be_one_of(const std::vector<Labels>& unreadable, const Labels& labels) {
  return std::ranges::any_of(unreadable, [&](const Labels& read) {
    return std::ranges::all_of(read,
                               [&](const Labels::View& label) { return labels.get(label.first) == label.second; });
  });
}

}  // namespace

PullBook::PullBook(std::string source, std::string shown, Duration every, Instant start)
    : source_(std::move(source)), shown_(std::move(shown)), every_(every), start_(start) {}

PullStep PullBook::answered(std::vector<PulledAlert> alerts, const rules::Signals& signals, Instant now,
                            const std::vector<Labels>& unreadable) {
  PullStep step;
  answered_at_ = now;
  failures_ = 0;
  failure_.clear();
  silent_ = false;
  if (reported_ != true) step.source = {source_, true, shown_ + " answers"};

  put_in_order(alerts);
  missed_now_.clear();
  refreshed_ = false;
  const bool may_refresh = now < refreshed_at_ || now - refreshed_at_ >= between_refreshes;
  const auto known = alerts_of(signals, source_);
  auto signal = known.begin();
  auto alert = alerts.begin();
  while (signal != known.end() || alert != alerts.end()) {
    if (alert == alerts.end() || (signal != known.end() && signal->first.labels < alert->alert.labels)) {
      if (!may_be_one_of(unreadable, signal->first.labels)) {
        miss(signal->first, "is no longer among the alerts of", now, step.ending);
      }
      ++signal;
    } else if (signal == known.end() || alert->alert.labels < signal->first.labels) {
      if (alert->state == State::firing) step.seen.push_back(fires(source_, std::move(alert->alert)));
      ++alert;
    } else {
      if (alert->state == State::suppressed) {
        miss(signal->first, "is silenced or inhibited in", now, step.seen);
      } else {
        compare(std::move(*alert), *signal, may_refresh, step);
      }
      ++signal;
      ++alert;
    }
  }
  missed_.swap(missed_now_);
  if (refreshed_) refreshed_at_ = now;
  return step;
}

void PullBook::compare(PulledAlert pulled, const rules::Signals::value_type& known, bool may_refresh, PullStep& step) {
  // A pending alert that fired before fires still: its condition holds, and only its `for` is counted anew.
  if (pulled.state == State::pending && known.second.health == Health::failing) return;
  rules::Observation seen = fires(source_, std::move(pulled.alert));
  const Novelty novel = novelty(known.second, seen);
  if (novel == Novelty::nothing || (novel == Novelty::annotations && !may_refresh)) return;
  refreshed_ = refreshed_ || novel == Novelty::annotations;
  step.seen.push_back(std::move(seen));
}

void PullBook::miss(const rules::SignalId& id, std::string_view why, Instant now,
                    std::vector<rules::Observation>& ends) {
  const auto before = missed_.find(id);
  const Instant since = before != missed_.end() ? std::min(before->second, now) : now;
  missed_now_.emplace(id, since);
  if (before == missed_.end() || now - since < every_ / 2) return;
  ends.push_back(ended(id, fmt::format("it {} {}", why, shown_)));
}

PullStep PullBook::failed(const std::string& why, const rules::Signals& signals, Instant now) {
  missed_.clear();
  failure_ = why;
  failures_ = std::min(failures_ + 1, most_failures);
  return silent_ || failures_ == most_failures || now >= silent_at() ? fall_silent(signals) : PullStep{};
}

PullStep PullBook::waited(const rules::Signals& signals, Instant now) {
  return !silent_ && now >= silent_at() ? fall_silent(signals) : PullStep{};
}

PullStep PullBook::fall_silent(const rules::Signals& signals) {
  silent_ = true;
  missed_.clear();
  const std::string since =
      answered_at_ ? fmt::format("has not told its alerts since {}", format_for_people(*answered_at_))
                   : fmt::format("has not told its alerts since candord first asked at {}", format_for_people(start_));
  const std::string evidence =
      fmt::format("{} {}: {}", shown_, since, failure_.empty() ? "the request is still waiting" : failure_);
  PullStep step;
  for (const auto& [id, signal] : alerts_of(signals, source_)) {
    if (signal.health != Health::unknown) step.seen.push_back(unheard(id, evidence));
  }
  if (reported_ != false) step.source = {source_, false, evidence};
  return step;
}

void PullBook::clock_set(Duration by) {
  start_ += by;
  refreshed_at_ += by;
  if (answered_at_) *answered_at_ += by;
  for (auto& [id, since] : missed_) since += by;
}

Instant PullBook::silent_at() const {
  return answered_at_.value_or(start_) + std::max<Duration>(3 * every_, least_patience);
}

std::optional<Instant> PullBook::due() const { return silent_ ? std::nullopt : std::optional{silent_at()}; }

std::vector<rules::Observation> trusted_ends(std::vector<rules::Observation> ending, const RuleStates& rules) {
  std::erase_if(ending, [&](const rules::Observation& seen) {
    const auto rule = rules.evaluated.find(seen.id.labels.get("alertname"));
    return (rule != rules.evaluated.end() && !rule->second) || rules.active.contains(seen.id.labels);
  });
  return ending;
}

}  // namespace candor::alerts
