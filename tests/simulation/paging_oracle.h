#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/incident/engine.h"
#include "moment.h"
#include "oracle.h"
#include "scenario.h"

namespace candor::simulation {

/// Says who must be paged and told of the end, by every method and when, and what of it may arrive: keeps books of its
/// own, by what was decided about incidents and what destinations got.
class PagingOracle {
 public:
  /// Tells `oracle` what was broken.
  explicit PagingOracle(Oracle& oracle) : oracle_(oracle) {}

  /// The daemon begins to go by another configuration, or by the same after a start.
  void configured(Elapsed at) { configured_at_ = at; }
  /// A human opens an incident, which is not on the disk yet.
  void asked(const std::string& incident, const incident::OpenIncident& command);
  /// A decision is on the disk.
  void durable(const incident::Decision& decision, const Decided& decided);
  /// The clock was set and nobody saw it: what is waited for may be late or early by as much.
  void lost_the_time();
  /// A destination got a message, whether or not its answer comes through.
  void received(const incident::Delivery& delivery);
  /// A destination was asked in vain and said so: `final` if it said never to ask again.
  void refused(const std::string& delivery, bool final, Elapsed at);

  /// A destination said at `at` when to come again, and the daemon heard it.
  void asked_for_time(const std::string& destination, Elapsed at, Duration wait);
  /// What was given to several senders at once may follow the answer at the same instant.
  void sent(const std::string& destination, Elapsed at);
  /// By a start, which does not know it, or a clock that was set.
  void forget_who_asked_for_time() { pauses_.clear(); }

  /// To be called while the daemon runs, with nothing left to do at `at`.
  void look(Elapsed at);
  void look_at_the_end();
  [[nodiscard]] std::size_t pages_received() const { return pages_received_; }

 private:
  using Kind = incident::Delivery::Kind;

  struct Pause {
    Elapsed since{};
    Elapsed until{};
  };
  struct Sent {
    std::size_t place = 0;  ///< in the order of decisions
    incident::Delivery delivery;
    bool received = false;
    bool dead = false;  ///< the destination said so
    int ends = 0;
    Elapsed counted_from{};  ///< a minute in which tries are counted
    int tries = 0;
  };
  /// How far an incident has come.
  struct Paging {
    std::string rule;
    std::string escalation;  ///< empty: nobody is to be paged
    bool open = false;
    bool led = false;  ///< somebody acked, or took the lead
    std::uint32_t outbreak = 0;
    std::uint32_t round = 0;
    std::uint32_t step = 0;
    std::optional<Elapsed> due;  ///< the next step
    bool doubtful = false;       ///< by a clock that was set unseen
    bool reached = false;        ///< a page has arrived since the latest step
    std::set<std::string> paged;
    std::set<std::string> owed;              ///< contacts who were paged and not told of the end
    std::set<std::string> on_their_way;      ///< pages
    std::set<std::string> of_the_step;       ///< contacts
    std::map<std::string, Elapsed> died_at;  ///< of the latest page to each destination, where that is dead
  };

  void happened(const incident::Event& event, const Decided& decided);
  void begin_outbreak(const std::string& id, bool pages);
  void took_step(const std::string& id, const incident::Paged& step, const Decided& decided);
  void look_at_the_order(const std::string& id, const incident::Paged& step, const Decided& decided);
  void gave_up(const std::string& id, const Decided& decided);
  void resolved(const std::string& id, const Decided& decided);
  void queued(const std::string& id, const incident::DeliveryQueued& queued);
  void ended(const std::string& id, const incident::DeliveryEnded& ended, Instant shown, const Decided& decided);
  /// Whether a message looks a day old, and has been tried for long enough.
  [[nodiscard]] bool may_give_up(const incident::Delivery& delivery, Instant shown) const;
  void died(const std::string& id, const Decided& decided);
  void must_tell(const std::string& id, Kind kind, const std::string& contact, const Decided& decided);
  void look_at_the_decision();
  [[nodiscard]] bool is_on_its_way(const Paging& it, const std::string& destination) const;
  [[nodiscard]] const oncall::Escalation* escalation_of(const Paging& it, const Decided& decided) const;
  void broke(const std::string& incident, std::string_view what);

  Elapsed configured_at_{};
  std::map<std::string, Pause> pauses_;  ///< by destination
  Oracle& oracle_;
  std::map<std::string, std::string> asked_;  ///< by incident: the escalation that a human named
  std::map<std::string, Paging> paging_;
  std::set<std::string> open_;
  std::map<std::string, Sent> sent_;  ///< by delivery id
  std::map<std::pair<std::string, std::string>, std::size_t> last_received_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> tries_in_a_row_;  ///< without one that was delivered
  std::map<std::string, std::string> steps_;                                     ///< that were paged, and the delivery
  std::size_t pages_received_ = 0;

  // Of one decision, which must do all of it.
  std::set<std::string> must_step_;  ///< incidents
  std::set<std::string> stepped_;    ///< or reopened
  std::set<std::pair<std::string, Kind>> withdrawn_;
  std::set<std::pair<std::string, std::pair<Kind, std::string>>> must_write_;  ///< to a destination
};

}  // namespace candor::simulation
