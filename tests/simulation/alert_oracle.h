#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oracle.h"
#include "pulled.h"
#include "pushers.h"

namespace candor::simulation {

/// Says what candord must know of alerts, from what their senders said and how they truly are: keeps books of its own,
/// beside `alerts::PushBook` and `alerts::PullBook`, with other means.
class AlertOracle {
 public:
  /// Tells `oracle` what was broken.
  AlertOracle(Oracle& oracle, const std::vector<Pulled>& servers) : oracle_(oracle), servers_(servers) {}

  // What went in.
  /// A post has reached candord, which may refuse it.
  void offered(const Post& post, const Moment& now);
  /// It was answered 200.
  void answered_200(const Post& post, const incident::State& on_disk);
  /// candord asks a server anew, again each `every`.
  void asks(const std::string& server, Duration every, Elapsed at);
  void answered(const std::string& server, Elapsed at);
  /// It answered, but not about how far it can be trusted.
  void unsure(const std::string& server) { heard_[server].sure_since.reset(); }
  void failed(const std::string& server);

  // What happened to candord.
  void started(const Moment& now);
  void crashed(Elapsed at);
  /// It took nothing in `from` then on.
  void heard_nothing(Elapsed from, const Moment& now);
  /// It took nothing in.
  void refused(Elapsed at) { refused_ = at; }
  /// Called before the clock is set, too.
  void clock(const Moment& now);
  void clock_set(Elapsed at) { clock_set_ = at; }

  /// What came out of whatever went in.
  void decided(const std::vector<incident::Event>& events, const Moment& now);
  /// An event of it is on the disk.
  void durable(const incident::Event& event);
  /// With all on the disk that was decided.
  void look(const incident::State& on_disk, const Moment& now);
  void look_at_the_end(const incident::State& on_disk);
  [[nodiscard]] std::size_t answers_heard() const { return answers_heard_; }

  static constexpr Duration resolve_timeout = std::chrono::minutes{5};

 private:
  /// What was said of one pushed alert.
  struct Said {
    Word newest;                     ///< by when it was spoken
    Elapsed heard{};                 ///< when it arrived last of those times that it was answered 200
    Word latest;                     ///< by when it arrived, but for ends of earlier outbreaks
    bool under_way = false;          ///< `latest` was not answered 200 yet
    Elapsed repeated{};              ///< when any word that it fires arrived last
    Elapsed outbreak{};              ///< the latest of which it was heard that it fires
    std::uint64_t accepted = 0;      ///< the number of the newest word that was answered 200
    bool lost_or_not = false;        ///< the newest, or the latest, was under way in a crash
    bool unknown = false;            ///< to candord
    bool let_go = false;             ///< unknown, and a human ended what rested on it
    bool over = false;               ///< the end that its script named has passed once, by the clock
    bool gone = false;               ///< a script was believed for long enough before a crash
    std::optional<Elapsed> overdue;  ///< since when it has passed for long enough
  };
  /// What was heard of one server.
  struct Heard {
    Duration every{};
    Elapsed asked_first{};
    int answers = 0;  ///< in a row
    std::optional<Elapsed> answered;
    std::optional<Elapsed> sure_since;  ///< all answers since are whole
  };

  [[nodiscard]] bool is_over(const Said& said, Elapsed at) const;
  /// Whether a human ended an incident.
  bool note_end_by_hand(const incident::Event& event);
  void ended(const rules::SignalId& id, Elapsed at);
  [[nodiscard]] bool is_doubtful(const Word& end) const;
  [[nodiscard]] bool deceived(const Pulled& server, Elapsed at);
  [[nodiscard]] bool tells_start_by_another_clock(const Pulled& server) const;
  void look_at_pushed(Said& said, const rules::Signal* known, const Moment& now);
  void look_at_prometheus(const Said& said, const rules::Signal* known, Elapsed at);
  void look_at_script(Said& said, const rules::Signal* known, const Moment& now);
  [[nodiscard]] Elapsed must_end(Said& said, const Moment& now) const;
  void look_at_server(const Pulled& server, const incident::State& on_disk, Elapsed at);
  void look_at_pulled(const Pulled& server, const Truth& truth, const rules::Signal* known, Elapsed at);
  void broke(const rules::SignalId& id, std::string_view what);

  Oracle& oracle_;
  const std::vector<Pulled>& servers_;
  std::map<rules::SignalId, Said> said_;
  std::map<std::string, Heard> heard_;
  std::map<std::string, std::string> rule_of_;  ///< by incident
  std::set<std::string> dismissed_;             ///< rules whose incident a human ended, until they are seen quiet
  Elapsed started_{};
  Elapsed refused_{};
  Elapsed clock_set_{};
  std::size_t answers_heard_ = 0;
};

}  // namespace candor::simulation
