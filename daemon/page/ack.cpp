#include "daemon/page/ack.h"

#include <memory>
#include <string_view>
#include <utility>

#include "daemon/page/document.h"
#include "daemon/page/frame.h"
#include "daemon/page/words.h"

namespace candor::page {
namespace {

constexpr std::string_view prefix = "/ack/";

http::Response respond(unsigned status, const PageSettings& settings, std::string_view title, const Markup& content) {
  http::Response response{.status = status};
  for (auto& [name, value] : common_headers(Document::Kind::html)) {
    if (name != "Referrer-Policy") response.headers.emplace_back(name, value);
  }
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Robots-Tag", "noindex, nofollow");
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  response.body = std::make_shared<const std::string>(
      frame({.settings = settings, .title = std::string{title}, .description = {}, .path = {}}, content));
  return response;
}

/// A coloured box with the one thing to know, and below it what else there is.
void begin_box(Markup& page, Tone tone, std::string_view sentence) {
  page.tags("<div class=\"narrow\"><section class=\"hero ").tags(tone_class(tone)).tags("\">\n<div class=\"say\">");
  add_icon(page, tone);
  page.tags("<h1>").text(sentence).tags("</h1></div>\n");
}

void add_subject(Markup& page, const AckSubject& subject, bool with_title) {
  if (with_title) page.tags("<p class=\"more\">").text(clean_text(subject.title)).tags("</p>\n");
  page.tags("<dl class=\"facts\">\n");
  begin_fact(page, "Since").time(subject.failing_since, format_for_people(subject.failing_since)).tags("</dd></div>\n");
  begin_fact(page, "How bad").text(words(subject.impact)).tags("</dd></div>\n</dl>\n");
}

void add_details(Markup& page, const AckSubject& subject) {
  if (!subject.evidence.empty())
    page.tags("<div class=\"plain\">").paragraphs(clean_text(subject.evidence)).tags("</div>\n");
  const std::string& url = subject.playbook_url;
  if (url.starts_with("https://") || url.starts_with("http://")) {
    page.tags("<p class=\"plain\"><a").attribute("href", clean_text(url)).tags(">Open the playbook</a></p>\n");
  }
}

/// What customers read of it, to whoever leads or is about to.
void add_publicity(Markup& page, const AckSubject& subject) {
  if (subject.published) {
    page.tags("Customers now read that someone is leading the response.");
  } else if (!subject.words_wait) {
    page.tags("Customers do not read of this incident.");
  } else if (subject.words_due) {
    page.tags("Customers will read of it at ");
    page.time(*subject.words_due, time_words(*subject.words_due, subject.failing_since));
    page.tags(" unless you edit or veto it first.");
  } else {
    page.tags("Customers will read of it soon if it goes on, unless you edit or veto it first.");
  }
}

Markup confirm_content(const AckSubject& subject) {
  Markup page;
  begin_box(page, tone(subject.impact), clean_text(subject.title));
  add_subject(page, subject, false);
  page.tags("</section>\n<form method=\"post\"><button class=\"big\" type=\"submit\">I am on it</button></form>\n");
  page.tags("<p class=\"plain\">This acknowledges the page for <strong>").text(clean_text(subject.contact));
  page.tags("</strong>: you become the lead, and nobody else is woken.</p>\n");
  if (!subject.published) {
    page.tags("<p class=\"plain\">");
    add_publicity(page, subject);
    page.tags("</p>\n");
  }
  add_details(page, subject);
  page.tags("</div>\n");
  return page;
}

/// How things are, once there is nothing left to press.
Markup settled_content(const AckSubject& subject, std::string_view sentence) {
  const bool yours = subject.open && subject.acked_by == subject.contact;
  Markup page;
  begin_box(page, Tone::well, sentence);
  add_subject(page, subject, true);
  page.tags("</section>\n");
  if (yours) {
    page.tags("<p class=\"plain\">Nobody else is woken. ");
    add_publicity(page, subject);
    page.tags("</p>\n");
  } else if (subject.open) {
    page.tags("<p class=\"plain\">There is nothing for you to do.</p>\n");
  } else {
    page.tags("<p class=\"plain\">This incident is resolved. There is nothing left to acknowledge.</p>\n");
  }
  add_details(page, subject);
  page.tags("</div>\n");
  return page;
}

http::Response show(const PageSettings& settings, const AckSubject& subject) {
  if (subject.open && subject.acked_by.empty()) {
    return respond(200, settings, "Are you on it?", confirm_content(subject));
  }
  const std::string sentence = !subject.open ? "It is over"
                               : subject.acked_by == subject.contact
                                   ? "You are the lead now"
                                   : clean_text(subject.acked_by) + " is on it already";
  return respond(200, settings, sentence, settled_content(subject, sentence));
}

http::Response refuse(const PageSettings& settings, const AckRefusal& refusal) {
  unsigned status = 404;
  std::string sentence = "This link is not one of ours";
  Markup::Literal advice =
      "It may have been cut off. Open it from the page that you were sent, or acknowledge with candorctl ack.";
  if (refusal.kind == AckRefusal::Kind::expired) {
    status = 410;
    sentence = "This link has expired";
    advice = "Use the link of a newer page, or acknowledge with candorctl ack.";
  } else if (refusal.kind == AckRefusal::Kind::earlier) {
    status = 410;
    sentence = "This link is of an earlier outbreak";
    advice = "The incident was over, and is back. Use the link of a newer page, or acknowledge with candorctl ack.";
  } else if (refusal.kind == AckRefusal::Kind::not_contact) {
    status = 410;
    sentence = clean_text(refusal.contact) + " is no longer a contact here";
    advice =
        "This link makes nobody the lead now. Use the link of a page to a contact who is configured, or acknowledge "
        "with candorctl ack in the name of one.";
  } else if (refusal.kind == AckRefusal::Kind::unavailable) {
    status = 503;
    sentence = "This could not be recorded";
    advice = "You are not the lead yet. Try again in a moment, or call whoever is next.";
  }
  Markup page;
  begin_box(page, Tone::slow, sentence);
  page.tags("</section>\n<p class=\"plain\">").tags(advice).tags("</p></div>\n");
  return respond(status, settings, sentence, page);
}

}  // namespace

AckPages::AckPages(AckDesk& desk, PageSettings settings) : desk_(desk), settings_(std::move(settings)) {}

bool AckPages::concerns(const http::Request& request) { return request.path.starts_with(prefix); }

void AckPages::handle(const http::Request& request, http::Reply reply) const {
  const bool post = request.method == "POST";
  if (!post && request.method != "GET" && request.method != "HEAD") {
    http::Response response{.status = 405, .headers = {{"Allow", "GET, HEAD, POST"}, {"Cache-Control", "no-store"}}};
    response.body = std::make_shared<const std::string>();
    reply(std::move(response));
    return;
  }
  AckDesk::Done done = [settings = settings_,
                        reply = std::move(reply)](std::expected<AckSubject, AckRefusal> answer) mutable {
    reply(answer ? show(settings, *answer) : refuse(settings, answer.error()));
  };
  std::string token = request.path.substr(prefix.size());
  if (post) {
    desk_.ack(std::move(token), std::move(done));
  } else {
    desk_.describe(std::move(token), std::move(done));
  }
}

}  // namespace candor::page
