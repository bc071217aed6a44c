#include <algorithm>

#include <fmt/format.h>

#include "base/reader.h"
#include "base/utf8.h"
#include "daemon/incident/turn.h"

namespace candor::incident {
namespace {

using Answer = std::expected<std::string, Rejection>;

constexpr std::size_t most_title_bytes = 255;
constexpr std::size_t most_body_bytes = 25'000;  // Statuspage's limit for an update
constexpr std::size_t most_told_bytes = 80;      // of a name that a caller made up

Answer reject(Rejection::Kind kind, std::string message) {
  return std::unexpected(Rejection{kind, std::move(message)});
}
Answer invalid(std::string message) { return reject(Rejection::Kind::invalid, std::move(message)); }
Answer conflict(std::string message) { return reject(Rejection::Kind::conflict, std::move(message)); }

/// Whom the actor is as a lead: its name without the kind.
std::string_view lead_named(std::string_view actor) { return actor.substr(actor.find(':') + 1); }

/// One command against the turn it is part of.
class Clerk {
 public:
  Clerk(Turn& turn, const Actor& actor) : turn_(turn), actor_(actor) {}

  Answer operator()(const OpenIncident& c) {
    if (const std::string wrong = check_title(c.title); !wrong.empty()) return invalid(wrong);
    if (const std::string wrong = check_body(c.body, false); !wrong.empty()) return invalid(wrong);
    if (const std::string wrong = check_components(c.components); !wrong.empty()) return invalid(wrong);
    if (!c.escalation.empty() && !turn_.policy().oncall.escalations.contains(c.escalation)) {
      return invalid(fmt::format("there is no escalation \"{}\"", c.escalation));
    }
    const std::string id = turn_.open(actor_, {.title = c.title,
                                               .impact = c.impact,
                                               .components = c.components,
                                               .failing_since = turn_.now(),
                                               .escalation = c.escalation});
    if (!c.body.empty()) turn_.post(id, actor_, c.body);
    turn_.page_next(id, "");
    return id;
  }

  Answer operator()(const PostUpdate& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (const std::string wrong = check_body(c.body, true); !wrong.empty()) return invalid(wrong);
    if (const std::string wrong = check_components(c.components); !wrong.empty()) return invalid(wrong);
    if (c.title) {
      if (const std::string wrong = check_title(*c.title); !wrong.empty()) return invalid(wrong);
    }
    if (c.status == Status::resolved) return invalid("to end an incident, resolve it");
    if (c.status == Status::postmortem) return invalid("post-mortems are not supported by this version");
    if (!it->open()) {
      if (!c.status) {
        return conflict(
            fmt::format("incident {} is resolved; name a status, such as investigating, to reopen it", it->id));
      }
      turn_.reopen_by_hand(c.incident, actor_, c);
    }
    if (c.status && *c.status != it->status) turn_.emit(actor_, c.incident, StatusChanged{*c.status});
    if (c.impact && *c.impact != it->impact) turn_.emit(actor_, c.incident, ImpactChanged{*c.impact});
    if (c.title && *c.title != it->title) turn_.emit(actor_, c.incident, TitleChanged{*c.title});
    for (const auto& [component, status] : c.components) {
      const auto said = it->components.find(component);
      if (said != it->components.end() && said->second == status) continue;
      turn_.emit(actor_, c.incident, ComponentStatusChanged{component, status});
    }
    turn_.post(c.incident, actor_, c.body);
    return c.incident;
  }

  Answer operator()(const ResolveIncident& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (!it->open()) return conflict(fmt::format("incident {} is resolved already", c.incident));
    if (const std::string wrong = check_body(c.body, false); !wrong.empty()) return invalid(wrong);
    turn_.resolve(c.incident, actor_, c.body);
    return c.incident;
  }

  Answer operator()(const EditHolding& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (it->holding.stage != Holding::Stage::waiting) return not_waiting(*it);
    if (const std::string wrong = check_body(c.body, true); !wrong.empty()) return invalid(wrong);
    if (!c.title.empty()) {
      if (const std::string wrong = check_title(c.title); !wrong.empty()) return invalid(wrong);
    }
    turn_.emit(actor_, c.incident, HoldingEdited{c.title.empty() ? it->holding.title : c.title, c.body});
    return c.incident;
  }

  Answer operator()(const VetoHolding& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (it->holding.stage != Holding::Stage::waiting) return not_waiting(*it);
    if (shows_nothing(c.reason)) return invalid("a veto needs a reason; it is recorded");
    if (c.reason.size() > most_body_bytes) return invalid("the reason is too long");
    turn_.emit(actor_, c.incident, HoldingVetoed{c.reason});
    return c.incident;
  }

  Answer operator()(const AckPage& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (!it->open()) return conflict(fmt::format("incident {} is resolved already; nothing to ack", c.incident));
    if (it->escalation.acked_at) {
      const std::string& acked_by = it->escalation.acked_by;
      const std::string at = format_rfc3339(*it->escalation.acked_at);
      if (it->lead == lead_named(actor_.name)) return c.incident;
      // Somebody may have taken the lead since.
      if (it->lead == lead_named(acked_by)) {
        return conflict(fmt::format("{} acked incident {} at {} and leads it", acked_by, c.incident, at));
      }
      return conflict(fmt::format("{} leads incident {}, which {} acked at {}", it->lead, c.incident, acked_by, at));
    }
    turn_.ack(c.incident, actor_, c.via);
    return c.incident;
  }

  Answer operator()(const TakeLead& c) {
    const Incident* it = find(c.incident);
    if (it == nullptr) return missing(c.incident);
    if (!it->open()) return conflict(fmt::format("incident {} is resolved already", c.incident));
    if (shows_nothing(c.lead) || c.lead.size() > most_title_bytes) return invalid("name the lead, in up to 255 bytes");
    const bool paged = it->escalation.round > 0 && !it->escalation.acked_at;
    if (paged) turn_.ack(c.incident, actor_, "lead");
    if (c.lead != it->lead || !it->in_human_hands) turn_.emit(actor_, c.incident, LeadTaken{c.lead});
    return c.incident;
  }

 private:
  [[nodiscard]] const Incident* find(const std::string& id) const {
    const auto found = turn_.state().incidents.find(id);
    return found != turn_.state().incidents.end() ? &found->second : nullptr;
  }

  static Answer missing(const std::string& id) {
    return reject(Rejection::Kind::not_found, fmt::format("there is no incident \"{}\"", id));
  }

  static Answer not_waiting(const Incident& it) {
    switch (it.holding.stage) {
      case Holding::Stage::posted:
        return conflict(fmt::format("the holding response of {} is public already; post an update instead", it.id));
      case Holding::Stage::vetoed:
        return conflict(fmt::format("the holding response of {} is vetoed already", it.id));
      case Holding::Stage::none:
      case Holding::Stage::waiting:
        break;
    }
    return conflict(fmt::format("incident {} has no holding response waiting", it.id));
  }

  static std::string check_title(const std::string& title) {
    if (shows_nothing(title)) return "the title is empty";
    if (title.size() > most_title_bytes) return fmt::format("the title is longer than {} bytes", most_title_bytes);
    if (breaks_line(title)) return "the title has more than one line";
    return {};
  }

  static std::string check_body(const std::string& body, bool required) {
    if ((required || !body.empty()) && shows_nothing(body)) return "the body is empty; say what is known";
    if (body.size() > most_body_bytes) return fmt::format("the body is longer than {} bytes", most_body_bytes);
    return {};
  }

  [[nodiscard]] std::string check_components(const ComponentStatuses& components) const {
    for (const auto& [id, status] : components) {
      if (turn_.policy().component(id) != nullptr) continue;
      std::vector<std::string> known;
      for (const Component& component : turn_.policy().components) known.push_back(component.id);
      const std::optional<std::string> near = nearest(id, known);
      return fmt::format("there is no component \"{}\"{}", shorten_utf8(id, most_told_bytes),
                         near ? fmt::format("; did you mean \"{}\"?", *near) : std::string{});
    }
    return {};
  }

  Turn& turn_;
  const Actor& actor_;
};

}  // namespace

std::expected<std::string, Rejection> carry_out(Turn& turn, const Command& command, const Actor& actor) {
  return std::visit(Clerk{turn, actor}, command);
}

}  // namespace candor::incident
