#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "daemon/incident/codec.h"
#include "tests/unit/incident/world.h"
#include "tests/unit/rules/draw.h"

// A life is drawn from one seed: a policy, and what happens under it. Lived twice, the second time with something in it
// that should make no difference, it must tell people the same.

namespace candor::incident {

/// What happens in a life beside what probes and sources say.
struct Lot {
  bool humans = true;
  bool absences = false;
  bool clock_steps = false;
  bool dead_pages = false;  ///< a reload takes such a step again
  bool wall_clock = true;   ///< promises of updates, and a time to reopen within that a clock step may end
  bool lingering = true;
};

/// Names rules `a0` to `d3`.
inline Policy drawn_policy(rules::Draw& draw, const Lot& lot = {}) {
  Policy policy = shop_policy();
  policy.rules = draw.rules();
  policy.holdings["slow"] = default_holding();
  policy.holdings["slow"].after = 1min;
  policy.oncall.escalations["others"] = {
      .name = "others", .steps = {{{"bo"}, 1min}, {{"ana", "bo"}, 2min}, {{"ana"}, 5min}}, .repeat = 1};
  if (!lot.wall_clock) policy.cadence.clear();
  if (!lot.lingering) policy.restart_grace = 0s;
  policy.responses.clear();
  for (const rules::Rule& rule : policy.rules) {
    policy.responses[rule.name] = {
        .component = draw.of<std::string>({"checkout", "search", ""}),
        .status = draw.of<ComponentStatus>({ComponentStatus::major_outage, ComponentStatus::degraded_performance}),
        .impact = draw.of<Impact>({Impact::critical, Impact::minor, Impact::none}),
        .resolve_after = draw.of<Duration>({0s, 30s, 1min, 2min}),
        .reopen_within = draw.of<Duration>({0s, lot.wall_clock ? Duration{10min} : Duration{24h * 30}}),
        .holding = draw.of<std::string>({"default", "slow"}),
        .escalation = draw.of<std::string>({"payments", "others", ""})};
  }
  return policy;
}

/// A World whose wall clock may be set, and that can be reloaded and restarted.
class Living : public World {
 public:
  explicit Living(Policy its) : World(its), policy(std::move(its)) {}

  void do_what_is_due() {
    for (int turns = 0; engine.due() && *engine.due() <= now; ++turns) {
      if (turns > 100) return stuck();
      take(engine.tick(now));
    }
  }
  void pass_by_second(Duration time) {
    for (const Instant end = now + time; now < end;) {
      now = std::min(end, now + 1s);
      take(engine.tick(now));
      do_what_is_due();
    }
  }
  void reload(const Policy& next) {
    policy = next;
    take(engine.reconfigure(policy, now));
  }
  void reload() { reload(policy); }
  /// After having been away for a while.
  void restart(Duration away) {
    const Instant since = now;
    now += away;
    Result<State> state = decode_state(encode(engine.state()));
    ASSERT_TRUE(state);
    ASSERT_EQ(*state, engine.state());
    engine = Engine{policy, *std::move(state)};
    take(engine.begin(++salt_, now, since));
    returned_ = now;
  }
  void stand_still(Duration away) {
    returned_ = now += away;
    take(engine.stood_still(away, now));
  }
  void hear_nothing(Duration away) {
    const Instant since = now;
    for (int told = 1; told <= tells_of_deafness; ++told) {
      returned_ = now = since + away * told / tells_of_deafness;
      take(engine.heard_nothing(since, now));
    }
  }
  void set_clock(Duration by) {
    now += by;
    returned_ += by;
    ahead_ += by;
    ahead_since_[events.size()] = ahead_;
    take(engine.clock_set(by, now));
  }

  /// Whether what is from before the latest absence may be memory still.
  [[nodiscard]] bool may_wait_for_a_look() const {
    const std::vector<Absence>& absences = engine.state().absences;
    return now - returned_ < 62s || (!absences.empty() && now - absences.back().until < 62s);
  }

  using Filter = std::function<bool(const Event&)>;
  /// What `people` notice, by the clock that was never set: in order, but for what is of one instant.
  [[nodiscard]] std::vector<std::string> told(const Filter& people) const {
    std::vector<std::string> told;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto since = ahead_since_.upper_bound(i);
      const Duration ahead = since == ahead_since_.begin() ? Duration{0} : std::prev(since)->second;
      if (people(events[i])) told.push_back(format_rfc3339(events[i].at - ahead) + " " + words(events[i]));
    }
    std::ranges::sort(told);  // the ids of incidents differ, and with them which one of an instant comes first
    return told;
  }

  Policy policy;
  int tells_of_deafness = 1;

 private:
  void stuck() { ADD_FAILURE() << "something is due again and again at " << format_rfc3339(now); }

  [[nodiscard]] std::string words(const Event& event) const {
    if (const auto* change = std::get_if<VerdictChanged>(&event.change)) {
      return change->rule + " " + std::string{to_string(change->verdict.finding)};
    }
    const Incident& it = engine.state().incidents.at(event.incident);
    std::string words = (it.rule.empty() ? it.title : it.rule) + " " + std::string{token(event.change)};
    if (const auto* queued = std::get_if<DeliveryQueued>(&event.change)) words += " " + queued->destination;
    if (const auto* status = std::get_if<StatusChanged>(&event.change))
      words += " " + std::string{to_string(status->status)};
    if (const auto* paged = std::get_if<Paged>(&event.change)) words += " " + std::to_string(paged->step);
    if (const auto* of = std::get_if<ComponentStatusChanged>(&event.change)) {
      words += " " + of->component + " " + std::string{to_string(of->status)};
    }
    return words;
  }

  std::uint64_t salt_ = 42;
  Instant returned_{};
  Duration ahead_{};
  std::map<std::size_t, Duration> ahead_since_;  ///< from which event on
};

inline bool is_of_an_incident(const Event& event) {
  return !event.incident.empty() && !std::holds_alternative<VerdictChanged>(event.change);
}
inline bool is_finding(const Event& event) { return std::holds_alternative<VerdictChanged>(event.change); }
inline bool is_of_any(const Event& event) { return is_finding(event) || is_of_an_incident(event); }

/// What one of two tells and the other does not; nothing where they tell the same.
inline std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& told) {
  std::vector<std::string> lines;
  std::ranges::set_difference(expected, told, std::back_inserter(lines));
  for (std::string& line : lines) line += "   missing";
  std::ranges::set_difference(told, expected, std::back_inserter(lines));
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines | std::views::take(10)) text += line + "\n";
  return text;
}

struct Life {
  using Happening = std::function<void(Living&)>;
  struct Moment {
    std::vector<Happening> what;
    Duration then{};
  };
  Policy policy;
  std::vector<Moment> moments;
  int tells_of_deafness = 1;  ///< each time, as often: as something happens before it is over
};

/// Draws what happens of each kind.
class Fate {
 public:
  Fate(std::uint64_t seed, const Lot& lot) : draw_(seed), lot_(lot) {}

  Life life() {
    Life life;
    life.policy = drawn_policy(draw_, lot_);
    for (const rules::Rule& rule : life.policy.rules) rules_.push_back(rule.name);
    life.moments.push_back({{awaits_sources}, 1s});
    for (int i = 0; i < 14; ++i) {
      signals_.push_back(signal());
      life.moments.back().what.push_back(sees(signals_.back()));
    }
    for (int i = 0; i < 60; ++i) life.moments.push_back(moment());
    life.moments.push_back({{}, 1h});
    return life;
  }

 private:
  static void awaits_sources(Living& world) {
    for (const char* source : {"prometheus:main", "alertmanager:am"}) {
      world.take(world.engine.source_awaited(source, world.now));
    }
  }
  std::string source() { return draw_.of<std::string>({"prometheus:main", "alertmanager:am"}); }
  rules::SignalId signal() {
    rules::SignalId id = draw_.signal();
    if (id.kind == rules::SignalKind::alert && draw_.one_in(2)) id.source = source();
    return id;
  }

  Life::Moment moment() {
    Life::Moment moment;
    for (int i = draw_.below(4); i > 0; --i) {
      const rules::SignalId& id = draw_.of(signals_);
      moment.what.push_back(draw_.one_in(15) ? forgets(id) : sees(id));
    }
    if (draw_.one_in(4)) moment.what.push_back(answers());
    if (lot_.humans && draw_.one_in(3)) moment.what.push_back(human_acts());
    if (lot_.clock_steps && draw_.one_in(6)) moment.what.push_back(clock_is_set());
    if (lot_.absences && draw_.one_in(8)) moment.what.push_back(is_away());
    moment.then = std::chrono::seconds{draw_.one_in(10) ? 660 : draw_.below(40)};
    return moment;
  }

  Life::Happening sees(const rules::SignalId& id) {
    rules::Observation seen{.id = id, .health = draw_.health()};
    if (seen.health != rules::Health::ok) seen.evidence = "seen " + std::to_string(++seen_);
    if (id.kind == rules::SignalKind::alert) seen.alert = rules::AlertDetails{};
    return [seen](Living& world) { world.take(world.engine.observe({seen}, world.now)); };
  }
  static Life::Happening forgets(const rules::SignalId& id) {
    return [id](Living& world) { world.take(world.engine.forget(std::vector{id}, world.now)); };
  }
  Life::Happening answers() {
    return [its = source(), answering = draw_.one_in(2)](Living& world) {
      world.take(world.engine.source_changed(its, answering, answering ? "" : "connection refused", world.now));
    };
  }
  Life::Happening clock_is_set() {
    return [by = std::chrono::minutes{draw_.below(40) - 20}](Living& world) { world.set_clock(by); };
  }
  Life::Happening is_away() {
    const Duration away = draw_.of<Duration>({1s, 5s, 14s, 15s, 16s, 40s, 3min, 20min});
    switch (draw_.below(3)) {
      case 0:
        return [away](Living& world) { world.restart(away); };
      case 1:
        return [away](Living& world) { world.stand_still(away); };
      default:
        return [away](Living& world) { world.hear_nothing(away); };
    }
  }
  /// To the latest incident of a rule, where it has one.
  Life::Happening human_acts() {
    const std::string rule = draw_.of(rules_);
    if (draw_.one_in(4)) return deliveries_end(rule, draw_.one_in(2) || !lot_.dead_pages);
    if (draw_.one_in(8)) return incident_is_opened();
    const std::vector<std::function<Command(const std::string&)>> commands{
        [](const std::string& id) {
          return ResolveIncident{id, "Done."};
        },
        [](const std::string& id) {
          return AckPage{id, "api"};
        },
        [](const std::string& id) {
          return EditHolding{id, "", "Edited."};
        },
        [](const std::string& id) {
          return VetoHolding{id, "no"};
        },
        [](const std::string& id) {
          return TakeLead{id, "bo"};
        },
        [](const std::string& id) {
          return PostUpdate{.incident = id, .body = "Words.", .status = Status::identified};
        },
        [](const std::string& id) {
          return PostUpdate{.incident = id, .body = "Words.", .status = Status::monitoring};
        }};
    return [rule, command = draw_.of(commands)](Living& world) {
      if (const Incident* const it = world.engine.state().latest_of(rule)) (void)world.ask(command(it->id));
    };
  }
  Life::Happening incident_is_opened() {
    const OpenIncident command{.title = "by hand " + std::to_string(++opened_),
                               .body = draw_.one_in(2) ? "We look." : "",
                               .impact = Impact::minor,
                               .components = {{"checkout", ComponentStatus::partial_outage}},
                               .escalation = "others"};
    return [command](Living& world) { (void)world.ask(command); };
  }
  static Life::Happening deliveries_end(const std::string& rule, bool arrive) {
    return [rule, arrive](Living& world) {
      const Incident* const it = world.engine.state().latest_of(rule);
      if (it == nullptr) return;
      std::vector<std::string> ended;
      for (const auto& [delivery, pending] : world.engine.state().pending) {
        if (pending.incident == it->id) ended.push_back(delivery);
      }
      for (const std::string& delivery : ended) {
        world.end_delivery(delivery, arrive ? DeliveryEnd::delivered : DeliveryEnd::dead);
      }
    };
  }

  rules::Draw draw_;
  Lot lot_;
  std::vector<std::string> rules_;
  std::vector<rules::SignalId> signals_;
  int seen_ = 0;
  int opened_ = 0;
};

/// What is due is done before anything happens. `also` happens at the end of each moment.
inline Living live(const Life& life, const Life::Happening& also = {}, bool by_second = false) {
  Living world{life.policy};
  world.tells_of_deafness = life.tells_of_deafness;
  for (const Life::Moment& moment : life.moments) {
    for (const Life::Happening& happens : moment.what) {
      happens(world);
      world.do_what_is_due();
    }
    if (also) also(world);
    world.do_what_is_due();
    by_second ? world.pass_by_second(moment.then) : world.pass(moment.then);
  }
  return world;
}

}  // namespace candor::incident
