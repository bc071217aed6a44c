#include "pushers.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;

/// Prometheus does not judge its rules more often.
constexpr Duration between_judgements = 1s;
constexpr Duration before_a_script_tries_again = 20s;
constexpr int ends_repeated = 15;

rules::SignalId pushed(const std::string& name) {
  return {rules::SignalKind::alert, "push", {{"alertname", name}, {"severity", "page"}}};
}

}  // namespace

Pushers::Pushers(Chance& chance) : chance_(chance) {
  for (const std::string name : {"P0", "P1", "P2", "P3"}) rules_.push_back({.truth = {.id = pushed(name)}});
  scripts_.push_back({.truth = {.id = pushed("Backup")}, .names_an_end = true});
  scripts_.push_back({.truth = {.id = pushed("Disk")}});
  if (chance_.percent(25)) ahead_ = chance_.percent(50) ? chance_.seconds(1, 3600) : Duration{chance_.draw(2000)};
}

void Pushers::change_one(Elapsed at) {
  const std::size_t which = chance_.draw(rules_.size() + scripts_.size());
  const bool fires = chance_.percent(50);
  if (which < rules_.size()) {
    set(rules_[which], fires, at);
  } else {
    set(scripts_[which - rules_.size()], fires, at);
  }
}

void Pushers::storm(bool all_down, Elapsed at) {
  for (Rule& rule : rules_) {
    if (chance_.percent(80)) set(rule, all_down || chance_.percent(50), at);
  }
}

void Pushers::die_or_come_back(Elapsed at) {
  up_ = !up_;
  speaks_ = at + chance_.seconds(0, 60);
  for (Rule& rule : rules_) {
    rule.ends_to_say = 0;
    if (up_ && rule.truth.fires) begin_anew(rule, at);
  }
}

void Pushers::calm_down(Elapsed at) {
  lossy_ = false;
  under_way_.clear();
  up_ = true;
  speaks_ = at;
  for (Rule& rule : rules_) {
    begin_anew(rule, at);
    rule.truth.fires = false;
    rule.ends_to_say = ends_repeated;
  }
  for (Script& script : scripts_) {
    script.truth.fires = false;
    script.speaks = at;
  }
}

void Pushers::begin_anew(Rule& rule, Elapsed at) {
  rule.truth.since = rule.began = at;
  rule.started.reset();
}

void Pushers::set(Rule& rule, bool fires, Elapsed at) {
  if (rule.truth.fires == fires || at - rule.truth.since < between_judgements) return;
  rule.truth = {rule.truth.id, fires, at};
  if (fires) begin_anew(rule, at);
  rule.ends_to_say = 0;
  if (!up_) return;
  if (!fires) rule.ends_to_say = chance_.percent(30) ? 1 : ends_repeated;
  speaks_ = std::min(speaks_, at + chance_.seconds(0, 15));
}

void Pushers::set(Script& script, bool fires, Elapsed at) {
  // One word is answered, or lost, before the next is another.
  if (script.truth.fires == fires || at < script.spoke + longest_way) return;
  script.truth = {script.truth.id, fires, at};
  script.asked.reset();
  if (fires || chance_.percent(60)) {
    script.speaks = at + chance_.seconds(0, 5);
  } else {
    script.speaks.reset();
  }
}

void Pushers::speak(const Moment& now) {
  if (up_ && speaks_ <= now.at) prometheus_speaks(now);
  for (Script& script : scripts_) {
    if (script.speaks && *script.speaks <= now.at) script_speaks(script, now);
  }
}

void Pushers::prometheus_speaks(const Moment& now) {
  speaks_ = now.at + interval;
  std::vector<Word> words;
  for (Rule& rule : rules_) {
    if (!rule.truth.fires && rule.ends_to_say == 0) continue;
    if (!rule.started) rule.started = now.shown(rule.began) + ahead_;
    alerts::Alert alert{.labels = rule.truth.id.labels,
                        .annotations = {},
                        .starts_at = *rule.started,
                        .ends_at = ahead_ + (rule.truth.fires ? now.wall + believed : now.shown(rule.truth.since)),
                        .generator_url = "http://prom:9090/graph"};
    if (!rule.truth.fires) --rule.ends_to_say;
    if (*alert.ends_at < alert.starts_at) continue;  // the clock was set, and the API refuses it
    words.push_back({rule.truth.id, ++words_, rule.began, rule.truth.fires, ahead_, std::move(alert)});
  }
  if (!words.empty()) send(std::move(words), now.at);
}

void Pushers::script_speaks(Script& script, const Moment& now) {
  const bool fires = script.truth.fires;
  if (fires && script.names_an_end && (!script.asked || script.until < now.wall + 30s)) {
    script.until = std::max(script.until + 1min, now.wall + chance_.seconds(60, 7200));
  }
  alerts::Alert alert{
      .labels = script.truth.id.labels, .annotations = {}, .starts_at = now.wall, .ends_at = {}, .generator_url = {}};
  if (!fires) alert.ends_at = now.wall;
  if (fires && script.names_an_end) alert.ends_at = script.until;
  script.asked = ++words_;
  script.spoke = now.at;
  script.speaks = now.at + before_a_script_tries_again;
  send({{script.truth.id, words_, script.truth.since, fires, {}, std::move(alert)}}, now.at);
}

void Pushers::send(std::vector<Word> words, Elapsed at) {
  if (lossy_ && chance_.percent(5)) return;
  const int copies = lossy_ && chance_.percent(10) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const bool late = lossy_ && chance_.percent(i == 0 ? 15 : 70);
    under_way_.push_back({words, at + (late ? chance_.seconds(0, longest_way / 1s) : Duration{0})});
  }
}

std::list<Post> Pushers::deliver(Elapsed at) {
  std::list<Post> arrived;
  for (auto it = under_way_.begin(); it != under_way_.end();) {
    const auto next = std::next(it);
    if (it->arrives <= at) arrived.splice(arrived.end(), under_way_, it);
    it = next;
  }
  return arrived;
}

void Pushers::missed(Elapsed at) {
  std::erase_if(under_way_, [at](const Post& post) { return post.arrives < at; });
  if (speaks_ < at) speaks_ = at + chance_.seconds(0, 60);
  for (Script& script : scripts_) {
    if (script.speaks && *script.speaks < at) script.speaks = at + chance_.seconds(0, 20);
  }
}

void Pushers::answered_200(const Post& post) {
  for (Script& script : scripts_) {
    if (script.asked != post.words.front().number) continue;
    script.asked.reset();
    script.speaks.reset();
    const bool repeats = script.truth.fires && !script.names_an_end && !chance_.percent(20);
    if (repeats) script.speaks = post.arrives + chance_.seconds(30, 240);
  }
}

Elapsed Pushers::next() const {
  Elapsed next = up_ ? speaks_ : Elapsed::max();
  for (const Script& script : scripts_) next = std::min(next, script.speaks.value_or(next));
  for (const Post& post : under_way_) next = std::min(next, post.arrives);
  return next;
}

}  // namespace candor::simulation
