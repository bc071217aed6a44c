#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/http/message.h"

namespace candor::http {

/// Finds the handler of a request. Routes are registered before serving; afterwards the router is read-only.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Whether a route's GET answers HEAD as well. One that does something by being called refuses it.
  enum class Head { answered, refused };

  /// `pattern` is a path whose segments may be `{name}`: one segment, given as Request::parameters[name].
  /// Where several patterns match a path, the one whose first differing segment is no `{name}` is taken.
  void on(std::string method, std::string pattern, Handler handler, Head head = Head::answered);

  /// Calls the route's handler; answers 404, or 405 with Allow, or OPTIONS itself.
  void dispatch(Request request, Reply reply) const;

  /// Whether the body of a request with this head is worth taking in: there is a route, and its handler takes it. A GET
  /// whose handler says nothing of bodies needs none.
  [[nodiscard]] bool takes_body(const Request& head) const;

  /// Tells the route's handler, where it wants to know.
  void body_refused(const Request& head, BodyFault fault) const;

  /// Method and pattern of every route, in the order of the patterns.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor::http
