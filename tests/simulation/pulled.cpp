#include "pulled.h"

#include <algorithm>

#include <fmt/format.h>

namespace candor::simulation {
namespace {

using namespace std::chrono_literals;
using State = alerts::PulledAlert::State;

constexpr std::size_t alerts_a_source = 3;
/// An Alertmanager hears of its alerts one by one again, the last within four minutes.
constexpr Duration between_two_heard_again = 100s;
/// How long one that tells its start must have run to be believed about what it does not name.
constexpr Duration memory = 5min;

}  // namespace

Pulled::Pulled(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {
  for (std::size_t i = 0; i < alerts_a_source; ++i) {
    const std::string alert = fmt::format("{}{}", kind == Kind::prometheus ? 'M' : 'N', i);
    truths_.push_back({.id = {rules::SignalKind::alert, name_, {{"alertname", alert}, {"severity", "page"}}},
                       .fires = false,
                       .since = {}});
  }
}

void Pulled::change_one(Chance& chance, Elapsed at) { set(chance.pick(truths_), chance.percent(50), at); }

void Pulled::storm(Chance& chance, bool all_down, Elapsed at) {
  for (Truth& truth : truths_) {
    if (chance.percent(80)) set(truth, all_down || chance.percent(50), at);
  }
}

void Pulled::set(Truth& truth, bool fires, Elapsed at) {
  if (truth.fires != fires) truth = {truth.id, fires, at};
}

void Pulled::get_into_or_out_of_trouble(Chance& chance, const Moment& now) {
  if (way_ == Way::well) {
    way_ = std::array{Way::broken, Way::mute, Way::gone}.at(chance.draw(3));
    if (chance.percent(30)) restart(chance, now);
  } else if (way_ == Way::gone) {
    restart(chance, now);
  } else {
    way_ = Way::well;
  }
}

void Pulled::restart(Chance& chance, const Moment& now) {
  way_ = Way::well;
  started_ = now.at;
  started_wall_ = now.wall;
  tells_start_ = kind_ == Kind::alertmanager || chance.percent(50);
  sees_ = judged_ = now.at + chance.seconds(0, 120);
  if (tells_start_) sees_ += chance.seconds(0, 150);
}

void Pulled::calm_down(Elapsed at) {
  way_ = Way::well;
  for (Truth& truth : truths_) set(truth, false, at);
}

Elapsed Pulled::heard_again(std::size_t alert) const {
  return started_ + static_cast<std::int64_t>(alert) * between_two_heard_again;
}

Pulled::Answer Pulled::alerts(const Moment& now) const {
  if (way_ == Way::broken) return std::unexpected("it answers with status 500 instead of 200");
  if (way_ != Way::well) return std::unexpected(mute() ? "no answer in time" : "connection refused");
  std::vector<alerts::PulledAlert> named;
  for (std::size_t i = 0; i < truths_.size(); ++i) {
    const Truth& truth = truths_[i];
    const Elapsed begins = std::max(truth.since, kind_ == Kind::prometheus ? sees_ : heard_again(i));
    if (!truth.fires || now.at < begins) continue;
    const bool pending = kind_ == Kind::prometheus && now.at < begins + hold;
    named.push_back({.alert = {.labels = truth.id.labels,
                               .annotations = {},
                               .starts_at = now.shown(begins),
                               .ends_at = {},
                               .generator_url = "http://main:9090/graph"},
                     .state = pending ? State::pending : State::firing});
  }
  return named;
}

alerts::RuleStates Pulled::rules(const Moment& now) const {
  alerts::RuleStates states;
  for (const Truth& truth : truths_) {
    states.evaluated.emplace(truth.id.labels.get("alertname"), now.at >= judged_);
    if (truth.fires && now.at >= sees_) states.active.insert(truth.id.labels);
  }
  return states;
}

Elapsed Pulled::names_from(Elapsed since) const {
  if (kind_ == Kind::prometheus) return std::max(since, sees_) + hold;
  return std::max(since, heard_again(truths_.size() - 1));
}

Elapsed Pulled::believed_from() const { return tells_start_ ? started_ + memory : judged_; }

std::optional<Instant> Pulled::started() const { return tells_start_ ? std::optional{started_wall_} : std::nullopt; }

}  // namespace candor::simulation
