#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/alert.h"
#include "moment.h"
#include "scenario.h"

namespace candor::simulation {

/// What a sender says of one alert.
struct Word {
  rules::SignalId id;
  std::uint64_t number = 0;  ///< in the order in which they are spoken
  Elapsed began{};           ///< what it tells of
  bool fires = false;
  Duration ahead{};  ///< by how much its sender's clock is
  alerts::Alert alert;
};

/// Words on their way to candord.
struct Post {
  std::vector<Word> words;
  Elapsed arrives{};
};

/// Those who push alerts, and the network between them and candord, which loses, delays, doubles and reorders.
///
/// A Prometheus repeats each minute what fires, believed for four, and says once or for a quarter of an hour what has
/// ended; when it dies it forgets what it knew. Its clock may be ahead. Scripts tell one alert each, without a
/// generatorURL, until they are answered 200: one names an end, which it only ever moves further away, one does not and
/// repeats itself, or forgets to; either may say that it is over, or not.
class Pushers {
 public:
  explicit Pushers(Chance& chance);

  void change_one(Elapsed at);
  void storm(bool all_down, Elapsed at);
  void die_or_come_back(Elapsed at);
  /// From now on everything has ended, is said to have, and arrives.
  void calm_down(Elapsed at);

  /// Says what is due.
  void speak(const Moment& now);
  /// The posts that have arrived by `at`.
  [[nodiscard]] std::list<Post> deliver(Elapsed at);
  /// Nobody answered before `at`.
  void missed(Elapsed at);
  void answered_200(const Post& post);
  /// What is under way names instants of another clock, and the API has no other.
  void clock_set() { under_way_.clear(); }
  [[nodiscard]] Elapsed next() const;

  static constexpr Duration interval = std::chrono::minutes{1};
  static constexpr Duration believed = 4 * interval;
  static constexpr Duration longest_way = std::chrono::seconds{10};

 private:
  struct Rule {
    Truth truth;
    Elapsed began{};                 ///< what fires, or fired last
    std::optional<Instant> started;  ///< the same, as Prometheus says
    int ends_to_say = 0;
  };
  struct Script {
    Truth truth;
    bool names_an_end = false;
    Instant until{};                     ///< that it has named
    Elapsed spoke = -longest_way;        ///< last
    std::optional<Elapsed> speaks;       ///< when next
    std::optional<std::uint64_t> asked;  ///< the word that is not answered yet
  };

  void set(Rule& rule, bool fires, Elapsed at);
  static void begin_anew(Rule& rule, Elapsed at);
  void set(Script& script, bool fires, Elapsed at);
  void prometheus_speaks(const Moment& now);
  void script_speaks(Script& script, const Moment& now);
  void send(std::vector<Word> words, Elapsed at);

  Chance& chance_;
  bool lossy_ = true;
  bool up_ = true;
  Elapsed speaks_{};
  std::vector<Rule> rules_;
  std::vector<Script> scripts_;
  Duration ahead_{};  ///< the clock of Prometheus
  std::uint64_t words_ = 0;
  std::list<Post> under_way_;
};

}  // namespace candor::simulation
