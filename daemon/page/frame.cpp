#include "daemon/page/frame.h"

#include "daemon/page/style.h"

namespace candor::page {
namespace {

/// Shapes differ, not only colours. A disc in the colour of the text around it, and lines in the colour of the ground.
constexpr Markup::Literal sprite =
    R"svg(<svg class="sprite" aria-hidden="true"><defs>
<symbol id="i-ok" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="currentColor" stroke="none"/><path d="M5.8 10.3l2.9 2.9 5.5-6" fill="none" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></symbol>
<symbol id="i-work" viewBox="0 0 20 20"><rect x="1" y="1" width="18" height="18" rx="5" fill="currentColor" stroke="none"/><path d="M7.4 5.8v8.4M12.6 5.8v8.4" fill="none" stroke-width="2.2" stroke-linecap="round"/></symbol>
<symbol id="i-dim" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="currentColor" stroke="none"/><path d="M7.4 8a2.7 2.7 0 1 1 2.7 2.7v1.4M10.1 14.6v.1" fill="none" stroke-width="2" stroke-linecap="round"/></symbol>
<symbol id="i-slow" viewBox="0 0 20 20"><path d="M10 1.6a1.8 1.8 0 0 1 1.6.9l7.4 13a1.8 1.8 0 0 1-1.6 2.7H2.6A1.8 1.8 0 0 1 1 15.5l7.4-13A1.8 1.8 0 0 1 10 1.6z" fill="currentColor" stroke="none"/><path d="M10 7v4.2M10 14.5v.1" fill="none" stroke-width="2" stroke-linecap="round"/></symbol>
<symbol id="i-part" viewBox="0 0 20 20"><circle cx="10" cy="10" r="7.9" fill="none" stroke="currentColor" stroke-width="2.2"/><path d="M10 2v16a8 8 0 0 0 0-16z" fill="currentColor" stroke="none"/></symbol>
<symbol id="i-down" viewBox="0 0 20 20"><path d="M6.3 1h7.4L19 6.3v7.4L13.7 19H6.3L1 13.7V6.3z" fill="currentColor" stroke="none"/><path d="M7 7l6 6M13 7l-6 6" fill="none" stroke-width="2.2" stroke-linecap="round"/></symbol>
</defs></svg>)svg";

void add_head(Markup& page, const Frame& frame) {
  const PageSettings& settings = frame.settings;
  page.tags(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
  page.text(frame.title).text(" \xE2\x80\x93 ").text(settings.name).tags("</title>\n");
  if (frame.description.empty()) {
    page.tags("<meta name=\"robots\" content=\"noindex\"/>\n");
  } else {
    page.tags("<meta name=\"description\"").attribute("content", frame.description).tags("/>\n");
  }
  if (!frame.path.empty()) {
    page.tags("<link rel=\"canonical\"").attribute("href", settings.url + frame.path).tags("/>\n");
  }
  page.tags("<link rel=\"icon\" type=\"image/svg+xml\"");
  add_href(page, settings, "/favicon.svg");
  page.tags("/>\n<style>").tags(style).tags("</style>\n</head>\n");
}

void add_top(Markup& page, const PageSettings& settings) {
  page.tags("<header class=\"top wrap\"><a class=\"brand\"");
  add_href(page, settings, "/");
  page.tags(">").text(settings.name).tags("</a><nav aria-label=\"Pages\"><a");
  add_href(page, settings, "/history");
  page.tags(">History</a>");
  if (settings.support_url) page.tags("<a").attribute("href", *settings.support_url).tags(">Get help</a>");
  page.tags("</nav></header>\n");
}

void add_footer(Markup& page, const Frame& frame) {
  page.tags("<footer><div class=\"wrap\"><div class=\"inner\"><span>");
  page.text(frame.footnote.empty() ? "All times are UTC." : frame.footnote).tags("</span><span><a");
  add_href(page, frame.settings, "/api/v2/summary.json");
  page.tags(">API</a> \xC2\xB7 Told by Candor</span></div></div></footer>\n");
}

}  // namespace

std::string frame(const Frame& frame, const Markup& content) {
  Markup page;
  add_head(page, frame);
  page.tags("<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n").tags(sprite).tags("\n");
  add_top(page, frame.settings);
  page.tags("<main id=\"main\" class=\"wrap\">\n").add(content).tags("</main>\n");
  add_footer(page, frame);
  page.tags("</body>\n</html>\n");
  return page.take();
}

Markup::Literal tone_class(Tone tone) {
  switch (tone) {
    case Tone::well:
      return "ok";
    case Tone::maintenance:
      return "work";
    case Tone::unseen:
      return "dim";
    case Tone::slow:
      return "slow";
    case Tone::part:
      return "part";
    case Tone::down:
      break;
  }
  return "down";
}

void add_icon(Markup& to, Tone tone) {
  to.tags("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-").tags(tone_class(tone)).tags("\"/></svg>");
}

void add_href(Markup& to, const PageSettings& settings, std::string_view path) {
  to.attribute("href", settings.path_prefix().append(path));
}

Markup& begin_fact(Markup& to, Markup::Literal name) { return to.tags("<div><dt>").tags(name).tags("</dt><dd>"); }

std::string favicon(Tone tone) {
  Markup svg;
  svg.tags(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 20\" fill=\"none\" stroke=\"#fff\" "
      "stroke-width=\"2.2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">");
  switch (tone) {
    case Tone::well:
      svg.tags(R"(<circle cx="10" cy="10" r="10" fill="#17803f" stroke="none"/><path d="M5.5 10.3l3 3 6-6.5"/>)");
      break;
    case Tone::maintenance:
      svg.tags(R"(<rect width="20" height="20" rx="5" fill="#1d4f9e" stroke="none"/><path d="M7.3 6v8M12.7 6v8"/>)");
      break;
    case Tone::unseen:
      svg.tags(
          R"(<circle cx="10" cy="10" r="10" fill="#5a6069" stroke="none"/><path d="M7.4 8a2.7 2.7 0 1 1 2.7 2.7v1.4M10.1 15v.1"/>)");
      break;
    case Tone::slow:
    case Tone::part:
      svg.tags(R"(<path d="M10 .5l10 18.5H0z" fill="#b25d00" stroke="none"/><path d="M10 7.5v4.5M10 15.5v.1"/>)");
      break;
    case Tone::down:
      svg.tags(
          R"(<path d="M6 0h8l6 6v8l-6 6H6l-6-6V6z" fill="#b02020" stroke="none"/><path d="M6.5 6.5l7 7M13.5 6.5l-7 7"/>)");
      break;
  }
  return svg.tags("</svg>").take();
}

}  // namespace candor::page
