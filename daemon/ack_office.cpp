#include "daemon/ack_office.h"

#include <algorithm>

#include "daemon/oncall/ack_link.h"

namespace candor {
namespace {

using page::AckRefusal;
using page::AckSubject;
using Answer = std::expected<AckSubject, AckRefusal>;

Answer refuse(AckRefusal::Kind kind) { return std::unexpected(AckRefusal{kind}); }

/// A link outlasts the contact whom a reload takes out.
bool is_contact(const incident::Policy& policy, const oncall::AckLink& link) {
  return policy.oncall.contacts.contains(link.contact);
}

Answer refuse_stranger(const oncall::AckLink& link) {
  return std::unexpected(AckRefusal{AckRefusal::Kind::not_contact, link.contact});
}

std::string without_kind(const std::string& actor) {
  const std::size_t colon = actor.find(':');
  return colon == std::string::npos ? actor : actor.substr(colon + 1);
}

/// Whether the incident was over, and is back, since the page with this link was decided.
bool came_back_since(const incident::Incident& it, const oncall::AckLink& link) {
  if (link.outbreak > 0) return link.outbreak < incident::outbreak_of(it);
  // A link from before outbreaks were counted: only a clock that nobody set tells.
  const auto came_back = [](const incident::TimelineEntry& entry) {
    return entry.what == incident::token(incident::IncidentReopened{});
  };
  const auto latest = std::ranges::find_if(it.timeline.rbegin(), it.timeline.rend(), came_back);
  return latest != it.timeline.rend() && latest->at > link.expires - oncall::ack_link_lasts;
}

Answer subject_of(const Desk& desk, const oncall::AckLink& link) {
  const incident::State& state = desk.state();
  const auto lies_ahead = [](std::optional<Instant> at) { return at && *at > wall_now() ? at : std::nullopt; };
  const auto found = state.incidents.find(link.incident);
  if (found == state.incidents.end()) return refuse(AckRefusal::Kind::unknown);
  const incident::Incident& it = found->second;
  if (came_back_since(it, link)) return refuse(AckRefusal::Kind::earlier);
  return AckSubject{
      .title = it.title,
      .contact = link.contact,
      .impact = it.impact,
      .failing_since = it.failing_since,
      .evidence = it.evidence,
      .playbook_url = it.playbook ? it.playbook->url : "",
      .acked_by = without_kind(it.escalation.acked_at && !it.lead.empty() ? it.lead : it.escalation.acked_by),
      .published = it.published_at.has_value(),
      .words_wait = it.holding.stage == incident::Holding::Stage::waiting,
      .words_due = lies_ahead(desk.words_due(it)),
      .open = it.open()};
}

std::expected<oncall::AckLink, AckRefusal> read(const Secret& key, const std::string& token) {
  const std::expected<oncall::AckLink, oncall::AckFault> link = oncall::read_ack_token(key, token, wall_now());
  if (link) return *link;
  const bool expired = link.error() == oncall::AckFault::expired;
  return std::unexpected(AckRefusal{expired ? AckRefusal::Kind::expired : AckRefusal::Kind::unknown});
}

}  // namespace

std::optional<AckRefusal> AckOffice::refusal(const std::string& token) const {
  const auto link = read(key_, token);
  return link ? std::nullopt : std::optional{link.error()};
}

void AckOffice::describe(std::string token, Done done) {
  const auto link = read(key_, token);
  if (!link) return done(std::unexpected(link.error()));
  if (!is_contact(desk_.policy(), *link)) return done(refuse_stranger(*link));
  // What it says of who leads must be on the disk.
  desk_.once_kept([this, link = *link, done = std::move(done)](const Result<void>& kept) mutable {
    done(kept ? subject_of(desk_, link) : refuse(AckRefusal::Kind::unavailable));
  });
}

void AckOffice::ack(std::string token, Done done) {
  const auto link = read(key_, token);
  const Answer before = link ? subject_of(desk_, *link) : Answer{std::unexpected(link.error())};
  if (!before) {
    done(std::unexpected(before.error()));
    return;
  }
  if (!is_contact(desk_.policy(), *link)) return done(refuse_stranger(*link));
  const incident::Actor contact{"contact:" + link->contact, true};
  desk_.command(
      incident::AckPage{link->incident, "link"}, contact,
      [this, link = *link, done = std::move(done)](std::expected<std::string, incident::Rejection> answer) mutable {
        using enum incident::Rejection::Kind;
        if (!answer && (answer.error().kind == unavailable || answer.error().kind == unfinished)) {
          done(refuse(AckRefusal::Kind::unavailable));
        } else {
          done(subject_of(desk_, link));  // as things are: acked now, acked before, or over
        }
      });
}

}  // namespace candor
