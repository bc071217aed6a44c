#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor::http {

/// A request, whole and within the listener's limits.
struct Request {
  std::string method;
  std::string path;   ///< percent-decoded, absolute, without dot segments; a target that is not so was answered 400
  std::string query;  ///< as sent
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, as often as sent
  std::string body;
  std::string peer;                               ///< the client's address, without port
  std::map<std::string, std::string> parameters;  ///< what the route's {names} stand for

  /// The first header of that (lower-case) name, or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// All values of a query parameter, percent-decoded, in order.
  [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  /// Every name and value of the query, percent-decoded, in order.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> query_pairs() const;
};

/// The body is shared, so that one snapshot serves many requests at once.
struct Response {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body;

  [[nodiscard]] static Response text(unsigned status, std::string body,
                                     std::string_view type = "text/plain; charset=utf-8");
  [[nodiscard]] static Response json(unsigned status, std::string body);
  /// `{"error": "…"}` with what was wrong and what to do; not to be stored by caches.
  [[nodiscard]] static Response error(unsigned status, std::string_view message);
};

/// Answers a request: called once, on the listener's loop, at once or later. Dropping it uncalled answers 500.
using Reply = std::move_only_function<void(Response)>;

/// Why a body was not taken in: 413 and 408.
enum class BodyFault { too_large, too_slow };

/// Answers requests. `takes_body` is asked of a request's head while its body is still to come: where it says no, the
/// request is handled at once without the body, and the connection ends. Where it is not set, bodies are taken in.
struct Handler : std::function<void(Request, Reply)> {
  using function::function;
  std::function<bool(const Request&)> takes_body;
  /// Told of the head of a request whose body would be taken in, and was refused. May be unset.
  std::function<void(const Request&, BodyFault)> body_refused;
};

}  // namespace candor::http
