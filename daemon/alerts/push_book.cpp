#include "daemon/alerts/push_book.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace candor::alerts {
namespace {

using rules::Health;

/// One call of sweep() stays in the order of a millisecond.
constexpr std::size_t most_signals_a_sweep = 1000;
/// Between two rounds over all alerts, so that a round's work stays at about one percent of the time.
constexpr Duration least_rest = std::chrono::seconds{1};
constexpr std::size_t alerts_a_rest_ms = 10;
/// What is over is remembered this long, and in any case until its observation was taken in: a replica may see the end
/// that much later.
constexpr Duration expired_kept = std::chrono::minutes{5};
/// A script that moves its alert's end away again and again is news this often.
constexpr Duration between_journalled_ends = std::chrono::minutes{5};
/// A word may be late once.
constexpr int enough_late = 2;

const std::string source = "push";

/// Alertmanager merges alerts whose times overlap; others begin anew (provider/mem/mem.go).
bool overlap(Instant start, Instant end, Instant known_start, Instant known_end) {
  return (end > known_start && end < known_end) || (start > known_start && start < known_end);
}

/// Whether what is seen goes on with what is known; it is then both.
bool merge(const rules::Signal& known, const Expiry& before, rules::Observation& seen, Expiry& next) {
  const Instant known_start = known.alert->starts_at;
  if (!overlap(seen.alert->starts_at, next.ends_at, known_start, before.ends_at)) return false;
  seen.alert->starts_at = std::min(seen.alert->starts_at, known_start);
  // A time that a sender has named outlasts one that nobody has, but not the next word of who repeats itself.
  const bool says_it_again = before.rounded && next.fixed && before.ends_at - next.ends_at <= between_journalled_ends;
  if (before.ends_at > next.ends_at && before.fixed && !says_it_again) {
    next.ends_at = before.ends_at;
    next.timeout = false;
    next.fixed = true;
    next.rounded = before.rounded;
  }
  return true;
}

LateEnds::Key of_one_outbreak(LateEnds::Key alert, Instant starts_at) {
  alert.check ^= static_cast<std::uint64_t>(to_ms(starts_at)) * 0x9E3779B97F4A7C15ULL;
  return alert;
}

/// What to journal of an end that a script names: no earlier one, and the `known` one while that is not far off.
Instant journalled_end(Instant end, std::optional<Instant> known) {
  if (!known || *known > end + between_journalled_ends) return end;
  return *known >= end ? *known : end + between_journalled_ends;
}

std::uint32_t speaker_of(std::string_view generator_url) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(authority_of(generator_url)));
}

}  // namespace

PushBook::PushBook(Instant start, Duration resolve_timeout)
    : waits_from_(start),
      resolve_timeout_(resolve_timeout),
      senders_(start),
      earliest_(start + resolve_timeout),
      due_(start + resolve_timeout) {}

PushBook::Key PushBook::key_of(const Labels& labels) {
  std::uint64_t check = 0x9E3779B97F4A7C15ULL;
  const auto add = [&check](std::string_view text) {
    check = (check ^ std::hash<std::string_view>{}(text)) * 0xBF58476D1CE4E5B9ULL;
    check ^= check >> 31U;
  };
  for (const auto& [name, value] : labels) {
    add(name);
    add(value);
  }
  return {labels.fingerprint(), check};
}

PushStep PushBook::observe(std::vector<Alert> alerts, const rules::Signals& signals, Instant now) {
  PushStep step;
  for (Alert& alert : alerts) take(std::move(alert), signals, now, step);
  return step;
}

void PushBook::take(Alert alert, const rules::Signals& signals, Instant now, PushStep& step) {
  const bool repeats = !alert.generator_url.empty();
  if (repeats) senders_.heard(alert.generator_url, now, step.senders);
  if (repeats && alert.starts_at > now) {
    senders_.is_ahead(alert.generator_url, alert.starts_at - now, now, step.found);
  }
  const Key key = key_of(alert.labels);
  Expiry next{.ends_at = alert.ends_at.value_or(now + resolve_timeout_),
              .updated_at = now,
              .timeout = !alert.ends_at,
              .fixed = alert.ends_at && !repeats,
              .began = repeats ? alert.starts_at : Instant{}};
  const Instant told = alert.ends_at.value_or(Instant{});
  rules::Observation seen = fires(source, std::move(alert));
  const auto found = signals.find(seen.id);
  const rules::Signal* known = found != signals.end() ? &found->second : nullptr;
  const std::optional<Expiry> before = expiry(key, known);
  const bool believed = before && before->ends_at > now;
  if (repeats) {
    next.words = with({told, now, speaker_of(seen.alert->generator_url)}, before);
    const std::optional<Expiry> weighed = weigh(key, next, before, seen.alert->generator_url, now, step);
    if (!weighed) return;
    next = *weighed;
  }
  if (next.ends_at <= now) {
    // It may be believed without being known: the same push, or one that was not taken in, spoke of it.
    if (known == nullptr && !believed) return;
    if (believed && is_of_an_earlier_outbreak(next, *before, now)) return;
    expiries_[key] = next;
    const Instant end = repeats ? told : next.ends_at;
    std::string evidence = fmt::format("its sender says that it ended at {}", format_for_people(end));
    step.seen.push_back(ended(std::move(seen.id), std::move(evidence)));
    return;
  }
  const bool goes_on = before && known != nullptr && known->alert && merge(*known, *before, seen, next);
  // A start that lies ahead was told by a clock that has been set back since.
  if (believed && before->began <= now) next.began = std::max(next.began, before->began);
  if (next.began > seen.alert->starts_at) seen.alert->began_again = next.began;
  if (next.fixed) {
    seen.alert->ends_at = journalled_end(next.ends_at, goes_on ? known->alert->ends_at : std::nullopt);
  }
  // One that this push has ended begins again, whatever is known of it still.
  const bool news = known == nullptr || !believed || novelty(*known, seen) != Novelty::nothing;
  expiries_[key] = next;
  look_at(next.ends_at);
  if (news) step.seen.push_back(std::move(seen));
}

std::optional<Expiry> PushBook::weigh(const Key& key, Expiry next, const std::optional<Expiry>& before,
                                      std::string_view generator_url, Instant now, PushStep& step) {
  if (next.ends_at > now) return weigh_what_is_ahead(next, before, generator_url, now, step);
  const Word& word = next.words[0];
  const LateEnds::Heard late = late_.hear(of_one_outbreak(key, next.began), word.told, now);
  if (fires_by_a_clock_behind(late, next, before, now)) {
    senders_.is_behind(generator_url, now - word.told, now, step.found);
    next.ends_at = now + resolve_timeout_;
    next.timeout = true;
    return next;
  }
  // One that is repeated ends nothing where another has said since that the alert fires.
  const bool another =
      before && before->ends_at > now && before->words[0].speaker != 0 && before->words[0].speaker != word.speaker;
  if (another && late.first < now && late.first <= before->updated_at) return std::nullopt;
  return next;
}

Expiry PushBook::weigh_what_is_ahead(Expiry next, const std::optional<Expiry>& before, std::string_view generator_url,
                                     Instant now, PushStep& step) {
  Word& word = next.words[0];
  const bool believed = before && before->ends_at > now;
  const Duration ahead = next.ends_at - now;
  const bool behind = ahead < time_to_repeat && senders_.is_known_to_be_behind(generator_url, now);
  next.over = was_repeated(word, now);
  const bool ended = has_ended(next, before, behind, now) || (next.over && !believed);
  if (ended) next.ends_at = now;
  if (ended || next.over || ahead >= time_to_repeat) {
    word.late = 0;
    return next;
  }
  const Word* const previous = before ? before->word_of(word.speaker) : nullptr;
  const bool fires = goes_on(previous, word.told, now);
  if (fires) {
    const Duration between = now - previous->since;
    word.late = ahead < between ? static_cast<std::uint16_t>(std::min(word.late + 1, enough_late)) : std::uint16_t{0};
    if (word.late == enough_late) senders_.is_behind(generator_url, now - word.told, now, step.found);
    if (ahead >= 2 * between) return next;
  }
  if (!fires && !behind) {
    // The end that the next word confirms, or a word by a clock that was set: nothing yet.
    if (believed && before->ends_at > next.ends_at) {
      next.ends_at = before->ends_at;
      next.timeout = before->timeout;
    }
    return next;
  }
  next.ends_at = now + resolve_timeout_;
  next.timeout = true;
  return next;
}

void PushBook::look_at(Instant instant) {
  earliest_ = std::min(earliest_.value_or(instant), instant);
  if (!resume_at_) due_ = std::max(*earliest_, rest_until_);
}

Expiry PushBook::unrefreshed(const rules::Signal& signal) const {
  Expiry end{.ends_at = waits_from_ + resolve_timeout_, .updated_at = signal.since, .timeout = true};
  if (!signal.alert) return end;
  if (!signal.alert->generator_url.empty()) end.began = signal.alert->began_again.value_or(signal.alert->starts_at);
  if (signal.alert->ends_at > end.ends_at) {
    end.ends_at = *signal.alert->ends_at;
    end.timeout = false;
    end.fixed = end.rounded = true;
  }
  return end;
}

std::optional<Expiry> PushBook::expiry(const Key& key, const rules::Signal* known) const {
  if (const auto found = expiries_.find(key); found != expiries_.end()) return found->second;
  return known != nullptr ? std::optional{unrefreshed(*known)} : std::nullopt;
}

void PushBook::clock_set(Duration by) {
  waits_from_ += by;
  rest_until_ += by;
  for (auto& [key, expiry] : expiries_) {
    expiry.updated_at += by;
    for (Word& word : expiry.words) word.since += by;
    if (!expiry.fixed) expiry.ends_at += by;
  }
  senders_.clock_set(by);
  late_.clock_set(by);
  // Some ends are nearer now, and some further away.
  resume_at_.reset();
  if (due_) due_ = earliest_ = rest_until_;
}

void PushBook::heard_nothing(Instant since, Instant now) {
  waits_from_ = now;
  std::erase_if(expiries_, [since](const auto& entry) { return entry.second.ends_at > since; });
}

Expiry PushBook::expiry(const Labels& labels, const rules::Signal& signal) const {
  return *expiry(key_of(labels), &signal);
}

std::set<std::string> senders_of(const rules::Signals& signals) {
  std::set<std::string> senders;
  for (const auto& [id, signal] : alerts_of(signals, source)) {
    if (signal.alert) senders.insert(push_sender(authority_of(signal.alert->generator_url)));
  }
  return senders;
}

PushStep PushBook::sweep(const rules::Signals& signals, Instant now) {
  PushStep step;
  if (!due_ || *due_ > now) return step;
  if (!resume_at_) {
    earliest_.reset();
    round_alerts_ = 0;
    overdue_.clear();
  }
  const auto all = alerts_of(signals, source);
  auto signal = resume_at_ ? signals.lower_bound(*resume_at_) : all.begin();
  for (std::size_t looked = 0; signal != all.end() && looked < most_signals_a_sweep; ++signal, ++looked) {
    judge(signal->first, signal->second, now, step);
    ++round_alerts_;
  }
  if (signal != all.end()) {
    resume_at_ = signal->first;
    due_ = now;
  } else {
    end_round(now, step);
  }
  return step;
}

void PushBook::judge(const rules::SignalId& id, const rules::Signal& signal, Instant now, PushStep& step) {
  if (signal.health == Health::unknown || signal.health == Health::ok) return;
  const Key key = key_of(id.labels);
  const auto found = expiries_.find(key);
  const Expiry end = found != expiries_.end() ? found->second : unrefreshed(signal);
  earliest_ = std::min(earliest_.value_or(end.ends_at), end.ends_at);
  if (end.ends_at > now) return;
  overdue_.insert(key);
  if (!signal.alert || signal.alert->generator_url.empty() || end.over) {
    const std::string instant = format_for_people(end.ends_at);
    step.seen.push_back(ended(id, end.timeout ? fmt::format("nobody has repeated it by {}", instant)
                                              : fmt::format("it ended at {}, as its sender had said", instant)));
    return;
  }
  const std::string& generator_url = signal.alert->generator_url;
  const bool spoke = found != expiries_.end();
  senders_.missed(generator_url, spoke ? end.ends_at - end.updated_at : Duration{0});
  step.seen.push_back(
      unheard(id, senders_.silence(generator_url, spoke ? std::optional{end.updated_at} : std::nullopt)));
}

void PushBook::end_round(Instant now, PushStep& step) {
  resume_at_.reset();
  if (const auto next = senders_.fell_silent(now, step.senders)) earliest_ = std::min(earliest_.value_or(*next), *next);
  // What expired was handed over above; should it not have been taken in, a later round sees it again.
  std::erase_if(expiries_, [&](const auto& entry) {
    return entry.second.ends_at + expired_kept < now && !overdue_.contains(entry.first);
  });
  rest_until_ = now + least_rest + Duration{static_cast<std::int64_t>(round_alerts_ / alerts_a_rest_ms)};
  due_.reset();
  if (earliest_) due_ = std::max(*earliest_, rest_until_);
}

}  // namespace candor::alerts
