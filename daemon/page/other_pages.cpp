#include "daemon/page/frame.h"
#include "daemon/page/pages.h"
#include "daemon/page/parts.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

void add_instant(Markup& to, Markup::Literal name, Instant at) {
  begin_fact(to, name).time(at, format_for_people(at)).tags("</dd></div>\n");
}

void add_facts(Markup& page, const PublicIncident& it) {
  page.tags("<dl class=\"facts\">\n");
  if (const std::string names = affected_names(it); !names.empty()) {
    begin_fact(page, it.open() ? Markup::Literal{"Affects"} : Markup::Literal{"Affected"})
        .text(names)
        .tags("</dd></div>\n");
  }
  add_instant(page, "Began", it.failing_since);
  if (it.open()) {
    begin_fact(page, "Is someone on it?").text(lead_words(it)).tags("</dd></div>\n");
    if (it.next_update) {
      begin_fact(page, "Next update").tags("by ").time(*it.next_update, format_for_people(*it.next_update));
      page.tags("</dd></div>\n");
    } else if (it.missed_update) {
      begin_fact(page, "Next update").tags("was ");
      add_missed_update(page, *it.missed_update);
      page.tags("</dd></div>\n");
    }
  } else {
    if (it.resolved_at) add_instant(page, "Resolved", *it.resolved_at);
    begin_fact(page, "Lasted").text(lasted_words(it)).tags("</dd></div>\n");
    begin_fact(page, "How bad it was").text(words(it.impact)).tags("</dd></div>\n");
  }
  page.tags("</dl>\n");
}

void add_turn(Markup& page, const PageSettings& settings, std::size_t to, Markup::Literal name) {
  page.tags("<a");
  add_href(page, settings, history_path(to));
  page.tags(">").tags(name).tags("</a>");
}

void add_turns(Markup& page, const PageSettings& settings, std::size_t number, std::size_t pages) {
  if (pages <= 1) return;
  page.tags("<nav class=\"pages\" aria-label=\"Pages of the history\"><span>");
  if (number > 1) add_turn(page, settings, number - 1, "Newer");
  page.tags("</span><span>Page ").text(std::to_string(number)).tags(" of ").text(std::to_string(pages));
  page.tags("</span><span>");
  if (number < pages) add_turn(page, settings, number + 1, "Older");
  page.tags("</span></nav>\n");
}

}  // namespace

std::string incident_page(const PageSettings& settings, const PublicIncident& incident) {
  const Tone shown = incident.open() ? tone(incident.impact) : Tone::well;
  Markup page;
  page.tags("<article>\n<section class=\"hero ")
      .tags(tone_class(shown))
      .tags("\" aria-labelledby=\"title\">\n<p class=\"crumb\">");
  add_state(page, incident);
  page.tags("</p>\n<h1 id=\"title\">").text(incident.title).tags("</h1>\n");
  add_facts(page, incident);
  page.tags("</section>\n<section class=\"").tags(tone_class(shown)).tags("\" aria-labelledby=\"updates\">");
  page.tags("<h2 id=\"updates\">Updates</h2>\n<div class=\"card told\">\n");
  add_updates(page, settings, incident, {});
  page.tags("</div></section>\n</article>\n<p class=\"after\"><a");
  add_href(page, settings, "/");
  page.tags(">How everything is now</a></p>\n");
  const std::string title = std::string{words(incident.status)} + ": " + incident.title;
  const std::string description = incident.updates.empty() ? title : shorten(incident.updates.back().body, 200);
  return frame({.settings = settings, .title = title, .description = description, .path = incident_path(incident)},
               page);
}

std::string history_page(const PageSettings& settings, Incidents ended, std::size_t number, std::size_t pages) {
  Markup page;
  page.tags("<h1>History</h1>\n");
  if (ended.empty()) page.tags("<section><p class=\"card none\">No incident has ended yet.</p></section>\n");
  std::string month;
  for (const std::shared_ptr<const PublicIncident>& it : ended) {
    if (const std::string next = month_words(it->published_at); next != month) {
      if (!month.empty()) page.tags("</ul></section>\n");
      page.tags("<section><h2>").text(next).tags("</h2>\n<ul class=\"card past\">\n");
      month = next;
    }
    add_past(page, settings, *it);
  }
  if (!month.empty()) page.tags("</ul></section>\n");
  add_turns(page, settings, number, pages);
  return frame({.settings = settings,
                .title = number == 1 ? "History" : "History, page " + std::to_string(number),
                .description = "Every past incident of " + settings.name + ".",
                .path = history_path(number)},
               page);
}

std::string history_path(std::size_t number) { return number == 1 ? "/history" : "/history/" + std::to_string(number); }

std::string not_found_page(const PageSettings& settings) {
  Markup page;
  page.tags(
      "<h1>There is no such page</h1>\n<p class=\"plain\">The link may be mistyped, or what it led to was never "
      "public.</p>\n<p class=\"plain\"><a");
  add_href(page, settings, "/");
  page.tags(">How everything is now</a> \xC2\xB7 <a");
  add_href(page, settings, "/history");
  page.tags(">Past incidents</a></p>\n");
  return frame({.settings = settings, .title = "No such page", .description = {}, .path = {}}, page);
}

}  // namespace candor::page
