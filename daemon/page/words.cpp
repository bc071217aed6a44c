#include "daemon/page/words.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace candor::page {
namespace {

constexpr std::array worst_first{ComponentStatus::major_outage, ComponentStatus::partial_outage,
                                 ComponentStatus::degraded_performance, ComponentStatus::under_maintenance};

std::string_view predicate(ComponentStatus status, bool several) {
  switch (status) {
    case ComponentStatus::major_outage:
      return several ? "are not working" : "is not working";
    case ComponentStatus::partial_outage:
      return several ? "are working only in part" : "is working only in part";
    case ComponentStatus::degraded_performance:
      return several ? "are slow or unreliable" : "is slow or unreliable";
    case ComponentStatus::under_maintenance:
      return several ? "are under maintenance" : "is under maintenance";
    case ComponentStatus::operational:
      break;
  }
  return several ? "are working" : "is working";
}

using Names = std::vector<std::string_view>;

/// "Checkout", "Checkout and Search", "Checkout, Search and 3 more"
std::string listed(const Names& names) {
  if (names.size() == 1) return std::string{names[0]};
  if (names.size() == 2) return fmt::format("{} and {}", names[0], names[1]);
  return fmt::format("{}, {} and {} more", names[0], names[1], names.size() - 2);
}

/// "Checkout and Search are not working" about all components of that status; empty when there is none.
std::string sentence_about(const View& view, ComponentStatus status) {
  Names names;
  for (const PublicComponent& component : view.components) {
    if (component.status == status) names.push_back(component.name);
  }
  if (names.empty()) return {};
  const bool all = names.size() == view.components.size() && names.size() > 1;
  return fmt::format("{} {}", all ? fmt::format("All {} parts of our service", names.size()) : listed(names),
                     predicate(status, names.size() > 1));
}

/// What cannot be seen, and since when the first of it.
struct Hidden {
  Names names;
  std::optional<Instant> since;
  bool everything = false;
};

Hidden hidden(const View& view) {
  Hidden found{.names = {}, .since = view.unseen_since, .everything = view.unseen_since.has_value()};
  for (const PublicComponent& component : view.components) {
    if (!component.unseen()) continue;
    found.names.push_back(component.name);
    found.since = std::min(found.since.value_or(*component.unseen_since), *component.unseen_since);
  }
  found.everything |= found.names.size() > 1 && found.names.size() == view.components.size();
  // Where it is known of each component how it does, there is nothing else.
  if (found.names.empty() && !view.components.empty()) return {};
  return found;
}

/// `besides`: something else has been said before.
std::string sentence_about(const Hidden& hidden, bool besides) {
  if (hidden.everything) {
    return besides ? "We cannot see at the moment whether everything else works"
                   : "We cannot see at the moment whether everything works";
  }
  return fmt::format("We cannot see at the moment whether {} {}", listed(hidden.names),
                     hidden.names.size() > 1 ? "work" : "works");
}

std::string_view sentence_about(const PublicIncident& incident) {
  switch (incident.status) {
    case Status::identified:
      return "We know what causes a problem and are working on it";
    case Status::monitoring:
      return "A fix is in place and we are watching it";
    default:
      return "We are looking into a problem";
  }
}

std::chrono::year_month_day date(Instant at) {
  return std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(at)};
}

std::string count_words(std::int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

std::string pair_words(std::int64_t large, std::string_view large_unit, std::int64_t small,
                       std::string_view small_unit) {
  const std::string first = count_words(large, large_unit);
  return small == 0 ? first : first + " " + count_words(small, small_unit);
}

}  // namespace

std::string_view words(ComponentStatus status) {
  switch (status) {
    case ComponentStatus::operational:
      return "Operational";
    case ComponentStatus::under_maintenance:
      return "Under maintenance";
    case ComponentStatus::degraded_performance:
      return "Degraded performance";
    case ComponentStatus::partial_outage:
      return "Partial outage";
    case ComponentStatus::major_outage:
      break;
  }
  return "Major outage";
}

std::string_view words(Status status) {
  switch (status) {
    case Status::investigating:
      return "Investigating";
    case Status::identified:
      return "Identified";
    case Status::monitoring:
      return "Monitoring";
    case Status::resolved:
      return "Resolved";
    case Status::postmortem:
      break;
  }
  return "Post-mortem";
}

std::string_view words(Impact impact) {
  switch (impact) {
    case Impact::none:
      return "No impact";
    case Impact::minor:
      return "Minor impact";
    case Impact::major:
      return "Major impact";
    case Impact::critical:
      break;
  }
  return "Critical impact";
}

std::string_view words(const PublicComponent& component) {
  return component.unseen() ? "Unknown" : words(component.status);
}

Tone tone(ComponentStatus status) {
  switch (status) {
    case ComponentStatus::operational:
      return Tone::well;
    case ComponentStatus::under_maintenance:
      return Tone::maintenance;
    case ComponentStatus::degraded_performance:
      return Tone::slow;
    case ComponentStatus::partial_outage:
      return Tone::part;
    case ComponentStatus::major_outage:
      break;
  }
  return Tone::down;
}

Tone tone(const PublicComponent& component) { return component.unseen() ? Tone::unseen : tone(component.status); }

Tone tone(Impact impact) {
  switch (impact) {
    case Impact::none:
      return Tone::well;
    case Impact::minor:
      return Tone::slow;
    case Impact::major:
      return Tone::part;
    case Impact::critical:
      break;
  }
  return Tone::down;
}

const PublicIncident* leading_incident(const View& view) {
  const PublicIncident* leading = nullptr;
  for (std::size_t n = 0; n < view.incidents(); ++n) {
    const PublicIncident& it = *view.newest(n);
    if (it.open() && (leading == nullptr || it.impact > leading->impact)) leading = &it;
  }
  return leading;
}

Headline headline(const View& view) {
  Headline said;
  const auto say = [&said](std::string sentence, Tone tone) {
    said.tone = std::max(said.tone, tone);
    if (said.sentence.empty()) {
      said.sentence = std::move(sentence);
    } else {
      said.more.push_back(std::move(sentence));
    }
  };
  for (const ComponentStatus status : worst_first) {
    if (std::string sentence = sentence_about(view, status); !sentence.empty()) say(std::move(sentence), tone(status));
  }
  const PublicIncident* leading = leading_incident(view);
  if (leading != nullptr) said.tone = std::max(said.tone, tone(leading->impact));
  const bool trouble = leading != nullptr && leading->impact != Impact::none;
  if (trouble && said.sentence.empty()) say(std::string{sentence_about(*leading)}, tone(leading->impact));
  if (const Hidden unseen = hidden(view); unseen.since) {
    say(sentence_about(unseen, !said.sentence.empty()), Tone::unseen);
    said.unseen_since = unseen.since;
  }
  if (said.sentence.empty()) say("All systems are working", Tone::well);
  return said;
}

std::string_view lead_words(const PublicIncident& incident) {
  return incident.led ? "Someone is leading the response" : "Nobody has taken the lead yet";
}

Indicator indicator(const View& view) {
  const PublicIncident* leading = leading_incident(view);
  const Impact impact = leading != nullptr ? leading->impact : Impact::none;
  ComponentStatus worst = ComponentStatus::operational;
  bool all_out = !view.components.empty();
  for (const PublicComponent& component : view.components) {
    worst = std::max(worst, component.status);
    all_out = all_out && component.status == ComponentStatus::major_outage;
  }
  if (impact == Impact::critical || all_out) return {"critical", "Major System Outage"};
  if (impact == Impact::major || worst == ComponentStatus::major_outage) return {"major", "Partial System Outage"};
  if (worst == ComponentStatus::partial_outage) return {"minor", "Minor Service Outage"};
  if (worst == ComponentStatus::degraded_performance) return {"minor", "Partially Degraded Service"};
  if (impact == Impact::minor) return {"minor", "Minor Service Outage"};
  if (worst == ComponentStatus::under_maintenance) return {"maintenance", "Service Under Maintenance"};
  // Statuspage has no indicator for it.
  const Hidden unseen = hidden(view);
  if (unseen.everything) return {"none", "System Status Unknown"};
  if (unseen.since) return {"none", "System Status Partly Unknown"};
  return {"none", "All Systems Operational"};
}

std::string duration_words(Duration duration) {
  const std::int64_t minutes = std::chrono::floor<std::chrono::minutes>(duration).count();
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return count_words(minutes, "minute");
  const std::int64_t hours = minutes / 60;
  if (hours < 24) return pair_words(hours, "hour", minutes % 60, "minute");
  return pair_words(hours / 24, "day", hours % 24, "hour");
}

std::string time_words(Instant at, Instant near) {
  return date(at) == date(near) ? format_hour(at) : format_for_people(at);
}

std::string month_words(Instant at) {
  constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                    "May",       "June",     "July",     "August",
                                                    "September", "October",  "November", "December"};
  const std::chrono::year_month_day day = date(at);
  return fmt::format("{} {}", months.at(static_cast<unsigned>(day.month()) - 1), static_cast<int>(day.year()));
}

}  // namespace candor::page
