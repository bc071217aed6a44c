#include "daemon/event_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.h"
#include "daemon/incident/engine.h"

namespace candor {
namespace {

using namespace incident;
using log::Field;
using log::Level;

/// One log line an event: the event's token, the fields that it has, and a sentence.
class Line {
 public:
  explicit Line(const Event& event) : event_(event), token_(token(event.change)) {}

  /// Alerts come by the thousand, and their sender tells of them: what a rule makes of them is the line to read.
  /// journald drops lines, of whatever weight, from who writes too many.
  void operator()(const SignalChanged& e) const {
    const std::string_view health = to_string(e.seen.health);
    if (e.seen.id.kind == rules::SignalKind::probe) {
      const bool well = e.seen.health == rules::Health::ok;
      const Level level = !e.seen.looked() ? Level::debug : well ? Level::info : Level::warning;
      log::write(level, token_, {{"probe", e.seen.id.labels.get("probe")}, {"health", health}}, e.seen.evidence);
    } else if (log::shows(Level::debug)) {
      const std::string labels = e.seen.id.labels.text();
      log::debug(token_, {{"source", e.seen.id.source}, {"alert", labels}, {"health", health}}, e.seen.evidence);
    }
  }
  void operator()(const SourceChanged& e) const {
    const bool is_well = e.answering || e.evidence == incident::not_answered_yet;
    log::write(is_well ? Level::info : Level::warning, token_,
               {{"source", e.source}, {"answering", e.answering ? "true" : "false"}}, e.evidence);
  }
  void operator()(const VerdictChanged& e) const {
    const std::string_view finding = to_string(e.verdict.finding);
    if (event_.incident.empty()) {
      log::info(token_, {{"rule", e.rule}, {"finding", finding}}, e.verdict.evidence);
    } else {
      log::info(token_, {{"rule", e.rule}, {"finding", finding}, {"incident", event_.incident}}, e.verdict.evidence);
    }
  }
  void operator()(const IncidentOpened& e) const {
    log::warning(token_,
                 {{"incident", event_.incident},
                  {"rule", e.rule},
                  {"impact", to_string(e.impact)},
                  {"actor", event_.actor.name}},
                 e.title);
  }
  void operator()(const HoldingDrafted& e) const {
    if (e.due <= event_.at) return;  // posted with the same breath
    log::info(token_, {{"incident", event_.incident}, {"due", format_rfc3339(e.due)}}, e.body);
  }
  void operator()(const HoldingEdited& e) const { plain(Level::info, e.body); }
  void operator()(const HoldingVetoed& e) const { plain(Level::warning, e.reason); }
  void operator()(const UpdatePosted& e) const { plain(Level::info, e.body); }
  void operator()(const StatusChanged& e) const {
    log::info(token_, {{"incident", event_.incident}, {"status", to_string(e.status)}, {"actor", event_.actor.name}});
  }
  void operator()(const ImpactChanged& e) const { plain(Level::info, to_string(e.impact)); }
  void operator()(const TitleChanged& e) const { plain(Level::info, e.title); }
  void operator()(const ComponentStatusChanged& e) const {
    log::info(token_, {{"incident", event_.incident},
                       {"component", e.component},
                       {"status", to_string(e.status)},
                       {"actor", event_.actor.name}});
  }
  void operator()(const IncidentReopened& e) const { plain(Level::warning, e.evidence); }
  void operator()(const LeadTaken& e) const { plain(Level::info, e.lead + " leads"); }
  void operator()(const Paged& e) const {
    log::warning(token_, {{"incident", event_.incident},
                          {"contacts", fmt::format("{}", fmt::join(e.contacts, ","))},
                          {"round", fmt::to_string(e.round)},
                          {"step", fmt::to_string(e.step)}});
  }
  void operator()(const PageAcked& e) const {
    log::info(token_, {{"incident", event_.incident}, {"actor", event_.actor.name}, {"via", e.via}});
  }
  void operator()(const EscalationExhausted& e) const {
    plain(Level::error, e.why + "; nobody leads this incident: page somebody by hand, then run candorctl ack");
  }
  void operator()(const DeliveryEnded& e) const {
    if (e.end != DeliveryEnd::superseded) return;  // the deliver room tells of its own attempts, with the destination
    log::info(token_, {{"incident", event_.incident}, {"delivery", e.delivery}, {"end", to_string(e.end)}}, e.why);
  }
  void operator()(const HeartbeatReceived& e) const {
    const Level level = e.status == 0 ? Level::debug : Level::warning;
    log::write(level, token_, {{"probe", e.probe}, {"status", fmt::to_string(e.status)}}, e.message);
  }
  void operator()(const ClockSet& e) const {
    const bool back = e.by < Duration{0};
    log::warning(token_, {},
                 fmt::format("the clock was set {} by {}; every wait goes on for as long as it would have",
                             back ? "back" : "forward", format_duration(back ? -e.by : e.by)));
  }
  void operator()(const auto&) const {}

 private:
  void plain(Level level, std::string_view message) const {
    log::write(level, token_, {{"incident", event_.incident}, {"actor", event_.actor.name}}, message);
  }

  const Event& event_;
  std::string_view token_;
};

}  // namespace

void log_event(const Event& event) { std::visit(Line{event}, event.change); }

}  // namespace candor
