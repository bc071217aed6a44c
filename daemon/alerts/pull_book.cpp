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
    : source_(std::move(source)), shown_(std::move(shown)), every_(every), start_(start), patient_since_(start) {}

PullStep PullBook::answered(std::vector<PulledAlert> alerts, const rules::Signals& signals, Instant now,
                            const std::vector<Labels>& unreadable) {
  PullStep step;
  answered_at_ = patient_since_ = now;
  failures_ = 0;
  failure_.clear();
  silent_ = false;
  if (reported_ != true) step.source = {source_, true, shown_ + " answers"};

  put_in_order(alerts);
  missed_now_.clear();
  told_now_.clear();
  for (const PulledAlert& alert : alerts) note_end(alert, now);
  refreshed_ = false;
  const bool may_refresh = has_passed(refreshed_at_, between_refreshes, now);
  const auto known = alerts_of(signals, source_);
  auto signal = known.begin();
  auto alert = alerts.begin();
  while (signal != known.end() || alert != alerts.end()) {
    if (alert == alerts.end() || (signal != known.end() && signal->first.labels < alert->alert.labels)) {
      if (!may_be_one_of(unreadable, signal->first.labels)) miss(*signal, now, step);
      ++signal;
    } else if (signal == known.end() || alert->alert.labels < signal->first.labels) {
      if (alert->state == State::firing) step.seen.push_back(fires(source_, std::move(alert->alert)));
      ++alert;
    } else {
      if (alert->state == State::suppressed) {
        if (missed_twice(signal->first, now)) {
          step.seen.push_back(ended(signal->first, "it is silenced or inhibited in " + shown_));
        }
      } else {
        compare(std::move(*alert), *signal, may_refresh, step);
      }
      ++signal;
      ++alert;
    }
  }
  missed_.swap(missed_now_);
  told_.swap(told_now_);
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

void PullBook::miss(const rules::Signals::value_type& known, Instant now, PullStep& step) {
  const auto& [id, signal] = known;
  const std::optional<Instant> end = ran_out(known);
  if (!missed_twice(id, now)) return;
  if (!end) {
    step.ending.push_back(ended(id, fmt::format("it is no longer among the alerts of {}", shown_)));
    return;
  }
  if (signal.health == Health::unknown && signal.alert->ends_at == end) return;
  rules::Observation seen = unheard(
      id, fmt::format("it ran out in {} at {}, and nobody has said that it ended", shown_, format_for_people(*end)));
  seen.alert = signal.alert;
  seen.alert->ends_at = end;
  step.seen.push_back(std::move(seen));
}

bool PullBook::missed_twice(const rules::SignalId& id, Instant now) {
  const auto before = missed_.find(id);
  const Instant since = before != missed_.end() ? std::min(before->second, now) : now;
  missed_now_.emplace(id, since);
  return before != missed_.end() && now - since >= every_ / 2;
}

void PullBook::note_end(const PulledAlert& pulled, Instant now) {
  const Alert& alert = pulled.alert;
  if (!alert.ends_at || alert.generator_url.empty()) return;
  const Duration believed = pulled.updated_at ? *alert.ends_at - *pulled.updated_at : 2 * every_;
  told_now_[alert.labels.fingerprint()] = {*alert.ends_at, std::max(believed, Duration{0}), now};
}

std::optional<Instant> PullBook::ran_out(const rules::Signals::value_type& known) {
  const auto& [id, signal] = known;
  if (!signal.alert) return std::nullopt;
  if (signal.health == Health::unknown && signal.alert->ends_at) return signal.alert->ends_at;
  const auto found = told_.find(id.labels.fingerprint());
  if (found == told_.end()) return std::nullopt;
  told_now_.insert(*found);
  const auto& [ends_at, believed, named] = found->second;
  // Its sender speaks four times in the time that it is believed for.
  const Duration slack = std::clamp(every_, believed / 4, believed / 2);
  return named >= ends_at - slack ? std::optional{ends_at} : std::nullopt;
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

std::string PullBook::silence() const {
  if (!silent_) return {};
  const std::string since =
      answered_at_ ? fmt::format("has not told its alerts since {}", format_for_people(*answered_at_))
                   : fmt::format("has not told its alerts since candord first asked at {}", format_for_people(start_));
  return fmt::format("{} {}: {}", shown_, since, failure_.empty() ? "the request is still waiting" : failure_);
}

PullStep PullBook::fall_silent(const rules::Signals& signals) {
  silent_ = true;
  missed_.clear();
  const std::string evidence = silence();
  PullStep step;
  for (const auto& [id, signal] : alerts_of(signals, source_)) {
    if (signal.health != Health::unknown) step.seen.push_back(unheard(id, evidence));
  }
  if (reported_ != false) step.source = {source_, false, evidence};
  return step;
}

void PullBook::clock_set(Duration by) {
  start_ += by;
  patient_since_ += by;
  refreshed_at_ += by;
  if (answered_at_) *answered_at_ += by;
  for (auto& [id, since] : missed_) since += by;
  for (auto& [labels, told] : told_) told.named += by;
}

Instant PullBook::silent_at() const { return patient_since_ + std::max<Duration>(3 * every_, least_patience); }

std::optional<Instant> PullBook::due() const { return silent_ ? std::nullopt : std::optional{silent_at()}; }

std::vector<rules::Observation> trusted_ends(std::vector<rules::Observation> ending, const RuleStates& rules) {
  std::erase_if(ending, [&](const rules::Observation& seen) {
    const auto rule = rules.evaluated.find(seen.id.labels.get("alertname"));
    return (rule != rules.evaluated.end() && !rule->second) || rules.active.contains(seen.id.labels);
  });
  return ending;
}

}  // namespace candor::alerts
