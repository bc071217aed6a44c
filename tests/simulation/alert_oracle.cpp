#include "alert_oracle.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using rules::Health;

/// How much later than a script's end a start may find in the journal.
constexpr Duration journalled_later = 5min;
/// How old an answer may be that is judged.
constexpr Duration longest_answer = 10s;
/// How long one that tells its start must run to be believed about what it does not name.
constexpr Duration least_uptime = 5min;
constexpr Duration short_absence = 15s;
/// How far ahead a sender's clock may be whose ends are known by the first word.
constexpr Duration slightly_ahead = 5s;
constexpr Duration longest_overtaking = 15s;

const rules::Signal* find(const incident::State& state, const rules::SignalId& id) {
  const auto found = state.signals.find(id);
  return found != state.signals.end() ? &found->second : nullptr;
}

bool of_a_script(const Word& word) { return word.alert.generator_url.empty(); }

}  // namespace

void AlertOracle::offered(const Post& post, const Moment& now) {
  for (const Word& word : post.words) {
    Said& said = said_[word.id];
    if (word.number > said.newest.number) {
      said.newest = word;
      said.lost_or_not = false;
      said.over = false;
      said.overdue.reset();
    }
    if (word.fires) said.repeated = now.at;
    if (word.fires || word.began >= said.newest.began) {
      said.latest = word;
      said.under_way = true;
    }
  }
  clock(now);
}

void AlertOracle::answered_200(const Post& post, const incident::State& on_disk) {
  for (const Word& word : post.words) {
    Said& said = said_[word.id];
    said.accepted = std::max(said.accepted, word.number);
    if (word.number == said.latest.number) said.under_way = false;
    if (word.fires) {
      said.let_go = false;
      said.outbreak = word.began;
    }
    if (word.number == said.newest.number) {
      said.heard = std::max(said.heard, post.arrives);
      said.gone = false;
    }
    if (word.number != said.newest.number || word.number != said.latest.number || said.over) continue;
    if (!word.fires && (is_doubtful(word) || word.ahead > Duration{0})) continue;
    if (word.fires != (find(on_disk, word.id) != nullptr)) broke(word.id, "was answered 200 and is not in the journal");
  }
}

void AlertOracle::asks(const std::string& server, Duration every, Elapsed at) {
  heard_[server] = {.every = every, .asked_first = at, .answers = 0, .answered = {}, .sure_since = {}};
}

void AlertOracle::answered(const std::string& server, Elapsed at) {
  Heard& heard = heard_[server];
  ++heard.answers;
  ++answers_heard_;
  heard.answered = at;
  if (!heard.sure_since) heard.sure_since = at;
}

void AlertOracle::failed(const std::string& server) {
  heard_[server].answers = 0;
  heard_[server].sure_since.reset();
}

void AlertOracle::started(const Moment& now) {
  clock(now);
  started_ = now.at;
}

void AlertOracle::crashed(Elapsed at) {
  for (auto& [id, said] : said_) {
    said.lost_or_not |= said.under_way || said.newest.number != said.accepted;
    said.gone |= is_over(said, at);
  }
}

void AlertOracle::heard_nothing(Elapsed from, const Moment& now) {
  crashed(from);
  if (now.at - from > short_absence) started(now);
  for (auto& [name, heard] : heard_) {
    if (heard.sure_since) heard.sure_since = now.at;
  }
}

void AlertOracle::clock(const Moment& now) {
  for (auto& [id, said] : said_) {
    const auto& end = said.newest.alert.ends_at;
    if (!said.over && said.newest.fires && of_a_script(said.newest) && end && *end <= now.wall) said.over = true;
  }
}

/// Whether a script that said that its alert fires may be taken to mean so no longer.
bool AlertOracle::is_over(const Said& said, Elapsed at) const {
  if (said.gone) return true;
  if (said.heard < started_ && at < started_ + resolve_timeout) return false;
  return said.newest.alert.ends_at ? said.over : at >= said.heard + resolve_timeout;
}

void AlertOracle::decided(const std::vector<incident::Event>& events, const Moment& now) {
  clock(now);
  bool by_hand = false;
  for (const incident::Event& event : events) {
    by_hand = note_end_by_hand(event) || by_hand;
    const auto* forgotten = std::get_if<incident::SignalForgotten>(&event.change);
    if (const auto said = forgotten ? said_.find(forgotten->signal) : said_.end(); said != said_.end()) {
      // Once more where a crash took the decision.
      said->second.let_go |= by_hand || (said->second.unknown && !dismissed_.empty());
    }
    const auto* change = std::get_if<incident::SignalChanged>(&event.change);
    if (const auto said = change ? said_.find(change->seen.id) : said_.end(); said != said_.end()) {
      said->second.unknown = change->seen.health == Health::unknown;
    }
    if (change != nullptr && change->seen.id.kind == rules::SignalKind::alert && change->seen.health == Health::ok) {
      ended(change->seen.id, now.at);
    }
  }
}

void AlertOracle::durable(const incident::Event& event) {
  if (const auto* verdict = std::get_if<incident::VerdictChanged>(&event.change)) {
    const rules::Finding finding = verdict->verdict.finding;
    if (finding == rules::Finding::quiet || finding == rules::Finding::pending) dismissed_.erase(verdict->rule);
  }
  if (std::holds_alternative<incident::IncidentReopened>(event.change)) dismissed_.erase(rule_of_[event.incident]);
}

bool AlertOracle::note_end_by_hand(const incident::Event& event) {
  if (const auto* opened = std::get_if<incident::IncidentOpened>(&event.change))
    rule_of_[event.incident] = opened->rule;
  const auto* status = std::get_if<incident::StatusChanged>(&event.change);
  if (status == nullptr || status->status != incident::Status::resolved || !event.actor.human) return false;
  dismissed_.insert(rule_of_[event.incident]);
  return true;
}

void AlertOracle::ended(const rules::SignalId& id, Elapsed at) {
  if (const auto found = said_.find(id); found != said_.end()) {
    const Said& said = found->second;
    if (said.lost_or_not || !said.newest.fires) return;
    // A start that lies far ahead does not tell an end that was overtaken from that of a clock that was set.
    if (said.newest.ahead > slightly_ahead && at < said.newest.began + said.newest.ahead + longest_overtaking) return;
    if (!of_a_script(said.newest) || !is_over(said, at)) broke(id, "ended, and its sender last said that it fires");
    return;
  }
  for (const Pulled& server : servers_) {
    const auto truth = std::ranges::find(server.truths(), id, &Truth::id);
    if (truth == server.truths().end()) continue;
    if (heard_[server.name()].answers < 2) broke(id, "ended without two answers that do not name it");
    if (truth->fires && truth->since < at - longest_answer && !deceived(server, at)) broke(id, "ended, and it fires");
  }
}

/// Whether a source seems to have run for longer than it has to one who asked it after the clock was set.
bool AlertOracle::deceived(const Pulled& server, Elapsed at) {
  return tells_start_by_another_clock(server) && at < server.believed_from() &&
         heard_[server.name()].asked_first >= clock_set_;
}

bool AlertOracle::tells_start_by_another_clock(const Pulled& server) const {
  return server.tells_start() && clock_set_ + least_uptime >= server.believed_from();
}

/// After the clock was set, an end may look like that of an earlier outbreak, and where its sender's clock is far
/// ahead, like that of an alert that fires.
bool AlertOracle::is_doubtful(const Word& end) const {
  return !of_a_script(end) && (clock_set_ >= end.began || end.ahead > slightly_ahead);
}

void AlertOracle::look(const incident::State& on_disk, const Moment& now) {
  clock(now);
  for (auto& [id, said] : said_) {
    if (!said.lost_or_not && said.newest.number == said.accepted) look_at_pushed(said, find(on_disk, id), now);
  }
  for (const Pulled& server : servers_) look_at_server(server, on_disk, now.at);
}

void AlertOracle::look_at_pushed(Said& said, const rules::Signal* known, const Moment& now) {
  if (!said.newest.fires) {
    if (said.latest.fires || is_doubtful(said.newest) || known == nullptr) return;
    const Duration ahead = said.newest.ahead;
    const bool of_the_unheard = said.outbreak != said.newest.began;  // it may be a script's that names a generator
    if (ahead == Duration{0} || (!of_the_unheard && now.at >= said.heard + ahead + slack)) {
      broke(said.newest.id, "has ended and is still known");
    }
  } else if (of_a_script(said.newest)) {
    look_at_script(said, known, now);
  } else {
    look_at_prometheus(said, known, now.at);
  }
}

void AlertOracle::look_at_prometheus(const Said& said, const rules::Signal* known, Elapsed at) {
  const rules::SignalId& id = said.newest.id;
  if (said.let_go && known == nullptr) return;
  if (known == nullptr) return broke(id, "fires, as far as anyone said, and is forgotten");
  const bool fresh = said.heard >= started_ && at < said.heard + Pushers::believed - Pushers::longest_way;
  if (fresh && known->health != Health::failing) broke(id, "fires and is not known to");
  const Elapsed silent = std::max(said.repeated + said.newest.ahead + Pushers::believed, started_ + resolve_timeout);
  if (at >= std::max(silent, refused_) + slack && known->health != Health::unknown) {
    broke(id, "is believed although nobody speaks of it any more");
  }
}

void AlertOracle::look_at_script(Said& said, const rules::Signal* known, const Moment& now) {
  const rules::SignalId& id = said.newest.id;
  if (!is_over(said, now.at)) {
    if (known == nullptr || known->health != Health::failing) broke(id, "is not believed until its end");
  } else if (known != nullptr && now.at >= must_end(said, now)) {
    broke(id, "is still known after its end");
  }
}

/// By when what a script said is to be over, as of what the clock shows now.
Elapsed AlertOracle::must_end(Said& said, const Moment& now) const {
  Elapsed end = said.repeated + resolve_timeout;
  if (said.newest.alert.ends_at) {
    const Instant last = *said.newest.alert.ends_at + (said.heard < started_ ? journalled_later : Duration{0});
    if (last > now.wall) said.overdue.reset();
    if (last <= now.wall && !said.overdue) said.overdue = now.at;
    end = said.overdue.value_or(Elapsed::max() - slack);
  }
  return std::max({end, started_ + resolve_timeout, refused_}) + slack;
}

void AlertOracle::look_at_server(const Pulled& server, const incident::State& on_disk, Elapsed at) {
  const Heard& heard = heard_[server.name()];
  const Elapsed asked = std::max(heard.answered.value_or(heard.asked_first), started_);
  const Elapsed silent = asked + std::max<Duration>(3 * heard.every, 15s) + slack;
  const bool is_silent = at >= std::max(silent, refused_ + heard.every + longest_answer + slack);
  for (const Truth& truth : server.truths()) {
    const rules::Signal* known = find(on_disk, truth.id);
    if (is_silent && known != nullptr && known->health != Health::unknown) {
      broke(truth.id, "is believed although its source is silent");
    }
    if (heard.sure_since) look_at_pulled(server, truth, known, at);
  }
  const auto source = on_disk.sources.find(server.name());
  if (is_silent && (source == on_disk.sources.end() || source->second.answering)) {
    oracle_.broke(server.name() + " is silent and nobody is told");
  }
}

void AlertOracle::look_at_pulled(const Pulled& server, const Truth& truth, const rules::Signal* known, Elapsed at) {
  const Heard& heard = heard_[server.name()];
  const Elapsed heard_well = std::max(*heard.sure_since, refused_) + longest_answer + slack;
  if (truth.fires) {
    const bool named =
        at >= std::max(heard_well, server.names_from(truth.since) + longest_answer + slack) + heard.every;
    if (named && (known == nullptr || known->health != Health::failing)) broke(truth.id, "fires and is not known to");
    return;
  }
  Elapsed told =
      std::max(heard_well, std::max(truth.since, server.believed_from()) + longest_answer + slack) + 2 * heard.every;
  if (tells_start_by_another_clock(server)) told = std::max(told, clock_set_) + least_uptime + heard.every;
  if (at >= told && known != nullptr) broke(truth.id, "has ended and is still known");
}

void AlertOracle::look_at_the_end(const incident::State& on_disk) {
  for (const auto& [id, signal] : on_disk.signals) {
    if (id.kind == rules::SignalKind::alert) broke(id, "never ended");
  }
}

void AlertOracle::broke(const rules::SignalId& id, std::string_view what) {
  oracle_.broke(fmt::format("{} of {} {}", id.labels.get("alertname"), id.source, what));
}

}  // namespace candor::simulation
