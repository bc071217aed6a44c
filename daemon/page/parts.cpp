#include "daemon/page/parts.h"

#include <algorithm>

#include "base/utf8.h"
#include "daemon/page/frame.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

void add_update(Markup& to, const PageSettings& settings, const PublicIncident& incident, const PublicUpdate& update,
                const UpdateList& list) {
  const bool newest = &update == &incident.updates.back();
  to.tags(newest ? Markup::Literal{"<li class=\"new\">"} : Markup::Literal{"<li>"}).tags("<div class=\"when\">");
  to.tags(list.below_title ? Markup::Literal{"<h4>"} : Markup::Literal{"<h3>"}).text(words(update.status));
  to.tags(list.below_title ? Markup::Literal{"</h4>"} : Markup::Literal{"</h3>"});
  to.time(update.at, format_for_people(update.at)).tags("</div>");
  if (list.body_bytes == 0 || update.body.size() <= list.body_bytes) {
    to.paragraphs(update.body);
  } else {
    to.paragraphs(shorten(update.body, list.body_bytes)).tags("<p><a");
    add_href(to, settings, incident_path(incident));
    to.tags(">Read the whole update</a></p>");
  }
  to.tags("</li>\n");
}

}  // namespace

std::string incident_path(const PublicIncident& incident) { return "/incidents/" + incident.id; }

void add_state(Markup& to, const PublicIncident& incident) {
  const Tone shown = incident.open() ? tone(incident.impact) : Tone::well;
  to.tags("<span class=\"state ").tags(tone_class(shown)).tags("\">");
  add_icon(to, shown);
  to.text(words(incident.status));
  if (incident.open()) to.tags(" \xC2\xB7 ").text(words(incident.impact));
  to.tags("</span>");
}

void add_missed_update(Markup& to, Instant due) {
  to.tags("due by ").time(due, format_for_people(due)).tags("; we cannot post updates at the moment");
}

std::string affected_names(const PublicIncident& incident) {
  const auto is_broken = [](const AffectedComponent& it) { return it.after != ComponentStatus::operational; };
  const bool any_broken = std::ranges::any_of(incident.components, is_broken);
  std::string names;
  for (const AffectedComponent& component : incident.components) {
    if (any_broken && !is_broken(component)) continue;
    if (!names.empty()) names += ", ";
    names += component.name;
  }
  return names;
}

std::string lasted_words(const PublicIncident& incident) {
  return duration_words(incident.resolved_at.value_or(incident.updated_at) - incident.failing_since);
}

void add_updates(Markup& to, const PageSettings& settings, const PublicIncident& incident, const UpdateList& list) {
  const std::size_t all = incident.updates.size();
  const std::size_t shown = list.updates == 0 ? all : std::min(all, list.updates);
  to.tags("<ol class=\"updates\" reversed=\"reversed\">\n");
  for (std::size_t i = 0; i < shown; ++i) add_update(to, settings, incident, incident.updates[all - 1 - i], list);
  to.tags("</ol>\n");
  if (shown == all) return;
  to.tags("<p class=\"after\"><a");
  add_href(to, settings, incident_path(incident));
  to.tags(">Read all ").text(std::to_string(all)).tags(" updates</a></p>\n");
}

void add_past(Markup& to, const PageSettings& settings, const PublicIncident& incident) {
  to.tags("<li><h3><a");
  add_href(to, settings, incident_path(incident));
  to.tags(">").text(incident.title).tags("</a></h3><p class=\"meta\">");
  to.time(incident.failing_since, format_for_people(incident.failing_since));
  to.tags(" \xC2\xB7 ").text(words(incident.impact)).tags(" \xC2\xB7 lasted ").text(lasted_words(incident));
  if (const std::string names = affected_names(incident); !names.empty()) to.tags(" \xC2\xB7 ").text(names);
  to.tags("</p></li>\n");
}

std::string shorten(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string{text};
  const std::size_t space = text.substr(0, bytes + 1).find_last_of(" \n\t");
  return shorten_utf8(text, space != std::string_view::npos && space > 0 ? space : bytes);
}

}  // namespace candor::page
