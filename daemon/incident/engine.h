#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "daemon/incident/event.h"
#include "daemon/incident/policy.h"
#include "daemon/incident/state.h"
#include "daemon/incident/unseen.h"
#include "rules/evaluator.h"

namespace candor::incident {

/// What must be committed together before anything of it is shown or sent.
struct Decision {
  std::vector<Event> events;
  std::vector<Delivery> deliveries;

  [[nodiscard]] bool empty() const { return events.empty() && deliveries.empty(); }
};

/// The evidence of a source that is awaited.
inline constexpr std::string_view not_answered_yet = "it has not answered yet";

// What a responder asks for. Texts are plain text.

struct OpenIncident {
  std::string title;
  std::string body;  ///< the first public words; empty: only responders see the incident so far
  Impact impact = Impact::minor;
  ComponentStatuses components;
  std::string escalation;  ///< empty: nobody is paged
};
struct PostUpdate {
  std::string incident;
  std::string body;
  std::optional<Status> status;  ///< not resolved: that is ResolveIncident
  std::optional<Impact> impact;
  std::optional<std::string> title;
  ComponentStatuses components;  ///< only those named change
};
struct ResolveIncident {
  std::string incident;
  std::string body;  ///< the last public words; empty: a plain sentence
};
struct EditHolding {
  std::string incident;
  std::string title;  ///< empty: as it is
  std::string body;
};
struct VetoHolding {
  std::string incident;
  std::string reason;  ///< required
};
struct AckPage {
  std::string incident;
  std::string via;  ///< `link`, `api`
};
struct TakeLead {
  std::string incident;
  std::string lead;
};
using Command = std::variant<OpenIncident, PostUpdate, ResolveIncident, EditHolding, VetoHolding, AckPage, TakeLead>;

/// A rejected command, and whether the thing it names is missing (404), in another state (409), the words are bad
/// (422), nothing can be taken in now, or it is decided and counts once the disk takes it in (503).
struct Rejection {
  enum class Kind : std::uint8_t { not_found, conflict, invalid, unavailable, unfinished };
  Kind kind = Kind::invalid;
  std::string message;
};

struct Accepted {
  std::string incident;
  Decision decision;
};

/// Turns what is seen, asked and due into events and deliveries, and folds the events into its state as it goes, so
/// that state() is always the fold of all events it has returned. Pure: a function of the state it began with, the
/// policy, and the calls since. The caller commits each decision, in order, before acting on it.
///
/// Thread: one at a time.
class Engine {
 public:
  Engine(Policy policy, State state);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// At most once, right after construction: for unseen() before begin(). Nobody looked from `last_sign`, or the newest
  /// event if that is later, until now.
  void wake(Instant last_sign, Instant now);

  /// Once after construction and before any other call but that: begins an empty journal, and judges the rules anew
  /// over the restored signals. `salt`: of the ids that are made from now on, another one at each start: a journal that
  /// was restored or lost its end does not know which ids were out in the world already. `last_sign`: when candord was
  /// there, where that is later than the last event. `fresh`: of signals that are not known yet, so that the rules
  /// count them.
  [[nodiscard]] Decision begin(std::uint64_t salt, Instant now, Instant last_sign = {},
                               std::vector<rules::Observation> fresh = {});

  /// Nothing could be taken in from `since` until now, and so no calls of jobs.
  [[nodiscard]] Decision heard_nothing(Instant since, Instant now);

  /// Whoever calls it did nothing for `by` until now: its process was stopped, or starved. As after a start, what is
  /// open now rests on what was seen before, and ends no sooner than everything could be seen again. Where the clock was
  /// set in that time, or in the one of heard_nothing(), `now` is by the clock as it was, and clock_set() comes after.
  [[nodiscard]] Decision stood_still(Duration by, Instant now);

  [[nodiscard]] Decision observe(std::vector<rules::Observation> seen, Instant now);
  [[nodiscard]] Decision forget(std::span<const rules::SignalId> signals, Instant now);
  /// A source is asked for its alerts from now on. One that is not known is silent until it has answered.
  [[nodiscard]] Decision source_awaited(const std::string& source, Instant now);
  [[nodiscard]] Decision source_changed(const std::string& source, bool answering, const std::string& evidence,
                                        Instant now);
  [[nodiscard]] Decision source_forgotten(const std::string& source, Instant now);
  [[nodiscard]] Decision heartbeat(const std::string& probe, std::uint32_t status, const std::string& message,
                                   Instant now);
  [[nodiscard]] Decision heartbeat_forgotten(const std::string& probe, Instant now);
  [[nodiscard]] Decision delivery_ended(const std::string& delivery, DeliveryEnd end, const std::string& why,
                                        Instant now);
  [[nodiscard]] std::expected<Accepted, Rejection> command(const Command& command, const Actor& actor, Instant now);

  /// The wall clock was set: `by` what its reading differs from what it would have been. Every wait goes on for as long
  /// as it would have, but a promise to customers is kept no later than the instant that they were told.
  [[nodiscard]] Decision clock_set(Duration by, Instant now);

  /// What is due by `now`: a `for`, a holding response, a resolve, an escalation step, a promised update.
  [[nodiscard]] Decision tick(Instant now);
  /// When tick() next has something to do.
  [[nodiscard]] std::optional<Instant> due() const;

  /// Goes by another policy from now on. Open incidents of rules that are gone stay open, for a human to end.
  [[nodiscard]] Decision reconfigure(Policy policy, Instant now);

  [[nodiscard]] const State& state() const;

  /// What the rules cannot see; see incident::unseen(). After an absence of at least `least`, what nobody has looked at
  /// since is unseen.
  [[nodiscard]] Unseen unseen(Duration least) const;

  /// When the incident's first words become public. Nothing where none wait, or where no instant is certain: of words
  /// that nobody wrote while their rule is not seen to hold.
  [[nodiscard]] std::optional<Instant> words_due(const Incident& it) const;
  [[nodiscard]] const Policy& policy() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The open incidents that no rule ends as things are, and no human has taken yet: their rule is no more, or nobody saw
/// the end of what it held by.
[[nodiscard]] std::vector<std::string> left_to_humans(const State& state, const Policy& policy);

}  // namespace candor::incident
