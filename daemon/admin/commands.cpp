// What responders do through the API: requests become commands of the incident engine.

#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/admin/admin.h"
#include "daemon/admin/reading.h"
#include "daemon/admin/responses.h"
#include "daemon/admin/views.h"

namespace candor::admin {
namespace {

using http::Identity;
using http::Reply;
using http::Request;
using http::Response;

/// A command and who gives it.
struct Order {
  incident::Command command;
  incident::Actor actor;
};

/// What a reader of one kind of command knows.
struct Desk {
  const Operations& operations;
  const Request& request;
  const Identity& identity;
  Body& body;

  [[nodiscard]] std::string incident() const { return request.parameters.at("id"); }
  [[nodiscard]] incident::Actor caller() const { return {"token:" + identity.name, true}; }

  [[nodiscard]] std::vector<std::string> contact_names() const {
    std::vector<std::string> names;
    for (const auto& [name, contact] : operations.policy().oncall.contacts) names.push_back(name);
    return names;
  }
  [[nodiscard]] bool is_contact(const std::string& name) const {
    return operations.policy().oncall.contacts.contains(name);
  }

  [[nodiscard]] std::optional<incident::Impact> impact() const {
    using enum incident::Impact;
    static const Words<incident::Impact> words{
        {"none", none}, {"minor", minor}, {"major", major}, {"critical", critical}};
    return body.word("impact", words);
  }

  /// That an incident ends is a command of its own.
  [[nodiscard]] std::optional<incident::Status> status() const {
    using enum incident::Status;
    static const Words<incident::Status> words{
        {"investigating", investigating}, {"identified", identified}, {"monitoring", monitoring}};
    const std::optional<std::string> text = body.text("status");
    if (!text) return std::nullopt;
    if (*text == "resolved") {
      body.findings().add("status: an update does not resolve an incident; POST …/resolve does");
      return std::nullopt;
    }
    return find_word(body.findings(), "status", *text, words);
  }

  /// "" where nobody is to be paged.
  [[nodiscard]] std::string escalation() const {
    std::string name = body.text("escalation").value_or("");
    const auto& configured = operations.policy().oncall.escalations;
    if (name.empty() || configured.contains(name)) return name;
    std::vector<std::string> known;
    for (const auto& [each, escalation] : configured) known.push_back(each);
    body.findings().add_unknown("escalation", name, known);
    return name;
  }

  [[nodiscard]] incident::ComponentStatuses components() const {
    using enum incident::ComponentStatus;
    static const Words<incident::ComponentStatus> words{{"operational", operational},
                                                        {"under_maintenance", under_maintenance},
                                                        {"degraded_performance", degraded_performance},
                                                        {"partial_outage", partial_outage},
                                                        {"major_outage", major_outage}};
    incident::ComponentStatuses statuses;
    for (const auto& [id, text] : body.texts_by_name("components")) {
      if (const auto status = find_word(body.findings(), "components." + shorten_utf8(id, 80), text, words))
        statuses[id] = *status;
    }
    return statuses;
  }
};

Order read_open(const Desk& desk) {
  incident::OpenIncident open;
  open.title = desk.body.required_text("title");
  open.body = desk.body.text("body").value_or("");
  open.impact = desk.impact().value_or(open.impact);
  open.components = desk.components();
  open.escalation = desk.escalation();
  return {std::move(open), desk.caller()};
}

Order read_update(const Desk& desk) {
  incident::PostUpdate update;
  update.incident = desk.incident();
  update.body = desk.body.required_text("body");
  update.status = desk.status();
  update.impact = desk.impact();
  update.title = desk.body.text("title");
  update.components = desk.components();
  return {std::move(update), desk.caller()};
}

Order read_resolve(const Desk& desk) {
  return {incident::ResolveIncident{desk.incident(), desk.body.text("body").value_or("")}, desk.caller()};
}

Order read_holding(const Desk& desk) {
  std::string title = desk.body.text("title").value_or("");
  return {incident::EditHolding{desk.incident(), std::move(title), desk.body.required_text("body")}, desk.caller()};
}

Order read_veto(const Desk& desk) {
  return {incident::VetoHolding{desk.incident(), desk.body.required_text("reason")}, desk.caller()};
}

Order read_ack(const Desk& desk) {
  Order order{incident::AckPage{desk.incident(), "api"}, desk.caller()};
  if (const std::optional<std::string> contact = desk.body.text("contact")) {
    if (!desk.is_contact(*contact)) desk.body.findings().add_unknown("contact", *contact, desk.contact_names());
    order.actor.name = "contact:" + *contact;
  }
  return order;
}

Order read_lead(const Desk& desk) {
  const std::string lead = desk.body.text("lead").value_or(desk.identity.name);
  if (lead != desk.identity.name && !desk.is_contact(lead)) {
    std::vector<std::string> known = desk.contact_names();
    if (!desk.is_contact(desk.identity.name)) known.push_back(desk.identity.name);
    desk.body.findings().add_unknown("lead", lead, known);
  }
  return {incident::TakeLead{desk.incident(), lead}, desk.caller()};
}

Response not_now(std::string_view why) {
  Response response = Response::error(503, fmt::format("nothing can be taken in now: {}", why));
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

Response rejected(const incident::Rejection& rejection) {
  using enum incident::Rejection::Kind;
  switch (rejection.kind) {
    case not_found:
      return Response::error(404, rejection.message);
    case conflict:
      return Response::error(409, rejection.message);
    case unavailable:
      return not_now(rejection.message);
    case unfinished:
      return Response::error(503, fmt::format("this is decided, and is carried out once the disk takes it in; look "
                                              "before you repeat it: {}",
                                              rejection.message));
    case invalid:
      break;
  }
  return Response::error(422, rejection.message);
}

/// The incident as it is now that the command is on the disk.
Response carried_out(const Operations& operations, const std::string& id, bool opened) {
  const auto found = operations.state().incidents.find(id);
  if (found == operations.state().incidents.end()) {
    return Response::error(500, fmt::format("the command was carried out, but incident {} cannot be found", id));
  }
  Response response = Response::json(opened ? 201 : 200, view_incident(found->second));
  if (opened) response.headers.emplace_back("Location", "/api/v1/incidents/" + id);
  return response;
}

using Reader = Order (*)(const Desk&);

void carry_out(Operations& operations, Reader read, const Request& request, const Identity& identity, Reply reply) {
  if (const std::string why = operations.not_ready(); !why.empty()) {
    reply(private_response(not_now(why)));
    return;
  }
  std::expected<Body, Response> body = Body::parse(request);
  if (!body) {
    reply(private_response(std::move(body.error())));
    return;
  }
  Order order = read({operations, request, identity, *body});
  if (std::optional<Response> refusal = body->refusal()) {
    reply(private_response(*std::move(refusal)));
    return;
  }
  const bool opened = std::holds_alternative<incident::OpenIncident>(order.command);
  operations.command(std::move(order.command), std::move(order.actor),
                     [&operations, opened,
                      reply = std::move(reply)](const std::expected<std::string, incident::Rejection>& done) mutable {
                       reply(private_response(done ? carried_out(operations, *done, opened) : rejected(done.error())));
                     });
}

}  // namespace

void Admin::add_commands(http::Router& router) const {
  const auto on = [&](const char* method, const char* pattern, Reader read) {
    router.on(
        method, pattern,
        guard_.require(http::Scope::responder,
                       http::IdentifiedHandler{[&operations = operations_, read](
                                                   const Request& request, const Identity& identity, Reply reply) {
                         carry_out(operations, read, request, identity, std::move(reply));
                       }}));
  };
  on("POST", "/api/v1/incidents", read_open);
  on("POST", "/api/v1/incidents/{id}/updates", read_update);
  on("POST", "/api/v1/incidents/{id}/resolve", read_resolve);
  on("POST", "/api/v1/incidents/{id}/veto", read_veto);
  on("PUT", "/api/v1/incidents/{id}/holding", read_holding);
  on("POST", "/api/v1/incidents/{id}/ack", read_ack);
  on("POST", "/api/v1/incidents/{id}/lead", read_lead);
}

}  // namespace candor::admin
