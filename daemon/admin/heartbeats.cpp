// Jobs that call when they have run.

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/admin/admin.h"
#include "daemon/admin/limits.h"
#include "daemon/admin/reading.h"
#include "daemon/admin/responses.h"

namespace candor::admin {
namespace {

using http::Reply;
using http::Request;
using http::Response;
using Taken = std::expected<void, incident::Rejection>;

Response not_taken(const incident::Rejection& why) {
  if (why.kind == incident::Rejection::Kind::not_found) return Response::error(404, why.message);
  Response response = Response::error(503, fmt::format("nothing can be taken in now: {}", why.message));
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

/// What a job said of itself, in the query or the body.
struct Call {
  std::uint32_t status = 0;
  std::string message;
};

std::expected<Call, Response> read_call(const Request& request) {
  Query query{request};
  std::expected<Body, Response> body = Body::parse(request);
  if (!body) return std::unexpected(std::move(body.error()));
  const std::size_t status = query.number("status", 0, most_job_status, 0);
  const std::optional<std::string> message = query.value("message");
  const std::optional<std::size_t> status_in_body = body->number("status", most_job_status, 0);
  const std::optional<std::string> message_in_body = body->text("message");
  const auto once = [&](std::string_view name, bool in_body) {
    if (in_body && !query.values(name).empty()) {
      body->findings().add(fmt::format("{} is in the query and in the body: say it once", name));
    }
  };
  once("status", status_in_body.has_value());
  once("message", message_in_body.has_value());
  if (query.refusal()) body->findings().add(query.findings());
  if (std::optional<Response> refusal = body->refusal()) return std::unexpected(*std::move(refusal));
  return Call{static_cast<std::uint32_t>(status_in_body.value_or(status)),
              std::string{cut_utf8(message_in_body.value_or(message.value_or("")), most_job_message_bytes)}};
}

void take(Operations& operations, const Request& request, Reply reply) {
  std::expected<Call, Response> call = read_call(request);
  if (!call) return reply(private_response(std::move(call.error())));
  const std::string probe = request.parameters.at("probe");
  operations.heartbeat(probe, call->status, call->message,
                       [probe, status = call->status, reply = std::move(reply)](const Taken& taken) mutable {
                         if (!taken) return reply(private_response(not_taken(taken.error())));
                         const boost::json::object answer{{"probe", probe}, {"status", status}};
                         reply(private_response(Response::json(200, boost::json::serialize(answer))));
                       });
}

}  // namespace

void Admin::add_heartbeats(http::Router& router) const {
  for (const char* method : {"GET", "POST"}) {
    router.on(method, "/api/v1/heartbeat/{probe}",
              guard_.require(http::Scope::responder,
                             http::Handler{[&operations = operations_](const Request& request, Reply reply) {
                               take(operations, request, std::move(reply));
                             }}),
              http::Router::Head::refused);
  }
}

}  // namespace candor::admin
