// What the API answers about probes and their history.

#include "daemon/admin/probes.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/admin/admin.h"
#include "daemon/admin/limits.h"
#include "daemon/admin/reading.h"
#include "daemon/admin/responses.h"
#include "daemon/admin/views.h"

namespace candor::admin {
namespace {

using http::Reply;
using http::Request;
using http::Response;

/// How far back an answer goes where nobody says.
Duration usual_span(Resolution resolution) {
  switch (resolution) {
    case Resolution::minute:
      return std::chrono::hours{1};
    case Resolution::hour:
      return std::chrono::hours{48};
    case Resolution::day:
      break;
  }
  return std::chrono::days{30};
}

std::optional<Instant> read_instant(Query& query, std::string_view name) {
  const std::optional<std::string> text = query.value(name);
  if (!text) return std::nullopt;
  const Result<Instant> instant = parse_rfc3339(*text);
  if (instant) return *instant;
  query.findings().add(fmt::format("{}: {}", name, instant.error().message));
  return std::nullopt;
}

HistoryQuestion read_question(Query& query, const std::string& probe, Instant now) {
  static const Words<Resolution> resolutions{
      {"minute", Resolution::minute}, {"hour", Resolution::hour}, {"day", Resolution::day}};
  HistoryQuestion question{.probe = probe};
  question.resolution = query.word("resolution", resolutions).value_or(Resolution::hour);
  // Nothing is kept of the future.
  question.to = std::min(read_instant(query, "to").value_or(now), now);
  question.from = read_instant(query, "from").value_or(question.to - usual_span(question.resolution));
  if (question.from > question.to) query.findings().add("from is later than to, or than now");
  return question;
}

Response list_probes(const Operations& operations, const Request& request) {
  using enum rules::Health;
  static const Words<rules::Health> healths{
      {"ok", ok}, {"degraded", degraded}, {"failing", failing}, {"unknown", unknown}};
  Query query{request};
  const std::optional<rules::Health> health = query.word("health", healths);
  const std::string after = query.value("after").value_or("");
  const std::size_t limit = query.number("limit", usual_probes, most_probes);
  if (std::optional<Response> refusal = query.refusal()) return *std::move(refusal);
  std::vector<ProbeNow> found = operations.probes(after, limit + 1, health);
  const bool more = found.size() > limit;
  if (more) found.resize(limit);
  return Response::json(200, view_probes(found, more));
}

void show_probe(Operations& operations, const Request& request, Reply reply) {
  Query query{request};
  const HistoryQuestion question = read_question(query, request.parameters.at("probe"), operations.now());
  if (std::optional<Response> refusal = query.refusal()) return reply(private_response(*std::move(refusal)));
  operations.history(question, [&operations, question, reply = std::move(reply)](Result<ProbeHistory> history) mutable {
    const std::optional<ProbeNow> probe = operations.probe(question.probe);
    if (!probe && history && !history->known) {
      return reply(private_response(Response::error(404, fmt::format("there is no probe \"{}\"", question.probe))));
    }
    // How it does now can be told also while the history cannot.
    if (!probe && !history) return reply(private_response(Response::error(503, history.error().message)));
    reply(json_response(200, view_probe(question, probe, history)));
  });
}

}  // namespace

void Admin::add_probes(http::Router& router) const {
  Operations& operations = operations_;
  router.on("GET", "/api/v1/probes",
            guard_.require(http::Scope::read, http::Handler{[&operations](const Request& request, Reply reply) {
                             reply(private_response(list_probes(operations, request)));
                           }}));
  router.on("GET", "/api/v1/probes/{probe}",
            guard_.require(http::Scope::read, http::Handler{[&operations](const Request& request, Reply reply) {
                             show_probe(operations, request, std::move(reply));
                           }}));
}

}  // namespace candor::admin
