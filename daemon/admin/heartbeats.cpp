// Jobs that call when they have run.

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "daemon/admin/admin.h"
#include "daemon/admin/reading.h"
#include "daemon/admin/responses.h"

namespace candor::admin {
namespace {

using http::Reply;
using http::Request;
using http::Response;
using Taken = std::expected<void, incident::Rejection>;

constexpr std::size_t most_message = 1000;

Response not_taken(const incident::Rejection& why) {
  if (why.kind == incident::Rejection::Kind::not_found) return Response::error(404, why.message);
  Response response = Response::error(503, fmt::format("nothing can be taken in now: {}", why.message));
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

void take(Operations& operations, const Request& request, Reply reply) {
  Query query{request};
  const auto status = static_cast<std::uint32_t>(query.number("status", 0, 255, 0));
  const std::string message{cut_utf8(query.value("message").value_or(""), most_message)};
  if (std::optional<Response> refusal = query.refusal()) return reply(private_response(*std::move(refusal)));
  const std::string probe = request.parameters.at("probe");
  operations.heartbeat(probe, status, message, [probe, status, reply = std::move(reply)](const Taken& taken) mutable {
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
                             }}));
  }
}

}  // namespace candor::admin
