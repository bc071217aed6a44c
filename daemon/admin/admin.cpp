#include "daemon/admin/admin.h"

#include "daemon/admin/openapi.h"
#include "daemon/admin/responses.h"

namespace candor::admin {

using http::Handler;
using http::Reply;
using http::Request;
using http::Response;
using http::Scope;

void Admin::add_routes(http::Router& router) const {
  add_service_routes(router);
  add_questions(router);
  add_commands(router);
  add_heartbeats(router);
  add_probes(router);
}

void Admin::add_service_routes(http::Router& router) const {
  Operations& operations = operations_;
  router.on("GET", "/-/healthy", [](const Request&, Reply reply) { reply(text_response(200, "candord is alive")); });
  router.on("GET", "/-/ready", [&operations](const Request&, Reply reply) {
    const std::string why_not = operations.not_ready();
    reply(why_not.empty() ? text_response(200, "candord is ready") : text_response(503, why_not));
  });
  router.on("POST", "/-/reload",
            guard_.require(Scope::admin, Handler{[&operations](const Request&, Reply reply) {
                             const Result<std::string> loaded = operations.reload();
                             reply(loaded ? text_response(200, *loaded) : text_response(400, loaded.error().message));
                           }}));
  router.on("GET", "/metrics",
            guard_.require(Scope::read, Handler{[&operations](const Request&, Reply reply) {
                             operations.metrics([reply = std::move(reply)](Result<std::string> text) mutable {
                               constexpr const char* type = "text/plain; version=0.0.4; charset=utf-8";
                               reply(text ? private_response(Response::text(200, *std::move(text), type))
                                          : text_response(503, text.error().message));
                             });
                           }}));
  router.on("GET", "/api/v1/openapi.json", guard_.require(Scope::read, Handler{[](const Request&, Reply reply) {
                                                            reply(json_response(200, describe_api()));
                                                          }}));
}

}  // namespace candor::admin
