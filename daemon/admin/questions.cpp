// What the API answers without changing anything.

#include <algorithm>

#include <fmt/format.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/limits.h"
#include "daemon/admin/reading.h"
#include "daemon/admin/responses.h"
#include "daemon/admin/views.h"
#include "rules/filter.h"

namespace candor::admin {
namespace {

using http::Request;
using http::Response;
using incident::Incident;

/// Newest first.
void sort_by_age(std::vector<const Incident*>& incidents) {
  std::ranges::sort(incidents, std::greater{}, [](const Incident* it) { return std::pair{it->opened_at, it->id}; });
}

Response list_incidents(const Operations& operations, const Request& request) {
  Query query{request};
  const std::optional<bool> open = query.boolean("open");
  const std::size_t limit = query.number("limit", usual_incidents, most_incidents);
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  std::vector<const Incident*> found;
  for (const auto& [id, it] : operations.state().incidents) {
    if (!open || it.open() == *open) found.push_back(&it);
  }
  sort_by_age(found);
  const bool more = found.size() > limit;
  if (more) found.resize(limit);
  return Response::json(200, view_incidents(found, more));
}

Response show_incident(const Operations& operations, const Request& request) {
  const std::string& id = request.parameters.at("id");
  const auto found = operations.state().incidents.find(id);
  if (found == operations.state().incidents.end()) {
    return Response::error(404, fmt::format("there is no incident \"{}\"", id));
  }
  return Response::json(200, view_incident(found->second));
}

Response list_pages(const Operations& operations, const Request& request) {
  Query query{request};
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  std::vector<const Incident*> found;
  for (const std::string& id : operations.state().open) {
    const auto it = operations.state().incidents.find(id);
    if (it != operations.state().incidents.end() && !it->second.escalation.escalation.empty())
      found.push_back(&it->second);
  }
  sort_by_age(found);
  return Response::json(200, view_pages(found));
}

/// What is asked of a signal.
struct SignalFilter {
  std::optional<rules::Health> health;
  std::optional<rules::SignalKind> kind;
  rules::Matchers matchers;

  /// Whether all but the matchers say yes.
  [[nodiscard]] bool takes(const SignalEntry& entry) const {
    const auto& [id, signal] = entry;
    return signal.looked() && (!health || signal.health == *health) && (!kind || id.kind == *kind);
  }
};

SignalFilter read_filter(Query& query) {
  using enum rules::Health;
  using enum rules::SignalKind;
  static const Words<rules::Health> healths{
      {"ok", ok}, {"degraded", degraded}, {"failing", failing}, {"unknown", unknown}};
  static const Words<rules::SignalKind> kinds{{"probe", probe}, {"alert", alert}};
  SignalFilter filter{query.word("health", healths), query.word("kind", kinds), {}};
  Result<rules::Matchers> matchers = rules::parse_filter(query.values("filter"));
  if (matchers) {
    filter.matchers = *std::move(matchers);
  } else {
    query.findings().add("filter: " + matchers.error().message);
  }
  return filter;
}

Response list_signals(const Operations& operations, const Request& request) {
  Query query{request};
  const SignalFilter filter = read_filter(query);
  const std::size_t limit = query.number("limit", usual_signals, most_signals);
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  std::vector<const SignalEntry*> found;
  bool more = false;
  const Stopwatch looking;
  bool late = false;
  for (const SignalEntry& entry : operations.state().signals) {
    const auto matches = [&](const rules::Matcher& each) {
      late = looking.elapsed() > rules::longest_filtering;
      return !late && each.matches(entry.first.labels);
    };
    const bool wanted = filter.takes(entry) && std::ranges::all_of(filter.matchers.all, matches);
    if (late) {
      query.findings().add(rules::filtering_took_too_long());
      return query.findings().response();
    }
    if (!wanted) continue;
    more = found.size() == limit;
    if (more) break;
    found.push_back(&entry);
  }
  return Response::json(200, view_signals(found, more));
}

Response show_status(const Operations& operations, const Request& request) {
  Query query{request};
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  return Response::json(200, view_status(operations));
}

Response list_deliveries(const Operations& operations, const Request& request) {
  Query query{request};
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  return Response::json(200, view_deliveries(operations.deliveries()));
}

}  // namespace

void Admin::add_questions(http::Router& router) const {
  const auto on = [&](const char* pattern, Response (*answer)(const Operations&, const Request&)) {
    router.on("GET", pattern,
              guard_.require(http::Scope::read, http::Handler{[&operations = operations_, answer](
                                                                  const Request& request, http::Reply reply) {
                               reply(private_response(answer(operations, request)));
                             }}));
  };
  on("/api/v1/status", show_status);
  on("/api/v1/incidents", list_incidents);
  on("/api/v1/incidents/{id}", show_incident);
  on("/api/v1/pages", list_pages);
  on("/api/v1/signals", list_signals);
  on("/api/v1/deliveries", list_deliveries);
}

}  // namespace candor::admin
