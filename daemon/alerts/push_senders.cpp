#include "daemon/alerts/push_senders.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace candor::alerts {
namespace {

constexpr std::size_t most_senders = 1000;
constexpr std::size_t most_authority_bytes = 255;
constexpr Duration behind_kept = std::chrono::minutes{20};
/// What is seldom shown is told for long.
constexpr Duration ahead_kept = std::chrono::hours{6};
constexpr Duration least_ahead_told = std::chrono::minutes{1};

const std::string source = "push";

std::string in_seconds(Duration time) { return format_duration(std::chrono::floor<std::chrono::seconds>(time)); }

Trouble clock_is_behind(const std::string& authority, Duration by, Instant since) {
  const std::string end = by >= Duration{0} ? fmt::format("passed {} ago", in_seconds(by))
                                            : fmt::format("passes in {}, before it repeats them", in_seconds(-by));
  return {fmt::format("the clock of {} is behind candord's: it sends alerts that fire with an end that {}",
                      push_sender(authority), end),
          since};
}

Trouble clock_is_ahead(const std::string& authority, Duration by, Instant since) {
  return {fmt::format("the clock of {} was ahead of candord's: it told of an alert {} before that began; ends that it "
                      "tells are known late here, so set its clock unless that was done since",
                      push_sender(authority), in_seconds(by)),
          since};
}

std::string since_text(Instant last_word, Instant start) {
  return last_word == Instant{} ? fmt::format("before candord started at {}", format_for_people(start))
                                : format_for_people(last_word);
}

}  // namespace

std::string push_sender(std::string_view authority) {
  return authority.empty() ? source : fmt::format("{}:{}", source, authority);
}

std::string_view authority_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  const bool plain = std::ranges::all_of(url, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{".-_:[]"}.find(c) != std::string_view::npos;
  });
  return plain && url.size() <= most_authority_bytes ? url : std::string_view{};
}

PushSenders::Senders::value_type& PushSenders::sender_of(std::string_view generator_url) {
  std::string_view authority = authority_of(generator_url);
  auto found = senders_.find(authority);
  if (found == senders_.end()) {
    if (senders_.size() >= most_senders) authority = {};
    found = senders_.try_emplace(std::string{authority}).first;
  }
  return *found;
}

void PushSenders::heard(std::string_view generator_url, Instant now, std::vector<SourceChange>& changes) {
  auto& [authority, sender] = sender_of(generator_url);
  sender.last_word = now;
  sender.missed = false;
  if (sender.reported == true) return;
  SourceChange change{push_sender(authority), true, "it pushes alerts"};
  if (std::ranges::find(changes, change) == changes.end()) changes.push_back(std::move(change));
}

void PushSenders::missed(std::string_view generator_url, Duration patience) {
  Sender& sender = sender_of(generator_url).second;
  sender.missed = true;
  sender.patience = std::max(sender.patience, patience);
}

std::optional<Instant> PushSenders::fell_silent(Instant now, std::vector<SourceChange>& changes) const {
  std::optional<Instant> earliest;
  for (const auto& [authority, sender] : senders_) {
    if (!sender.missed || sender.reported == false) continue;
    const Instant silent_at = sender.last_word + sender.patience;
    if (silent_at <= now) {
      changes.push_back(
          {push_sender(authority), false, fmt::format("no word since {}", since_text(sender.last_word, start_))});
    }
    const Instant next = std::max(silent_at, now);
    earliest = std::min(earliest.value_or(next), next);
  }
  return earliest;
}

void PushSenders::reported(const SourceChange& change) {
  const std::string_view name = change.source;
  const auto found = senders_.find(name == source ? std::string_view{} : name.substr(source.size() + 1));
  if (found != senders_.end()) found->second.reported = change.answering;
}

void PushSenders::forget(const std::string& sender) {
  if (sender != source) senders_.erase(sender.substr(source.size() + 1));
}

bool PushSenders::is_known(const Skew& skew, Duration kept, Instant now) {
  return skew.at != Instant{} && now - skew.at < kept;
}

bool PushSenders::find(Skew& skew, Duration by, Duration kept, Instant now) {
  const bool known = is_known(skew, kept, now);
  skew = {by, known ? skew.since : now, now};
  return !known;
}

void PushSenders::is_behind(std::string_view generator_url, Duration by, Instant now,
                            std::vector<ClockTrouble>& found) {
  auto& [authority, sender] = sender_of(generator_url);
  if (!find(sender.behind, by, behind_kept, now)) return;
  found.push_back({"sender_clock_behind", clock_is_behind(authority, by, now)});
}

bool PushSenders::is_known_to_be_behind(std::string_view generator_url, Instant now) const {
  const auto found = senders_.find(authority_of(generator_url));
  return found != senders_.end() && is_known(found->second.behind, behind_kept, now);
}

void PushSenders::is_ahead(std::string_view generator_url, Duration by, Instant now, std::vector<ClockTrouble>& found) {
  auto& [authority, sender] = sender_of(generator_url);
  if (authority.empty() || by < least_ahead_told) return;  // one without a name may be anyone
  const Duration most = is_known(sender.ahead, ahead_kept, now) ? std::max(sender.ahead.by, by) : by;
  if (!find(sender.ahead, most, ahead_kept, now)) return;
  found.push_back({"sender_clock_ahead", clock_is_ahead(authority, by, now)});
}

std::vector<Trouble> PushSenders::troubles(Instant now) const {
  std::vector<Trouble> troubles;
  for (const auto& [authority, sender] : senders_) {
    const Skew& behind = sender.behind;
    const Skew& ahead = sender.ahead;
    if (is_known(behind, behind_kept, now)) troubles.push_back(clock_is_behind(authority, behind.by, behind.since));
    if (is_known(ahead, ahead_kept, now)) troubles.push_back(clock_is_ahead(authority, ahead.by, ahead.since));
  }
  return troubles;
}

std::string PushSenders::silence(std::string_view generator_url, std::optional<Instant> last_word) {
  const auto& [authority, sender] = sender_of(generator_url);
  const std::string_view by = authority_of(generator_url);
  return fmt::format("no word of it from {} since {}", by.empty() ? "its sender" : by,
                     since_text(last_word.value_or(sender.last_word), start_));
}

void PushSenders::clock_set(Duration by) {
  start_ += by;
  for (auto& [authority, sender] : senders_) {
    if (sender.last_word != Instant{}) sender.last_word += by;
    sender.behind = sender.ahead = {};  // of what our clock was
  }
}

}  // namespace candor::alerts
