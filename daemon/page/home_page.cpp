#include <algorithm>
#include <vector>

#include "daemon/page/frame.h"
#include "daemon/page/groups.h"
#include "daemon/page/pages.h"
#include "daemon/page/parts.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

// What keeps the page under 50 kB however much there is to tell; the incidents' own pages tell the rest.
constexpr std::size_t told_at_length = 3;     // open incidents with several updates
constexpr std::size_t told_briefly = 10;      // open incidents with an update at all
constexpr std::size_t listed = 40;            // open incidents named
constexpr std::size_t updates_at_length = 3;  // of each
constexpr std::size_t body_bytes = 1'000;     // of each update
constexpr std::size_t past_incidents = 5;
constexpr std::size_t components_unfolded = 12;  // with more, groups in which all is well are folded

using Open = std::vector<const PublicIncident*>;

/// The leading one first, then the newest.
Open open_incidents(const View& view, const PublicIncident* leading) {
  Open open;
  if (leading != nullptr) open.push_back(leading);
  for (std::size_t n = 0; n < view.incidents(); ++n) {
    const PublicIncident& it = *view.newest(n);
    if (it.open() && &it != leading) open.push_back(&it);
  }
  return open;
}

void add_hero(Markup& page, const View& view, const Headline& said, const PublicIncident* leading) {
  page.tags("<section class=\"hero ").tags(tone_class(said.tone)).tags("\" aria-labelledby=\"state\">\n");
  page.tags("<div class=\"say\">");
  add_icon(page, said.tone);
  page.tags("<h1 id=\"state\">").text(said.sentence).tags("</h1></div>\n");
  for (const std::string& sentence : said.more) page.tags("<p class=\"more\">").text(sentence).tags(".</p>\n");
  if (said.unseen_since) {
    page.tags("<p class=\"more\">Our own checks have not been able to tell since ");
    page.time(*said.unseen_since, format_for_people(*said.unseen_since)).tags(".</p>\n");
  }
  if (leading != nullptr) {
    page.tags("<dl class=\"facts\">\n");
    begin_fact(page, "Is someone on it?").text(lead_words(*leading)).tags("</dd></div>\n");
    begin_fact(page, "Next update");
    if (leading->next_update) {
      page.tags("by ").time(*leading->next_update, time_words(*leading->next_update, leading->updated_at));
    } else if (leading->missed_update) {
      page.tags("was ");
      add_missed_update(page, *leading->missed_update);
    } else {
      page.tags("No time set yet");
    }
    page.tags("</dd></div>\n");
    begin_fact(page, "Since").time(leading->failing_since, format_for_people(leading->failing_since));
    page.tags("</dd></div>\n</dl>\n");
  } else if (view.incidents() == 0 && !said.unseen_since) {
    page.tags("<p class=\"more\">When something breaks, you will read it here first.</p>\n");
  }
  page.tags("</section>\n");
}

void add_incident(Markup& page, const View& view, const PublicIncident& incident, bool in_hero, std::size_t updates) {
  page.tags("<article class=\"card ").tags(tone_class(tone(incident.impact))).tags("\"><h3><a");
  add_href(page, view.settings, incident_path(incident));
  page.tags(">").text(incident.title).tags("</a></h3>\n<p>");
  add_state(page, incident);
  page.tags("</p>\n");
  if (const std::string names = affected_names(incident); !names.empty()) {
    page.tags("<p class=\"meta\">Affects ").text(names).tags("</p>\n");
  }
  if (!in_hero) {
    page.tags("<p class=\"meta\">").text(lead_words(incident));
    if (incident.next_update) {
      page.tags(" \xC2\xB7 Next update by ");
      page.time(*incident.next_update, time_words(*incident.next_update, incident.updated_at));
    } else if (incident.missed_update) {
      page.tags(" \xC2\xB7 An update was ");
      add_missed_update(page, *incident.missed_update);
    }
    page.tags("</p>\n");
  }
  if (updates > 0) {
    add_updates(page, view.settings, incident, {.updates = updates, .body_bytes = body_bytes, .below_title = true});
  }
  page.tags("</article>\n");
}

void add_open(Markup& page, const View& view, const Open& open) {
  if (open.empty()) return;
  page.tags("<section aria-labelledby=\"open\"><h2 id=\"open\">What we know</h2>\n");
  for (std::size_t i = 0; i < std::min(open.size(), listed); ++i) {
    const std::size_t updates = i < told_at_length ? updates_at_length : i < told_briefly ? 1 : 0;
    add_incident(page, view, *open[i], i == 0, updates);
  }
  if (open.size() > listed) {
    page.tags("<p class=\"after\">And ").text(std::to_string(open.size() - listed)).tags(" more: <a");
    add_href(page, view.settings, "/api/v2/incidents/unresolved.json");
    page.tags(">all open incidents</a></p>\n");
  }
  page.tags("</section>\n");
}

void add_status(Markup& page, const PublicComponent& component) {
  page.tags("<span class=\"state ").tags(tone_class(tone(component))).tags("\">");
  add_icon(page, tone(component));
  page.text(words(component)).tags("</span>");
}

void add_component(Markup& page, const PublicComponent& component) {
  page.tags("<div class=\"row\"><span class=\"name\">").text(component.name);
  if (!component.description.empty()) page.tags("<span class=\"about\">").text(component.description).tags("</span>");
  page.tags("</span>");
  add_status(page, component);
  page.tags("</div>");
}

void add_group(Markup& page, const Group& group, bool unfolded) {
  if (group.name.empty()) {
    add_component(page, *group.members.front());
    page.tags("\n");
    return;
  }
  page.tags("<details").tags(unfolded ? Markup::Literal{" open=\"open\">"} : Markup::Literal{">"});
  page.tags("<summary class=\"row\"><h3>").text(group.name).tags("</h3>");
  add_status(page, group.worst());
  page.tags("</summary><ul>\n");
  for (const PublicComponent* member : group.members) {
    page.tags("<li>");
    add_component(page, *member);
    page.tags("</li>\n");
  }
  page.tags("</ul></details>\n");
}

void add_components(Markup& page, const View& view) {
  if (view.components.empty()) return;
  const bool few = view.components.size() <= components_unfolded;
  page.tags(
      "<section aria-labelledby=\"parts\"><h2 id=\"parts\">Every part of our service</h2>\n<div class=\"card "
      "parts\">\n");
  for (const Group& group : groups(view)) {
    add_group(page, group, few || tone(group.worst()) != Tone::well);
  }
  page.tags("</div></section>\n");
}

void add_past_incidents(Markup& page, const View& view) {
  Open ended;
  for (std::size_t n = 0; n < view.incidents() && ended.size() < past_incidents; ++n) {
    if (!view.newest(n)->open()) ended.push_back(view.newest(n).get());
  }
  page.tags("<section aria-labelledby=\"past\"><h2 id=\"past\">Past incidents</h2>\n");
  if (ended.empty()) {
    page.tags("<p class=\"card none\">No incident has ended yet.</p>\n");
  } else {
    page.tags("<ul class=\"card past\">\n");
    for (const PublicIncident* it : ended) add_past(page, view.settings, *it);
    page.tags("</ul>\n<p class=\"after\"><a");
    add_href(page, view.settings, "/history");
    page.tags(">The whole history</a></p>\n");
  }
  page.tags("</section>\n");
}

}  // namespace

std::string home_page(const View& view) {
  const Headline said = headline(view);
  const PublicIncident* leading = leading_incident(view);
  Markup page;
  add_hero(page, view, said, leading);
  add_open(page, view, open_incidents(view, leading));
  add_components(page, view);
  add_past_incidents(page, view);
  std::string description = said.sentence + ".";
  if (leading != nullptr && leading->next_update) {
    // Search engines and link previews keep it for longer than the promise stands.
    description += " Next update by " + format_for_people(*leading->next_update) + ".";
  } else if (leading != nullptr && leading->missed_update) {
    description += " We cannot post updates at the moment.";
  }
  return frame({.settings = view.settings,
                .title = said.sentence,
                .description = std::move(description),
                .path = "/",
                .footnote = view.incidents() == 0 ? "" : "Last change: " + format_for_people(view.updated_at)},
               page);
}

}  // namespace candor::page
