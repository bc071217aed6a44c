#include "daemon/http/router.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace candor::http {
namespace {

struct Segment {
  std::string text;  ///< of a parameter, its name
  bool parameter = false;
};

/// The text before the next slash, which is taken off `path` with it.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::vector<Segment> parse_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) throw std::logic_error(fmt::format("route {} does not begin with /", pattern));
  std::vector<Segment> segments;
  while (!pattern.empty()) {
    const std::string_view text = take_segment(pattern);
    if (text.starts_with('{') && text.ends_with('}')) {
      segments.push_back({std::string{text.substr(1, text.size() - 2)}, true});
    } else {
      segments.push_back({std::string{text}, false});
    }
  }
  return segments;
}

struct Route {
  std::string pattern;
  std::vector<Segment> segments;
  std::vector<std::pair<std::string, Handler>> handlers;  ///< by method
  bool answers_head = false;

  [[nodiscard]] bool matches(std::string_view path) const {
    for (const Segment& segment : segments) {
      if (path.empty()) return false;
      const std::string_view text = take_segment(path);
      if (segment.parameter ? text.empty() : text != segment.text) return false;
    }
    return path.empty();
  }

  [[nodiscard]] const Handler* handler(std::string_view method) const {
    const auto found = std::ranges::find_if(handlers, [&](const auto& entry) { return entry.first == method; });
    if (found != handlers.end()) return &found->second;
    return method == "HEAD" && answers_head ? handler("GET") : nullptr;
  }

  [[nodiscard]] std::string allow() const {
    std::vector<std::string> methods{"OPTIONS"};
    for (const auto& [method, handler] : handlers) methods.push_back(method);
    if (answers_head) methods.emplace_back("HEAD");
    std::ranges::sort(methods);
    methods.erase(std::ranges::unique(methods).begin(), methods.end());
    return fmt::format("{}", fmt::join(methods, ", "));
  }

  void take_parameters(Request& request) const {
    std::string_view path = request.path;
    for (const Segment& segment : segments) {
      const std::string_view text = take_segment(path);
      if (segment.parameter) request.parameters[segment.text] = text;
    }
  }
};

/// Texts before parameters, so that the first route that matches is the most particular one.
bool comes_before(const Route& a, const Route& b) {
  return std::ranges::lexicographical_compare(
      a.segments, b.segments, [](const Segment& x, const Segment& y) { return !x.parameter && y.parameter; });
}

}  // namespace

struct Router::Impl {
  std::vector<Route> routes;

  Route& route(std::string pattern) {
    const auto found = std::ranges::find(routes, pattern, &Route::pattern);
    if (found != routes.end()) return *found;
    Route added{.pattern = pattern, .segments = parse_pattern(pattern), .handlers = {}};
    const auto place = std::ranges::find_if(routes, [&](const Route& other) { return comes_before(added, other); });
    return *routes.insert(place, std::move(added));
  }

  [[nodiscard]] const Route* find(std::string_view path) const {
    const auto found = std::ranges::find_if(routes, [&](const Route& route) { return route.matches(path); });
    return found != routes.end() ? &*found : nullptr;
  }

  [[nodiscard]] const Handler* handler(const Request& head) const {
    const Route* route = find(head.path);
    return route != nullptr ? route->handler(head.method) : nullptr;
  }
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::on(std::string method, std::string pattern, Handler handler, Head head) {
  Route& route = impl_->route(std::move(pattern));
  if (std::ranges::any_of(route.handlers, [&](const auto& entry) { return entry.first == method; })) {
    throw std::logic_error(fmt::format("route {} {} is registered twice", method, route.pattern));
  }
  if (method == "GET") route.answers_head = head == Head::answered;
  route.handlers.emplace_back(std::move(method), std::move(handler));
}

bool Router::takes_body(const Request& head) const {
  const Handler* handler = impl_->handler(head);
  if (handler == nullptr) return false;
  return handler->takes_body ? handler->takes_body(head) : head.method != "GET" && head.method != "HEAD";
}

void Router::body_refused(const Request& head, BodyFault fault) const {
  const Handler* handler = impl_->handler(head);
  if (handler != nullptr && handler->body_refused) handler->body_refused(head, fault);
}

void Router::dispatch(Request request, Reply reply) const {
  const Route* route = impl_->find(request.path);
  if (route == nullptr) {
    reply(Response::error(404, fmt::format("there is nothing at {}", request.path)));
    return;
  }
  if (const Handler* handler = route->handler(request.method)) {
    route->take_parameters(request);
    (*handler)(std::move(request), std::move(reply));
    return;
  }
  if (request.method == "OPTIONS") {
    reply({.status = 204, .headers = {{"Allow", route->allow()}}, .body = nullptr});
    return;
  }
  Response refused = Response::error(
      405, fmt::format("{} is not for {}; allowed here: {}", request.method, request.path, route->allow()));
  refused.headers.emplace_back("Allow", route->allow());
  reply(std::move(refused));
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Route& route : impl_->routes) {
    for (const auto& [method, handler] : route.handlers) all.emplace_back(method, route.pattern);
  }
  std::ranges::sort(all, {}, [](const auto& entry) { return std::tie(entry.second, entry.first); });
  return all;
}

}  // namespace candor::http
