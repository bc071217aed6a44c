#include "daemon/http/guard.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "daemon/http/server.h"

namespace candor::http {
namespace {

/// `name`, `name:port`, `1.2.3.4:port` or `[::1]:port` without the port and brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

bool is_loopback_host(std::string_view host) {
  std::string name = lower_case(host_name(host));
  if (name.ends_with('.')) name.pop_back();
  return name == "localhost" || name.ends_with(".localhost") || Address{name, 0}.loopback();
}

/// What a browser says of a request that a page of another site makes (Fetch, section 3.2; Fetch Metadata).
bool is_cross_site(const Request& request) {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return false;
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos || !equal_ignoring_case(origin.substr(scheme + 3), request.header("host"));
}

constexpr std::string_view invalid_token = R"(Bearer realm="candor", error="invalid_token")";

Response unauthorized(std::string_view message, std::string_view challenge) {
  Response response = Response::error(401, message);
  response.headers.emplace_back("WWW-Authenticate", challenge);
  return response;
}

}  // namespace

struct Guard::Impl {
  Tokens tokens;
  std::function<Instant()> now;
  WrongTokens wrong_tokens;

  Impl(Tokens the_tokens, std::function<Instant()> the_now) : tokens(std::move(the_tokens)), now(std::move(the_now)) {}

  /// Whether admit() would say who asks.
  [[nodiscard]] bool admits(const Request& head, Scope least) const {
    if (tokens.empty()) return admit_local(head, least).has_value();
    const std::optional<Identity> identity = tokens.check(head.header("authorization"));
    return identity && identity->scope >= least;
  }

  /// Who asks, or why he may not.
  std::expected<Identity, Response> admit(const Request& request, Scope least) {
    if (tokens.empty()) return admit_local(request, least);
    const std::string_view authorization = request.header("authorization");
    std::optional<Identity> identity = tokens.check(authorization);
    if (!identity) return std::unexpected(refuse(request, authorization.empty()));
    if (identity->scope < least) {
      return std::unexpected(Response::error(
          403,
          fmt::format("the token \"{}\" has the scope {} and this needs {}: use another token, or change its scope "
                      "under [auth] in the configuration",
                      identity->name, to_string(identity->scope), to_string(least))));
    }
    return *std::move(identity);
  }

  static std::expected<Identity, Response> admit_local(const Request& request, Scope least) {
    if (!is_loopback_host(request.header("host"))) {
      return std::unexpected(Response::error(
          403,
          "without tokens candord answers only requests to a loopback address (Host: localhost or 127.0.0.1); to "
          "use it under another name, configure [auth] tokens"));
    }
    // A GET too: jobs call by one when they have run, and what only shows something may be much work.
    if (is_cross_site(request)) {
      return std::unexpected(Response::error(403, "a page of another site may neither ask nor change anything here"));
    }
    if (least > Scope::read && !request.header("candor-probe").empty()) {
      return std::unexpected(Response::error(
          403,
          "a probe that follows redirects must not change anything here, for its target may have sent it; to have "
          "it do so, set redirects = 0 in the probe"));
    }
    return Identity{"local", Scope::admin};
  }

  Response refuse(const Request& request, bool missing) {
    if (missing) {
      return unauthorized(
          "this needs a token: send the header Authorization: Bearer TOKEN (candorctl takes it from "
          "CANDOR_TOKEN)",
          R"(Bearer realm="candor")");
    }
    if (!wrong_tokens.take(request.peer, now())) {
      Response response = Response::error(429, "too many wrong tokens from this address; wait before the next try");
      response.headers.emplace_back("Retry-After", "10");
      response.headers.emplace_back("WWW-Authenticate", invalid_token);
      return response;
    }
    return unauthorized("this token is not one of those under [auth] in the configuration", invalid_token);
  }
};

Guard::Guard(Tokens tokens, std::function<Instant()> now)
    : impl_(std::make_shared<Impl>(std::move(tokens), std::move(now))) {}

void Guard::replace(Tokens tokens) { impl_->tokens = std::move(tokens); }

const WrongTokens& Guard::wrong_tokens() const { return impl_->wrong_tokens; }

Handler Guard::require(Scope least, IdentifiedHandler handler) const {
  Handler guarded = [impl = impl_, least, handler = std::move(handler)](Request request, Reply reply) {
    std::expected<Identity, Response> identity = impl->admit(request, least);
    if (identity) {
      handler(std::move(request), *identity, std::move(reply));
    } else {
      reply(std::move(identity.error()));
    }
  };
  guarded.takes_body = [impl = impl_, least](const Request& head) { return impl->admits(head, least); };
  return guarded;
}

Handler Guard::require(Scope least, Handler handler) const {
  auto body_refused = std::move(handler.body_refused);
  Handler guarded =
      require(least, IdentifiedHandler{[handler = std::move(handler)](Request request, const Identity&, Reply reply) {
                handler(std::move(request), std::move(reply));
              }});
  guarded.body_refused = std::move(body_refused);
  return guarded;
}

}  // namespace candor::http
