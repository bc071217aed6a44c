#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/payloads.h"
#include "moment.h"
#include "scenario.h"

namespace candor::simulation {

/// A Prometheus or an Alertmanager that candord asks. It answers, answers with errors, not in time or not at all, and
/// is restarted: then it answers at once, but a Prometheus knows of no alert before it has judged its rules again and
/// has samples to judge, and an Alertmanager hears of each again in its own time.
class Pulled {
 public:
  enum class Kind : std::uint8_t { prometheus, alertmanager };
  enum class Way : std::uint8_t { well, broken, mute, gone };
  using Answer = std::expected<std::vector<alerts::PulledAlert>, std::string>;

  Pulled(Kind kind, std::string name);

  void change_one(Chance& chance, Elapsed at);
  void storm(Chance& chance, bool all_down, Elapsed at);
  void get_into_or_out_of_trouble(Chance& chance, const Moment& now);
  /// From now on it answers, and everything has ended.
  void calm_down(Elapsed at);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool mute() const { return way_ == Way::mute; }
  [[nodiscard]] const std::vector<Truth>& truths() const { return truths_; }

  [[nodiscard]] Answer alerts(const Moment& now) const;
  [[nodiscard]] alerts::RuleStates rules(const Moment& now) const;
  /// Nothing where it has no way to say so.
  [[nodiscard]] std::optional<Instant> started() const;

  /// When at the latest it names what fires since `since`, and may be believed about what it does not name.
  [[nodiscard]] Elapsed names_from(Elapsed since) const;
  [[nodiscard]] Elapsed believed_from() const;
  [[nodiscard]] bool tells_start() const { return tells_start_; }

  static constexpr Duration hold = std::chrono::seconds{30};  ///< the `for` of its rules

 private:
  void set(Truth& truth, bool fires, Elapsed at);
  void restart(Chance& chance, const Moment& now);
  [[nodiscard]] Elapsed heard_again(std::size_t alert) const;

  Kind kind_;
  std::string name_;
  Way way_ = Way::well;
  Elapsed started_ = -std::chrono::hours{1};
  Instant started_wall_{};
  bool tells_start_ = true;  ///< some that answer as a Prometheus does not
  Elapsed judged_{};         ///< the first time since it was started
  Elapsed sees_{};           ///< its first samples since
  std::vector<Truth> truths_;
};

}  // namespace candor::simulation
